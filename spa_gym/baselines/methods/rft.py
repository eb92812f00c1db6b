"""`rft`: rejection-sampling fine-tuning (Yuan et al. 2023, arXiv 2308.01825): imitate one's own solved episodes.

L = -mean over action tokens of log pi(a | s), over the distinct episodes of the batch with score >= `score`. Failed
episodes teach nothing. The paper samples once from the imitated policy and trains the base model on demonstrations and
samples together; here the policy samples anew in each iteration, and the demonstrations are not mixed in again.
"""

from __future__ import annotations

from dataclasses import dataclass

from spa_gym.baselines.seam import Batch, Credit, Method, Span
from spa_gym.core.errors import BadArgument
from spa_gym.core.trajectory import Trajectory

__all__ = ["RejectionSampling"]


@dataclass
class RejectionSampling(Method):
    """Imitation of the batch's own solved episodes.

    Args:
        score: least score of an episode that is imitated; 1 is a solved task (ours: the environments grade otherwise).
        distinct: of episodes of a task with the same actions only one is imitated (the paper keeps distinct paths).
    """

    score: float = 1.0
    distinct: bool = True
    name: str = "rft"

    def __post_init__(self) -> None:
        """Refuse what would imitate every failure."""
        if not 0.0 < self.score <= 1.0:
            raise BadArgument("0 < score <= 1", self.score, "pass score=1.0, or less for a graded score")

    def credit(self, batch: Batch) -> Credit:
        """Spans of what was solved."""
        good = [t for t in batch.trajectories if t.score >= self.score]
        if self.distinct:
            known: dict[tuple[str, ...], Trajectory] = {}
            for t in good:
                known.setdefault((t.task_id, *(step.action for step in t.steps)), t)
            good = list(known.values())
        return Credit(imitation=[Span(t) for t in good], figures={"imitated_episodes": float(len(good))})
