"""Pictures of a study: learning curves with bands over seeds, and the forest of differences to the reference."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from spa_gym.core.run_record import RunRecord
from spa_gym.leaderboard.summary import Study, method_order
from spa_gym.leaderboard.theme import LIGHT, Theme, method_colours, new_figure, save_figure, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

__all__ = ["draw_differences", "draw_learning_curves", "seed_band"]

PANELS = {
    "success_sampled": "Success, sampled (T = 1)",
    "success_greedy": "Success, greedy (T = 0)",
    "episode_length": "Steps per episode",
    "grounding": "Grounding accuracy",
}
MARKERS = {"sampled": "o", "greedy": "D"}
Array = npt.NDArray[np.float64]


def seed_band(
    runs: Sequence[RunRecord], curve: str, resamples: int = 2_000
) -> tuple[Array, Array, Array, Array] | None:
    """Mean of a curve over seeds with a pointwise 95 % bootstrap band.

    Seeds are put on one axis by linear interpolation, over the stretch of environment steps that all of them have.

    Args:
        runs: Records of one method.
        curve: Name of the curve; points that are None are left out.
        resamples: Resamples of the seeds, from a fixed seed.

    Returns:
        Environment steps, mean, low and high, each of shape (points,); None where no run has the curve.
    """
    lines = []
    for run in runs:
        steps, values = run.curves.get("env_steps", []), run.curves.get(curve, [])
        points = [(x, y) for x, y in zip(steps, values, strict=False) if y is not None and math.isfinite(y)]
        if points:
            lines.append(np.asarray(points, dtype=np.float64).T)
    if not lines:
        return None
    start, stop = max(line[0, 0] for line in lines), min(line[0, -1] for line in lines)
    steps = np.unique(np.concatenate([line[0] for line in lines]))
    steps = steps[(steps >= start) & (steps <= stop)]
    if not steps.size:
        return None
    values = np.stack([np.interp(steps, line[0], line[1]) for line in lines])
    counts = np.random.default_rng(0).multinomial(len(lines), np.full(len(lines), 1 / len(lines)), size=resamples)
    low, high = np.quantile(counts @ values / len(lines), [0.025, 0.975], axis=0)
    return steps, values.mean(axis=0), low, high


def draw_learning_curves(study: Study, path: str | Path, theme: Theme = LIGHT) -> Path | None:
    """Draw every curve that the study has, one panel each.

    Args:
        study: The runs.
        path: The PNG to write.
        theme: Colours.

    Returns:
        The path; None where no run has a curve.
    """
    bands = {
        name: {method: band for method in method_order(study.records) if (band := _band(study, method, name))}
        for name in PANELS
    }
    bands = {name: found for name, found in bands.items() if found}
    if not bands:
        return None
    columns = min(2, len(bands))
    rows = -(-len(bands) // columns)
    figure = new_figure(5.2 * columns, 3.1 * rows + 0.4, theme, w_pad=0.12, h_pad=0.1)
    colours = method_colours(method_order(study.records), theme)
    handles = {}
    for place, (name, found) in enumerate(bands.items()):
        axes = figure.add_subplot(rows, columns, place + 1)
        for method, (steps, mean, low, high) in found.items():
            axes.fill_between(steps, low, high, color=colours[method], alpha=0.16, linewidth=0)
            (handles[method],) = axes.plot(steps, mean, color=colours[method], linewidth=2, label=method)
        tidy(axes, theme, PANELS[name])
        axes.margins(x=0.01)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value / 1000:g} k" if value else "0")
        if place >= len(bands) - columns:
            axes.set_xlabel("environment steps")
        _limit(axes, name)
    methods = [method for method in method_order(study.records) if method in handles]
    figure.legend(
        [handles[method] for method in methods],
        methods,
        loc="outside upper left",
        ncols=min(8, len(methods)),
        frameon=False,
        labelcolor=theme.text,
        fontsize=10,
    )
    return save_figure(figure, path)


def draw_differences(study: Study, path: str | Path, reference: str = "ppo", theme: Theme = LIGHT) -> Path | None:
    """Draw success minus the reference's with its interval: a panel per split, a row per method.

    Args:
        study: The runs, their tables filled.
        path: The PNG to write.
        reference: Name of the reference, for the axis.
        theme: Colours.

    Returns:
        The path; None where there is no difference to draw.
    """
    panels = {
        split: [row for row in rows if any(cell.difference for cell in row.cells.values())]
        for split, rows in study.splits.items()
    }
    panels = {split: rows for split, rows in panels.items() if rows}
    if not panels:
        return None
    most = max(len(rows) for rows in panels.values())
    figure = new_figure(max(5.4, 4.4 * len(panels)), 1.5 + 0.52 * most, theme, w_pad=0.12, h_pad=0.08)
    colours = method_colours(method_order(study.records), theme)
    shown: dict[str, Line2D] = {}
    grid = figure.subplots(1, len(panels), sharex=True, squeeze=False)[0]
    for axes, (split, rows) in zip(grid, panels.items(), strict=True):
        axes.axvline(0, color=theme.muted, linewidth=1.2)
        for height, row in enumerate(reversed(rows)):
            cells = [(name, cell) for name, cell in row.cells.items() if cell.difference]
            for nth, (decoding, cell) in enumerate(cells):
                difference = cell.difference
                if difference is None:
                    continue
                y = height + 0.16 * (len(cells) - 1 - 2 * nth)
                colour, marker = colours[row.method], MARKERS.get(decoding, "s")
                axes.plot([difference.low, difference.high], [y, y], color=colour, linewidth=2.4, alpha=0.75)
                fill = colour if decoding == "sampled" else theme.background
                axes.plot(difference.mean, y, marker, color=colour, markerfacecolor=fill, markersize=7)
                key = axes.plot([], [], marker, color=theme.muted, markersize=7)[0]
                key.set_markerfacecolor(theme.muted if decoding == "sampled" else theme.background)
                shown.setdefault(decoding, key)
        axes.set_yticks(range(len(rows)), [row.method for row in reversed(rows)])
        axes.set_ylim(-0.6, len(rows) - 0.4)
        tidy(axes, theme, split, grid="x")
        axes.spines["left"].set_visible(False)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:+.2f}" if abs(value) > 1e-9 else "0")
        axes.locator_params(axis="x", nbins=6)
        axes.set_xlabel(f"success minus {reference}, paired by seed")
    figure.legend(
        [shown[name] for name in sorted(shown, reverse=True)],
        sorted(shown, reverse=True),
        loc="outside upper left",
        ncols=3,
        frameon=False,
        labelcolor=theme.text,
        fontsize=9,
    )
    return save_figure(figure, path)


def _band(study: Study, method: str, curve: str) -> tuple[Array, Array, Array, Array] | None:
    return seed_band([run for _, run in sorted(study.records[method].items())], curve)


def _limit(axes: Axes, name: str) -> None:
    """Rates never leave [0, 1]; they start at 0 unless they stay high."""
    if name == "episode_length":
        axes.set_ylim(bottom=0)
        return
    low, high = axes.get_ylim()
    axes.set_ylim(max(0.0, low) if low > 0.5 else 0.0, min(1.02, high))
