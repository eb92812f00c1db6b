"""`ppo`: the environment's own sparse reward, at the step that ends the task. The baseline of all others.

r_t = 0 for t < T, r_T = R (the score), with PPO's critic and GAE over steps to spread it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from spa_gym.baselines.methods.seam import Credit, Study
from spa_gym.core.trajectory import Trajectory

__all__ = ["SparseReward"]


class SparseReward:
    """The environment's rewards, untouched."""

    name = "ppo"

    def prepare(self, study: Study) -> int:
        """Nothing to fit: 0 environment steps."""
        del study
        return 0

    def credit(self, trajectories: Sequence[Trajectory]) -> Credit:
        """Each step's own reward."""
        return Credit(rewards=[np.array([step.reward for step in t.steps]) for t in trajectories])

    def metrics(self) -> dict[str, Any]:
        """Nothing was fitted."""
        return {}
