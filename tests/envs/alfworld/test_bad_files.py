"""Broken game files and archives: an error that names the file and what mends it, and the other games stay usable."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest

import spa_gym  # noqa: F401  (registers the ids)
from spa_gym.core.errors import DataCorrupt, SpaGymError, UnsolvableTask
from spa_gym.envs.alfworld.official import official_tasks
from tests.envs.alfworld.made_up import FOLDERS, make_folder

BROKEN = sorted(FOLDERS)[1]


def _truncate(text: str) -> str:
    return text[: len(text) // 2]


def _change(key: str, value: Any) -> Callable[[str], str]:
    def change(text: str) -> str:
        data = json.loads(text)
        data[key] = value(data[key]) if callable(value) else value
        return json.dumps(data)

    return change


def _drop(key: str) -> Callable[[str], str]:
    return lambda text: json.dumps({k: v for k, v in json.loads(text).items() if k != key})


def _without_goal_object(problem: str) -> str:
    kind = FOLDERS[BROKEN].payload.goal.object_type
    lines = [line for line in problem.split("\n") if not line.strip().startswith(f"(inReceptacle {kind}_bar_")]
    return "\n".join(lines)


def _with_other_goal(problem: str) -> str:
    return problem[: problem.index("(:goal")] + "(:goal (and (foo a)))\n)"


DAMAGE: dict[str, tuple[Callable[[str], str], type[SpaGymError]]] = {
    "truncated file": (_truncate, DataCorrupt),
    "empty file": (lambda text: "", DataCorrupt),
    "not an object": (lambda text: "[]", DataCorrupt),
    "no problem": (_drop("pddl_problem"), DataCorrupt),
    "no grammar": (_drop("grammar"), DataCorrupt),
    "problem cut off": (_change("pddl_problem", _truncate), DataCorrupt),
    "problem cut before its end": (_change("pddl_problem", lambda text: text.rstrip()[:-1]), DataCorrupt),
    "problem of another kind": (_change("pddl_problem", "hello"), DataCorrupt),
    "goal of another kind": (_change("pddl_problem", _with_other_goal), DataCorrupt),
    "goal object missing": (_change("pddl_problem", _without_goal_object), UnsolvableTask),
    "grammar without a task": (_change("grammar", "grammar :: nothing"), DataCorrupt),
}  # fmt: skip


@pytest.mark.parametrize("damage", list(DAMAGE))
def test_a_broken_game_is_an_error_of_its_own(damage: str, tmp_path: Path) -> None:
    change, kind = DAMAGE[damage]
    path = make_folder(tmp_path) / "json_2.1.1" / "train" / BROKEN / "game.tw-pddl"
    path.write_text(change(path.read_text()))
    _check(tmp_path, kind)


def test_a_broken_trajectory_file_is_an_error_of_its_own(tmp_path: Path) -> None:
    path = make_folder(tmp_path) / "json_2.1.1" / "train" / BROKEN / "traj_data.json"
    path.write_text(path.read_text()[:-3])
    _check(tmp_path, DataCorrupt)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = make_folder(tmp_path) / "json_2.1.1" / "train" / BROKEN / "game.tw-pddl"
    path.write_bytes(b"\xff\xfe\x00" * 100)
    _check(tmp_path, DataCorrupt)


def _check(folder: Path, kind: type[SpaGymError]) -> None:
    env = gym.make("SPA-ALFWorld-v0", source="official", data_dir=folder)
    game_file = f"json_2.1.1/train/{BROKEN}"
    for _ in range(2):
        with pytest.raises(kind) as caught:
            env.reset(options={"task_id": 1})
        assert type(caught.value) is kind
        assert game_file in str(caught.value)
        assert "alfworld-download" in str(caught.value) or kind is UnsolvableTask
    with pytest.raises(kind):
        env.reset(options={"task_id": game_file})
    for index in (0, 2):
        observation, info = env.reset(options={"task_id": index})
        assert info["goal"] in observation
        assert env.reset(options={"task_id": info["task_id"]})[1] == info


@pytest.mark.parametrize("name", ["json_2.1.1.tar.xz", "json_2.1.1.tar.gz", "json_2.1.1.zip"])
def test_a_truncated_archive(name: str, tmp_path: Path) -> None:
    from tests.envs.alfworld.test_official import _pack

    path = _pack(make_folder(tmp_path / "unpacked"), tmp_path / name)
    whole = path.read_bytes()
    for content in (whole[: len(whole) // 2], b"", b"this is not an archive" * 50):
        path.write_bytes(content)
        with pytest.raises(DataCorrupt) as caught:
            official_tasks("train", path)
        assert name in str(caught.value)
        assert "get the archive again" in str(caught.value)
    path.write_bytes(whole)
    assert len(official_tasks("train", path)) == len(FOLDERS)
