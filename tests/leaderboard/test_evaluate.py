"""Evaluation: each task once, intervals, resuming after a stop, and verification of what came out."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest

from spa_gym.agents import ExpertAgent, RandomAgent
from spa_gym.agents.protocol import AgentError
from spa_gym.core.errors import BadArgument, DataCorrupt, WriteFailed
from spa_gym.core.run_record import RunRecord
from spa_gym.core.tasks import spread
from spa_gym.core.trajectory import read_jsonl
from spa_gym.leaderboard.evaluate import JOURNAL, RESULT, TRAJECTORIES, evaluate, progress_of
from tests.leaderboard.results import verify
from tests.toy import TOY_ID

NUM_TASKS = 6


def run(out: Path, agent: Any = None, **options: Any) -> RunRecord:
    options = {"num_envs": 3, "seed": 1, "progress_bar": False, **options}
    return evaluate(TOY_ID, {}, "train", agent or RandomAgent(seed=1), out_dir=out, **options)


def rows_of(record: RunRecord) -> list[dict[str, Any]]:
    return record.tasks


class Stops:
    """A random agent whose user stops it at its n-th call."""

    def __init__(self, calls: int) -> None:
        self.inner, self._left = RandomAgent(seed=1), calls

    def act(self, observations, infos):
        self._left -= 1
        if self._left < 0:
            raise KeyboardInterrupt
        return self.inner.act(observations, infos)


def test_every_task_exactly_once(tmp_path: Path) -> None:
    record = run(tmp_path, ExpertAgent())
    assert [row["position"] for row in record.tasks] == list(range(NUM_TASKS))
    assert len({row["task_id"] for row in record.tasks}) == NUM_TASKS
    assert record.metrics["success"] == {"mean": 1.0, "low": pytest.approx(0.6097, abs=1e-4), "high": 1.0, "n": 6}
    assert record.metrics["grounding"]["mean"] == record.metrics["score"]["mean"] == 1.0
    assert record.env_steps == sum(row["steps"] for row in record.tasks)
    assert set(record.metrics["by_task_type"]) == {"short", "long"}
    assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", RESULT, TRAJECTORIES]
    assert RunRecord.load(tmp_path / RESULT) == record


def test_figures_by_hand(tmp_path: Path) -> None:
    """An agent that only says nonsense: nothing grounded, no success, every episode truncated at 40 steps."""
    record = run(tmp_path, lambda observation: "dance")
    assert {(r["steps"], r["grounded"], r["success"], r["truncated"]) for r in record.tasks} == {(40, 0, False, True)}
    metrics = record.metrics
    assert (metrics["steps"]["mean"], metrics["grounding"]["mean"], metrics["truncated"]) == (40.0, 0.0, 1.0)
    assert record.env_steps == 40 * NUM_TASKS


def test_the_result_does_not_depend_on_the_number_of_slots(tmp_path: Path) -> None:
    assert rows_of(run(tmp_path / "a", num_envs=1)) == rows_of(run(tmp_path / "b", num_envs=50))
    assert rows_of(run(tmp_path / "a", num_envs=1)) != rows_of(run(tmp_path / "c", RandomAgent(seed=2)))


def test_a_part_of_a_split_is_spread_over_it(tmp_path: Path) -> None:
    assert (spread(10, None), spread(10, 3), spread(2, 9)) == (list(range(10)), [0, 3, 6], [0, 1])
    assert len({*spread(500, 50)}) == 50 and spread(500, 50)[-1] == 490
    record = run(tmp_path, max_tasks=2)
    assert [row["position"] for row in record.tasks] == [0, 3]
    assert any("2 of 6" in note for note in verify(tmp_path, progress_bar=False).notes)


def test_agents_do_not_see_the_truth(tmp_path: Path) -> None:
    seen: list[set[str]] = []

    def spy(observation: str, info: dict[str, Any]) -> str:
        seen.append(set(info))
        return info["admissible_actions"][0]

    evaluate(TOY_ID, {"progress": True}, "train", spy, 2, 0, tmp_path, progress_bar=False)
    assert not {"progress", "goal_share"} & set.union(*seen)
    assert {"slot", "episode_step", "goal"} <= seen[0]
    assert read_jsonl(tmp_path / TRAJECTORIES)[0].steps[0].progress is not None


def test_a_stop_loses_nothing(tmp_path: Path) -> None:
    whole = run(tmp_path / "whole", num_envs=2)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "cut", Stops(50), num_envs=2)
    done = progress_of(tmp_path / "cut")
    assert 0 < done < NUM_TASKS and not (tmp_path / "cut" / RESULT).exists()
    resumed = run(tmp_path / "cut", Stops(10_000), num_envs=2)
    assert rows_of(resumed) == rows_of(whole)
    assert not (tmp_path / "cut" / JOURNAL).exists()
    assert verify(tmp_path / "cut", progress_bar=False).ok


def test_a_torn_last_line_is_played_again(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, Stops(60), num_envs=2)
    journal = tmp_path / JOURNAL
    done = progress_of(tmp_path)
    journal.write_bytes(journal.read_bytes()[:-40])
    assert progress_of(tmp_path) == done - 1
    assert len(run(tmp_path, Stops(10_000)).tasks) == NUM_TASKS


def test_damage_elsewhere_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, Stops(60), num_envs=2)
    lines = (tmp_path / JOURNAL).read_text().splitlines(keepends=True)
    (tmp_path / JOURNAL).write_text("".join([lines[0], lines[1][:50] + "\n", *lines[2:]]))
    with pytest.raises(DataCorrupt, match="line 2"):
        run(tmp_path, Stops(60))


def test_a_finished_evaluation_is_not_played_again(tmp_path: Path) -> None:
    record = run(tmp_path, Stops(10_000))
    assert run(tmp_path, Stops(0)) == record
    assert run(tmp_path, Stops(0), num_envs=1).created == record.created


@pytest.mark.parametrize("other", [{"seed": 2}, {"max_tasks": 2}, {"agent": RandomAgent(seed=9)}, {"agent_name": "x"}])
def test_another_evaluation_is_never_mixed_in(tmp_path: Path, other: dict[str, Any]) -> None:
    run(tmp_path / "done")
    with pytest.raises(BadArgument, match="--out"):
        run(tmp_path / "done", **other)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "cut", Stops(60), num_envs=2)
    with pytest.raises(BadArgument, match="same run"):
        run(tmp_path / "cut", **{"agent": Stops(9), **other})


@pytest.mark.parametrize("wrong", [{"num_envs": 0}, {"max_tasks": 0}, {"seed": -1}])
def test_impossible_arguments(tmp_path: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(BadArgument, match="seed >= 0"):
        run(tmp_path, **wrong)


@pytest.mark.parametrize("actions", [["look"], "look", None, [3, 3, 3]])
def test_an_agent_that_breaks_the_protocol(tmp_path: Path, actions: Any) -> None:
    class Wrong:
        def act(self, observations, infos):
            return actions

    with pytest.raises(AgentError, match="a list of 3 actions"):
        run(tmp_path, Wrong())


def test_unknown_ids_and_arguments(tmp_path: Path) -> None:
    for env_id in ("SPA-Nowhere-v0", "no_such_module:Env-v0"):
        with pytest.raises(BadArgument, match="SPA-ALFWorld-v0"):
            evaluate(env_id, {}, "train", RandomAgent(), out_dir=tmp_path)
    with pytest.raises(BadArgument, match="colour"):
        evaluate(TOY_ID, {"colour": "red"}, "train", RandomAgent(), out_dir=tmp_path)


def test_a_full_disk_keeps_what_was_played(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, calls = os.fsync, []

    def full(handle: int) -> None:
        calls.append(handle)
        if len(calls) > 3:  # the header and two episodes fit
            raise OSError(errno.ENOSPC, "No space left on device")
        real(handle)

    monkeypatch.setattr("spa_gym.core.journal.os.fsync", full)
    with pytest.raises(WriteFailed, match="No space left.*saved.*same command"):
        run(tmp_path, num_envs=2)
    monkeypatch.undo()
    assert progress_of(tmp_path) >= 2
    assert rows_of(run(tmp_path)) == rows_of(run(tmp_path / "whole"))


def test_a_full_disk_at_the_very_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Any, text: str) -> None:
        raise WriteFailed(f"to write {path}", "No space left on device", "make room")

    monkeypatch.setattr("spa_gym.core.run_record.atomic_write_text", full)
    with pytest.raises(WriteFailed):
        run(tmp_path, Stops(10_000))
    monkeypatch.undo()
    assert progress_of(tmp_path) == NUM_TASKS
    record = run(tmp_path, Stops(0))
    assert len(record.tasks) == NUM_TASKS and verify(tmp_path, progress_bar=False).ok


def test_data_dir_is_no_part_of_a_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[dict[str, Any]] = []

    def fake(env_id: str, env_kwargs: dict[str, Any]) -> gym.Env:
        made.append(env_kwargs)
        return gym.make(env_id, split=env_kwargs["split"])

    monkeypatch.setattr("spa_gym.leaderboard.evaluate.make_env", fake)
    record = evaluate(TOY_ID, {"data_dir": "/home/me/data"}, "train", RandomAgent(), 1, 0, tmp_path, progress_bar=False)
    assert made[0]["data_dir"] == "/home/me/data" and "/home/me" not in json.dumps(record.as_dict())


def test_the_hash_of_the_data_is_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spa_gym.core.tasks.FixedTaskSet.data_hash", "abc", raising=False)
    assert run(tmp_path).data_hash == "abc"
    monkeypatch.setattr("spa_gym.core.tasks.FixedTaskSet.data_hash", "other")
    assert any("data hash" in line for line in verify(tmp_path, progress_bar=False).differences)
