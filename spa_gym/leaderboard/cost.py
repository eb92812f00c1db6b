"""What a method's runs cost: environment steps and what they went to, tokens, updates, seconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spa_gym.core.run_record import RunRecord

__all__ = ["Cost", "cost_of"]


@dataclass(frozen=True)
class Cost:
    """Means over the seeds of one method."""

    env_steps: float
    """Environment steps, those of the next two included."""
    explored: float
    """Of them before the training, to fit something of the method's own."""
    continued: float
    """Of them in episodes that a method went on from steps of its batches."""
    tokens: float
    """Tokens that the policy's updates read."""
    updates: float
    """Steps of the policy's optimiser."""
    seconds: float
    """Wall time of the run, evaluations included."""


def cost_of(runs: Sequence[RunRecord]) -> Cost:
    """Mean cost of some runs, at least one."""

    def mean(values: list[float]) -> float:
        return float(np.mean(values))

    return Cost(
        env_steps=mean([run.env_steps for run in runs]),
        explored=mean([float(run.metrics.get("exploration_env_steps", 0)) for run in runs]),
        continued=mean([sum(steps or 0.0 for steps in run.curves.get("continued_steps", [])) for run in runs]),
        tokens=mean([run.tokens for run in runs]),
        updates=mean([run.updates for run in runs]),
        seconds=mean([run.wall_time_s for run in runs]),
    )
