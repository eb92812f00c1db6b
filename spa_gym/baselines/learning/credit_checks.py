"""What a method returned as credit, looked at before anything is learned from it.

A method is often somebody else's. What does not fit the batch would end as an error about shapes deep in the learning,
or, worse, be learned from: so it is refused where it comes back, with the method's name. What may be right is left
alone: a batch in which nothing is to be preferred or imitated has an empty credit. A training that has learned nothing
at all is told of, early enough to be stopped.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np

from spa_gym.baselines.credit import Credit, Pair, Span
from spa_gym.core.errors import BadArgument, TrainingDiverged
from spa_gym.core.trajectory import Trajectory

__all__ = ["EMPTY", "check_credit", "warn_of_nothing"]

_log = logging.getLogger(__name__)

EMPTY = 10
"""Batches without any credit after which a training says so."""


def check_credit(credit: Any, played: Sequence[Trajectory], method: str) -> None:
    """Refuse a credit that does not fit its batch.

    Args:
        credit: what the method returned.
        played: the batch's episodes.
        method: name of the method, for the error.

    Raises:
        BadArgument: it is no `Credit`, or has other arrays than one of [num_steps] for each episode, or no pairs and
            spans where it should; the message says what came.
        TrainingDiverged: a reward, advantage or weight is not finite.
    """
    if not isinstance(credit, Credit):
        raise BadArgument(
            f"a Credit from the method {method}",
            f"{type(credit).__name__}",
            "return Credit(rewards=...), Credit(advantages=...) or one with pairs or spans from its credit()",
        )
    for form in ("rewards", "advantages"):
        rows = getattr(credit, form)
        if rows is not None:
            _check_rows(rows, played, form, method)
    if credit.teaches is not None:
        _check_teaches(credit, len(played), method)
    for form, kind in (("pairs", Pair), ("imitation", Span)):
        strange = [type(each).__name__ for each in getattr(credit, form) if not isinstance(each, kind)]
        if strange:
            raise BadArgument(
                f"a {kind.__name__} in each place of the {form} of the method {method}",
                f"{strange[0]}",
                f"make them with spa_gym.baselines.seam.{kind.__name__}",
            )
    _check_finite(np.array([span.weight for span in credit.imitation], dtype=np.float64), "weights of spans", method)


def warn_of_nothing(method: str, iteration: int, updates: int, *, ended: bool) -> None:
    """Say so when a training has learned nothing so far: after `EMPTY` batches, and at its end.

    It is no error: a policy that never succeeds has nothing to imitate.

    Args:
        method: name of the method.
        iteration: batches so far.
        updates: updates so far.
        ended: the budget is spent.
    """
    if not updates and (iteration == EMPTY or ended):
        _log.warning(
            "the method %s has given no credit in any of %d batches: the policy is still the one it started from. If "
            "that is not meant, see that its credit() returns rewards, advantages, pairs or imitation",
            method,
            iteration,
        )


def _check_rows(rows: Any, played: Sequence[Trajectory], form: str, method: str) -> None:
    """One array of [num_steps] finite numbers for each episode."""
    if not played:
        raise BadArgument(
            f"no {form} from the method {method} for a batch without episodes",
            _described(rows),
            "return pairs or spans, or let its `needs` ask for episodes (plays=True)",
        )
    expected = f"{form} of the method {method}: {len(played)} arrays, one of [num_steps] for each episode"
    if not isinstance(rows, Sequence | np.ndarray) or len(rows) != len(played):
        raise BadArgument(expected, _described(rows), "return one array for each of batch.trajectories, in their order")
    for place, (row, trajectory) in enumerate(zip(rows, played, strict=True)):
        numbers = isinstance(row, np.ndarray) and row.dtype.kind in "fiub"
        if not numbers or row.shape != (trajectory.num_steps,):
            raise BadArgument(
                f"{expected}; shape ({trajectory.num_steps},) for episode {place} (task {trajectory.task_id})",
                _described(row),
                "return a numpy array with one number for each step of the episode",
            )
        _check_finite(row, f"{form} of episode {place} (task {trajectory.task_id})", method)


def _check_teaches(credit: Credit, episodes: int, method: str) -> None:
    """A flag for each episode, and one at least that teaches."""
    teaches = list(credit.teaches or ())
    if len(teaches) != episodes or not any(teaches):
        raise BadArgument(
            f"teaches of the method {method}: {episodes} flags, one for each episode, some of them True",
            f"{len(teaches)} flags, {sum(map(bool, teaches))} of them True",
            "say of each of batch.trajectories whether it teaches; where none does, return Credit()",
        )


def _check_finite(row: np.ndarray[Any, Any], what: str, method: str) -> None:
    broken = np.flatnonzero(~np.isfinite(row))
    if broken.size:
        raise TrainingDiverged(
            f"finite {what} from the method {method}",
            f"{row[broken[0]]} in place {broken[0]} ({broken.size} of {row.size} are not finite)",
            "look for a division by zero in its credit(), or a model of its own that has diverged (lower its rate); "
            "then start again in another --out; the state that was saved last is kept",
        )


def _described(value: Any) -> str:
    """What came, in a few words."""
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape} and type {value.dtype}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"a {type(value).__name__} of {len(value)}"
    return f"{type(value).__name__} {value!r}"[:80]
