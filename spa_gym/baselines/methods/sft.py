"""`sft`: goes on imitating the demonstrations, on the same axis of environment steps as the others. A control.

L = -mean over the expert's action tokens of log pi(a | s), for the expert's episode of each task that the batch played.
What the policy played is not looked at. The row `sft` of the tables is the imitation stage itself (`training/sft.py`):
this here says what more imitation alone would have done.
"""

from __future__ import annotations

from dataclasses import dataclass

from spa_gym.baselines.methods.experts import ExpertMethod
from spa_gym.baselines.seam import Batch, Credit, Span

__all__ = ["Imitation"]


@dataclass
class Imitation(ExpertMethod):
    """Imitation of the expert's episodes."""

    name: str = "sft"

    def credit(self, batch: Batch) -> Credit:
        """The expert's episode for each episode of the batch.

        Raises:
            BadArgument: a task has no expert's episode.
        """
        return Credit(imitation=[Span(self._experts.of(t.task_id)) for t in batch.trajectories])
