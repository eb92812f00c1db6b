"""What is done about a loss or gradient that is not a number: stop, and say on which batch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from spa_gym.core.errors import TrainingDiverged

__all__ = ["refuse_nan"]


def refuse_nan(figures: Mapping[str, float], tasks: Sequence[str]) -> None:
    """Stop before a broken number gets into the weights; the state that was saved last stays on the disk.

    That is the one before this batch, or an older one where states are saved rarely (`TrainConfig.save_every_s`).

    Args:
        figures: losses and norms of an update, by name.
        tasks: ids of the tasks of its batch.

    Raises:
        TrainingDiverged: a figure is not finite.
    """
    broken = [f"{key} = {value}" for key, value in figures.items() if not math.isfinite(value)]
    if broken:
        raise TrainingDiverged(
            "finite losses and gradients",
            f"{', '.join(broken)} in a batch of {len(tasks)} episodes, tasks {', '.join(dict.fromkeys(tasks))}",
            "lower the rates and start again in another --out; the state that was saved last is kept",
        )
