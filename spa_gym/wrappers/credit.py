"""The arithmetic of one episode's fused reward, shared by the single and the vector wrapper: they cannot differ.

r_t = alpha * c_t + beta * g_t. With ``residual`` the last step's contribution also takes what the estimator left
unpaid, R - sum(c), so that the contributions of a whole episode sum to R, the environment's own return.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, SupportsFloat

from spa_gym.core.errors import BadArgument, SpaGymError, WrongType
from spa_gym.wrappers.grounding import GroundingForm, grounding_form

__all__ = ["CreditRule", "EpisodeCredit", "one_each"]


_MEND = "return one float a step; see examples/own_estimator.py"


class CreditRule:
    """The settings of the reward, the same for every episode.

    Args:
        alpha: Weight of the contribution c_t.
        beta: Weight of the grounding term g_t.
        grounding: Name of the form of g_t (``spa_gym.wrappers.grounding``).
        residual: Whether the last step takes R - sum(c).

    Raises:
        BadArgument: A weight is not a finite number, or no form has this name.
    """

    __slots__ = ("alpha", "beta", "form", "residual")

    def __init__(self, alpha: float, beta: float, grounding: str, residual: bool) -> None:
        for name, value in (("alpha", alpha), ("beta", beta)):
            if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
                raise BadArgument(f"{name} to be a finite number", repr(value), "SPA uses alpha=1.0, beta=0.5")
        self.alpha = float(alpha)
        self.beta = float(beta)
        self.form: GroundingForm = grounding_form(grounding)
        self.residual = bool(residual)


class EpisodeCredit:
    """One running episode: what was paid, what the environment gave, and whether the last action was executed."""

    __slots__ = ("_attributed", "_returned", "_rule", "_was_grounded")

    def __init__(self, rule: CreditRule) -> None:
        self._rule = rule
        self._returned = 0.0
        self._attributed = 0.0
        self._was_grounded = True

    @property
    def state(self) -> tuple[float, float, bool]:
        """What `EpisodeCredit.at` needs to go on from here."""
        return self._returned, self._attributed, self._was_grounded

    @classmethod
    def at(cls, rule: CreditRule, state: tuple[float, float, bool]) -> EpisodeCredit:
        """An episode in the middle, as `state` described it."""
        credit = cls(rule)
        credit._returned, credit._attributed, credit._was_grounded = state
        return credit

    def settle(
        self, contribution: Any, env_reward: float, grounded: bool, ended: bool
    ) -> tuple[float, dict[str, float]]:
        """Pays one step.

        Args:
            contribution: c_t as the estimator gave it.
            env_reward: The environment's own reward of the step.
            grounded: Whether the action was executed.
            ended: Whether the step ended the episode (terminated or truncated).

        Returns:
            The fused reward, and the three ``info`` entries that it is made of.

        Raises:
            SpaGymError: The contribution is NaN or infinite.
            WrongType: The contribution is no number.
        """
        contribution = _number(contribution)
        if not math.isfinite(contribution):
            raise SpaGymError(
                "a finite contribution from the estimator",
                repr(contribution),
                "look for a diverged training of the estimator; one such reward would silently ruin the policy",
            )
        rule = self._rule
        self._returned += env_reward
        if rule.residual and ended:
            contribution = self._returned - self._attributed
        self._attributed += contribution
        g = rule.form(grounded, self._was_grounded)
        self._was_grounded = grounded
        parts = {"reward/env": env_reward, "reward/progress": contribution, "reward/grounding": g}
        return rule.alpha * contribution + rule.beta * g, parts


def one_each(contributions: Any, num_steps: int) -> Sequence[Any]:
    """Return what an estimator gave for some steps, having checked that it is one thing a step.

    Raises:
        WrongType: It is no sequence, or of another length.
    """
    try:
        values = list(contributions)
    except TypeError:
        values = None
    if values is None or len(values) != num_steps:
        raise WrongType(f"{num_steps} contributions from the estimator, one a step", f"{contributions!r:.80}", _MEND)
    return values


def _number(contribution: Any) -> float:
    try:
        if isinstance(contribution, SupportsFloat):
            return float(contribution)
    except (TypeError, ValueError):  # an array of several
        pass
    raise WrongType("a number as contribution from the estimator", f"{contribution!r:.80}", _MEND)
