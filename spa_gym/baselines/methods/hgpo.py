"""`hgpo`: returns against steps with the same observation, the same two, the same three... (arXiv 2602.22817).

A_t = sum_{k=0..K} w_k A_k(t), w_k = (k+1)^alpha / sum_j (j+1)^alpha. A_k(t) = (G_t - mean G) / std G over the steps of
the task's episodes whose last k+1 observations are the same; a step that is alone in a group has 0 there. K = 0 is
`gigpo`'s step advantage alone: the outcome comes in through G_t = sum_{k >= t} gamma^{k-t} r_k only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spa_gym.baselines.methods.groups import (
    GroupMethod,
    by_episode,
    by_task,
    check_choice,
    check_number,
    episode_advantages,
    over_steps,
    returns_to_go,
)
from spa_gym.baselines.methods.state_graph import grounded_values, relative_to_state
from spa_gym.baselines.seam import Array, Batch, Credit

__all__ = ["HierarchyOfGroups"]


@dataclass
class HierarchyOfGroups(GroupMethod):
    """HGPO.

    Args:
        group: episodes of each task (released scripts).
        depth: K; the paper's tables have 2 and 4.
        alpha: how much more deeper groups weigh; 0: all the same (released scripts: 1).
        gamma: discount of the return from a step on (verl-agent's, of which the released recipe is a part).
        scale: `"std"` (the population's, released) or `"mean"`.
        weights: `"all"`: over all K+1 groups, as the formula has it; `"shared"`: as released, (k+2)^alpha over the
            groups in which the step has an advantage other than 0, those that the episode is too young for left out.
        base: A^E of `gigpo` as one more group below the others, of weight 1, theirs (k+2)^alpha (released option, off).
        penalty: see `gigpo`.
    """

    depth: int = 4
    alpha: float = 1.0
    gamma: float = 0.95
    scale: str = "std"
    weights: str = "all"
    base: bool = False
    penalty: float = 0.0
    name = "hgpo"

    def __post_init__(self) -> None:
        """Refuse unknown forms."""
        super().__post_init__()
        check_choice("scale", self.scale, ("std", "mean"))
        check_choice("weights", self.weights, ("all", "shared"))
        check_number("gamma", self.gamma, 0.0, 1.0)
        check_number("depth", self.depth, 0)
        check_number("alpha", self.alpha, 0.0)

    def credit(self, batch: Batch) -> Credit:
        """The weighted advantages; figures `steps_shared_k`: share of the steps that are not alone at depth k.

        Raises:
            BadArgument: no task has two episodes.
        """
        played = batch.trajectories
        by_task(played)
        returns = grounded_values(played, [returns_to_go(t, self.gamma) for t in played], self.penalty)
        levels: list[Array] = []
        figures: dict[str, float] = {}
        age = np.concatenate([np.arange(t.num_steps) for t in played])
        for k in range(self.depth + 1):
            advantages, shared = relative_to_state(played, returns, history=k, scale=self.scale, ddof=0)
            level = np.concatenate(advantages)
            levels.append(level if self.weights == "all" else np.where(age >= k, level, 0.0))
            figures[f"steps_shared_{k}"] = float(np.concatenate(shared).mean())
        first = 1.0 if self.weights == "all" and not self.base else 2.0
        weights = np.power(np.arange(self.depth + 1, dtype=np.float64) + first, self.alpha)
        if self.base:
            outcomes = over_steps(episode_advantages(played, scale=self.scale), played)
            levels, weights = [np.concatenate(outcomes), *levels], np.append(1.0, weights)
        flat = self._weigh(np.stack(levels), weights)
        return Credit(advantages=by_episode(flat, played), figures=figures)

    def _weigh(self, levels: Array, weights: Array) -> Array:
        """[steps] from [groups, steps]: the weighted mean over all groups, or over those that say something."""
        share = np.repeat(weights[:, None], levels.shape[1], axis=1)
        if self.weights == "shared":
            share = share * (levels != 0)
        total = share.sum(axis=0)
        return (share * levels).sum(axis=0) / np.where(total > 0, total, 1.0)
