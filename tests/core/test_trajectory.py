"""Trajectories survive their file exactly, and a file that is not right says where and why."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spa_gym.core.errors import DataCorrupt, DataNotFound, TrajectoryMismatch
from spa_gym.core.trajectory import TRAJECTORY_VERSION, Step, Trajectory, iter_jsonl, read_jsonl, write_jsonl

TEXT = st.text(st.characters(exclude_categories=()), max_size=30)  # lone surrogates and control characters too
FLOAT = st.floats(allow_nan=False, allow_infinity=False)
IDS = st.none() | st.lists(st.integers(0, 2**31), max_size=5).map(tuple)
LOGPROBS = st.none() | st.lists(FLOAT, max_size=5).map(tuple)
STEPS = st.builds(Step, TEXT, TEXT, FLOAT, st.booleans(), st.none() | FLOAT, IDS, LOGPROBS)
TRAJECTORIES = st.builds(
    Trajectory,
    env_id=TEXT,
    task_id=TEXT,
    task_type=TEXT,
    goal=TEXT,
    steps=st.lists(STEPS, max_size=4).map(tuple),
    final_observation=TEXT,
    terminated=st.booleans(),
    truncated=st.booleans(),
    score=FLOAT,
    success=st.booleans(),
)
STEP = Step("You see a desk.", "go to desk 1", 0.0, True, 0.25, (5, 7, 2), (-0.1, -2.5, -0.0))
ONE = Trajectory(
    "SPA-Toy-v0",
    "abc",
    "short",
    "Leave.",
    (STEP, replace(STEP, grounded=False, reward=1.0)),
    "Out.",
    True,
    False,
    1,
    True,
)


@given(st.lists(TRAJECTORIES, max_size=3))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
def test_round_trip(tmp_path: Path, trajectories: list[Trajectory]) -> None:
    path = tmp_path / "some.jsonl"
    write_jsonl(path, trajectories)
    assert read_jsonl(path) == trajectories
    assert len(path.read_bytes().splitlines()) == len(trajectories)


def test_every_line_has_the_version_and_types_come_back(tmp_path: Path) -> None:
    path = tmp_path / "one.jsonl"
    write_jsonl(path, iter([ONE, ONE]))
    assert [json.loads(line)["version"] for line in path.read_text().splitlines()] == [TRAJECTORY_VERSION] * 2
    back = next(iter_jsonl(path))
    assert isinstance(back.steps, tuple) and isinstance(back.steps[0].action_ids, tuple)
    assert math.copysign(1, back.steps[0].logprobs[2]) == -1  # type: ignore[index]


def test_sums() -> None:
    assert (ONE.num_steps, ONE.reward, ONE.grounding_accuracy) == (2, 1.0, 0.5)
    assert replace(ONE, steps=()).grounding_accuracy == 1.0


def test_other_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "old.jsonl"
    write_jsonl(path, [ONE])
    path.write_text(path.read_text().replace('"version":1', '"version":0'))
    with pytest.raises(TrajectoryMismatch, match=r"version 1 in .*old.jsonl, line 1; got version 0"):
        read_jsonl(path)
    path.write_text("[]\n")
    with pytest.raises(TrajectoryMismatch, match="got version None"):
        read_jsonl(path)


def test_cut_and_altered_lines_are_refused_with_their_number(tmp_path: Path) -> None:
    path = tmp_path / "cut.jsonl"
    write_jsonl(path, [ONE, ONE])
    whole = path.read_text()
    path.write_text(whole[:-40])
    with pytest.raises(DataCorrupt, match="line 2"):
        read_jsonl(path)
    path.write_text(whole.replace('"goal"', '"gaol"', 1))
    with pytest.raises(DataCorrupt, match="line 1.*gaol"):
        read_jsonl(path)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('"reward":0.0', '"reward":"0"', r"steps\[0\].reward: expected a number, got '0'"),
        ('"reward":0.0', '"reward":NaN', "NaN is no finite number"),
        ('"grounded":true', '"grounded":1', r"steps\[0\].grounded: expected true or false, got 1"),
        ('"action":', '"more":0,"action":', r"steps\[0\]: 'more' unknown"),
        ('"action_ids":[5,7,2]', '"action_ids":[5,7.5]', r"action_ids\[1\]: expected an int, got 7.5"),
        ('"goal":"Leave."', '"goal":"a","goal":"b"', "'goal' is there twice"),
        ('"steps":[{', '"steps":[3,{', r"steps\[0\]: expected an object, got 3"),
        ('"score":1', '"score":' + "[" * 100_000, "nested"),
    ],
)
def test_wrong_values_are_refused_with_their_place(tmp_path: Path, old: str, new: str, says: str) -> None:
    path = tmp_path / "wrong.jsonl"
    write_jsonl(path, [ONE])
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(DataCorrupt, match=says):
        read_jsonl(path)


def test_bytes_that_are_no_text_and_lines_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "bytes.jsonl"
    path.write_bytes(b"\xff\xfe\n")
    with pytest.raises(DataCorrupt, match="utf-8"):
        read_jsonl(path)
    write_jsonl(path, [ONE])
    monkeypatch.setattr("spa_gym.core.trajectory._MAX_LINE", 50)
    with pytest.raises(DataCorrupt, match="longer than 50 bytes"):
        read_jsonl(path)
    with pytest.raises(DataNotFound):
        read_jsonl(tmp_path)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DataNotFound, match="nowhere.jsonl"):
        read_jsonl(tmp_path / "nowhere.jsonl")


def test_failure_while_writing_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "kept.jsonl"
    write_jsonl(path, [ONE])

    def breaks() -> object:
        yield replace(ONE, score=0.5)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_jsonl(path, breaks())  # type: ignore[arg-type]
    assert read_jsonl(path) == [ONE]
    assert [entry.name for entry in tmp_path.iterdir()] == ["kept.jsonl"]
