"""`ppo`: the environment's own sparse reward, at the step that ends the task. The baseline of all others.

r_t = 0 for t < T, r_T = R (the score), with PPO's critic and GAE over steps to spread it.
"""

from __future__ import annotations

import numpy as np

from spa_gym.baselines.seam import Batch, Credit, Method

__all__ = ["SparseReward"]


class SparseReward(Method):
    """The environment's rewards, untouched."""

    name = "ppo"

    def credit(self, batch: Batch) -> Credit:
        """Each step's own reward."""
        return Credit(rewards=[np.array([step.reward for step in t.steps]) for t in batch.trajectories])
