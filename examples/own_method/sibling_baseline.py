"""A method of one's own, all of it: the outcome against that of the sibling episodes that are still running.

    A_t = gamma^(T - 1 - t) R  -  mean over siblings that have a step t of gamma^(T_j - 1 - t) R_j

REINFORCE with a baseline that depends on time (Williams 1992, "Simple statistical gradient-following algorithms",
section 4: any baseline that does not depend on the action leaves the gradient's mean alone). Siblings are the other
episodes of the same task in the batch. It needs no critic and no environment, so it is the same in every world.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from spa_gym.baselines.seam import Array, Batch, Credit, Method, Needs
from spa_gym.core.errors import BadArgument

__all__ = ["SiblingBaseline"]


@dataclass
class SiblingBaseline(Method):
    """The arguments are the method's options (`--options`).

    Args:
        group: episodes of each task in a batch; two at least, or nobody has a sibling.
        gamma: discount per step.
        name: name in tables.
    """

    group: int = 8
    gamma: float = 0.95
    name: str = "sibling-baseline"

    def __post_init__(self) -> None:
        """Refuse options that mean nothing."""
        if self.group < 2 or not 0 < self.gamma <= 1:
            raise BadArgument("group >= 2, 0 < gamma <= 1", f"{self.group}, {self.gamma}", "correct --options")

    @property
    def needs(self) -> Needs:
        """Batches in which each task is played `group` times."""
        return Needs(group=self.group)

    def credit(self, batch: Batch) -> Credit:
        """Advantages [T] for each episode, of mean 0 and deviation 1 over the batch's tokens."""
        returns = [
            t.score * self.gamma ** np.arange(t.num_steps - 1, -1, -1, dtype=np.float64) for t in batch.trajectories
        ]
        siblings: dict[str, list[int]] = defaultdict(list)
        for place, trajectory in enumerate(batch.trajectories):
            siblings[trajectory.task_id].append(place)
        advantages: list[Array] = []
        for place, trajectory in enumerate(batch.trajectories):
            others = [returns[other] for other in siblings[trajectory.task_id] if other != place]
            advantages.append(returns[place] - _mean_at_each_step(others, trajectory.num_steps))
        return Credit(advantages=advantages, whiten=True)


def _mean_at_each_step(others: list[Array], steps: int) -> Array:
    """Mean of the others' returns at each step, over those that have one; 0 where none has."""
    there = [[other[t] for other in others if len(other) > t] for t in range(steps)]
    return np.array([float(np.mean(values)) if values else 0.0 for values in there])
