"""`rloo`: an episode's reward against the mean of the others of its task.

A_i = R_i - 1/(k-1) sum_{j != i} R_j, for all steps of episode i (Ahmadian et al. 2024, arXiv 2402.14740, from Kool et
al. 2019). No critic. It equals k/(k-1) times the reward less the group's mean.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spa_gym.baselines.methods.groups import GroupMethod, by_task, leave_one_out, over_steps
from spa_gym.baselines.seam import Batch, Credit

__all__ = ["LeaveOneOut"]


@dataclass
class LeaveOneOut(GroupMethod):
    """REINFORCE with the leave-one-out baseline.

    Args:
        group: episodes of each task; 8 is iStar's and verl-agent's, the paper has 2 and 4.
    """

    name = "rloo"

    def credit(self, batch: Batch) -> Credit:
        """The episode's advantage at each of its steps.

        Raises:
            BadArgument: no task has two episodes.
        """
        advantages = np.zeros(len(batch.trajectories))
        for group in by_task(batch.trajectories):
            advantages[group] = leave_one_out([batch.trajectories[i].reward for i in group])
        return Credit(advantages=over_steps(advantages, batch.trajectories))
