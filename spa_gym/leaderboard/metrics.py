"""From the rows of an evaluation to its figures, each with a 95 % interval.

Evaluation and verification both call `summarise`, so that what is verified is what was published.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from spa_gym.leaderboard.statistics import bootstrap_mean, bootstrap_ratio, wilson_interval

__all__ = ["summarise"]

Row = dict[str, Any]


def summarise(rows: Sequence[Row], seed: int) -> dict[str, Any]:
    """Figures of an evaluation.

    Args:
        rows: One row per task, as `Episode.row()` gives them; at least one. Their order does not matter.
        seed: Seed of the bootstrap.

    Returns:
        `num_tasks`, `success` (Wilson), `score`, `steps` (bootstrap over tasks), `grounding` (executed actions /
        actions, bootstrap over tasks), each of the four as {"mean", "low", "high"}; `truncated` (share that met the
        step limit); `by_task_type` (success). An episode in which the agent failed counts as unsolved.
    """
    rows = sorted(rows, key=lambda row: row["position"])
    rng = np.random.default_rng(seed)
    steps = [row["steps"] for row in rows]
    types = sorted({row["task_type"] for row in rows})
    return {
        "num_tasks": len(rows),
        "success": _success(rows),
        "score": bootstrap_mean([row["score"] for row in rows], rng).as_dict(),
        "grounding": _grounding(rows, rng),
        "steps": bootstrap_mean(steps, rng).as_dict(),
        "truncated": sum(row["truncated"] for row in rows) / len(rows),
        "by_task_type": {name: _success([row for row in rows if row["task_type"] == name]) for name in types},
    }


def _grounding(rows: Sequence[Row], rng: np.random.Generator) -> dict[str, float]:
    """Of the episodes that have an action; in some the agent fails before."""
    acted = [row for row in rows if row["steps"] > 0]
    if not acted:
        return {"mean": 1.0, "low": 1.0, "high": 1.0}
    return bootstrap_ratio([row["grounded"] for row in acted], [row["steps"] for row in acted], rng).as_dict()


def _success(rows: Sequence[Row]) -> dict[str, float]:
    solved = sum(row["success"] for row in rows)
    return {**wilson_interval(solved, len(rows)).as_dict(), "n": len(rows)}
