"""Short, medium and long tasks: the tasks of a split by how many steps the expert needs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import combinations

__all__ = ["length_groups"]

_NAMES = {2: ("short", "long"), 3: ("short", "medium", "long")}


def length_groups(steps: Sequence[int | None]) -> dict[str, list[int]]:
    """Three groups of tasks, as equal in size as whole lengths allow (least sum of squared sizes).

    Args:
        steps: the expert's steps for each task; tasks with None are in no group.

    Returns:
        Name with the lengths -> positions of its tasks; two groups where there are but two lengths, none where all
        tasks are alike.

    Examples:
        >>> length_groups([3, 4, 4, 9, None, 5])
        {'short (3)': [0], 'medium (4)': [1, 2], 'long (5-9)': [3, 5]}
    """
    counts = Counter(length for length in steps if length is not None)
    lengths = sorted(counts)
    number = min(3, len(lengths))
    if number < 2:
        return {}

    def parts(cuts: tuple[int, ...]) -> list[list[int]]:
        bounds = (0, *cuts, len(lengths))
        return [lengths[a:b] for a, b in zip(bounds, bounds[1:], strict=False)]

    def unevenness(cuts: tuple[int, ...]) -> int:
        return sum(sum(counts[length] for length in part) ** 2 for part in parts(cuts))

    best = min(combinations(range(1, len(lengths)), number - 1), key=unevenness)
    groups = {}
    for name, part in zip(_NAMES[number], parts(best), strict=True):
        span = f"{part[0]}-{part[-1]}" if len(part) > 1 else str(part[0])
        groups[f"{name} ({span})"] = [task for task, length in enumerate(steps) if length in part]
    return groups
