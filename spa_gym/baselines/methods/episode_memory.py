"""`EpisodeMemory`: the episodes of the batches since an estimator's last refit, saved and resumed with its weights.

What is saved of a training is the state of modules, as tensors; so the memory is a module without parameters whose
state is the bytes of a JSON text. In files of their own the episodes would have to outlive every state that is resumed
from, however rarely states are saved; in the state they are as old as it is.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import torch
from torch import nn

from spa_gym.core.errors import CheckpointMismatch
from spa_gym.core.trajectory import Trajectory, from_record, to_record

__all__ = ["EpisodeMemory"]


class EpisodeMemory(nn.Module):
    """The episodes of the latest batches, by number of the batch."""

    def __init__(self) -> None:
        super().__init__()
        self._batches: dict[int, list[Trajectory]] = {}

    def add(self, iteration: int, played: Sequence[Trajectory]) -> None:
        """Keep the episodes of a batch."""
        self._batches[iteration] = list(played)

    def take(self, first: int, last: int) -> list[Trajectory]:
        """The episodes of the batches `first` to `last`, in order; the memory is empty then.

        Raises:
            CheckpointMismatch: those of one of the batches were never added, nor resumed with.
        """
        wanted = range(first, last + 1)
        missing = [iteration for iteration in wanted if iteration not in self._batches]
        if missing:
            raise CheckpointMismatch(
                f"a state with the episodes of the batches {first} to {last}, which the estimator is refitted to",
                f"one without those of {', '.join(map(str, missing))}",
                "choose another --out, or remove the folder `state` to start the training over",
            )
        taken = [trajectory for iteration in wanted for trajectory in self._batches[iteration]]
        self._batches = {}
        return taken

    def get_extra_state(self) -> torch.Tensor:
        """Everything, as uint8."""
        plain = {iteration: [to_record(t) for t in played] for iteration, played in self._batches.items()}
        return torch.frombuffer(bytearray(json.dumps(plain).encode("ascii")), dtype=torch.uint8)

    def set_extra_state(self, state: torch.Tensor) -> None:
        """Take over what `get_extra_state` gave."""
        plain = json.loads(state.cpu().numpy().tobytes().decode("ascii"))
        self._batches = {int(key): [from_record(record) for record in records] for key, records in plain.items()}
