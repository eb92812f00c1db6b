"""The estimators without a model: ``oracle`` (ground truth, the ceiling) and ``uniform`` (every step alike, a floor).

``make_oracle`` and ``make_uniform`` are what the table `spa_gym.wrappers.estimators.ESTIMATORS` points at. Both are
causal: c_t depends on nothing after step t.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium
from gymnasium.vector import VectorEnv
from gymnasium.wrappers import TimeLimit

from spa_gym.core.errors import BadArgument
from spa_gym.core.text_env import TextEnv
from spa_gym.wrappers.estimators import Texts

__all__ = ["OracleEstimator", "UniformEstimator", "make_oracle", "make_uniform"]


class OracleEstimator:
    """c_t = p_t - p_{t-1} with p the ground-truth progress: the ceiling of what credit can say.

    The contributions sum to p_n - p_0, and p_n is 1.0 exactly when the task is solved. The truth is read from the
    infos, not from the environments: with same-step autoreset the last p_n of an episode is nowhere else.

    Args:
        hides: Entries that the wrapper takes out of the infos.
    """

    reads = "progress"

    def __init__(self, hides: tuple[str, ...] = ()) -> None:
        self.hides = hides
        self._now: dict[int, float] = {}
        self._previous: dict[int, float] = {}

    def read(self, index: int, value: float) -> None:
        """Takes p_t of one environment."""
        self._now[index] = float(value)

    def begin(self, indices: Sequence[int], task_texts: Sequence[str]) -> None:
        """Keeps p_0."""
        self._previous.update((index, self._now[index]) for index in indices)

    def contributions(
        self, indices: Sequence[int], observations: Texts, actions: Texts, next_observations: Texts
    ) -> list[float]:
        """p_t - p_{t-1} of each."""
        differences = [self._now[index] - self._previous[index] for index in indices]
        self._previous.update((index, self._now[index]) for index in indices)
        return differences

    def resume(self, index: int, task_text: str, steps: Sequence[tuple[str, str, str]]) -> None:
        """Goes on in the middle of an episode: nothing but the present progress matters, so nothing is replayed."""
        self.begin((index,), (task_text,))


class UniformEstimator:
    """c_t = 1 / T_max, the same for every step: what is left of "every step deserves R / n" when it has to be causal.

    R / n itself is known only when the episode is over. With the step limit in place of n the contributions sum to
    n / T_max <= 1; with ``residual=True`` they sum to R, and the last step carries the correction.

    Args:
        max_episode_steps: T_max, at least 1.
    """

    def __init__(self, max_episode_steps: int) -> None:
        self._share = 1.0 / max_episode_steps

    def begin(self, indices: Sequence[int], task_texts: Sequence[str]) -> None:
        """Nothing to do."""

    def contributions(
        self, indices: Sequence[int], observations: Texts, actions: Texts, next_observations: Texts
    ) -> list[float]:
        """1 / T_max for each."""
        return [self._share] * len(indices)


def make_oracle(argument: str | None, env: Any) -> OracleEstimator:
    """``oracle``: turns the environment's ``progress`` on, to be hidden again where it was off.

    It has to be on before an episode begins (an environment may prepare it there), so the wrappers resolve this name
    when they are made.

    Raises:
        BadArgument: The environment has no ground-truth progress.
    """
    _no_argument("oracle", argument)
    if isinstance(env, VectorEnv):
        shown = all(_of_each(env, "_with_progress"))
        env.unwrapped.set_attr("_with_progress", True)  # type: ignore[attr-defined]
    else:
        base = env.unwrapped if isinstance(env, gymnasium.Env) else env
        if not isinstance(base, TextEnv):
            raise _no_truth(base)
        shown, base._with_progress = base._with_progress, True
    return OracleEstimator(hides=() if shown else ("progress", "goal_share"))


def make_uniform(argument: str | None, env: Any) -> UniformEstimator:
    """``uniform``, with the environment's step limit, or ``uniform:40``.

    Raises:
        BadArgument: The argument is no positive number, or there is no step limit to use.
    """
    if argument is None:
        return UniformEstimator(_step_limit(env))
    if not argument.isdecimal() or int(argument) < 1:
        raise BadArgument("a number of steps after 'uniform:'", repr(argument), "pass 'uniform:40' for 40 steps")
    return UniformEstimator(int(argument))


def _no_argument(name: str, argument: str | None) -> None:
    if argument is not None:
        raise BadArgument(f"the estimator {name!r} alone", repr(f"{name}:{argument}"), "drop what follows the colon")


def _no_truth(env: Any) -> BadArgument:
    mend = "name another estimator, such as 'difference'"
    return BadArgument("an environment with ground-truth progress for 'oracle' (a TextEnv)", type(env).__name__, mend)


def _of_each(env: Any, attribute: str) -> tuple[Any, ...]:
    """An attribute of each environment in a vector environment (``VectorWrapper`` does not pass ``get_attr`` on)."""
    try:
        return env.unwrapped.get_attr(attribute)
    except AttributeError as error:
        raise _no_truth(env.unwrapped) from error


def _step_limit(env: Any) -> int:
    limits = []
    spec = getattr(env, "spec", None)
    if isinstance(env, VectorEnv):
        spec = _of_each(env, "spec")[0]
    if spec is not None and spec.max_episode_steps is not None:
        limits.append(spec.max_episode_steps)
    while isinstance(env, gymnasium.Wrapper):
        if isinstance(env, TimeLimit):
            limits.append(env._max_episode_steps)
        env = env.env
    if not limits:
        raise BadArgument("a step limit for 'uniform'", "an environment without one", "pass 'uniform:40' for 40 steps")
    return min(limits)
