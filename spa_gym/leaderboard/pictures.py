"""Picture of the differences of a study: success minus each reference's, a row for every method, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from spa_gym.leaderboard.summary import Cell, MethodRow, Study, method_order
from spa_gym.leaderboard.theme import LIGHT, Theme, as_text, method_colours, new_figure, save_figure, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

__all__ = ["draw_differences"]

MARKERS = {"sampled": "o", "greedy": "D"}


def draw_differences(
    study: Study, path: str | Path, references: Sequence[str] = ("ppo",), theme: Theme = LIGHT
) -> Path | None:
    """Draw success minus a reference's with its interval: a panel per split and reference, a row per method.

    Splits on which nobody solves anything are left to the tables.

    Args:
        study: The runs, their tables filled.
        path: The PNG to write.
        references: Names of the references.
        theme: Colours.

    Returns:
        The path; None where there is no difference to draw.
    """
    panels: list[tuple[str, str, list[MethodRow]]] = []
    for split, rows in study.splits.items():
        if not any(cell.success.mean for row in rows for cell in row.cells.values()):
            continue
        for reference in references:
            compared = [row for row in rows if any(reference in cell.differences for cell in row.cells.values())]
            if compared:
                panels.append((split, reference, compared))
    if not panels:
        return None
    columns = min(2, len(panels))
    lines = -(-len(panels) // columns)
    most = max(len(rows) for _, _, rows in panels)
    height = 1.3 + (0.52 if most <= 6 else 0.34) * most
    figure = new_figure(max(5.4, 4.6 * columns), height * lines, theme, w_pad=0.12, h_pad=0.08)
    colours = method_colours(method_order(study.records), theme)
    shown: dict[str, Line2D] = {}
    grid = figure.subplots(lines, columns, sharex=True, squeeze=False)
    for place, (split, reference, rows) in enumerate(panels):
        axes = grid.flat[place]
        axes.axvline(0, color=theme.muted, linewidth=1.2)
        for height, row in enumerate(reversed(rows)):
            cells = {name: cell for name, cell in row.cells.items() if reference in cell.differences}
            _draw_row(axes, height, cells, reference, colours[row.method], theme)
            for decoding in cells:
                if decoding not in shown:
                    shown[decoding] = axes.plot([], [], MARKERS.get(decoding, "s"), color=theme.muted, markersize=7)[0]
                    shown[decoding].set_markerfacecolor(theme.muted if decoding == "sampled" else theme.background)
        axes.set_yticks(range(len(rows)), [as_text(row.method) for row in reversed(rows)])
        axes.set_ylim(-0.6, len(rows) - 0.4)
        tidy(axes, theme, f"{as_text(split)}, minus {as_text(reference)}", grid="x")
        axes.spines["left"].set_visible(False)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:+.2f}" if abs(value) > 1e-9 else "0")
        axes.locator_params(axis="x", nbins=6)
        axes.set_xlabel(f"success minus {as_text(reference)}, paired by seed")
    for place in range(len(panels), lines * columns):
        grid.flat[place].set_visible(False)
    figure.legend(
        [shown[name] for name in sorted(shown, reverse=True)],
        [as_text(name) for name in sorted(shown, reverse=True)],
        loc="outside upper left",
        ncols=3,
        frameon=False,
        labelcolor=theme.text,
        fontsize=9,
    )
    return save_figure(figure, path)


def _draw_row(axes: Axes, height: int, cells: dict[str, Cell], reference: str, colour: str, theme: Theme) -> None:
    """The differences of one method: a line for each decoding, one above the other."""
    for nth, (decoding, cell) in enumerate(cells.items()):
        difference = cell.differences[reference]
        y = height + 0.16 * (len(cells) - 1 - 2 * nth)
        axes.plot([difference.low, difference.high], [y, y], color=colour, linewidth=2.4, alpha=0.75)
        fill = colour if decoding == "sampled" else theme.background
        axes.plot(difference.mean, y, MARKERS.get(decoding, "s"), color=colour, markerfacecolor=fill, markersize=7)
