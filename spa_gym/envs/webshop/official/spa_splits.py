"""The tasks that SPA reports on: positions in the original's order of the 12,087 human goals.

The lists are those of the released SPA code (baselines there are ETO's); they ignore the split of the WebShop paper,
and the train and test lists share twelve goals.
"""

from __future__ import annotations

import functools
import json
from importlib import resources

__all__ = ["HUMAN_GOALS", "SPA_SPLITS", "spa_positions"]

SPA_SPLITS = ("spa_train", "spa_test", "spa_test_500")
"""Names of the lists: 1,624, 200 and 500 goals."""

HUMAN_GOALS = 12_087
"""Human goals of the full data, without which the positions mean nothing."""


@functools.cache
def spa_positions(split: str) -> tuple[int, ...]:
    """Return the positions of a split in the order of the human goals of the full data.

    Args:
        split: One of `SPA_SPLITS`.
    """
    file = resources.files("spa_gym.envs.webshop.official").joinpath("spa_splits.json")
    return tuple(json.loads(file.read_text("utf-8"))[split])
