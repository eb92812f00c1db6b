"""`vineppo`: advantages from Monte-Carlo values (Kazemnejad et al. 2024, arXiv 2410.01679): no critic.

    A_t = r_t + gamma V(s_{t+1}) - V(s_t),   V(s) = mean outcome of K continuations of the policy from s

with V = 0 after the last step. A step is an action here, a line of reasoning there. For an episode of T steps that is
T K continuations, T K T / 2 environment steps or so: about 1,150 with T = 16 and K = 9, 7,200 with T = 40. So that one
batch does not eat the budget, batches are small (`episodes`), and their continuations bounded (`most_steps`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spa_gym.baselines.methods.monte_carlo import values_at
from spa_gym.baselines.seam import Array, Batch, Credit, Method, Needs
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
        most_steps: environment steps of an iteration's continuations after which no further episode is valued (ours);
            the others of the batch teach nothing. None: all are.
    """

    continuations: int = 9
    gamma: float = 1.0
    whiten: bool = True
    episodes: int | None = 8
    most_steps: int | None = 5_000
    name: str = "vineppo"

    def __post_init__(self) -> None:
        """Refuse what cannot be estimated."""
        counts = (self.continuations, self.episodes, self.most_steps)
        if any(x is not None and x < 1 for x in counts) or not 0 < self.gamma <= 1:
            raise BadArgument(
                "continuations >= 1, episodes and most_steps >= 1 or None, 0 < gamma <= 1",
                f"{counts}, {self.gamma}",
                "correct the options",
            )

    @property
    def needs(self) -> Needs:
        """Small batches."""
        return Needs(episodes=self.episodes)

    def credit(self, batch: Batch) -> Credit:
        """Advantages of all steps; the values of an episode's states are estimated in one call."""
        begun = batch.player.env_steps
        valued: list[Array] = []
        advantages: list[Array] = []
        for trajectory in batch.trajectories:
            if self.most_steps is not None and batch.player.env_steps - begun >= self.most_steps:
                break
            points = [(trajectory, t) for t in range(trajectory.num_steps)]
            before = values_at(batch.player, points, self.continuations, gamma=self.gamma)
            rewards = np.array([step.reward for step in trajectory.steps])
            advantages.append(rewards + self.gamma * np.append(before[1:], 0.0) - before)
            valued.append(before)
        figures = {
            "valued_episodes": float(len(valued)),
            "value_start": float(np.mean([before[0] for before in valued])),
            "value_all": float(np.concatenate(valued).mean()),
        }
        teaches = [place < len(valued) for place in range(len(batch.trajectories))]
        advantages += [np.zeros(t.num_steps) for t in batch.trajectories[len(valued) :]]
        return Credit(advantages=advantages, whiten=self.whiten, teaches=teaches, figures=figures)
