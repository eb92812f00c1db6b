"""`graphgpo`: how near to success a step leads, by the batch's own transitions (Cheng et al., arXiv 2605.26684).

All transitions of a task's episodes make one graph, solved episodes end in one state. d(s) is the least cost from s to
there, 1 more than the greatest where no way is known. R^G(s,a,s') = r_succ w^{d(s') + c(s,a)}, A^G = (R^G - mean) / std
over the steps from the same s, 0 for one that is alone, and A = b_G A^G + b_E A^E with the outcome's A^E as in `gigpo`.
c = 1 for every step. Without a solved episode all R^G are the same, and A^G = 0.

`keep` adds the transitions of all earlier batches to the graph, the first part of TIGPO (arXiv 2609.03383); its
revisiting of tasks and its comparison with earlier outcomes are not part of this.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from spa_gym.baselines.methods.groups import (
    EPSILON,
    GroupMethod,
    by_task,
    check_choice,
    check_number,
    episode_advantages,
)
from spa_gym.baselines.methods.state_graph import (
    graph_of,
    grounded_values,
    relative_to_state,
    states,
)
from spa_gym.baselines.seam import Array, Batch, Credit
from spa_gym.core.trajectory import Trajectory

if TYPE_CHECKING:
    from torch import nn

    from spa_gym.baselines.methods.graph_memory import GraphMemory

__all__ = ["GraphDistance"]


@dataclass
class GraphDistance(GroupMethod):
    """GraphGPO.

    Args:
        group: episodes of each task (released scripts), as are the other defaults.
        decay: w; 0.1 on ALFWorld, 0.2 on WebShop.
        reward: r_succ; with `scale="std"` it matters beside `epsilon` only.
        graph: b_G, weight of A^G.
        episode: b_E, weight of A^E.
        exponent: `"paper"`: d(s') + c; `"released"`: d(s'); `"gained"`: d(s') - d(s) + c, an option of the released
            code, in which a step's reward does not fade with the distance from success.
        scale: `"std"` (the sample's) or `"mean"` (not divided).
        epsilon: added to the deviation of R^G. With w = 0.1, what lies 7 steps or more before success drowns in 1e-6.
        per: A^E over episodes, or over steps as released; see `groups.episode_advantages`.
        history: observations before the last one that belong to a state; 0 is the paper's.
        failed_cost: c of an action that was not executed.
        penalty: taken from R^G of an action that was not executed; see `gigpo`.
        keep: add all transitions of the same task from earlier batches.
    """

    decay: float = 0.1
    reward: float = 10.0
    graph: float = 1.0
    episode: float = 1.0
    exponent: str = "paper"
    scale: str = "std"
    epsilon: float = EPSILON
    per: str = "episode"
    history: int = 0
    failed_cost: float = 1.0
    penalty: float = 0.0
    keep: bool = False
    name = "graphgpo"
    _memory: GraphMemory | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Refuse unknown forms."""
        super().__post_init__()
        check_choice("exponent", self.exponent, ("paper", "released", "gained"))
        check_choice("scale", self.scale, ("std", "mean"))
        check_choice("per", self.per, ("episode", "step"))
        check_number("decay", self.decay, 1e-6, 1.0)
        check_number("epsilon", self.epsilon, 0.0)
        check_number("history", self.history, 0)
        check_number("failed_cost", self.failed_cost, 0.0)
        if self.keep:
            from spa_gym.baselines.methods.graph_memory import GraphMemory

            self._memory = GraphMemory()

    def modules(self) -> dict[str, nn.Module]:
        """The kept graphs, so that a resumed training goes on with them."""
        return {} if self._memory is None else {"graphs": self._memory}

    def metrics(self) -> dict[str, Any]:
        """Size of the kept graphs."""
        return {} if self._memory is None else {"kept_transitions": self._memory.size()}

    def credit(self, batch: Batch) -> Credit:
        """b_G A^G + b_E A^E.

        Figures: `steps_shared`, share of the steps that are not alone in their state; `steps_known`, share of those
        after which a way to success is known.

        Raises:
            BadArgument: no task has two episodes.
        """
        played = batch.trajectories
        outcomes = episode_advantages(played, scale=self.scale, per=self.per)
        rewards: list[Array] = [np.zeros(0)] * len(played)
        known = 0
        for group in by_task(played):
            episodes = [played[i] for i in group]
            graph = graph_of(episodes, history=self.history, failed_cost=self.failed_cost)
            if self._memory is not None:
                graph = self._memory.remember(episodes[0].task_id, graph)
            distances = graph.distances()
            for i in group:
                rewards[i] = self._rewards(played[i], distances)
                known += sum(state in distances for state in states(played[i], self.history)[1:])
        rewards = grounded_values(played, rewards, self.penalty)
        steps, shared = relative_to_state(played, rewards, history=self.history, scale=self.scale, epsilon=self.epsilon)
        count = sum(t.num_steps for t in played)
        return Credit(
            advantages=[self.episode * o + self.graph * s for o, s in zip(outcomes, steps, strict=True)],
            figures={"steps_shared": float(np.concatenate(shared).mean()), "steps_known": known / count},
        )

    def _rewards(self, trajectory: Trajectory, distances: dict[str, float]) -> Array:
        """[T] R^G of an episode's steps."""
        beyond = max(distances.values()) + 1.0
        d = np.array([distances.get(state, beyond) for state in states(trajectory, self.history)])
        cost = np.array([1.0 if step.grounded else self.failed_cost for step in trajectory.steps])
        exponent = {"paper": d[1:] + cost, "released": d[1:], "gained": d[1:] - d[:-1] + cost}[self.exponent]
        return self.reward * self.decay**exponent
