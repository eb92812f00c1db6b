"""`GraphMemory`: state graphs kept over the batches of a training, and saved and resumed with its weights."""

from __future__ import annotations

from typing import Any

from spa_gym.baselines.methods.json_state import JsonState
from spa_gym.baselines.methods.state_graph import StateGraph

__all__ = ["GraphMemory"]


class GraphMemory(JsonState):
    """A graph for each task; transitions are added and never forgotten."""

    def __init__(self) -> None:
        super().__init__()
        self._graphs: dict[str, StateGraph] = {}

    def remember(self, task: str, seen: StateGraph) -> StateGraph:
        """Add what was seen of a task; returns all that is known of it."""
        known = self._graphs.setdefault(task, StateGraph())
        known.merge(seen)
        return known

    def size(self) -> int:
        """Number of transitions."""
        return sum(1 for graph in self._graphs.values() for _ in graph.edges())

    def plain(self) -> dict[str, list[Any]]:
        """Task -> its transitions."""
        return {task: list(graph.edges()) for task, graph in self._graphs.items()}

    def take_over(self, plain: dict[str, list[Any]]) -> None:
        """Hold these transitions."""
        self._graphs = {}
        for task, edges in plain.items():
            graph = self._graphs.setdefault(task, StateGraph())
            for source, target, cost in edges:
                graph.add(source, target, cost)
