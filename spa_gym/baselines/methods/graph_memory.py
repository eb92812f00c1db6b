"""`GraphMemory`: state graphs kept over the batches of a training, and saved and resumed with its weights.

What is saved of a training is the state of modules, as tensors; so the memory is a module without parameters whose
state is the bytes of a JSON text.
"""

from __future__ import annotations

import json

import torch
from torch import nn

from spa_gym.baselines.methods.state_graph import StateGraph

__all__ = ["GraphMemory"]


class GraphMemory(nn.Module):
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

    def get_extra_state(self) -> torch.Tensor:
        """Everything, as uint8."""
        plain = {task: list(graph.edges()) for task, graph in self._graphs.items()}
        return torch.frombuffer(bytearray(json.dumps(plain).encode("ascii")), dtype=torch.uint8)

    def set_extra_state(self, state: torch.Tensor) -> None:
        """Take over what `get_extra_state` gave."""
        self._graphs = {}
        for task, edges in json.loads(bytes(state.tolist()).decode("ascii")).items():
            graph = self._graphs.setdefault(task, StateGraph())
            for source, target, cost in edges:
                graph.add(source, target, cost)
