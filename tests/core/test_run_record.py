"""RunRecord: round trip, refusal of other formats, and the search of a folder."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from spa_gym.core import run_record
from spa_gym.core.errors import DataCorrupt, DataNotFound, WriteFailed
from spa_gym.core.run_record import RunRecord, find_records, git_commit, package_versions


def record(**fields) -> RunRecord:
    return RunRecord(**{"kind": "train", "method": "ppo", "env_id": "SPA-ALFWorld-v0", **fields})


def test_round_trip(tmp_path: Path) -> None:
    made = record(seed=3, curves={"env_steps": [0, 10], "success_greedy": [None, 0.5]}, tokens=5, settings={"lr": 1e-4})
    made.final["valid_unseen/greedy"] = {"success": 0.5, "n": 2, "successes": [0, 1]}
    path = made.save(tmp_path / "deep" / "run.json")
    assert RunRecord.load(path) == made
    assert [p.name for p in path.parent.iterdir()] == ["run.json"]


def test_numbers_of_numpy_and_paths_become_plain(tmp_path: Path) -> None:
    made = record(settings={"lr": np.float32(0.5), "init": Path("checkpoints/sft")}, metrics={"hist": np.arange(3)})
    loaded = RunRecord.load(made.save(tmp_path / "run.json"))
    assert loaded.settings == {"lr": 0.5, "init": "checkpoints/sft"} and loaded.metrics == {"hist": [0, 1, 2]}
    with pytest.raises(TypeError, match="plain data"):
        record(settings={"f": print}).save(tmp_path / "bad.json")
    assert not (tmp_path / "bad.json").exists()


def test_provenance_is_filled_in() -> None:
    made = record()
    assert {"python", "gymnasium", "numpy"} <= made.packages.keys() and made.packages == package_versions()
    assert made.commit == git_commit()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", made.created)


def test_commit_of_a_checkout_and_of_an_installed_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def git(*arguments: str) -> None:
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        subprocess.run(["git", "-C", str(tmp_path), *identity, *arguments], check=True, capture_output=True)

    module = tmp_path / "spa_gym" / "core" / "run_record.py"
    module.parent.mkdir(parents=True)
    module.write_text("")
    monkeypatch.setattr(run_record, "__file__", str(module))
    assert git_commit() is None
    git("init")
    git("add", ".")
    git("commit", "-m", "one")
    clean = git_commit()
    assert clean is not None and re.fullmatch(r"[0-9a-f]{40}", clean)
    module.write_text("changed = True\n")
    assert git_commit() == clean + "-dirty"
    inner = tmp_path / "lib" / "spa_gym" / "core" / "run_record.py"
    inner.parent.mkdir(parents=True)
    inner.write_text("")
    monkeypatch.setattr(run_record, "__file__", str(inner))
    assert git_commit() is None


@pytest.mark.parametrize("change", [{"version": 99}, {"format": "other"}])
def test_other_formats_are_refused(tmp_path: Path, change: dict) -> None:
    path = tmp_path / "run.json"
    path.write_text(json.dumps({**record().as_dict(), **change}))
    with pytest.raises(DataCorrupt, match=r"run record of version 1.*run\.json"):
        RunRecord.load(path)


def test_missing_truncated_and_incomplete_files(tmp_path: Path) -> None:
    path = record().save(tmp_path / "run.json")
    with pytest.raises(DataNotFound, match="nowhere"):
        RunRecord.load(tmp_path / "nowhere.json")
    data = json.loads(path.read_text())
    path.write_text(path.read_text()[:100])
    with pytest.raises(DataCorrupt, match="JSON"):
        RunRecord.load(path)
    del data["method"]
    path.write_text(json.dumps(data))
    with pytest.raises(DataCorrupt, match="method"):
        RunRecord.load(path)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"seed": True}, "seed: expected an int"),
        ({"seed": "0"}, "seed: expected an int"),
        ({"env_steps": 2**63}, "env_steps: expected an int"),
        ({"env_kwargs": []}, "env_kwargs: expected an object"),
        ({"packages": {"numpy": 2}}, "packages.numpy: expected text"),
        ({"tasks": [3]}, r"tasks\[0\]: expected an object"),
        ({"curves": {"env_steps": [0, "x"]}}, r"curves.env_steps\[1\]: expected"),
        ({"version": True}, "version True"),
        ({"format": ["deep"]}, "run record of version 1"),
        ({"final": {"a/greedy": {"success": 1.5}}}, r"final.a/greedy.success: expected from 0 to 1, got 1.5"),
        ({"final": {"a/greedy": {"successes": [0, 1], "task_types": ["x"]}}}, "different lengths"),
        ({"final": {"a/greedy": {"expert_steps": [None, -1]}}}, r"expert_steps\[1\]: expected from 0"),
    ],
)
def test_wrong_values_are_refused_with_their_place(tmp_path: Path, change: dict, says: str) -> None:
    path = tmp_path / "run.json"
    path.write_text(json.dumps({**record().as_dict(), **change}))
    with pytest.raises(DataCorrupt, match=says):
        RunRecord.load(path)


def test_files_that_are_no_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "run.json"
    for content in (b"\xff", b"[" * 100_000, b"", b"{", b'{"a": 1, "a": 2}', b"1" + b"0" * 400):
        path.write_bytes(content)
        with pytest.raises(DataCorrupt, match=r"run\.json"):
            list(find_records(tmp_path))
    for content in ("[]", "3", "null", '"x"'):
        path.write_text(content)
        with pytest.raises(DataCorrupt, match="run record of version 1"):
            RunRecord.load(path)
    path.unlink()
    path.mkdir()  # a folder that is called like a record
    assert list(find_records(tmp_path)) == []
    for missing in (path, tmp_path / ("x" * 300), tmp_path / "a\0b"):
        with pytest.raises(DataNotFound):
            RunRecord.load(missing)
    record().save(tmp_path / "long.json")
    monkeypatch.setattr(run_record, "_MAX_BYTES", 50)
    with pytest.raises(DataCorrupt, match="more than 50"):
        RunRecord.load(tmp_path / "long.json")


def test_what_a_file_does_not_say_is_not_made_up() -> None:
    data = {**record(seed=0).as_dict()}
    for name in ("packages", "commit", "created"):
        del data[name]
    loaded = RunRecord.from_dict(data)
    assert (loaded.packages, loaded.commit, loaded.created) == ({}, None, "")
    del data["seed"]
    with pytest.raises(DataCorrupt, match="'seed' missing"):
        RunRecord.from_dict(data)


def test_what_training_writes_is_read(tmp_path: Path) -> None:
    """A loss that is NaN reads as a gap, and half of a surrogate pair in a name stays what it is."""
    path = record(curves={"loss": [0.5, float("nan")]}, metrics={"auc": float("inf")}).save(tmp_path / "run.json")
    path.write_text(path.read_text().replace('"ppo"', r'"\ud83d"'))
    loaded = RunRecord.load(path)
    assert (loaded.curves, loaded.metrics, loaded.method) == ({"loss": [0.5, None]}, {"auc": None}, "\ud83d")


def test_find_records_passes_over_other_files(tmp_path: Path) -> None:
    record(seed=2).save(tmp_path / "b" / "run.json")
    record(seed=1).save(tmp_path / "a" / "run.json")
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "list.json").write_text("[1]")
    assert [found.seed for _, found in find_records(tmp_path)] == [1, 2]
    assert [found.seed for _, found in find_records(tmp_path / "b" / "run.json")] == [2]
    with pytest.raises(DataNotFound, match="folder"):
        list(find_records(tmp_path / "c"))


def test_a_failed_write_leaves_the_old_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = record(seed=1).save(tmp_path / "run.json")

    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("spa_gym.core.atomic.os.replace", full)
    with pytest.raises(WriteFailed, match="No space left"):
        record(seed=2).save(path)
    assert RunRecord.load(path).seed == 1
