"""`grpo`: an episode's reward, standardised within the episodes of its task.

A_i = (R_i - mean(R)) / (std(R) + 1e-6) for all steps of episode i (Shao et al. 2024, arXiv 2402.03300, section 4.1.2).
Dr. GRPO (Liu et al. 2025, arXiv 2503.20783) leaves out the division, which favours tasks that nearly always or nearly
never succeed: `scale="mean"`. No critic.
"""

from __future__ import annotations

from dataclasses import dataclass

from spa_gym.baselines.methods.groups import GroupMethod, check_choice, episode_advantages, over_steps
from spa_gym.baselines.seam import Batch, Credit

__all__ = ["GroupRelative"]


@dataclass
class GroupRelative(GroupMethod):
    """GRPO.

    Args:
        group: episodes of each task; 8 is verl-agent's, the paper has 64 answers a question.
        scale: `"std"` (GRPO) or `"mean"` (Dr. GRPO).
        per: `"episode"`, or `"step"` as verl-agent has it: mean and deviation over all steps, so that long episodes
            count more.
    """

    scale: str = "std"
    per: str = "episode"
    name = "grpo"

    def __post_init__(self) -> None:
        """Refuse unknown forms."""
        super().__post_init__()
        check_choice("scale", self.scale, ("std", "mean"))
        check_choice("per", self.per, ("episode", "step"))

    def credit(self, batch: Batch) -> Credit:
        """The episode's advantage at each of its steps.

        Raises:
            BadArgument: no task has two episodes.
        """
        advantages = episode_advantages(batch.trajectories, scale=self.scale, per=self.per)
        return Credit(advantages=over_steps(advantages, batch.trajectories))
