"""`clone` and `restore`: an episode of a wrapped environment, put aside and gone on with, as often as wanted.

`TextEnv.clone_state` knows nothing of the wrappers that `gymnasium.make` adds. These functions carry the step limit's
counter along, and wake Gymnasium's order-enforcing wrappers, so that a fresh environment can go on without a reset.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gymnasium
from gymnasium.wrappers import OrderEnforcing, PassiveEnvChecker, TimeLimit

from spa_gym.core.errors import BadArgument
from spa_gym.core.text_env import TextEnv, TextEnvState

__all__ = ["EnvState", "clone", "restore"]


@dataclass(frozen=True, slots=True)
class EnvState:
    """State of a wrapped environment: the bare one's, and what its wrappers need, outermost first."""

    env: TextEnvState
    wrappers: tuple[Any, ...]


def clone(env: gymnasium.Env[Any, Any]) -> EnvState:
    """Return the state of an environment with its wrappers.

    Gymnasium's `TimeLimit` is carried along. A wrapper of one's own that has state writes `clone_wrapper_state()` and
    `restore_wrapper_state(state)`; any other wrapper is taken to have none.

    Args:
        env: A `TextEnv` in any number of wrappers.

    Returns:
        A picklable state for `restore`.

    Raises:
        ResetNeeded: No episode has begun.
    """
    states = []
    for layer in _wrappers(env):
        if isinstance(layer, TimeLimit):
            states.append(layer._elapsed_steps)
        else:
            take = getattr(layer, "clone_wrapper_state", None)
            states.append(None if take is None else take())
    return EnvState(_text_env(env).clone_state(), tuple(states))


def restore(env: gymnasium.Env[Any, Any], state: EnvState) -> tuple[str, dict[str, Any]]:
    """Go to a state of `clone`; the episode goes on from there, in a fresh environment too.

    Args:
        env: An environment of the same spec, with the same wrappers.
        state: The state; it can be used again and again.

    Returns:
        The observation and the bare environment's info that stood there.

    Raises:
        BadArgument: The environment has another number of wrappers than the one that was cloned.
        TaskNotFound: The state belongs to a task that is not in this split.
    """
    layers = _wrappers(env)
    if len(layers) != len(state.wrappers):
        raise BadArgument(
            f"an environment in {len(state.wrappers)} wrappers", len(layers), "make it from the spec that was cloned"
        )
    result = _text_env(env).restore_state(state.env)
    for layer, layer_state in zip(layers, state.wrappers, strict=True):
        if isinstance(layer, TimeLimit):
            layer._elapsed_steps = layer_state
        elif isinstance(layer, OrderEnforcing):
            layer._has_reset = True
        elif isinstance(layer, PassiveEnvChecker):  # its first-step check compares with a reset that there was not
            layer.checked_step = layer.checked_data_reuse = True
        elif (give := getattr(layer, "restore_wrapper_state", None)) is not None:
            give(layer_state)
    return result


def _wrappers(env: gymnasium.Env[Any, Any]) -> list[gymnasium.Wrapper[Any, Any, Any, Any]]:
    layers = []
    while isinstance(env, gymnasium.Wrapper):
        layers.append(env)
        env = env.env
    return layers


def _text_env(env: gymnasium.Env[Any, Any]) -> TextEnv:
    base = env.unwrapped
    if not isinstance(base, TextEnv):
        raise BadArgument("a TextEnv", f"{type(base).__name__}", "pass an environment of this package or a subclass")
    return base
