"""An estimator that answers from a table, and toy episodes for the methods that ask one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from spa_gym.baselines.methods.explored import ExploredMethod
from spa_gym.baselines.seam import Batch, Credit
from spa_gym.core.trajectory import Trajectory
from tests.baselines.methods.toys import episode

__all__ = ["CONTRIBUTIONS", "PLAYED", "TableEstimator", "credit_of"]

PLAYED = [
    episode(1.0, grounded=[True, False, True]),
    episode(0.0, observations=("s0", "s1"), actions=("a0", "a1"), grounded=[False, True]),
]
"""One solved, of three steps, and one not, of two, of the same task."""
CONTRIBUTIONS = [[0.2, 0.1, 0.6], [-0.1, 0.3]]
"""They sum to 0.9 and 0.2, so that the mean of |sum c - R| is 0.15."""


class TableEstimator:
    """Says `CONTRIBUTIONS` of `PLAYED`."""

    def contributions_of(self, trajectories: Sequence[Trajectory]) -> list[np.ndarray]:
        assert list(trajectories) == PLAYED
        return [np.array(c) for c in CONTRIBUTIONS]


def credit_of(method: ExploredMethod, **batch: Any) -> tuple[list[list[float]], Credit]:
    """Rewards and whole credit of `PLAYED`."""
    method._estimator = TableEstimator()
    credit = method.credit(Batch(PLAYED, **batch))
    assert credit.rewards is not None and credit.advantages is None
    assert [len(r) for r in credit.rewards] == [3, 2]
    return [r.tolist() for r in credit.rewards], credit
