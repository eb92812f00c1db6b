"""What a method says of a batch: rewards or advantages of its steps, preferences, and what is to be imitated.

This is all that `learning/learner.py` hears of a method; what a method is told itself stands in `seam.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from spa_gym.core.errors import BadArgument
from spa_gym.core.trajectory import Trajectory

__all__ = ["Array", "Credit", "Pair", "Span"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Span:
    """Consecutive actions of a trajectory: those of the steps `first <= t < last`.

    Args:
        trajectory: the episode; all of it before `last` is read, only these actions count.
        first: the first of them.
        last: one past the last of them; None: to the end.
        weight: of their log-probabilities where they are imitated.
    """

    trajectory: Trajectory
    first: int = 0
    last: int | None = None
    weight: float = 1.0

    def __post_init__(self) -> None:
        """Refuse an empty span."""
        if not 0 <= self.first < self.end <= self.trajectory.num_steps:
            raise BadArgument(
                f"0 <= first < last <= {self.trajectory.num_steps}", f"{self.first}, {self.last}", "correct the span"
            )

    @property
    def end(self) -> int:
        """One past the last action."""
        return self.trajectory.num_steps if self.last is None else self.last


@dataclass(frozen=True, slots=True)
class Pair:
    """A preference: the actions of `chosen` are better than those of `rejected`, from the same task or step."""

    chosen: Span
    rejected: Span


@dataclass(frozen=True, slots=True)
class Credit:
    """What a batch earned. The first two are for all its trajectories, at most one of them; the others as many as come.

    Args:
        rewards: one array of [num_steps] for each trajectory; critic and GAE make advantages of them, whitened over the
            batch's tokens, for PPO's clipped loss.
        advantages: the same, used by PPO's clipped loss as they are; there is no critic.
        whiten: bring `advantages` to mean 0 and deviation 1 over the batch's tokens first.
        teaches: whether each trajectory's rewards or advantages teach at all: others have advantage 0 and no part in
            the whitening; None: all do.
        over: what GAE runs over, `"steps"`, `"tokens"` (of actions) or `"sequence"` (those between actions too, see
            `gae_over_sequence`); None: as the training is set.
        pairs: preferences, for the DPO loss.
        imitation: spans that are imitated, for the log-likelihood loss.
        dpo_beta: beta of the DPO loss.
        dpo_reference: whose log-probabilities the DPO loss is relative to: `"imitated"`, the policy that training began
            with, or `"acting"`, the one that played this batch.
        figures: what the method wants to see in the curves, by name.
    """

    rewards: list[Array] | None = None
    advantages: list[Array] | None = None
    whiten: bool = False
    teaches: Sequence[bool] | None = None
    over: str | None = None
    pairs: Sequence[Pair] = ()
    imitation: Sequence[Span] = ()
    dpo_beta: float = 0.1
    dpo_reference: str = "imitated"
    figures: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what contradicts itself."""
        if self.rewards is not None and self.advantages is not None:
            raise BadArgument("rewards or advantages", "both", "return one of them")
        if self.over not in (None, "steps", "tokens", "sequence") or self.dpo_reference not in ("imitated", "acting"):
            raise BadArgument(
                "over 'steps', 'tokens' or 'sequence', dpo_reference 'imitated' or 'acting'",
                f"{self.over!r}, {self.dpo_reference!r}",
                "correct the credit",
            )
