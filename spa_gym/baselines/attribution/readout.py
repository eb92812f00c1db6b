"""From what a method or a function returns to one number for each step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from spa_gym.baselines.seam import Credit
from spa_gym.core.errors import BadArgument
from spa_gym.core.trajectory import Trajectory

__all__ = ["as_arrays", "from_credit"]

Array = npt.NDArray[np.float64]


def from_credit(credit: Credit, played: Sequence[Trajectory]) -> tuple[str, list[Array]]:
    """What a method's credit says of each step of its batch.

    Preferences and imitation count +1 and -1 (times the weight) for the actions that they make more and less likely.

    Raises:
        BadArgument: it says nothing of any of these steps.
    """
    for form in ("rewards", "advantages"):
        paid = getattr(credit, form)
        if paid is not None:
            return form, [np.asarray(row, dtype=np.float64) for row in paid]
    marked = {id(t): np.zeros(t.num_steps) for t in played}
    spans = [(span, span.weight) for span in credit.imitation]
    spans += [(pair.chosen, 1.0) for pair in credit.pairs] + [(pair.rejected, -1.0) for pair in credit.pairs]
    hits = 0
    for span, sign in spans:
        if id(span.trajectory) in marked:
            marked[id(span.trajectory)][span.first : span.end] += sign
            hits += 1
    if not hits:
        raise BadArgument(
            "credit for the steps of the batch", "none: it prefers or imitates other episodes only", "leave it out"
        )
    return "pairs", [marked[id(t)] for t in played]


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
