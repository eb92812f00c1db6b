"""Learning curves of a study, with bands over seeds: against environment steps, tokens and wall time.

A few methods share panels, one for each figure that was logged. Many methods have a panel each (small multiples), with
the reference in grey behind them, for lines of twenty methods on one another show nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from spa_gym.core.run_record import RunRecord
from spa_gym.leaderboard.summary import Study, method_order
from spa_gym.leaderboard.theme import LIGHT, TITLE_SIZE, Theme, as_text, method_colours, new_figure, save_figure, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["AXES", "Band", "draw_curves", "seed_band"]

Array = npt.NDArray[np.float64]
AXES = {"env_steps": "environment steps", "tokens": "tokens read by updates", "seconds": "minutes of work"}
"""What curves are drawn against, and how it is called below them."""
PANELS = {
    "success_sampled": "Success, sampled (T = 1)",
    "success_greedy": "Success, greedy (T = 0)",
    "success_batch": "Success on training tasks",
    "episode_length": "Steps per episode",
    "grounding": "Grounding accuracy",
}
FEW = 6
"""Methods that can be told apart in one panel."""
COLUMNS = 5
TITLE_LENGTH = 24
"""Letters of a name that fit above a panel; longer names are written smaller."""
_LARGEST = 1e15
"""Points beyond it (a training that diverged, a forged record) are left out: no axis can show them."""
FEWEST_LOOKS = 3
"""Looks that most runs must have for their line to be a curve; with fewer, success on the training tasks is drawn."""


class Band(NamedTuple):
    """A curve's mean over seeds with a pointwise 95 % bootstrap band, each of shape [points]."""

    x: Array
    mean: Array
    low: Array
    high: Array


def seed_band(runs: Sequence[RunRecord], curve: str, axis: str = "env_steps", resamples: int = 2_000) -> Band | None:
    """Mean of a curve over seeds.

    Seeds are put on one axis by linear interpolation, over the stretch of it that all of them have.

    Args:
        runs: Records of one method.
        curve: Name of the curve; points that are None are left out.
        axis: A key of `AXES`.
        resamples: Resamples of the seeds, from a fixed seed.

    Returns:
        The band; None where no run has the curve, or runs have no common stretch.
    """
    lines = []
    for run in runs:
        along = run.elapsed_s if axis == "seconds" else run.curves.get(axis, [])
        points = [
            (x, y)
            for x, y in zip(along, run.curves.get(curve, []), strict=False)
            if x is not None and y is not None and abs(x) < _LARGEST and abs(y) < _LARGEST
        ]
        if points:
            lines.append(np.asarray(points, dtype=np.float64).T)
    if not lines:
        return None
    start, stop = max(line[0, 0] for line in lines), min(line[0, -1] for line in lines)
    x = np.unique(np.concatenate([line[0] for line in lines]))
    x = x[(x >= start) & (x <= stop)]
    if not x.size:
        return None
    values = np.stack([np.interp(x, line[0], line[1]) for line in lines])
    counts = np.random.default_rng(0).multinomial(len(lines), np.full(len(lines), 1 / len(lines)), size=resamples)
    low, high = np.quantile(counts @ values / len(lines), [0.025, 0.975], axis=0)
    return Band(x, values.mean(axis=0), low, high)


def draw_curves(
    study: Study, folder: Path, ending: str, references: Sequence[str] = (), theme: Theme = LIGHT
) -> dict[str, Path]:
    """Draw the curves of a study.

    Args:
        study: The runs.
        folder: Where to write.
        ending: What follows a picture's name in its file's.
        references: The first of them that has runs stands behind every method, where each has a panel of its own.
        theme: Colours.

    Returns:
        Name -> path of what was drawn: nothing for curves of a single point.
    """
    few = len(study.records) <= FEW
    success = _success(study, fewest=2 if few else FEWEST_LOOKS)
    wanted: dict[str, list[tuple[str, str]]] = {}
    if few:
        shown = [name for name in PANELS if name != "success_batch" or success == "success_batch"]
        wanted["learning_curves"] = [(name, "env_steps") for name in shown]
        wanted["learning_curves_cost"] = [(success, axis) for axis in ("tokens", "seconds")] if success else []
    else:
        against = {"learning_curves": "env_steps", "learning_curves_tokens": "tokens"}
        against["learning_curves_time"] = "seconds"
        wanted = {name: [(success, axis)] for name, axis in against.items() if success}
        wanted["episode_length"] = [("episode_length", "env_steps")]
    drawn: dict[str, Path] = {}
    for name, panels in wanted.items():
        found = [(curve, axis, bands) for curve, axis in panels if (bands := _bands(study, curve, axis))]
        path = folder / f"{name}{ending}"
        if found and few:
            drawn[name] = _draw_together(study, found, path, theme)
        elif found:
            drawn[name] = _draw_each(found[0], next((r for r in references if r in found[0][2]), None), path, theme)
    return drawn


def _success(study: Study, *, fewest: int) -> str | None:
    """The curve of success that the runs can show: looks at unseen tasks where most runs took enough, else batches."""
    runs = [run for by_seed in study.records.values() for run in by_seed.values() if "env_steps" in run.curves]
    looks = sorted(sum(y is not None for y in run.curves.get("success_sampled", [])) for run in runs)
    enough = bool(looks) and looks[len(looks) // 2] >= fewest
    names = ("success_sampled", "success_batch") if enough else ("success_batch", "success_sampled")
    return next((name for name in names if _bands(study, name, "env_steps")), None)


def _bands(study: Study, curve: str, axis: str) -> dict[str, Band]:
    """By method, those of more than one point."""
    found = {}
    for method in method_order(study.records):
        band = seed_band([run for _, run in sorted(study.records[method].items())], curve, axis)
        if band is not None and len(band.x) > 1:
            found[method] = band._replace(x=band.x / 60) if axis == "seconds" else band
    return found


def _draw_together(study: Study, panels: list[tuple[str, str, dict[str, Band]]], path: Path, theme: Theme) -> Path:
    """A panel for each curve, all methods in it."""
    columns = min(2, len(panels))
    rows = -(-len(panels) // columns)
    figure = new_figure(5.2 * columns, 3.1 * rows + 0.4, theme, w_pad=0.12, h_pad=0.1)
    colours = method_colours(method_order(study.records), theme)
    handles = {}
    for place, (curve, axis, bands) in enumerate(panels):
        axes = figure.add_subplot(rows, columns, place + 1)
        for method, band in bands.items():
            axes.fill_between(band.x, band.low, band.high, color=colours[method], alpha=0.16, linewidth=0)
            (handles[method],) = axes.plot(band.x, band.mean, color=colours[method], linewidth=2)
        tidy(axes, theme, PANELS[curve])
        axes.set_xlabel(AXES[axis])
        _scale(axes, curve, axis)
    methods = [method for method in method_order(study.records) if method in handles]
    figure.legend(
        [handles[method] for method in methods],
        [as_text(method) for method in methods],
        loc="outside upper left",
        ncols=min(8, len(methods)),
        frameon=False,
        labelcolor=theme.text,
        fontsize=10,
    )
    return save_figure(figure, path)


def _draw_each(panel: tuple[str, str, dict[str, Band]], reference: str | None, path: Path, theme: Theme) -> Path:
    """A panel for each method, on the same axes."""
    curve, axis, bands = panel
    columns = min(COLUMNS, len(bands))
    rows = -(-len(bands) // columns)
    figure = new_figure(2.5 * columns, 1.75 * rows + 0.7, theme, w_pad=0.06, h_pad=0.06)
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    for axes, (method, band) in zip(grid.flat, bands.items(), strict=False):
        if reference is not None:
            axes.plot(bands[reference].x, bands[reference].mean, color=theme.muted, linewidth=1.4, alpha=0.8)
        if method != reference:
            axes.fill_between(band.x, band.low, band.high, color=theme.cycle[1], alpha=0.22, linewidth=0)
            axes.plot(band.x, band.mean, color=theme.cycle[1], linewidth=2)
        title = as_text(method) + (" (grey in all)" if method == reference else "")
        tidy(axes, theme, title, title_size=TITLE_SIZE * min(1.0, TITLE_LENGTH / max(1, len(title))))
    for axes in grid.flat[: len(bands)]:  # after all are drawn: a shared axis that is set grows no more
        _scale(axes, curve, axis)
    for place in range(len(bands), rows * columns):
        grid.flat[place].set_visible(False)
        grid.flat[place - columns].tick_params(labelbottom=True)
    figure.supxlabel(AXES[axis], color=theme.muted, fontsize=10)
    figure.suptitle(PANELS[curve], x=0.012, ha="left", color=theme.text, fontsize=11, fontweight="bold")
    return save_figure(figure, path)


def _scale(axes: Axes, curve: str, axis: str) -> None:
    """Both axes: from 0, with few and round numbers; rates never leave [0, 1], and begin at 0 unless they stay high."""
    axes.margins(x=0.01)
    axes.locator_params(axis="x", nbins=4)
    axes.set_xlim(left=0)
    if axis != "seconds":
        axes.xaxis.set_major_formatter(
            lambda value, _: "0" if not value else f"{value / 1e6:g} M" if value >= 1e6 else f"{value / 1e3:g} k"
        )
    low, high = axes.get_ylim()
    if curve == "episode_length":
        axes.set_ylim(0, high)
    else:
        axes.set_ylim(max(0.0, low) if low > 0.5 else 0.0, min(1.02, high))
