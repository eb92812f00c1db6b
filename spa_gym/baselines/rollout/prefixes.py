"""`Prefixes`: which row of a cache already begins with what an episode has to read.

Continuations of one step, episodes of one task, and the steps of one episode all begin with the same ids. What a row
holds can be cut back to a beginning of it, or copied from another row, so that a shared beginning is read once.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["Prefixes", "common_length"]


class Prefixes:
    """The ids that each row of a cache holds, and those that it is about to read.

    A beginning is shared only where it is most of what is to be read: a few common words are not worth a copy.

    Args:
        rows: number of rows.
        share: whether beginnings are shared at all.
    """

    def __init__(self, rows: int, *, share: bool = True) -> None:
        self._held: list[list[int]] = [[] for _ in range(rows)]
        self._ahead: dict[int, list[int]] = {}
        self._share = share

    def place(self, row: int, ids: list[int]) -> tuple[int, int, bool]:
        """Decide where the beginning of an episode comes from.

        Args:
            row: the row that the episode gets; what it holds belongs to an episode that is over.
            ids: all that the episode has to read first.

        Returns:
            Number of ids that are shared (fewer than `len(ids)`; 0: none), the row that has them, and whether it has
            read them already (else it will with its next forward).
        """
        if not self._share:
            return 0, row, True
        best, source, read = 0, row, True
        half = ids[: -(-len(ids) // 2)]
        # The row itself goes first: to cut it back costs nothing.
        for other in (row, *(r for r in range(len(self._held)) if r != row)):
            held = self._held[other][: len(half)]
            if held != half[: len(held)]:
                continue  # what it shares is less than half: not worth a copy, and not worth its exact length
            length = common_length(self._held[other], ids)
            if length > best:
                best, source, read = length, other, True
            if length == len(self._held[other]) and other in self._ahead and other != row:
                length += common_length(self._ahead[other], ids[length:])
                if length > best:
                    best, source, read = length, other, False
            if best >= len(ids) - 1:
                break
        best = min(best, len(ids) - 1)
        return (best, source, read) if 2 * best >= len(ids) else (0, row, True)

    def begin(self, row: int, ids: Sequence[int], ahead: Sequence[int] | None) -> None:
        """A row now holds `ids`, and reads `ahead` next; None: it waits for another row, and nobody waits for it."""
        self._held[row] = list(ids)
        self._ahead.pop(row, None)
        if ahead is not None:
            self._ahead[row] = list(ahead)

    def read(self, row: int, ids: Sequence[int]) -> None:
        """A row has read these ids."""
        self._held[row] += ids
        self._ahead.pop(row, None)


def common_length(first: Sequence[int], second: Sequence[int]) -> int:
    """How many ids two lists have in common at their beginning.

    >>> common_length([1, 2, 3], [1, 2, 4, 5])
    2
    """
    low, high = 0, min(len(first), len(second))
    if first[:high] == second[:high]:
        return high
    while high - low > 1:  # first[:low] is common, first[:high] is not
        middle = (low + high) // 2
        if first[low:middle] == second[low:middle]:
            low = middle
        else:
            high = middle
    return low
