"""Progress as the expert sees it: 1 - remaining / D, its steps from here over its steps from the start of the task."""

from __future__ import annotations

from collections.abc import Callable, Sized

__all__ = ["PlanProgress"]


class PlanProgress:
    """The measure of one episode.

    The plan from the start is made when it is first needed, and only its length is remembered. Whether the task is
    solved (1.0) is the environment's to say: while it asks here, at least one step is left.

    Example:
        >>> progress, whole = PlanProgress(), ["go", "take", "go", "put"]
        >>> [progress.at(plan, lambda: whole) for plan in (whole, whole[1:], whole * 2, None)]
        [0.0, 0.25, 0.0, 0.0]
    """

    __slots__ = ("_distance",)

    def __init__(self) -> None:
        self._distance = 0

    def at(self, plan: Sized | None, plan_from_start: Callable[[], Sized | None]) -> float:
        """Return the progress at a state.

        Args:
            plan: The expert's plan from there; None where it has none.
            plan_from_start: Makes its plan from the start of the task; called once in an episode.

        Returns:
            A number in [0, 1): 0.0 without a plan, or where no less is left than at the start.
        """
        if plan is None:
            return 0.0
        if not self._distance:
            self._distance = max(1, len(plan_from_start() or ()))
        return max(0.0, 1.0 - max(1, len(plan)) / self._distance)
