"""Three episodes of a task that meet in states: what the methods on groups of states are worked out on by hand.

first  s0 -> s1 -> s2 -> solved
second s0 -> s1 -> s3 -> end
third  s0 -> s4 -> s1 -> end
"""

from __future__ import annotations

from spa_gym.core.trajectory import Trajectory
from tests.baselines.methods.toys import episode

__all__ = ["branching"]


def branching(third: float = 0.5, *, task: str = "t", failed: tuple[int, int] | None = None) -> list[Trajectory]:
    """Rewards 1, 0 and `third`; the action of `failed` (episode, step) was not executed."""
    paths = (("s0", "s1", "s2"), ("s0", "s1", "s3"), ("s0", "s4", "s1"))
    return [
        episode(score, task=task, observations=path, grounded=[(number, t) != failed for t in range(3)])
        for number, (path, score) in enumerate(zip(paths, (1.0, 0.0, third), strict=True))
    ]
