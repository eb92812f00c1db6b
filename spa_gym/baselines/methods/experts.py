"""The expert's episodes by task, methods that have them, and preferences for them over the policy's worse episodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from spa_gym.baselines.seam import Method, Needs, Pair, Span, Study
from spa_gym.core.errors import BadArgument
from spa_gym.core.trajectory import Trajectory

__all__ = ["ExpertMethod", "Experts", "outcome_pairs"]


class Experts:
    """The expert's episodes by task.

    Args:
        demonstrations: the episodes; of several of one task the first counts.
    """

    def __init__(self, demonstrations: Sequence[Trajectory] = ()) -> None:
        self._by_task: dict[str, Trajectory] = {}
        for trajectory in demonstrations:
            self._by_task.setdefault(trajectory.task_id, trajectory)

    def of(self, task_id: str) -> Trajectory:
        """The expert's episode of a task.

        Raises:
            BadArgument: there is none.
        """
        if task_id not in self._by_task:
            raise BadArgument(
                f"the expert's episode of task {task_id}",
                f"demonstrations of {len(self._by_task)} other tasks",
                "let prepare() see the demonstrations, and draw tasks from them: Needs(demonstrated=True)",
            )
        return self._by_task[task_id]


@dataclass
class ExpertMethod(Method):
    """A method that compares with the expert's episodes: it asks for demonstrated tasks, and has their episodes."""

    _experts: Experts = field(default_factory=Experts, init=False, repr=False)

    @property
    def needs(self) -> Needs:
        """Demonstrated tasks."""
        return Needs(demonstrated=True)

    def prepare(self, study: Study) -> int:
        """Take the demonstrations."""
        self._experts = Experts(study.demonstrations)
        return 0


def outcome_pairs(
    experts: Experts, played: Sequence[Trajectory], *, gap: float = 0.0, extra_steps: int | None = None
) -> list[Pair]:
    """The expert's whole episode over each of the policy's that ended worse.

    Args:
        experts: the expert's episodes.
        played: the policy's, of the same tasks.
        gap: by how much its score must be lower, and more.
        extra_steps: steps beyond the expert's number after which the policy's episode no longer counts; None: all do.

    Raises:
        BadArgument: a task has no expert's episode.
    """
    pairs = []
    for trajectory in played:
        expert = experts.of(trajectory.task_id)
        if expert.score - trajectory.score > gap:
            last = None if extra_steps is None else min(trajectory.num_steps, expert.num_steps + extra_steps)
            pairs.append(Pair(Span(expert), Span(trajectory, last=last)))
    return pairs
