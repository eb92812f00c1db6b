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
