"""`uniform`: every step has earned the same, r_t = R / T.

The redistribution that knows nothing: what a learned one has to beat. The rewards of an episode sum to R. It is known
only when the episode is over (T is), which training allows and the wrapper's `uniform` does not.
"""

from __future__ import annotations

import numpy as np

from spa_gym.baselines.seam import Batch, Credit, Method

__all__ = ["UniformShares"]


class UniformShares(Method):
    """The final reward in even shares."""

    name = "uniform"

    def credit(self, batch: Batch) -> Credit:
        """R / T for each step."""
        return Credit(rewards=[np.full(t.num_steps, t.score / t.num_steps) for t in batch.trajectories])
