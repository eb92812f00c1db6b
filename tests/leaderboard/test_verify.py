"""Verification: an honest result holds, every changed claim is found, and nothing that a result names is run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from spa_gym.core.errors import BadArgument
from spa_gym.core.run_record import RunRecord
from spa_gym.core.trajectory import read_jsonl, write_jsonl
from spa_gym.leaderboard.evaluate import RESULT, TRAJECTORIES
from tests.leaderboard.results import NUM_TASKS, alter_result, toy_result, verify
from tests.toy import TOY_ID


def test_verification_of_an_honest_result(tmp_path: Path) -> None:
    record = toy_result(tmp_path)
    found = verify(tmp_path / RESULT)
    assert (found.ok, found.episodes, found.steps, found.notes) == (True, NUM_TASKS, record.env_steps, [])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda d: d["tasks"][0].update(success=True, score=1.0), "row of task"),
        (lambda d: d["metrics"]["success"].update(mean=0.99), "metrics, success, mean"),
        (lambda d: d["metrics"]["score"].update(low=0.5), "metrics, score, low"),
        (lambda d: d["tasks"].pop(), "a trajectory without a row"),
        (lambda d: d["tasks"].append(d["tasks"][0]), "more than one row"),
        (lambda d: d["settings"].update(split_size=5), "size of the split"),
        (lambda d: d["settings"].update(max_episode_steps=80), "step limit"),
        (lambda d: d.update(seed=5), "observation"),
        (lambda d: d.update(data_hash="0" * 64), "data hash"),
        (lambda d: d.update(env_steps=1), "environment steps"),
    ],
)
def test_verification_finds_a_changed_claim(tmp_path: Path, change: Any, says: str) -> None:
    toy_result(tmp_path)
    alter_result(tmp_path, change)
    found = verify(tmp_path)
    assert any(says in difference for difference in found.differences), found.differences


def other_action(trajectories: list) -> None:
    step = replace(trajectories[0].steps[0], action="dance")
    trajectories[0] = replace(trajectories[0], steps=(step, *trajectories[0].steps[1:]))


def claim_success(trajectories: list) -> None:
    trajectories[0] = replace(trajectories[0], success=not trajectories[0].success)


def cut_short(trajectories: list) -> None:
    trajectories[0] = replace(trajectories[0], steps=trajectories[0].steps[:1])


def go_on(trajectories: list) -> None:
    trajectories[0] = replace(trajectories[0], steps=(*trajectories[0].steps, trajectories[0].steps[-1]))


def rename(trajectories: list) -> None:
    trajectories[0] = replace(trajectories[0], task_id="0" * 16)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (other_action, "step 0"),
        (claim_success, "success: claimed"),
        (cut_short, "stop before"),
        (go_on, "after the episode's end"),
        (rename, "0000"),
        (lambda t: t.append(t[0]), "more than once"),
        (lambda t: t.pop(), "a row without a trajectory"),
    ],
)
def test_verification_finds_a_changed_trajectory(tmp_path: Path, change: Any, says: str) -> None:
    toy_result(tmp_path)
    trajectories = read_jsonl(tmp_path / TRAJECTORIES)
    change(trajectories)
    write_jsonl(tmp_path / TRAJECTORIES, trajectories)
    found = verify(tmp_path)
    assert any(says in difference for difference in found.differences), found.differences


def test_choosing_the_easy_tasks_is_found(tmp_path: Path) -> None:
    """A partial result must play the tasks that `max_tasks` gives, not others."""
    toy_result(tmp_path)
    keep = {row["task_id"] for row in RunRecord.load(tmp_path / RESULT).tasks[:2]}
    write_jsonl(tmp_path / TRAJECTORIES, [t for t in read_jsonl(tmp_path / TRAJECTORIES) if t.task_id in keep])
    alter_result(tmp_path, lambda d: (d["settings"].update(num_tasks=2), d.update(tasks=d["tasks"][:2])))
    assert any("1 are missing; 1 others" in line for line in verify(tmp_path).differences)


def test_other_versions_are_noted(tmp_path: Path) -> None:
    toy_result(tmp_path)
    alter_result(tmp_path, lambda d: d["packages"].update(gymnasium="0.1"))
    found = verify(tmp_path)
    assert found.ok and "gymnasium 0.1 made the result" in found.notes[0]


def test_a_training_record_cannot_be_verified(tmp_path: Path) -> None:
    RunRecord("train", "ppo", TOY_ID).save(tmp_path / RESULT)
    with pytest.raises(BadArgument, match="evaluation"):
        verify(tmp_path)


def both_flags(data: dict[str, Any]) -> None:
    """A result of spa-gym 0.1: won with the very last step counted as truncated too."""
    for row in data["tasks"]:
        row["truncated"] = True
    data["metrics"]["truncated"] = 1.0


def test_a_win_with_the_last_step_verifies_in_its_old_form_too(tmp_path: Path) -> None:
    """Each episode of the expert ends at a limit that is just as long."""

    def play(observation: str, info: dict[str, Any]) -> str:
        return "dance" if info["episode_step"] < 40 - len(PLAN) else PLAN[info["episode_step"] - 40 + len(PLAN)]

    PLAN = ["go left"] * 8 + ["go right"] * 8  # noqa: N806 (not the win itself: see below)
    record = toy_result(tmp_path, play)
    assert all(row["truncated"] and not row["terminated"] for row in record.tasks)
    assert verify(tmp_path).ok
