"""`SPA-ALFWorld-Dense-v0`: the id with the wrapper in its spec goes through JSON, plays, and leaks no truth."""

from __future__ import annotations

import importlib.util

import gymnasium
import pytest
from gymnasium.envs.registration import EnvSpec

import spa_gym  # noqa: F401  (registers the ids)
from spa_gym.wrappers import ProgressAttributionWrapper

DENSE = "SPA-ALFWorld-Dense-v0"

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("spa_gym.envs.alfworld.env") is None, reason="SPA-ALFWorld-v0 is not built yet"
)


def play(env):
    env.reset(seed=0, options={"task_id": 0})
    solution = list(env.unwrapped.expert())
    return [env.step(action) for action in solution]


def test_spec_survives_json_and_plays_alike():
    env = gymnasium.make(DENSE)
    assert isinstance(env, ProgressAttributionWrapper)
    again = gymnasium.make(EnvSpec.from_json(env.spec.to_json()))
    assert again.spec.to_json() == env.spec.to_json()
    assert play(env) == play(again)


def test_credit_of_a_solved_episode():
    steps = play(gymnasium.make(DENSE))
    assert steps[-1][4]["reward/env"] == 1.0 and steps[-1][4]["success"]
    assert all(step[4]["reward/env"] == 0.0 for step in steps[:-1])
    contributions = [step[4]["reward/progress"] for step in steps]
    assert sum(contributions) == pytest.approx(1.0, abs=0.2)
    assert sum(c > 0 for c in contributions) > len(steps) / 2, "the truth is dense, whatever the plain id is made with"
    assert all(step[1] == step[4]["reward/progress"] + 0.5 * step[4]["reward/grounding"] for step in steps)


def test_no_truth_in_the_info():
    env = gymnasium.make(DENSE)
    infos = [env.reset(seed=0)[1], env.step("look")[4]]
    assert not any(key in info for info in infos for key in ("progress", "goal_share"))
