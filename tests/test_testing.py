"""The conformance suite passes the toy, and catches every toy that breaks a rule."""

from __future__ import annotations

from typing import Any

import gymnasium
import pytest

from spa_gym.core.errors import ConformanceError
from spa_gym.testing import check_text_env, replay_expert
from tests.broken_toys import BROKEN, Unregistered
from tests.toy import TOY_ID, register_toy


def test_toy_conforms() -> None:
    check_text_env(lambda: gymnasium.make(TOY_ID))


def test_toy_conforms_with_progress_and_gymnasium_wrappers() -> None:
    env = gymnasium.make(TOY_ID, progress=True, disable_env_checker=False)
    check_text_env(gymnasium.wrappers.OrderEnforcing(env), seed=3, processes=False)


class Revealing(gymnasium.Wrapper[Any, Any, Any, Any], gymnasium.utils.RecordConstructorArgs):
    """A wrapper that changes the environment below it."""

    def __init__(self, env: gymnasium.Env[Any, Any]) -> None:
        gymnasium.utils.RecordConstructorArgs.__init__(self)
        gymnasium.Wrapper.__init__(self, env)
        env.unwrapped._with_progress = True  # type: ignore[attr-defined]


def test_wrappers_are_looked_through() -> None:
    register_toy("SPA-ToyRevealed-v0", additional_wrappers=(Revealing.wrapper_spec(),))
    check_text_env(gymnasium.make("SPA-ToyRevealed-v0"), processes=False)


@pytest.mark.parametrize("env_id", BROKEN)
def test_broken_toy_is_caught(env_id: str) -> None:
    with pytest.raises(ConformanceError) as caught:
        check_text_env(gymnasium.make(env_id))
    complaints = BROKEN[env_id].split(", or ")
    assert any(complaint.lower() in str(caught.value).lower() for complaint in complaints), str(caught.value)


def test_environment_without_spec_is_refused_with_the_remedy() -> None:
    with pytest.raises(ConformanceError, match=r"env.spec is None.*gymnasium.make"):
        check_text_env(Unregistered())


def test_spec_with_a_function_is_refused() -> None:
    gymnasium.register("SPA-ToyFunction-v0", entry_point=lambda **kwargs: Unregistered(**kwargs))
    with pytest.raises(ConformanceError, match="through JSON"):
        check_text_env(gymnasium.make("SPA-ToyFunction-v0"))


def test_replay_expert_counts_steps_and_minds_the_step_limit() -> None:
    # Task 5: eight rooms, the key in room 5; seed 0 starts in room 6: back, take key, two on, unlock, out.
    assert replay_expert(gymnasium.make(TOY_ID), 5, seed=0) == 6
    with pytest.raises(ConformanceError, match="to stop where the episode ends"):
        replay_expert(gymnasium.make(TOY_ID, max_episode_steps=3), 5)
