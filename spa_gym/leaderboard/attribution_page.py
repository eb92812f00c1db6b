"""The attribution benchmark to look at: an episode's text with its credit beside the truth, and agreement against gain.

The page is one HTML file that needs nothing else. The picture asks whether credit that is right trains better.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from spa_gym.baselines.attribution.metrics import spearman
from spa_gym.baselines.attribution.store import Truth, ValuedEpisode
from spa_gym.core.atomic import atomic_write_text
from spa_gym.core.errors import BadArgument
from spa_gym.core.extras import require_extra
from spa_gym.core.run_record import RunRecord
from spa_gym.leaderboard.theme import LIGHT, Theme, as_text, new_figure, save_figure, tidy

__all__ = ["draw_gain", "telling_episodes", "training_gain", "write_page"]

Array = npt.NDArray[np.float64]


def telling_episodes(truth: Truth, count: int = 3) -> list[int]:
    """Episodes to look at: those whose V moves most for their length, solved and unsolved ones in turn, other tasks.

    Args:
        truth: the truth.
        count: how many.
    """
    moved = [np.abs(e.advantages).sum() / (5 + len(e.advantages)) for e in truth.episodes]
    order = sorted(range(len(moved)), key=lambda i: -moved[i])
    chosen: list[int] = []
    for turn in range(count):
        fresh = [i for i in order if truth.tasks[i] not in {truth.tasks[j] for j in chosen}]
        wanted = [i for i in fresh if truth.trajectories[i].success == (turn % 2 == 0)]
        chosen += (wanted or fresh or [i for i in order if i not in chosen])[:1]
    return chosen


def write_page(
    truth: Truth,
    credits: Mapping[str, Sequence[Array]],
    path: str | Path,
    *,
    episodes: Sequence[int] | None = None,
    critical: float = 0.2,
    title: str = "Credit beside the truth",
) -> Path:
    """Write the page.

    Args:
        truth: the truth.
        credits: method -> [T] for each of the truth's episodes.
        path: the HTML file.
        episodes: positions of the episodes to show; None: `telling_episodes`.
        critical: change of the probability of success from which on a step is marked.
        title: its heading.

    Raises:
        BadArgument: no such episode.
        DependencyNotInstalled: jinja2 is missing.
    """
    shown = telling_episodes(truth) if episodes is None else list(episodes)
    if not shown or any(not 0 <= i < len(truth.episodes) for i in shown):
        raise BadArgument(f"episodes from 0 to {len(truth.episodes) - 1}", str(shown), "pass --episodes 0")
    jinja2 = require_extra("report", "jinja2", "writing a page")
    source = files("spa_gym.leaderboard").joinpath("templates", "attribution.html.j2").read_text(encoding="utf-8")
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    context = {
        "title": title,
        "continuations": truth.settings["continuations"],
        "critical": critical,
        "methods": list(credits),
        "episodes": [_view(truth.episodes[i], [rows[i] for rows in credits.values()], critical) for i in shown],
    }
    atomic_write_text(path, environment.from_string(source).render(context))
    return Path(path)


def _view(episode: ValuedEpisode, columns: Sequence[Array], critical: float) -> dict[str, Any]:
    t = episode.trajectory
    truth, error = episode.advantages, 1.96 * episode.advantage_errors
    change = np.abs(np.diff(episode.success_halves.mean(0)))
    noise = 1.96 * np.hypot(episode.success_errors[1:], episode.success_errors[:-1])
    answers = [*(step.observation for step in t.steps[1:]), t.final_observation]
    reach = float(np.abs(truth).max(initial=1e-6))
    steps = []
    for i, step in enumerate(t.steps):
        low, high = (np.clip((truth[i] + sign * error[i]) / reach, -1, 1) for sign in (-1, 1))
        steps.append(
            {
                "action": step.action,
                "answer": textwrap.shorten(answers[i], 220, placeholder=" …"),
                "grounded": step.grounded,
                "value": episode.values[i],
                "value_width": round(100 * float(np.clip(episode.values[i], 0, 1)), 1),
                "critical": bool(change[i] >= critical and change[i] >= noise[i]),
                "truth": _bar(truth[i], reach),
                "whisker_left": round(50 + 50 * float(low), 1),
                "whisker_width": round(50 * float(high - low), 1),
                "bars": [_bar(c[i], float(np.abs(c).max(initial=1e-6))) for c in columns],
            }
        )
    agreement = [f"{spearman(c, truth):+.2f}" if len(truth) > 1 else "–" for c in columns]
    about = {"goal": t.goal, "kind": t.task_type, "score": t.score, "success": t.success}
    return {**about, "steps": steps, "agreement": agreement}


def _bar(value: float, reach: float) -> dict[str, Any]:
    """A bar from the middle, in per cent of the cell's width."""
    width = round(50 * min(abs(float(value)) / reach, 1.0), 1)
    side = "up" if value >= 0 else "down"
    return {"text": f"{value:+.2f}", "side": side, "width": width, "left": 50.0 if value >= 0 else 50.0 - width}


def training_gain(records: Sequence[RunRecord], reference: str = "ppo") -> dict[str, tuple[float, float]]:
    """Success of each method after training, less the reference's, and the standard error of that.

    Differences are taken seed by seed, over the decodings of the record's first split, the one of its tables; given is
    their mean and its standard error (not a number for one seed). Methods without a seed in common with the reference
    are left out.

    Args:
        records: run records; those of other kinds than training are passed over.
        reference: method that is subtracted; it is there with 0.

    Raises:
        BadArgument: the reference has no run.
    """
    reached: dict[str, dict[int, float]] = {}
    for record in records:
        if record.kind == "train" and record.final:
            split = next(iter(record.final)).partition("/")[0]
            success = [
                float(final["success"]) for place, final in record.final.items() if place.startswith(f"{split}/")
            ]
            reached.setdefault(record.method, {})[record.seed] = float(np.mean(success))
    if reference not in reached:
        raise BadArgument(f"training runs of {reference}", f"runs of {sorted(reached)}", "give the study's folder")
    base = reached[reference]
    paired = {name: [runs[seed] - base[seed] for seed in sorted({*runs} & {*base})] for name, runs in reached.items()}
    return {name: (float(np.mean(each)), _standard_error(each)) for name, each in paired.items() if each}


def _standard_error(values: Sequence[float]) -> float:
    """Of their mean; not a number for one value."""
    return float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else float("nan")


def draw_gain(
    agreement: Mapping[str, Mapping[str, float]],
    gain: Mapping[str, tuple[float, float]],
    path: str | Path,
    *,
    label: str = "Spearman with the true advantage",
    theme: Theme = LIGHT,
) -> Path:
    """Draw training gain against agreement: a point for each method that has both, with intervals.

    Args:
        agreement: method -> mean, low, high of a figure.
        gain: see `training_gain`.
        path: the PNG.
        label: of the figure.
        theme: colours.

    Raises:
        BadArgument: fewer than two methods have both.
    """
    names = [name for name in agreement if name in gain]
    if len(names) < 2:
        raise BadArgument(
            "at least two methods with a score and a training run",
            f"{names} of {sorted(agreement)} scored and {sorted(gain)} trained",
            "score the methods of the study",
        )
    x, y = np.array([agreement[n]["mean"] for n in names]), np.array([gain[n][0] for n in names])
    figure = new_figure(*_SIZE, theme, w_pad=0.1, h_pad=0.1)
    axes = figure.add_subplot()
    axes.axhline(0, color=theme.muted, linewidth=1)
    for place, name in enumerate(names):
        found, (middle, error) = agreement[name], gain[name]
        line = {"color": theme.cycle[place % len(theme.cycle)], "linewidth": 1.6, "alpha": 0.5}
        axes.plot([found["low"], found["high"]], [middle, middle], **line)
        if error == error:
            axes.plot([found["mean"]] * 2, [middle - 1.96 * error, middle + 1.96 * error], **line)
        axes.plot(found["mean"], middle, "o", color=line["color"], markersize=6)
    for name, (right, up) in zip(names, _label_offsets(names, x, y), strict=True):
        found = agreement[name]
        where = found["mean"], gain[name][0]
        style = {"textcoords": "offset points", "fontsize": 8, "color": theme.text, "va": "center"}
        axes.annotate(as_text(name), where, xytext=(right, up), ha="left" if right > 0 else "right", **style)
    rank = f" (over {len(names)} methods Spearman {spearman(x, y):+.2f} with the gain)" if len(names) > 2 else ""
    tidy(axes, theme, "Does credit that is right train better?", grid="both")
    axes.set_xlabel(as_text(label) + rank)
    axes.set_ylabel("success less that of the reference")
    return save_figure(figure, path)


_SIZE = (8.4, 5.6)
"""Inches of the picture of agreement and gain."""


def _label_offsets(names: Sequence[str], x: Array, y: Array) -> list[tuple[float, float]]:
    """Where each name stands, in points from its point: the first place near it that no other name has taken."""
    span_x, span_y = float(np.ptp(x)) or 1.0, float(np.ptp(y)) or 1.0
    across, up = 72 * 0.7 * _SIZE[0] / span_x, 72 * 0.7 * _SIZE[1] / span_y
    points = [(float(a) * across, float(b) * up) for a, b in zip(x, y, strict=True)]
    taken: list[tuple[float, float, float]] = [(a - 4, a + 4, b) for a, b in points]
    found = []
    for name, (a, b) in zip(names, points, strict=True):
        width = 4.6 * min(40, len(name))
        choices = [(side, rise) for rise in (0.0, 9.0, -9.0, 18.0, -18.0, 27.0, -27.0) for side in (7.0, -7.0)]
        boxes = [((a + s, a + s + width) if s > 0 else (a + s - width, a + s), b + rise) for s, rise in choices]
        free = [
            k
            for k, ((left, right), middle) in enumerate(boxes)
            if not any(left < end and right > start and abs(middle - at) < 9 for start, end, at in taken)
        ]
        best = free[0] if free else 0
        taken.append((*boxes[best][0], boxes[best][1]))
        found.append(choices[best])
    return found
