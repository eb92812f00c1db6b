"""`g2po`: the difference that a step makes to tabular values of the batch's state graph (arXiv 2606.22995).

V(s) = mean of G over all visits to s in the episodes of a task, G_t = sum_{k >= t} gamma^{k-t} r_k (group-aggregated
state values); a step is an edge s -> s' with the TD error delta = r + gamma V(s') - V(s), V = 0 after the end.
A = A_edges + A_local + A^E: delta standardised over all edges of the task's graph; r + gamma V(s') standardised over
the steps from the same s; the outcome standardised over the episodes of the task. The abstract has the values and the
first term, the sum is the released code's; the paper's own equations were not at hand, so delta is inferred from its
words. No critic and no further episodes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spa_gym.baselines.methods.groups import (
    GroupMethod,
    by_episode,
    check_choice,
    check_number,
    episode_advantages,
    returns_to_go,
    steps_within_tasks,
)
from spa_gym.baselines.methods.state_graph import before_steps, grounded_values, relative_to_state, state_values
from spa_gym.baselines.seam import Array, Batch, Credit
from spa_gym.core.trajectory import Trajectory

__all__ = ["GroupGraph"]


@dataclass
class GroupGraph(GroupMethod):
    """G2PO.

    Args:
        group: episodes of each task (released scripts), as are the other defaults but `td`.
        edges: weight of A_edges.
        local: weight of A_local.
        episode: weight of A^E; with `local=0` too, the credit is the TD error alone.
        gamma: discount of the returns.
        td: `"discounted"`: as above; `"released"`: G is discounted once more, V(s') in delta and A_local is not
            discounted, and after the end it is the episode's reward where the task was solved, else 0.
        scale: `"std"` (the sample's) or `"mean"` (not divided).
        per: A^E over episodes, or over steps as released; see `groups.episode_advantages`.
        history: observations before the last one that belong to a state; 0 is the paper's.
        penalty: taken in A_local from an action that was not executed; released: 0.1 where success pays 10, 0.01 here.
            0, as here no other method is paid for that.
    """

    edges: float = 1.0
    local: float = 1.0
    episode: float = 1.0
    gamma: float = 0.95
    td: str = "discounted"
    scale: str = "std"
    per: str = "episode"
    history: int = 0
    penalty: float = 0.0
    name = "g2po"

    def __post_init__(self) -> None:
        """Refuse unknown forms."""
        super().__post_init__()
        check_choice("td", self.td, ("discounted", "released"))
        check_choice("scale", self.scale, ("std", "mean"))
        check_choice("per", self.per, ("episode", "step"))
        check_number("gamma", self.gamma, 0.0, 1.0)
        check_number("history", self.history, 0)

    def credit(self, batch: Batch) -> Credit:
        """The weighted sum; figure `steps_shared`: share of the steps that are not alone in their state.

        Raises:
            BadArgument: no task has two episodes.
        """
        played = batch.trajectories
        outcomes = episode_advantages(played, scale=self.scale, per=self.per)
        after, errors = self._values(played)
        by_edge = steps_within_tasks(errors, played, scale=self.scale)
        local, shared = relative_to_state(
            played, grounded_values(played, after, self.penalty), history=self.history, scale=self.scale
        )
        advantages = [
            self.episode * o + self.local * a + self.edges * e for o, a, e in zip(outcomes, local, by_edge, strict=True)
        ]
        return Credit(advantages=advantages, figures={"steps_shared": float(np.concatenate(shared).mean())})

    def _values(self, played: list[Trajectory]) -> tuple[list[Array], list[Array]]:
        """By episode and step, r + gamma V(s'); and the same less V(s)."""
        released = self.td == "released"
        if released:
            returns = [t.reward * self.gamma ** np.arange(t.num_steps, 0, -1.0) for t in played]
        else:
            returns = [returns_to_go(t, self.gamma) for t in played]
        table = state_values(played, returns, history=self.history)
        now = by_episode(np.array([table[key] for key in before_steps(played, self.history)]), played)
        after = []
        for t, here in zip(played, now, strict=True):
            if released:
                after.append(np.append(here[1:], t.reward if t.success else 0.0))
            else:
                after.append(np.array([step.reward for step in t.steps]) + self.gamma * np.append(here[1:], 0.0))
        return after, [then - here for then, here in zip(after, now, strict=True)]
