"""Log-ratios of two models on the actions of episodes: what implicit step rewards are made of.

`istar` reads them between its reward model and the policy, `progress-advantage` between a trained policy and its
reference. The logarithm is of the whole action, a sum over its tokens.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from torch import nn

from spa_gym.baselines.seam import Array, Readings
from spa_gym.core.trajectory import Trajectory

__all__ = ["log_ratios"]


def log_ratios(readings: Readings, played: Sequence[Trajectory], model: nn.Module, other: nn.Module) -> list[Array]:
    """Log model(a_t) - log other(a_t), summed over the tokens of each action.

    Args:
        readings: reads episodes with a model.
        played: the episodes.
        model: whose probabilities are above the line.
        other: whose are below it.

    Returns:
        [T] for each episode, in nats.
    """
    above, below = readings.logprobs(played, model), readings.logprobs(played, other)
    return [
        np.array([x.sum() - y.sum() for x, y in zip(a, b, strict=True)], dtype=np.float64)
        for a, b in zip(above, below, strict=True)
    ]
