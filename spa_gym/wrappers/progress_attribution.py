"""`ProgressAttributionWrapper`: an environment whose sparse reward is replaced by credit for every step (SPA).

r_t = alpha * c_t + beta * g_t, with c_t the contribution that a progress estimator sees in step t and g_t a grounding
term. The environment's own reward is kept in ``info["reward/env"]``: leaderboards read that and nothing else.
Source: SPA-RL (arXiv 2505.20732), alpha = 1, beta = 0.5. The vector twin is in ``vector_progress_attribution``.
"""

from __future__ import annotations

from typing import Any

import gymnasium
from gymnasium.error import ResetNeeded
from gymnasium.utils import RecordConstructorArgs
from gymnasium.wrappers import TimeLimit

from spa_gym.core.errors import BadArgument
from spa_gym.core.text_env import TextEnv
from spa_gym.wrappers.credit import CreditRule, EpisodeCredit, one_each
from spa_gym.wrappers.estimators import (
    EAGER,
    BatchedProgressEstimator,
    LiveEstimator,
    PrivilegedEstimator,
    as_batched,
    check_estimator,
    check_world,
)

__all__ = ["ProgressAttributionWrapper"]


class ProgressAttributionWrapper(gymnasium.Wrapper[str, str, str, str], RecordConstructorArgs):
    """Pays alpha * c_t + beta * g_t for every step; observation, ``terminated`` and ``truncated`` pass untouched.

    Every ``step`` adds three entries to ``info``, which is a new dict:

    | key | meaning |
    |---|---|
    | ``reward/env`` | the environment's own reward |
    | ``reward/progress`` | c_t, the residual included where it was paid |
    | ``reward/grounding`` | g_t in the form chosen, before beta |

    so that the reward is always alpha * ``reward/progress`` + beta * ``reward/grounding``.

    With ``residual=True`` the last step (terminated or truncated) also takes R - sum(c), so that the contributions
    sum to the environment's return R, exact up to the rounding of one addition: with alpha=1, beta=0 the return is
    the environment's. That needs the wrapper to see truncation, so it must sit outside the step limit:
    ``gymnasium.make`` sees to it, and a `TextEnv` without a ``TimeLimit`` beneath the wrapper is refused.

    Args:
        env: The environment. ``info["grounded"]`` and ``info["goal"]`` are read from it.
        estimator: A name (``spa_gym.wrappers.estimators``), resolved at the first ``reset``; or a live estimator, or
            its class. Only a name survives ``EnvSpec.to_json()``.
        alpha: Weight of the contribution.
        beta: Weight of the grounding term.
        grounding: Form of g_t: ``paper``, ``penalty`` or ``potential``; see ``spa_gym.wrappers.grounding`` for what
            each does to the length of episodes. ``paper`` with beta * T_max > 1 pays for not finishing.
        residual: Pay R - sum(c) on the last step.

    Raises:
        BadArgument: A setting is out of range, or ``residual`` could not see truncation.
        CheckpointMismatch: The estimator was fitted to another environment.
        TypeError: ``estimator`` is no estimator.

    Example:
        >>> env = gymnasium.make("SPA-ALFWorld-v0")  # doctest: +SKIP
        >>> env = ProgressAttributionWrapper(env, "oracle", grounding="penalty", residual=True)  # doctest: +SKIP
    """

    def __init__(
        self,
        env: gymnasium.Env[str, str],
        estimator: Any = "oracle",
        alpha: float = 1.0,
        beta: float = 0.5,
        grounding: str = "paper",
        residual: bool = False,
    ) -> None:
        check_estimator(estimator)
        check_world(estimator, env)
        if not isinstance(estimator, str | LiveEstimator):
            estimator = LiveEstimator(estimator)
        RecordConstructorArgs.__init__(
            self,
            _disable_deepcopy=True,  # all plain values but the estimator, which may hold a model
            estimator=estimator,
            alpha=alpha,
            beta=beta,
            grounding=grounding,
            residual=residual,
        )
        gymnasium.Wrapper.__init__(self, env)
        self._rule = CreditRule(alpha, beta, grounding, residual)
        if residual and isinstance(env.unwrapped, TextEnv) and not _has_step_limit(env):
            raise BadArgument(
                "residual=True outside the step limit, where truncation is seen",
                "a wrapper with no TimeLimit beneath it",
                "wrap TimeLimit first, ProgressAttributionWrapper(TimeLimit(env, 40), ...), or use gymnasium.make",
            )
        self._named = estimator
        self._estimator: BatchedProgressEstimator | None = None
        self._privileged: PrivilegedEstimator | None = None
        self._truth = 0.0
        self._credit = EpisodeCredit(self._rule)
        self._goal = self._observation = ""
        self._steps: list[tuple[str, str, str]] = []
        if isinstance(estimator, str) and estimator.partition(":")[0] in EAGER:
            self._resolve()

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        """Starts an episode; the estimator is resolved on the first call.

        Raises:
            BadArgument: The estimator's name leads nowhere, or the environment's ``info`` lacks ``grounded``.
        """
        estimator = self._resolve()
        observation, info = self.env.reset(seed=seed, options=options)
        if "grounded" not in info:
            raise BadArgument(
                "info['grounded'] from the environment", "none", "wrap a TextEnv, or add the entry in a wrapper beneath"
            )
        self._goal, self._observation, self._steps = str(info.get("goal", "")), observation, []
        self._credit = EpisodeCredit(self._rule)
        info = self._read(info)
        estimator.begin((0,), (self._goal,))
        return observation, info

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        """Steps, and pays the fused reward.

        Raises:
            ResetNeeded: No episode runs.
            SpaGymError: The estimator gave NaN or infinity, or no number (`WrongType`).
        """
        observation, env_reward, terminated, truncated, info = self.env.step(action)
        if self._estimator is None:
            raise ResetNeeded("expected reset() before step(). To mend it: call env.reset() first")
        info = self._read(info)
        before, self._observation = self._observation, observation
        (contribution,) = one_each(self._estimator.contributions((0,), (before,), (action,), (observation,)), 1)
        self._steps.append((before, action, observation))
        ended = terminated or truncated
        reward, parts = self._credit.settle(contribution, float(env_reward), bool(info["grounded"]), ended)
        return observation, reward, terminated, truncated, {**info, **parts}

    def clone_wrapper_state(self) -> Any:
        """What `spa_gym.core.cloning.clone` keeps of this wrapper: small and picklable, no part of the estimator."""
        return self._goal, self._observation, tuple(self._steps), self._credit.state, self._truth

    def restore_wrapper_state(self, state: Any) -> None:
        """Goes on from a cloned state: by the estimator's ``resume`` if it has one, else by replaying the steps."""
        estimator = self._resolve()
        self._goal, self._observation, steps, credit, self._truth = state
        self._steps = list(steps)
        self._credit = EpisodeCredit.at(self._rule, credit)
        if self._privileged is not None:
            self._privileged.read(0, self._truth)
        resume = getattr(estimator, "resume", None)
        if resume is not None:
            resume(0, self._goal, steps)
            return
        estimator.begin((0,), (self._goal,))
        for observation, action, next_observation in steps:
            estimator.contributions((0,), (observation,), (action,), (next_observation,))

    def _resolve(self) -> BatchedProgressEstimator:
        if self._estimator is None:
            self._estimator = as_batched(self._named, self.env)
            self._privileged = self._estimator if isinstance(self._estimator, PrivilegedEstimator) else None
        return self._estimator

    def _read(self, info: dict[str, Any]) -> dict[str, Any]:
        """Shows a privileged estimator its entry of the info; returns the info without what it hides."""
        if self._privileged is None:
            return info
        self._truth = info[self._privileged.reads]
        self._privileged.read(0, self._truth)
        hides = self._privileged.hides
        return {key: value for key, value in info.items() if key not in hides} if hides else info


def _has_step_limit(env: gymnasium.Env[Any, Any]) -> bool:
    while isinstance(env, gymnasium.Wrapper):
        if isinstance(env, TimeLimit):
            return True
        env = env.env
    return False
