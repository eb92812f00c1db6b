"""Colours and axes of our pictures, in a light and a dark form, and saving without pyplot's global state."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spa_gym.core.atomic import atomic_write_bytes
from spa_gym.core.extras import require_extra
from spa_gym.core.one_line import one_line

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["DARK", "LIGHT", "TITLE_SIZE", "Theme", "as_text", "method_colours", "new_figure", "save_figure", "tidy"]

TITLE_SIZE = 10.5
"""Points."""


@dataclass(frozen=True)
class Theme:
    """Colours of one form, as CSS hex codes."""

    name: str
    background: str
    text: str
    muted: str
    grid: str
    good: str
    bad: str
    cycle: tuple[str, ...]
    """Colours of the methods; told apart by people who see no red or green, and in grey by their order of lightness."""


LIGHT = Theme(
    "light",
    background="#ffffff",
    text="#1f2430",
    muted="#667085",
    grid="#e4e7ec",
    good="#0f7b6c",
    bad="#c4512d",
    cycle=("#8a8f9c", "#2f5fb3", "#d9822b", "#0f8b6d", "#a8408f", "#5aa9d6", "#b8a100", "#6b4fa0", "#9c5a3c"),
)
DARK = Theme(
    "dark",
    background="#161a22",
    text="#e6e9ef",
    muted="#98a2b3",
    grid="#2b313d",
    good="#3cc2a6",
    bad="#f0825a",
    cycle=("#a3a9b7", "#6f9bf0", "#f2a65a", "#3fc79f", "#dc7cc4", "#8fd0f5", "#e0cb3c", "#a88be6", "#cf8f6d"),
)


def method_colours(methods: Iterable[str], theme: Theme) -> dict[str, str]:
    """A colour for each method, in the given order, which all pictures of a report share.

    Where there are more methods than colours, they have one: a colour for two would say that they belong together.
    """
    names = list(methods)
    if len(names) > len(theme.cycle):
        return dict.fromkeys(names, theme.cycle[1])
    return dict(zip(names, theme.cycle, strict=False))


def new_figure(width: float, height: float, theme: Theme, **layout: Any) -> Figure:
    """A figure on the theme's background that belongs to nobody (no pyplot).

    Args:
        width: Inches.
        height: Inches.
        theme: Its colours.
        **layout: Padding of the constrained layout (`w_pad`, `h_pad`, ...).

    Raises:
        DependencyNotInstalled: matplotlib is missing.
    """
    figures = require_extra("report", "matplotlib.figure", "drawing")
    figure = figures.Figure(figsize=(width, height), facecolor=theme.background, layout="constrained")
    figure.get_layout_engine().set(**layout)
    return figure


def as_text(foreign: str, length: int = 40) -> str:
    r"""Return a foreign name that a picture draws as it is, on one line: a dollar would begin a formula.

    Args:
        foreign: The name.
        length: Longer names are cut.

    Example:
        >>> print(as_text("$x$ and\ny"))
        \$x\$ and y
    """
    line = one_line(foreign, length)
    line = f" {line}" if line.startswith("_") else line or "(no name)"  # a legend leaves out what begins with "_"
    return line.replace("$", r"\$")


def tidy(axes: Axes, theme: Theme, title: str = "", grid: str = "y", title_size: float = TITLE_SIZE) -> None:
    """Our look: no box, a quiet grid behind the data, a title on the left."""
    axes.set_facecolor(theme.background)
    for side in ("top", "right", "left" if grid == "y" else "bottom"):
        axes.spines[side].set_visible(False)
    for spine in axes.spines.values():
        spine.set_color(theme.muted)
    axes.grid(axis=grid, color=theme.grid, linewidth=0.8)  # type: ignore[arg-type]
    axes.set_axisbelow(True)
    axes.tick_params(colors=theme.muted, labelcolor=theme.text, labelsize=9, length=0)
    axes.xaxis.label.set(color=theme.muted, size=9)
    axes.yaxis.label.set(color=theme.muted, size=9)
    axes.set_title(title, loc="left", color=theme.text, fontsize=title_size, fontweight="bold")


def save_figure(figure: Figure, path: str | Path, dpi: int = 150) -> Path:
    """Write a figure as PNG, all or nothing; without a date, so that the same figure is the same file."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi, metadata={"Software": None})
    atomic_write_bytes(path, buffer.getvalue())
    return Path(path)
