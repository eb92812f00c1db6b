"""States that a batch's episodes share: groups of steps, tabular values, and a graph with distances to success.

A state is a hash of what was observed, of the last observation alone or of some before it too; nothing of the
simulator is read. Where one text belongs to several states of a world ("Nothing happens."), they are one here: longer
histories part them, and part what should have been compared. Shared by `gigpo`, `hgpo`, `g2po` and `graphgpo`.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Hashable, Iterator, Sequence

import numpy as np

from spa_gym.baselines.methods.groups import EPSILON, by_episode, by_key, relative
from spa_gym.baselines.seam import Array
from spa_gym.core.trajectory import Trajectory

__all__ = [
    "SUCCESS",
    "StateGraph",
    "before_steps",
    "graph_of",
    "grounded_values",
    "relative_to_state",
    "state_values",
    "states",
]

SUCCESS = "success"
"""The one state that all solved episodes of a task end in."""

_DIGEST_BYTES = 8


def states(trajectory: Trajectory, history: int = 0) -> list[str]:
    """[T + 1] the state before each step, and the one after the last: `SUCCESS` where the task was solved.

    Args:
        trajectory: the episode.
        history: observations before the last one that belong to the state; near the beginning, as many as there are.
    """
    texts = [step.observation for step in trajectory.steps]
    if not trajectory.success:
        texts.append(trajectory.final_observation)
    found = [_digest(texts[max(0, t - history) : t + 1]) for t in range(len(texts))]
    return [*found, SUCCESS] if trajectory.success else found


def _digest(texts: Sequence[str]) -> str:
    hashed = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    for text in texts:
        encoded = text.encode("utf-8", "surrogatepass")
        hashed.update(len(encoded).to_bytes(8, "little") + encoded)
    return hashed.hexdigest()


def before_steps(trajectories: Sequence[Trajectory], history: int = 0) -> list[Hashable]:
    """Task and state before every step of the batch, episode after episode: steps of equal ones can be compared."""
    return [(t.task_id, state) for t in trajectories for state in states(t, history)[:-1]]


def relative_to_state(
    trajectories: Sequence[Trajectory],
    values: Sequence[Array],
    *,
    history: int = 0,
    scale: str = "std",
    ddof: int = 1,
    epsilon: float = EPSILON,
) -> tuple[list[Array], list[Array]]:
    """Each step's value relative to those of the steps that began in the same state of the same task.

    Args:
        trajectories: the batch.
        values: [T] for each episode.
        history: see `states`.
        scale: see `groups.relative`, as are the next two.
        ddof: of the deviation.
        epsilon: added to it.

    Returns:
        [T] for each episode, 0 where a step is alone in its state; and [T] that is 1.0 where it is not, else 0.0.
    """
    flat = np.concatenate(values)
    advantages, shared = np.zeros(len(flat)), np.zeros(len(flat))
    for group in by_key(before_steps(trajectories, history)):
        if len(group) > 1:
            advantages[group] = relative(flat[group].tolist(), scale=scale, ddof=ddof, epsilon=epsilon)
            shared[group] = 1.0
    return by_episode(advantages, trajectories), by_episode(shared, trajectories)


def state_values(
    trajectories: Sequence[Trajectory], values: Sequence[Array], *, history: int = 0
) -> dict[Hashable, float]:
    """Mean of a value over all steps that began in a state, by task and state.

    Args:
        trajectories: the batch.
        values: [T] for each episode.
        history: see `states`.
    """
    keys, flat = before_steps(trajectories, history), np.concatenate(values)
    return {keys[group[0]]: float(flat[group].mean()) for group in by_key(keys)}


def grounded_values(trajectories: Sequence[Trajectory], values: Sequence[Array], penalty: float) -> list[Array]:
    """The values of steps, less a penalty where the action was not executed."""
    return [
        value - penalty * np.array([not step.grounded for step in t.steps], dtype=np.float64)
        for t, value in zip(trajectories, values, strict=True)
    ]


class StateGraph:
    """Transitions of a task that were seen, each with the least cost that it was seen with."""

    def __init__(self) -> None:
        self._into: dict[str, dict[str, float]] = {}
        """State -> the states that led there, with the cost."""

    def add(self, source: str, target: str, cost: float = 1.0) -> None:
        """Add a transition."""
        self._into.setdefault(source, {})
        sources = self._into.setdefault(target, {})
        sources[source] = min(cost, sources.get(source, cost))

    def edges(self) -> Iterator[tuple[str, str, float]]:
        """Source, target and cost of every transition, in the order in which they were first seen."""
        for target, sources in self._into.items():
            for source, cost in sources.items():
                yield source, target, cost

    def merge(self, other: StateGraph) -> None:
        """Add all transitions of another graph."""
        for source, target, cost in other.edges():
            self.add(source, target, cost)

    def distances(self, goal: str = SUCCESS) -> dict[str, float]:
        """Least cost from each state to the goal (Dijkstra, backwards).

        Returns:
            By state, 0 for the goal; states that no seen transitions lead on from to the goal are not in it.
        """
        found: dict[str, float] = {}
        waiting = [(0.0, goal)]
        while waiting:
            distance, state = heapq.heappop(waiting)
            if state in found:
                continue
            found[state] = distance
            for source, cost in self._into.get(state, {}).items():
                if source not in found:
                    heapq.heappush(waiting, (distance + cost, source))
        return found


def graph_of(trajectories: Sequence[Trajectory], *, history: int = 0, failed_cost: float = 1.0) -> StateGraph:
    """The graph of a task's episodes.

    Args:
        trajectories: episodes of one task.
        history: see `states`.
        failed_cost: cost of an action that was not executed; the others cost 1.
    """
    graph = StateGraph()
    for trajectory in trajectories:
        nodes = states(trajectory, history)
        for step, source, target in zip(trajectory.steps, nodes[:-1], nodes[1:], strict=True):
            graph.add(source, target, 1.0 if step.grounded else failed_cost)
    return graph
