"""Broken game files and archives: an error that names the file and what mends it, and the other games stay usable."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import spa_gym  # noqa: F401  (registers the ids)
from spa_gym.core.errors import DataCorrupt, SpaGymError, UnsolvableTask
from spa_gym.envs.alfworld.data_folder import RawGame
from spa_gym.envs.alfworld.official import _parse, official_tasks
from spa_gym.envs.alfworld.writer import problem_text
from tests.envs.alfworld.made_up import FOLDERS, make_folder
from tests.envs.alfworld.test_official import _pack

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
    "nested too deeply": (lambda text: "[" * 100_000, DataCorrupt),
    "nested too deeply inside": (lambda text: text[:-1] + ', "x": ' + "[" * 3000 + "]" * 3000 + "}", DataCorrupt),
    "no finite number": (lambda text: text[:-1] + ', "x": NaN}', DataCorrupt),
    "half a character": (lambda text: text[:-1] + ', "x": "\\ud83d"}', DataCorrupt),
    "too long": (lambda text: text[:-1] + " " * (17 << 20) + "}", DataCorrupt),
    "an atom that is too short": (
        _change("pddl_problem", lambda text: text.replace("(:init", "(:init (receptacleatlocation x)", 1)), DataCorrupt
    ),
}  # fmt: skip


@pytest.mark.parametrize("damage", list(DAMAGE))
def test_a_broken_game_is_an_error_of_its_own(damage: str, tmp_path: Path) -> None:
    change, kind = DAMAGE[damage]
    path = make_folder(tmp_path) / "json_2.1.1" / "train" / BROKEN / "game.tw-pddl"
    path.write_text(change(path.read_text()))
    _check(tmp_path, kind)


@pytest.mark.parametrize("content", [b"{", b"[]", b"[" * 100_000, b'{"task_type": NaN}', b"\xff", b"{}"])
def test_a_broken_trajectory_file_is_an_error_of_its_own(content: bytes, tmp_path: Path) -> None:
    (make_folder(tmp_path) / "json_2.1.1" / "train" / BROKEN / "traj_data.json").write_bytes(content)
    _check(tmp_path, DataCorrupt)


@pytest.mark.parametrize("name", ["game.tw-pddl", "traj_data.json"])
@pytest.mark.parametrize("kind", ["dangling link", "pipe"])
def test_what_is_no_file_is_an_error_of_its_own(name: str, kind: str, tmp_path: Path) -> None:
    path = make_folder(tmp_path) / "json_2.1.1" / "train" / BROKEN / name
    path.unlink()
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to(tmp_path / "nowhere")
    _check(tmp_path, DataCorrupt)


@given(st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_a_problem_that_was_cut_or_altered_anywhere_breaks_nothing_else(data: st.DataObject) -> None:
    folder, name = "json_2.1.1/train/task/trial", sorted(FOLDERS)[1]
    task = FOLDERS[name]
    problem = problem_text(task.payload)
    start = data.draw(st.integers(0, len(problem)))
    end = data.draw(st.integers(start, min(len(problem), start + 400)))
    problem = problem[:start] + data.draw(st.text("()abc_:- 01", max_size=10)) + problem[end:]
    grammar = '{"task": [{"rhs": "Your task is to: x"}]}'
    game = json.dumps({"pddl_problem": problem, "grammar": grammar, "solvable": True}).encode()
    found = _parse(RawGame("train", folder, game, json.dumps({"task_type": task.task_type}).encode()))
    assert found is not None and (found[0][4] is None or found[0][4][0] in ("DataCorrupt", "UnsolvableTask"))


@pytest.mark.parametrize("fault", ["encrypted", "altered", "too long"])
def test_a_broken_member_of_a_zip_file_is_an_error_of_its_own(fault: str, tmp_path: Path) -> None:
    folder, path = make_folder(tmp_path / "unpacked"), tmp_path / "json_2.1.1.zip"
    member = f"json_2.1.1/train/{BROKEN}/game.tw-pddl"
    if fault == "too long":
        (folder / member).write_bytes(b" " * (17 << 20))
    _pack(folder, path)
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo(member)
    central = content.rindex(member.encode()) - 46
    if fault == "encrypted":
        content[info.header_offset + 6] |= 1
        content[central + 8] |= 1
    elif fault == "altered":
        content[info.header_offset + 30 + len(member) + 40] ^= 255
    path.write_bytes(content)
    _check(path, DataCorrupt)


def test_a_long_member_of_a_tar_file_is_an_error_of_its_own(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "unpacked")
    (folder / "json_2.1.1" / "train" / BROKEN / "game.tw-pddl").write_bytes(b" " * (17 << 20))
    _check(_pack(folder, tmp_path / "json_2.1.1.tar.gz"), DataCorrupt)


def test_files_that_are_replaced_are_read_again(tmp_path: Path) -> None:
    folder = make_folder(tmp_path)
    before = official_tasks("train", folder)
    assert official_tasks("train", folder) is before
    path = folder / "json_2.1.1" / "train" / BROKEN / "game.tw-pddl"
    path.write_text(path.read_text().replace("Your task is to: ", "Your task is to: really "))
    after = official_tasks("train", folder)
    assert after is not before and after.data_hash != before.data_hash
    assert after[1].goal == f"really {before[1].goal}" and after[0].id == before[0].id


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
