"""What the runs of a method did, read from their records task by task, or seed by seed where they keep no more.

Tasks are set beside each other, and drawn anew in a bootstrap, only where all runs met the same ones. A record that
was made before `task_grounded` and `task_steps` were kept has one number for grounding and one for the steps: seeds
alone are drawn anew then, and a single seed has no interval.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spa_gym.leaderboard.statistics import Interval, paired_difference, stratified_bootstrap

__all__ = ["FIGURES", "Figure", "Final", "Outcomes", "difference", "fresh_rng", "outcomes_of", "same_tasks"]

Array = npt.NDArray[np.float64]
Final = dict[str, Any]
"""What one run did on a split with a decoding, as its record keeps it."""
Figure = Interval | float
"""A figure with its interval, or alone: of one seed whose tasks are not known one by one."""
FIGURES = ("success", "score", "grounding", "steps")
BOOTSTRAP_SEED = 0
_COLUMNS = {"success": ("successes",), "score": ("scores", "successes"), "steps": ("task_steps",)}
"""Where a record has a figure task by task; the first that is there counts, for scores of 0 and 1 are the successes."""


@dataclass(frozen=True)
class Outcomes:
    """One figure of some runs."""

    values: Array
    """Seeds x tasks, or seeds x 1 of their means."""
    denominators: Array | None = None
    """Of the same shape, where the figure is a ratio of sums: actions, for grounding."""
    strata: list[str] | None = None
    """The tasks' types."""
    by_task: bool = True

    @property
    def rates(self) -> Array:
        """One number for each seed."""
        if self.denominators is None:
            return self.values.mean(axis=1)
        return self.values.sum(axis=1) / self.denominators.sum(axis=1)

    @property
    def interval(self) -> Interval:
        """Over all seeds and tasks."""
        return stratified_bootstrap(self.values, fresh_rng(), denominators=self.denominators, strata=self.strata)

    @property
    def figure(self) -> Figure:
        """The interval, if there is anything to draw anew."""
        return self.interval if self.by_task or len(self.values) > 1 else float(self.values[0, 0])


def outcomes_of(finals: Sequence[Final], name: str) -> Outcomes | None:
    """Read a figure of some runs, which make one sample together.

    Args:
        finals: One for each run, at least one.
        name: One of `FIGURES`.

    Returns:
        The outcomes of those runs that have the figure; None where no run has it, and for a score that is 0 or 1
        everywhere, which is the success once more.
    """
    if name == "score" and not any("scores" in final for final in finals):
        return None
    finals = [final for final in finals if _mean(final, name) is not None]
    if not finals:
        return None
    strata = _shared(finals, "task_types")
    if name == "grounding":
        executed, actions = _crossed(finals, "task_grounded"), _crossed(finals, "task_steps")
        # An episode may end without an action, where its first page fills what the policy can read.
        if executed is not None and actions is not None and (actions > 0).all():
            return Outcomes(executed, actions, strata)
    else:
        values = _crossed(finals, *_COLUMNS[name])
        if values is not None:
            return Outcomes(values, strata=strata)
    return Outcomes(np.array([[_mean(final, name)] for final in finals], dtype=np.float64), by_task=False)


def difference(mine: Sequence[Final], theirs: Sequence[Final], name: str) -> Figure | None:
    """A figure of some runs minus that of others, pair by pair.

    Args:
        mine: One for each run.
        theirs: Those of the same seeds in the same order.
        name: One of `FIGURES`.

    Returns:
        The difference, over those pairs where both have the figure; None where no pair has it.
    """
    pairs = [pair for pair in zip(mine, theirs, strict=True) if all(_mean(final, name) is not None for final in pair)]
    outcomes = outcomes_of([final for side in zip(*pairs, strict=True) for final in side], name) if pairs else None
    if outcomes is None:
        return None
    first, second = outcomes.values[: len(pairs)], outcomes.values[len(pairs) :]
    if not outcomes.by_task and len(pairs) == 1:
        return float(first[0, 0] - second[0, 0])
    below = None
    if outcomes.denominators is not None:
        below = (outcomes.denominators[: len(pairs)], outcomes.denominators[len(pairs) :])
    return paired_difference(first, second, fresh_rng(), denominators=below, strata=outcomes.strata)


def same_tasks(finals: Sequence[Final]) -> bool:
    """Whether all runs were played on the same tasks of their split: as many, at the same positions."""
    counts = {len(final.get("successes") or []) for final in finals}
    return len(counts) == 1 and all(final.get("positions") == finals[0].get("positions") for final in finals)


def fresh_rng() -> np.random.Generator:
    """The source of every bootstrap of the tables, anew for each figure: none depends on what stands beside it."""
    return np.random.default_rng(BOOTSTRAP_SEED)


def _crossed(finals: Sequence[Final], *names: str) -> Array | None:
    """Seeds x tasks of the first of some columns that a record has; None where one has none, or met other tasks."""
    rows = [_column(final, names) for final in finals]
    if not rows[0] or len({len(row) for row in rows}) != 1 or not same_tasks(finals):
        return None
    return np.asarray(rows, dtype=np.float64)


def _shared(finals: Sequence[Final], name: str) -> list[Any] | None:
    """A column that is the same in all runs, else None."""
    column = finals[0].get(name)
    return column if all(final.get(name) == column for final in finals) else None


def _mean(final: Final, name: str) -> float | None:
    """The figure of one run as its record has it."""
    column = _column(final, _COLUMNS.get(name, ()))
    return float(np.mean(column)) if column else final.get(name)


def _column(final: Final, names: Sequence[str]) -> list[float]:
    """The first of some columns that a record has; empty where it has none."""
    return next((final[name] for name in names if final.get(name)), [])
