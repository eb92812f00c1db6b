"""`sft`: goes on imitating the demonstrations, on the same axis of environment steps as the others. A control.

L = -mean over the expert's action tokens of log pi(a | s), for the expert's episode of each task that the batch played.
What the policy played is not looked at. The row `sft` of the tables is the imitation stage itself (`training/sft.py`):
this here says what more imitation alone would have done.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from spa_gym.baselines.methods.experts import Experts
from spa_gym.baselines.seam import Batch, Credit, Method, Needs, Span, Study

__all__ = ["Imitation"]


@dataclass
class Imitation(Method):
    """Imitation of the expert's episodes."""

    name: str = "sft"
    _experts: Experts = field(default_factory=Experts, repr=False)

    @property
    def needs(self) -> Needs:
        """Demonstrated tasks."""
        return Needs(demonstrated=True)

    def prepare(self, study: Study) -> int:
        """Take the demonstrations."""
        self._experts = Experts(study.demonstrations)
        return 0

    def credit(self, batch: Batch) -> Credit:
        """The expert's episode for each episode of the batch.

        Raises:
            BadArgument: a task has no expert's episode.
        """
        return Credit(imitation=[Span(self._experts.of(t.task_id)) for t in batch.trajectories])
