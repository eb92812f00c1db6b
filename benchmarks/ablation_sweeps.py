"""Draws success, grounding and episode length against the weights of SPA's two terms, from the report of the ablations.

    spa-gym report benchmarks/results/ablations --out benchmarks/results/ablations/report
    python benchmarks/ablation_sweeps.py

A line is a sweep of `spa_gym/baselines/ablations.py`, with the rows that it shares with others (no grounding, the
paper's weights) put in; bars are the report's intervals. Sparse PPO is dashed, with its interval behind.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes

from spa_gym.leaderboard.theme import LIGHT, new_figure, save_figure, tidy

ABLATED = Path(__file__).parent / "results" / "ablations"
WORLD = "SPA-ALFWorld-v0"
"""Where all values were run."""
SWEEPS = {"beta": (0.0, 0.05, 0.1, 0.25, 0.5, 1.0), "alpha": (0.25, 0.5, 1.0, 2.0, 4.0)}
_PAPER = {"alpha": 1.0, "beta": 0.5}
FORMS = {"paper": ("beta for what is executed", LIGHT.cycle[2]), "penalty": ("-beta for what is not", LIGHT.cycle[1])}
_FIGURES = {"success": "success, sampled", "grounding": "grounding", "steps": "steps an episode"}
_log = logging.getLogger(__name__)


def row_of(form: str, option: str, value: float) -> str:
    """Name of the ablation with one weight of a form at a value, the other at the paper's.

    >>> row_of("penalty", "beta", 0.1), row_of("paper", "beta", 0.5), row_of("paper", "beta", 0.0)
    ('penalty-beta-0.1', 'paper', 'no-grounding')
    """
    if option == "beta" and not value:
        return "no-grounding"
    return form if value == _PAPER[option] else f"{form}-{option}-{value:g}"


def draw(rows: dict[str, dict[str, Any]], path: Path) -> None:
    """Draw both sweeps side by side.

    Args:
        rows: cells of the sampled policy by ablation, `ppo` among them.
        path: the PNG to write.
    """
    figure = new_figure(9.2, 8.0, LIGHT, h_pad=0.08)
    axes = figure.subplots(len(_FIGURES), len(SWEEPS), sharex="col", sharey="row")
    for column, (option, values) in enumerate(SWEEPS.items()):
        for line, name in enumerate(_FIGURES):
            _panel(axes[line, column], rows, name, option, values)
        other = "alpha" if option == "beta" else "beta"
        tidy(axes[0, column], LIGHT, f"{option}, with {other} = {_PAPER[other]:g}")
        axes[-1, column].set_xlabel(option)
    for line, title in enumerate(_FIGURES.values()):
        axes[line, 0].set_ylabel(title)
    axes[0, 0].set_ylim(bottom=0)
    axes[-1, 0].legend(frameon=False, loc="lower right", labelcolor=LIGHT.text, fontsize=9)
    axes[-1, 0].set_ylim(bottom=14)
    save_figure(figure, path)


def _panel(ax: Axes, rows: dict[str, dict[str, Any]], name: str, option: str, values: tuple[float, ...]) -> None:
    tidy(ax, LIGHT)
    mean, *interval = _figure(rows["ppo"][name])
    ax.axhline(mean, color=LIGHT.muted, linewidth=1.2, linestyle="--", label="sparse PPO")
    if interval:
        ax.axhspan(*interval, color=LIGHT.muted, alpha=0.12, linewidth=0)
    for shift, (form, (label, colour)) in zip((-0.06, 0.06), FORMS.items(), strict=True):
        cells = [_figure(rows[row_of(form, option, value)][name]) for value in values]
        places = [place + shift for place in range(len(values))]
        ax.plot(places, [cell[0] for cell in cells], color=colour, marker="o", markersize=5, linewidth=1.8, label=label)
        for place, cell in zip(places, cells, strict=True):
            if len(cell) > 1:
                ax.vlines(place, cell[1], cell[2], color=colour, linewidth=1.6, alpha=0.5)
    ax.set_xticks(range(len(values)), [f"{value:g}" for value in values])


def _figure(cell: float | list[float]) -> list[float]:
    """A figure of the report: alone, or its mean with both ends of its interval."""
    return cell if isinstance(cell, list) else [cell]


def main() -> None:
    """Draw it beside the records."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    studies = json.loads((ABLATED / "report" / "summary.json").read_text(encoding="utf-8"))
    study = next(study for study in studies if study["env"].split()[0] == WORLD)
    split = next(iter(study["splits"].values()))
    draw({row["method"]: row["cells"]["sampled"] for row in split}, ABLATED / "sweeps.png")
    _log.info("%s", ABLATED / "sweeps.png")


if __name__ == "__main__":
    main()
