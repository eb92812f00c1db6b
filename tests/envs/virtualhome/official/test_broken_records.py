"""Records that are altered in every field, and files that unpack to too much: what is whole stays usable."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest

from spa_gym.core.errors import DataCorrupt
from spa_gym.envs.virtualhome.official import packed_file, task_index
from spa_gym.envs.virtualhome.official.library import Library
from tests.envs.virtualhome.official.small_data import ACTIVITY, EAI, SPA, write_folder, write_tasks

ODD = (
    None,
    True,
    7,
    -1,
    10**30,
    1.5,
    "",
    "x",
    "[WALK] <x> (1",
    [],
    [[]],
    [None],
    [[1, 2, 3, 4]],
    {},
    {"": None},
    {"1": []},
)
FORMS = {
    "eai": (EAI, "eai_scene1_tasks.jsonl", "eai"),
    "activity": (ACTIVITY, "activity_tasks.jsonl", "train"),
    "spa": (SPA, "spa_test/new_seen_test.jsonl", "spa_seen"),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SPA_GYM_CACHE", str(tmp_path / "cache"))
    return write_folder(tmp_path / "virtualhome")


@pytest.mark.parametrize("form", FORMS)
def test_records_altered_in_every_field_cost_themselves_alone(form: str, folder: Path) -> None:
    whole, file, split = FORMS[form]
    number = iter(range(1000, 100_000))
    altered = [{**whole, "id": f"a{next(number)}_1", key: odd} for key in whole if key != "id" for odd in ODD]
    (folder / "activity_tasks.jsonl.gz").unlink()
    write_tasks(folder / file, [whole, *altered, {"id": "odd"}, {}])
    env: Any = gym.make("SPA-VirtualHome-v0", split=split, data_dir=folder).unwrapped
    assert env.tasks.refused and len(env.tasks) + len(env.tasks.refused) >= len(altered) // 2
    position = env.tasks.index_of(str(whole["id"]))
    _, info = env.reset(options={"task_id": position})
    for action in list(env.expert()):
        *_, info = env.step(action)
    assert info["success"]


def test_whatever_is_wrong_with_one_record_the_others_stay(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_tasks(folder / "eai_scene1_tasks.jsonl", [EAI | {"id": "9_1"}, EAI])
    prepare = Library.prepare

    def stumble(self: Library, value: Any, where: str, name: str) -> Any:
        return prepare(self, value, where, name) if name != "9_1" else [][1]

    monkeypatch.setattr(task_index.Library, "prepare", stumble)
    tasks: Any = gym.make("SPA-VirtualHome-v0", split="eai", data_dir=folder).unwrapped.tasks  # type: ignore[attr-defined]
    assert len(tasks) == 1 and "IndexError" in tasks.refused[0].reason and tasks.refused[0].name == "9_1"


@pytest.mark.parametrize("packed", [True, False])
def test_a_file_that_is_too_long_is_not_read_to_its_end(
    packed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packed_file, "_LONGEST", 1 << 20)
    content = b"[" + b" " * (4 << 20) + b"]"
    path = tmp_path / "scenes.json"
    path.write_bytes(gzip.compress(content) if packed else content)
    read, fault = packed_file.read_unpacked(path)
    assert len(read) == 1 << 20 and "more than" in fault
    with pytest.raises(DataCorrupt, match="more than"):
        packed_file.read_json(path)
