"""clone and restore carry Gymnasium's step counter, wake its wrappers, and ask wrappers that have state."""

from __future__ import annotations

import pickle
from typing import Any

import gymnasium
import pytest
from gymnasium.wrappers import TimeLimit

from spa_gym.core.cloning import clone, restore
from spa_gym.core.errors import BadArgument
from tests.toy import TOY_ID, Toy


class Counter(gymnasium.Wrapper[Any, Any, Any, Any]):
    """A wrapper with state."""

    count = 0

    def step(self, action: str) -> Any:
        self.count += 1
        return super().step(action)

    def clone_wrapper_state(self) -> int:
        return self.count

    def restore_wrapper_state(self, state: int) -> None:
        self.count = state


def steps_until_truncated(env: gymnasium.Env[Any, Any]) -> int:
    for step in range(1, 100):
        if env.step("sing")[3]:
            return step
    raise AssertionError("never truncated")


@pytest.mark.parametrize("checked", [False, True])
def test_step_limit_goes_on_where_it_stood(checked: bool) -> None:
    options = {"max_episode_steps": 10, "disable_env_checker": not checked}
    env = gymnasium.make(TOY_ID, **options)
    env.reset(seed=0)
    for _ in range(4):
        env.step("sing")
    state = pickle.loads(pickle.dumps(clone(env)))
    for target in (env, gymnasium.make(TOY_ID, **options), env):
        restore(target, state)
        assert steps_until_truncated(target) == 6


def test_order_enforcing_wrapper_lets_a_restored_episode_go_on() -> None:
    env = gymnasium.wrappers.OrderEnforcing(Toy())
    env.reset(seed=0)
    fresh = gymnasium.wrappers.OrderEnforcing(Toy())
    restore(fresh, clone(env))
    assert fresh.step("sing")[0] == "Nothing happens."


def test_wrapper_with_state_is_carried() -> None:
    env = Counter(TimeLimit(Toy(), 20))
    env.reset(seed=0)
    env.step("sing")
    state = clone(env)
    env.step("sing")
    fresh = Counter(TimeLimit(Toy(), 20))
    for target in (env, fresh):
        restore(target, state)
        assert target.count == 1


def test_other_wrapping_and_other_environments_are_refused() -> None:
    env = TimeLimit(Toy(), 20)
    env.reset(seed=0)
    with pytest.raises(BadArgument, match="1 wrappers; got 0"):
        restore(Toy(), clone(env))
    with pytest.raises(BadArgument, match="a TextEnv; got CartPoleEnv"):
        clone(gymnasium.make("CartPole-v1"))
