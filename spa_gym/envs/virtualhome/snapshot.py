"""`Snapshot`: a state to come back to, quick to take in a process, small when it is sent to another one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from spa_gym.envs.virtualhome.blueprint import Blueprint, blueprint_of
from spa_gym.envs.virtualhome.house import House

__all__ = ["Snapshot"]

Rows = tuple[list[int], ...]
"""States, on, inside, close, facing, upon, contents."""


class Snapshot:
    """A state of a house; never changed. Pickled without the house, as the entries that differ from its start."""

    __slots__ = ("_house", "changes", "rest", "rows")

    def __init__(self, house: House, rows: Rows, rest: tuple[Any, ...]) -> None:
        self._house: House | None = house
        self.rows: Rows | None = rows
        self.rest = rest
        self.changes: tuple[dict[int, int], ...] = ()

    def rows_in(self, house: House, blueprint: Blueprint) -> Rows:
        """The rows of a snapshot that was pickled, in the house that it was taken in."""
        rows = []
        for base, changes in zip(_start(house, blueprint), self.changes, strict=True):
            row = list(base)
            for node, value in changes.items():
                row[node] = value
            rows.append(row)
        return tuple(rows)

    def __getstate__(self) -> dict[str, Any]:
        if self.rows is None or self._house is None:
            return {"changes": self.changes, "rest": self.rest}
        starts = _start(self._house, blueprint_of(self._house))
        changes = tuple(
            {node: value for node, value in enumerate(row) if value != base[node]}
            for base, row in zip(starts, self.rows, strict=True)
        )
        return {"changes": changes, "rest": self.rest}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._house = self.rows = None
        self.changes, self.rest = state["changes"], state["rest"]


def _start(house: House, blueprint: Blueprint) -> tuple[Sequence[int], ...]:
    rows = house.rows
    return house.states, rows["ON"], rows["INSIDE"], rows["CLOSE"], rows["FACING"], blueprint.upon, blueprint.contents
