"""From what a method or a function returns to one number for each step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from spa_gym.baselines.seam import Credit
from spa_gym.core.errors import BadArgument
from spa_gym.core.trajectory import Trajectory

__all__ = ["as_arrays", "from_credit", "refuse_silence"]

Array = npt.NDArray[np.float64]
Place = tuple[str, tuple[str, ...]]
"""A task and the actions so far, the one that is judged included."""


def from_credit(credit: Credit, played: Sequence[Trajectory]) -> tuple[str, list[Array]]:
    """What a method's credit says of each step of its batch.

    Preferences and imitation count +1 and -1 (times the weight) for the actions that they make more and less likely. An
    action of another episode (the expert's, a continuation) counts where episodes of the batch do the same in the same
    place, and is shared evenly among these: its log-probability is theirs, so that sum c_t g_t stays the gradient.
    """
    for form in ("rewards", "advantages"):
        paid = getattr(credit, form)
        if paid is not None:
            return form, [np.asarray(row, dtype=np.float64) for row in paid]
    marks = [np.zeros(t.num_steps) for t in played]
    own = {id(t): row for t, row in zip(played, marks, strict=True)}
    met: dict[Place, list[tuple[int, int]]] = {}
    for i, trajectory in enumerate(played):
        for t in range(trajectory.num_steps):
            met.setdefault(_place(trajectory, t), []).append((i, t))
    spans = [(span, span.weight) for span in credit.imitation]
    spans += [(pair.chosen, 1.0) for pair in credit.pairs] + [(pair.rejected, -1.0) for pair in credit.pairs]
    for span, sign in spans:
        if id(span.trajectory) in own:
            own[id(span.trajectory)][span.first : span.end] += sign
            continue
        for t in range(span.first, span.end):
            same = met.get(_place(span.trajectory, t), ())
            for i, at in same:
                marks[i][at] += sign / len(same)
    return "pairs", marks


def _place(trajectory: Trajectory, t: int) -> Place:
    return trajectory.task_id, tuple(step.action for step in trajectory.steps[: t + 1])


def refuse_silence(form: str, credits: Sequence[Array]) -> None:
    """Refuse preferences and imitations of which none fell on a step.

    Raises:
        BadArgument: they are of other actions or places only.
    """
    if form == "pairs" and not any(row.any() for row in credits):
        raise BadArgument(
            "preferences or imitations of the batch's actions",
            "none: those of other episodes are of other actions or places only",
            "leave it out",
        )


def as_arrays(credits: Any, trajectories: Sequence[Trajectory]) -> list[Array]:
    """One array of [T] for each episode; a single number for an episode goes to all of its steps.

    Raises:
        BadArgument: another number of episodes or steps, or what is not finite.
    """
    rows = [np.asarray(row, dtype=np.float64) for row in credits]
    if len(rows) != len(trajectories):
        raise BadArgument(f"credit for {len(trajectories)} episodes", f"for {len(rows)}", "return one entry for each")
    made = []
    for row, t in zip(rows, trajectories, strict=True):
        row = np.full(t.num_steps, float(row)) if row.ndim == 0 else row
        if row.shape != (t.num_steps,) or not np.isfinite(row).all():
            raise BadArgument(
                f"{t.num_steps} finite numbers for an episode of {t.num_steps} steps",
                f"shape {row.shape}, {int((~np.isfinite(row)).sum())} of them not finite",
                "return one number for each step",
            )
        made.append(row)
    return made
