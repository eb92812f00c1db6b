"""`gigpo`: outcome against the group, and return against the steps that saw the same (Feng et al., arXiv 2505.10978).

A = A^E + omega A^S. A^E(tau_i) = (R_i - mean R) / F over the episodes of the task. A^S(t) = (G_t - mean G) / F over all
steps of these episodes with the same observation (an anchor group), G_t = sum_{k >= t} gamma^{k-t} r_k; a step that is
alone has A^S = 0. F is the standard deviation or 1. No critic and no further episodes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spa_gym.baselines.methods.groups import (
    GroupMethod,
    check_choice,
    check_number,
    episode_advantages,
    returns_to_go,
)
from spa_gym.baselines.methods.state_graph import grounded_values, relative_to_state
from spa_gym.baselines.seam import Batch, Credit

__all__ = ["GroupInGroup"]


@dataclass
class GroupInGroup(GroupMethod):
    """GiGPO.

    Args:
        group: episodes of each task (the paper's N = 8).
        omega: weight of the step's advantage (the paper's).
        gamma: discount of the return from a step on (the paper's).
        scale: F, `"std"` or `"mean"` (F = 1); the paper has both.
        per: A^E over episodes, or over steps as in verl-agent; see `groups.episode_advantages`.
        history: observations before the last one that must be the same too; 0 is the paper's.
        penalty: taken from G_t of an action that was not executed. verl-agent's for all its methods would be 0.01 here
            (0.1 where success pays 10); 0, as here no other method is paid for that.
    """

    omega: float = 1.0
    gamma: float = 0.95
    scale: str = "std"
    per: str = "episode"
    history: int = 0
    penalty: float = 0.0
    name = "gigpo"

    def __post_init__(self) -> None:
        """Refuse unknown forms."""
        super().__post_init__()
        check_choice("scale", self.scale, ("std", "mean"))
        check_choice("per", self.per, ("episode", "step"))
        check_number("gamma", self.gamma, 0.0, 1.0)
        check_number("history", self.history, 0)

    def credit(self, batch: Batch) -> Credit:
        """A^E + omega A^S; figure `steps_shared`: share of the steps that are not alone.

        Raises:
            BadArgument: no task has two episodes.
        """
        played = batch.trajectories
        episodes = episode_advantages(played, scale=self.scale, per=self.per)
        returns = grounded_values(played, [returns_to_go(t, self.gamma) for t in played], self.penalty)
        steps, shared = relative_to_state(played, returns, history=self.history, scale=self.scale)
        advantages = [e + self.omega * s for e, s in zip(episodes, steps, strict=True)]
        return Credit(advantages=advantages, figures={"steps_shared": float(np.concatenate(shared).mean())})
