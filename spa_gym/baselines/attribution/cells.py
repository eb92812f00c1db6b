"""Cells and tables of the Markdown that scorings are shown in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

__all__ = ["as_cell", "as_number", "as_table"]


def as_table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, words: int = 1) -> list[str]:
    """The lines of a table.

    Args:
        heads: of the columns.
        rows: their cells.
        words: columns of text, to the left; all others hold numbers, to the right.
    """
    rule = "|" + "---|" * words + "---:|" * (len(heads) - words)
    return ["| " + " | ".join(heads) + " |", rule, *("| " + " | ".join(row) + " |" for row in rows)]


def as_cell(found: Mapping[str, float] | None) -> str:
    """A figure with its interval, where it has one."""
    if found is None or found["mean"] != found["mean"]:
        return "-"
    mean = as_number(found["mean"])
    return mean if found["low"] != found["low"] else f"{mean} [{found['low']:.2f}, {found['high']:.2f}]"


def as_number(value: float | None) -> str:
    """A figure; a dash for none."""
    return "-" if value is None or value != value else f"{value:.2f}"
