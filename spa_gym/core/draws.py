"""Drawing from a `random.Random` the same on every machine and version of Python: what generated worlds are made with.

Of `random.Random` only the stream of `random()` is guaranteed to stay; `choice`, `sample` and `shuffle` are not. So
worlds draw with these functions, from a generator seeded with the text that names what is drawn.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

__all__ = ["choice", "sample", "weighted"]

T = TypeVar("T")


def choice(rng: random.Random, items: Sequence[T]) -> T:
    """Return one of the items, at least one, all equally probable.

    Example:
        >>> choice(random.Random("kitchen/0"), ("mug", "pan", "cup"))
        'mug'
    """
    return items[int(rng.random() * len(items))]


def weighted(rng: random.Random, weights: Sequence[float]) -> int:
    """Return a position, with probability proportional to its weight; the weights need not add up to 1."""
    point = rng.random() * sum(weights)
    for index, weight in enumerate(weights):
        point -= weight
        if point < 0:
            return index
    return len(weights) - 1


def sample(rng: random.Random, items: Sequence[T], count: int) -> list[T]:
    """Return up to `count` different items, in the order in which they were drawn."""
    left = list(items)
    return [left.pop(int(rng.random() * len(left))) for _ in range(min(count, len(left)))]
