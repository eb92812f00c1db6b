"""Playing on from places of an episode: exactly what the environment would have done, counted, and never the same."""

from __future__ import annotations

import pickle
from dataclasses import replace

import gymnasium
import pytest

import spa_gym  # noqa: F401  (registers the ids)
from spa_gym.baselines.learning.demonstrations import demonstrations
from spa_gym.baselines.rollout.engine_cached import CachedEngine
from spa_gym.baselines.rollout.player import EnginePlayer
from spa_gym.core.cloning import restore
from spa_gym.core.errors import TrajectoryMismatch
from spa_gym.core.trajectory import Trajectory
from tests.baselines.language import make_env, toy_codec, toy_model

ROOMS = {"size": "small", "max_episode_steps": 14}


def _toy_player(noise: int = 0, seed: int = 3) -> EnginePlayer:
    return EnginePlayer(CachedEngine(toy_model(), toy_codec()), make_env, num_envs=4, seed=seed, noise=noise)


def _rooms() -> gymnasium.Env:
    return gymnasium.make("SPA-ALFWorld-v0", split="train", **ROOMS)


def _rooms_player() -> EnginePlayer:
    engine = CachedEngine(toy_model(max_positions=4096), toy_codec())
    return EnginePlayer(engine, _rooms, num_envs=6, seed=3)


def _replayed(trajectory: Trajectory, env: gymnasium.Env, seed: int = 3) -> None:
    """The actions, done anew from the start of the task, do what the trajectory says."""
    observation, info = env.reset(seed=seed, options={"task_id": trajectory.task_id})
    terminated = truncated = False
    for step in trajectory.steps:
        assert not (terminated or truncated) and observation == step.observation
        observation, reward, terminated, truncated, info = env.step(step.action)
        assert (step.reward, step.grounded) == (float(reward), info["grounded"])
    assert observation == trajectory.final_observation
    assert (terminated, truncated) == (trajectory.terminated, trajectory.truncated)
    assert (info["score"], info["success"]) == (trajectory.score, trajectory.success)


def test_a_greedy_policy_goes_on_from_every_place_as_it_did() -> None:
    player = _toy_player()
    for whole in player.play(range(4), temperature=0.0):
        assert whole.truncated and whole.num_steps == 6
        places = player.places(whole)
        assert [len(place.history) for place in places] == list(range(6))
        for again in player.play_on(places, temperature=0.0):
            _is_up_to_rounding(again, whole)


def _is_up_to_rounding(again: Trajectory, whole: Trajectory) -> None:
    """The same but for the last digits of log-probabilities."""
    assert len(again.steps) == len(whole.steps)
    for mine, theirs in zip(again.steps, whole.steps, strict=True):
        assert mine.logprobs == pytest.approx(theirs.logprobs, abs=1e-3)
        assert replace(mine, logprobs=None) == replace(theirs, logprobs=None)
    assert replace(again, steps=()) == replace(whole, steps=())


def test_from_the_experts_episode_of_a_real_environment() -> None:
    """What is played on from each place is one episode of the environment, with the expert's steps at its beginning."""
    expert = demonstrations("SPA-ALFWorld-v0", ROOMS, 1)[0]
    assert expert.success and expert.terminated and expert.num_steps >= 4
    player = _rooms_player()
    places = player.places(expert)
    assert len(places) == expert.num_steps, "after the last step there is nothing to go on from"
    played = player.play_on(places)
    env = _rooms()
    for t, trajectory in enumerate(played):
        assert trajectory.steps[:t] == expert.steps[:t] and trajectory.task_id == expert.task_id
        assert t < trajectory.num_steps <= 14, "the step limit counts the history"
        assert all(step.action_ids for step in trajectory.steps[t:])
        _replayed(trajectory, env)
    assert player.env_steps == sum(trajectory.num_steps - t for t, trajectory in enumerate(played))


def test_the_experts_own_actions_solve_the_task_from_every_place() -> None:
    expert = demonstrations("SPA-ALFWorld-v0", ROOMS, 1)[0]
    env = _rooms()
    for t, place in enumerate(_rooms_player().places(expert)):
        observation, _ = restore(env, pickle.loads(pickle.dumps(place.state)))
        for step in expert.steps[t:]:
            assert observation == step.observation
            observation, reward, terminated, _, info = env.step(step.action)
            assert float(reward) == step.reward
        assert terminated and info["success"] and observation == expert.final_observation


def test_an_episode_that_can_go_on_has_a_place_after_its_last_step() -> None:
    player = _toy_player()
    whole = player.play([0], temperature=0.0)[0]
    cut = replace(whole, steps=whole.steps[:4], final_observation=whole.steps[4].observation, truncated=False)
    places = player.places(cut)
    assert [place.history for place in places] == [whole.steps[:t] for t in range(5)]
    assert player.play_on(places[-1:], temperature=0.0)[0].num_steps == 6


def test_new_steps_are_counted_and_places_are_free() -> None:
    player = _toy_player()
    played = player.play([0, 1])
    steps = sum(t.num_steps for t in played)
    tokens = sum(len(step.action_ids or ()) for t in played for step in t.steps)
    assert (player.env_steps, player.tokens) == (steps, tokens)
    places = player.places(played[0])
    assert player.env_steps == steps
    more = player.play_on([places[2]] * 3 + [places[5]])
    new = [step for t, kept in zip(more, (2, 2, 2, 5), strict=True) for step in t.steps[kept:]]
    assert player.env_steps == steps + len(new)
    assert player.tokens == tokens + sum(len(step.action_ids or ()) for step in new)
    assert player.play_on([]) == [] and player.play([]) == [] and player.env_steps == steps + len(new)


def _actions(trajectories: list[Trajectory]) -> list:
    return [[step.action_ids for step in t.steps] for t in trajectories]


def test_every_continuation_has_noise_of_its_own_and_the_same_in_every_run() -> None:
    runs = []
    for noise in (0, 0, 1):
        player = _toy_player(noise)
        place = player.places(player.play([0])[0])[0]
        runs.append([_actions(player.play_on([place] * 4)) for _ in range(2)])
    first, again, other = runs
    assert first == again and first != other
    continuations = [str(actions) for call in (*first, *other) for actions in call]
    assert len(set(continuations)) == len(continuations) == 16


def test_a_call_that_plays_nothing_changes_nothing() -> None:
    player, busy = _toy_player(), _toy_player()
    busy.play_on([])
    assert _actions(player.play([0])) == _actions(busy.play([0]))


def test_an_episode_that_did_not_happen_is_refused() -> None:
    player = _toy_player()
    whole = player.play([0], temperature=0.0)[0]
    steps = list(whole.steps)
    steps[2] = replace(steps[2], observation="You are somewhere else.")
    with pytest.raises(TrajectoryMismatch, match="the observation of step 2"):
        player.places(replace(whole, steps=tuple(steps)))
    longer = replace(whole, steps=(*whole.steps, replace(whole.steps[-1], observation=whole.final_observation)))
    with pytest.raises(TrajectoryMismatch, match="the observation of step 6"):
        player.places(longer)
    assert len(player.places(whole)) == 6, "it goes on after a refusal"


def test_closing_is_for_the_environment_of_the_places() -> None:
    player = _toy_player()
    player.close()
    whole = player.play([0], temperature=0.0)[0]
    player.places(whole)
    player.close()
    player.close()
    assert len(player.places(whole)) == 6, "it makes another where it is needed again"
