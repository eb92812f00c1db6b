"""`oracle`: ground-truth progress as reward, r_t = p_t - p_{t-1}. The ceiling for learned progress.

p_t is the simulator's own progress (`info["progress"]`), so the episode's rewards sum to its progress at the end, which
is 1 exactly when the task is solved.
"""

from __future__ import annotations

import numpy as np

from spa_gym.baselines.seam import Batch, Credit, Method, Needs
from spa_gym.core.errors import BadArgument

__all__ = ["OracleProgress"]


class OracleProgress(Method):
    """Differences of the recorded ground-truth progress."""

    name = "oracle"

    @property
    def needs(self) -> Needs:
        """Recorded progress."""
        return Needs(progress=True)

    def credit(self, batch: Batch) -> Credit:
        """Progress gained by each step.

        Raises:
            BadArgument: progress was not recorded.
        """
        rewards = []
        for trajectory in batch.trajectories:
            progress = [step.progress for step in trajectory.steps]
            known = [p for p in progress if p is not None]
            if len(known) < len(progress):
                raise BadArgument("recorded progress", "steps without", "make the environment with progress=True")
            rewards.append(np.diff(np.array([0.0, *known])))
        return Credit(rewards=rewards)
