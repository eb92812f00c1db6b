"""`EpisodeMemory`: the episodes of the batches since an estimator's last refit, saved and resumed with its weights.

In files of their own the episodes would have to outlive every state that is resumed from, however rarely states are
saved; in the state they are as old as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from spa_gym.baselines.methods.json_state import JsonState
from spa_gym.core.errors import CheckpointMismatch
from spa_gym.core.trajectory import Trajectory, from_record, to_record

__all__ = ["EpisodeMemory"]


class EpisodeMemory(JsonState):
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

    def plain(self) -> dict[int, list[Any]]:
        """Number of the batch -> its episodes."""
        return {iteration: [to_record(t) for t in played] for iteration, played in self._batches.items()}

    def take_over(self, plain: dict[str, list[Any]]) -> None:
        """Hold these episodes."""
        self._batches = {int(key): [from_record(record) for record in records] for key, records in plain.items()}
