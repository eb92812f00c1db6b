"""Picture of the credit along one episode: what each action was, what it contributed, whether it was executed."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

from spa_gym.core.errors import BadArgument
from spa_gym.leaderboard.theme import LIGHT, Theme, as_text, new_figure, save_figure, tidy

__all__ = ["draw_episode_credit"]


def draw_episode_credit(episode: dict[str, Any], path: str | Path, theme: Theme = LIGHT) -> Path:
    """Draw bars of c_t and g_t per step, the actions as labels, time from top to bottom.

    Args:
        episode: What happened:

            - `steps`: list of {"action": str, "contribution": float (c_t), "grounded": bool (g_t)}, and optionally
              "progress": float, the truth after the action, drawn as a third column;
            - optional: `title`, `goal` (words), `score` (float; shown beside the sum of c_t).
        path: The PNG to write.
        theme: Colours.

    Returns:
        The path.

    Raises:
        BadArgument: There is no step, or a step lacks a key.
    """
    steps = episode.get("steps") or []
    if not steps or any(key not in step for step in steps for key in ("action", "contribution", "grounded")):
        got = "no step" if not steps else "a step without one of them"
        raise BadArgument("steps with action, contribution and grounded", got, "add them to the episode's dict")
    with_truth = all(step.get("progress") is not None for step in steps)
    widths = [5.0, 0.9, 2.2] if with_truth else [6.0, 0.9]
    figure = new_figure(10.5, 1.5 + 0.3 * len(steps), theme, w_pad=0.06, h_pad=0.06)
    columns = figure.subplots(1, len(widths), sharey=True, gridspec_kw={"width_ratios": widths})
    places = range(len(steps))
    contributions = [float(step["contribution"]) for step in steps]
    colours = [theme.good if value >= 0 else theme.bad for value in contributions]
    columns[0].barh(places, contributions, height=0.66, color=colours)
    columns[0].axvline(0, color=theme.muted, linewidth=1)
    reach = max(max(abs(value) for value in contributions), 1e-6)
    for place, value in zip(places, contributions, strict=True):
        side = 1 if value >= 0 else -1
        align = "left" if side > 0 else "right"
        columns[0].text(
            value + side * 0.02 * reach, place, f"{value:+.2f}", va="center", ha=align, fontsize=8, color=theme.muted
        )
    columns[0].margins(x=0.14)
    labels = [f"{as_text(step['action'], 44)}   {n}" for n, step in enumerate(steps, 1)]
    columns[0].set_yticks(places, labels)
    columns[0].set_ylim(len(steps) - 0.4, -0.6)
    tidy(columns[0], theme, "contribution $c_t$", grid="x")

    grounded = [float(bool(step["grounded"])) for step in steps]
    columns[1].barh(places, grounded, height=0.66, color=theme.cycle[1])
    failed = [place for place in places if not grounded[place]]
    columns[1].plot([0.5] * len(failed), failed, "x", color=theme.bad, markersize=6, markeredgewidth=2)
    columns[1].set_xlim(0, 1)
    columns[1].set_xticks([])
    tidy(columns[1], theme, "$g_t$", grid="x")
    if with_truth:
        truth = [float(step["progress"]) for step in steps]
        columns[2].step([0.0, *truth], [-0.5, *(place + 0.5 for place in places)], where="post", color=theme.cycle[2])
        columns[2].fill_betweenx(
            [-0.5, *(place + 0.5 for place in places)],
            [*truth, truth[-1]],
            step="post",
            color=theme.cycle[2],
            alpha=0.2,
        )
        columns[2].set_xlim(0, 1.02)
        tidy(columns[2], theme, "progress (truth)", grid="x")
    for column in columns[1:]:
        column.tick_params(labelleft=False)
    for column in columns:
        column.spines["left"].set_visible(False)
    figure.suptitle(_heading(episode, sum(contributions)), x=0.012, ha="left", color=theme.text, fontsize=11)
    return save_figure(figure, path)


def _heading(episode: dict[str, Any], total: float) -> str:
    parts = [as_text(episode[name], 1_000) for name in ("title", "goal") if episode.get(name)]
    score = f", score {episode['score']:.2f}" if episode.get("score") is not None else ""
    return textwrap.fill(" · ".join([*parts, f"sum of $c_t$ {total:.2f}{score}"]), 120)
