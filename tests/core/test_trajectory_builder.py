"""One way to record an episode: rollouts, demonstrations, the recorder and evaluation write the same trajectory."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spa_gym  # noqa: F401  (registers the ids)
from spa_gym.agents import ExpertAgent
from spa_gym.core.trajectory import Trajectory, TrajectoryBuilder, from_record, read_jsonl, to_record
from spa_gym.leaderboard.episodes import episode_seed
from spa_gym.leaderboard.evaluate import TRAJECTORIES, evaluate
from spa_gym.leaderboard.verify import verify
from spa_gym.wrappers import RecordTrajectory
from tests.toy import TOY_ID

DENSE = ("SPA-ALFWorld-Dense-v0", "SPA-WebShop-Dense-v0", "SPA-VirtualHome-Dense-v0")
SEED = episode_seed(0, 0)


def evaluation(env_id: str, folder: Path) -> Trajectory:
    evaluate(env_id, {"size": "small"}, "train", ExpertAgent(), 1, 0, folder, 1, progress_bar=False)
    assert verify(folder, progress_bar=False).ok
    return read_jsonl(folder / TRAJECTORIES)[0]


def make(env_id: str) -> Any:
    return gymnasium.make(env_id, size="small", split="train")


def plan(env_id: str) -> list[str]:
    env = make(env_id)
    env.reset(seed=SEED, options={"task_id": 0})
    return list(env.unwrapped.expert())


def recorder(env_id: str, folder: Path) -> Trajectory:
    env = RecordTrajectory(make(env_id))
    env.reset(seed=SEED, options={"task_id": 0})
    for action in plan(env_id):
        env.step(action)
    return env.trajectories[0]


def rollout(env_id: str, folder: Path) -> Trajectory:
    pytest.importorskip("torch")
    from spa_gym.baselines.rollout.episode import Episode
    from spa_gym.baselines.rollout.protocol import EpisodeSpec

    episode = Episode(make(env_id), EpisodeSpec(task_id=0, seed=SEED))
    for action in plan(env_id):
        episode.act(action)
    return episode.finish()


def demonstration(env_id: str, folder: Path) -> Trajectory:
    pytest.importorskip("torch")
    from spa_gym.baselines.learning.transcripts import play_demonstrator

    return play_demonstrator(make(env_id), 0, random.Random(0))[0]


@pytest.mark.parametrize("env_id", DENSE)
@pytest.mark.parametrize("record", [evaluation, recorder, rollout, demonstration])
def test_under_credit_every_record_keeps_the_sparse_reward(
    env_id: str, record: Callable[[str, Path], Trajectory], tmp_path: Path
) -> None:
    played = record(env_id, tmp_path)
    assert played.score > 0 and played.env_id == env_id
    assert [step.reward for step in played.steps] == [0.0] * (played.num_steps - 1) + [played.score]


@pytest.mark.parametrize("env_id", DENSE)
def test_evaluation_recorder_and_rollout_record_the_same(env_id: str, tmp_path: Path) -> None:
    assert evaluation(env_id, tmp_path) == recorder(env_id, tmp_path) == rollout(env_id, tmp_path)


def solved_at_the_limit() -> tuple[TrajectoryBuilder, gymnasium.Env[Any, Any], list[str]]:
    env = gymnasium.make(TOY_ID)
    env.reset(seed=0, options={"task_id": 1})
    actions = list(env.unwrapped.expert())  # type: ignore[attr-defined]
    env = gymnasium.make(TOY_ID, max_episode_steps=len(actions))
    builder = TrajectoryBuilder(env)
    builder.reset(*env.reset(seed=0, options={"task_id": 1}))
    return builder, env, actions


def test_solved_on_the_last_step_is_terminated_and_not_truncated(tmp_path: Path) -> None:
    builder, env, actions = solved_at_the_limit()
    for action in actions:
        assert not builder.ended
        builder.step(action, *env.step(action))
    assert builder.terminated and builder.truncated and builder.ended
    played = builder.finish(left=True)
    assert (played.terminated, played.truncated, played.success) == (True, False, True)
    limit = {"max_episode_steps": len(actions)}
    record = evaluate(TOY_ID, limit, "train", ExpertAgent(), 2, 0, tmp_path, progress_bar=False)
    assert not any(row["terminated"] and row["truncated"] for row in record.tasks)
    assert record.metrics["truncated"] == sum(row["truncated"] for row in record.tasks) / len(record.tasks)


def test_an_episode_that_is_left_is_truncated_only_where_the_caller_says_so() -> None:
    builder, env, actions = solved_at_the_limit()
    builder.step(actions[0], *env.step(actions[0]))
    assert (builder.finish().truncated, builder.finish(left=True).truncated) == (False, True)


@pytest.mark.parametrize("terminated", [True, False])
@pytest.mark.parametrize("truncated", [True, False])
def test_an_end_has_one_cause_in_old_records_too(terminated: bool, truncated: bool) -> None:
    builder, env, _ = solved_at_the_limit()
    record = to_record(builder.finish())
    record.update(terminated=terminated, truncated=truncated)
    read = from_record(record)
    assert (read.terminated, read.truncated) == (terminated, truncated and not terminated)


@given(st.text(st.characters(exclude_categories=()), max_size=20))
@settings(max_examples=30, deadline=None)
def test_any_text_can_be_written(text: str) -> None:
    builder, env, actions = solved_at_the_limit()
    builder.reset(text, {**builder.info, "goal": text})
    observation, reward, terminated, truncated, info = env.step(actions[0])
    builder.step(text, f"{text}{observation}", reward, terminated, truncated, {**info, "goal": text})
    json.dumps(to_record(builder.finish()), ensure_ascii=False).encode()
    if text.isascii():
        assert builder.finish().goal == builder.steps[0].action == builder.steps[0].observation == text


def test_history_and_what_the_policy_emitted() -> None:
    builder, env, actions = solved_at_the_limit()
    builder.step(actions[0], *env.step(actions[0]), action_ids=[3, 4], logprobs=[-1.0, -0.5])
    assert (builder.steps[0].action_ids, builder.steps[0].logprobs) == ((3, 4), (-1.0, -0.5))
    longer = TrajectoryBuilder(env)
    longer.reset(builder.observation, builder.info, builder.steps)
    longer.step(actions[1], *env.step(actions[1]))
    assert [step.action for step in longer.finish().steps] == actions[:2]
    assert builder.finish().num_steps == 1
