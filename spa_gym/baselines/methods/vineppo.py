"""`vineppo`: advantages from Monte-Carlo values (Kazemnejad et al. 2024, arXiv 2410.01679): no critic.

    A_t = r_t + gamma V(s_{t+1}) - V(s_t),   V(s) = mean outcome of K continuations of the policy from s

with V = 0 after the last step. A step is an action here, a line of reasoning there. For an episode of T steps that is
T K continuations, T K T / 2 environment steps or so: with T = 16 and K = 9 about 1,150 for each episode of the batch.
So that one batch does not eat the budget, batches are small (`episodes`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spa_gym.baselines.methods.monte_carlo import values_at
from spa_gym.baselines.methods.seam import Batch, Credit, Method, Needs
from spa_gym.core.errors import BadArgument

__all__ = ["MonteCarloAdvantage"]


@dataclass
class MonteCarloAdvantage(Method):
    """Differences of Monte-Carlo values.

    Args:
        continuations: K; the paper's is 9.
        gamma: discount; the paper's is 1.
        whiten: bring the advantages to mean 0 and deviation 1 over the batch's tokens, as the released settings do.
        episodes: most episodes of a batch (ours; the paper has 512 of them); None: as the training is set.
    """

    continuations: int = 9
    gamma: float = 1.0
    whiten: bool = True
    episodes: int | None = 8
    name: str = "vineppo"

    def __post_init__(self) -> None:
        """Refuse what cannot be estimated."""
        if self.continuations < 1 or not 0 < self.gamma <= 1 or (self.episodes is not None and self.episodes < 1):
            raise BadArgument(
                "continuations >= 1, 0 < gamma <= 1, episodes >= 1 or None",
                f"{self.continuations}, {self.gamma}, {self.episodes}",
                "correct the options",
            )

    @property
    def needs(self) -> Needs:
        """Small batches."""
        return Needs(episodes=self.episodes)

    def credit(self, batch: Batch) -> Credit:
        """Advantages of all steps, the values of all their states estimated in one call."""
        points = [(trajectory, t) for trajectory in batch.trajectories for t in range(trajectory.num_steps)]
        values = values_at(batch.player, points, self.continuations, gamma=self.gamma)
        advantages, at = [], 0
        for trajectory in batch.trajectories:
            before = values[at : at + trajectory.num_steps]
            after = np.append(before[1:], 0.0)
            rewards = np.array([step.reward for step in trajectory.steps])
            advantages.append(rewards + self.gamma * after - before)
            at += trajectory.num_steps
        firsts = np.cumsum([0, *(t.num_steps for t in batch.trajectories[:-1])])
        figures = {"value_start": float(values[firsts].mean()), "value_all": float(values.mean())}
        return Credit(advantages=advantages, whiten=self.whiten, figures=figures)
