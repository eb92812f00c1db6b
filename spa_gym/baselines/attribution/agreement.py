"""All figures of one scorer's credit against a truth, with intervals over tasks, and what the truth says of itself.

Tasks are resampled, not steps: episodes of a task share places and continuations. Beside every figure stands the split
half: what one half of the continuations, taken as a scorer, gets against the other. For a correlation r of the halves,
2 r / (1 + r) is the reliability of the whole truth (Spearman and Brown, 1910) and its root the most that a scorer that
knows the true values exactly can be expected to reach.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spa_gym.baselines.attribution import metrics as m
from spa_gym.baselines.attribution.store import Truth

__all__ = ["CORRELATIONS", "Limits", "Sheet", "ceiling", "intervals", "split_half"]

Array = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]
CORRELATIONS = ("spearman", "kendall", "spearman_episode", "kendall_episode", "spearman_state", "kendall_state")


@dataclass(frozen=True)
class Limits:
    """Where a difference begins to count.

    Args:
        zero: |A| below this is no effect; signs are judged at and above it.
        critical: change of the probability of success from which on a step is critical.
        z: standard errors by which A must differ from 0 to have a sign, and the change to be critical.
    """

    zero: float = 0.05
    critical: float = 0.2
    z: float = 1.96


class Sheet:
    """Credit and truth of all steps in flat arrays, with what resampling tasks needs worked out once.

    Args:
        truth: the truth.
        credits: [T] for each episode.
        limits: where a difference begins to count.
        half: None: the truth as it is; 0 or 1: that half of its continuations alone.
        gradients: [T, D] of each episode, see `policy_features`.
    """

    def __init__(
        self,
        truth: Truth,
        credits: Sequence[Array],
        limits: Limits | None = None,
        *,
        half: int | None = None,
        gradients: Sequence[Array] | None = None,
    ) -> None:
        self.limits = limits or Limits()
        wider = 1.0 if half is None else 2.0**0.5
        episodes = truth.episodes
        self.c = np.concatenate(list(credits))
        self.a = np.concatenate([e.advantages if half is None else e.half_advantages[half] for e in episodes])
        self.e = np.concatenate([e.advantage_errors for e in episodes]) * wider
        success = [e.success_halves.mean(0) if half is None else e.success_halves[half] for e in episodes]
        change = np.abs(np.concatenate([np.diff(s) for s in success]))
        error = wider * np.concatenate([np.hypot(e.success_errors[1:], e.success_errors[:-1]) for e in episodes])
        self.critical = (change >= self.limits.critical) & (change >= self.limits.z * error)
        self.g = None if gradients is None else np.concatenate(list(gradients))
        progress = [[s.progress for s in t.steps] for t in truth.trajectories]
        self.progress: Array | None = None
        if all(p is not None for row in progress for p in row):
            self.progress = np.concatenate([np.diff([0.0, *row]) for row in progress])  # type: ignore[list-item]
        names = list(dict.fromkeys(truth.tasks))
        number = {name: i for i, name in enumerate(names)}
        lengths = [t.num_steps for t in truth.trajectories]
        self.episode_task = np.array([number[task] for task in truth.tasks])
        self.step_task = np.repeat(self.episode_task, lengths)
        self.step_episode = np.repeat(np.arange(len(lengths)), lengths)
        self.places = [place for e in episodes for place in e.places]
        self.actions = [(step.action, step.action_ids) for t in truth.trajectories for step in t.steps]
        self.totals = np.array([abs(row.sum() - t.reward) for row, t in zip(credits, truth.trajectories, strict=True)])
        self.tasks = np.arange(len(names))
        self._steps = [np.flatnonzero(self.step_task == task) for task in self.tasks]
        # What each task adds to the gradients of credit and truth: a resample weighs tasks, not steps.
        self._pulls: tuple[Array, Array] | None = None
        if self.g is not None:
            c, a = (np.stack([x[at] @ self.g[at] for at in self._steps]) for x in (self.c, self.a))
            self._pulls = c, a
        self._group_values()

    def _group_values(self) -> None:
        """Figures of groups, which lie within tasks: correlations in episodes and states, centred errors."""
        by_episode = m.grouped(self.step_episode.tolist())
        self._within: dict[str, tuple[Array, Places]] = {}
        for name in ("spearman", "kendall"):
            values, numbers = m.within(name, self.c, self.a, by_episode)
            self._within[f"{name}_episode"] = values, self.episode_task[numbers]
        if self.progress is not None:
            values, numbers = m.within("spearman", self.c, self.progress, by_episode)
            self._within["progress_spearman_episode"] = values, self.episode_task[numbers]
        by_place = m.grouped(self.places)
        self._centred = self.c - self.a
        self.shared = m.centred_rmse(self.c, self.a, by_place)[1]
        for steps in by_place:
            self._centred[steps] -= self._centred[steps].mean()
        # A state with several actions: each action once, its credit the mean over the episodes that took it.
        options = m.grouped(list(zip(self.places, self.actions, strict=True)))
        firsts = [int(steps[0]) for steps in options]
        c = np.array([self.c[steps].mean() for steps in options])
        a = np.array([self.a[steps].mean() for steps in options])
        states = m.grouped([self.places[i] for i in firsts])
        for name in ("spearman", "kendall"):
            values, numbers = m.within(name, c, a, states)
            owner = np.array([self.step_task[firsts[states[n][0]]] for n in numbers], dtype=np.intp)
            self._within[f"{name}_state"] = values, owner

    def figures(self, tasks: Places | None = None, names: Collection[str] | None = None) -> dict[str, float]:
        """Every figure.

        Args:
            tasks: numbers of the tasks that count, one as often as it is there; None: all.
            names: of the figures that are wanted; None: all that there are.
        """
        limits = self.limits
        tasks = self.tasks if tasks is None else tasks
        at = np.concatenate([self._steps[task] for task in tasks])
        weight = np.bincount(tasks, minlength=len(self.tasks)).astype(float)
        c, a, e, critical = self.c[at], self.a[at], self.e[at], self.critical[at]
        totals = weight[self.episode_task]
        made: dict[str, Callable[[], float]] = {
            "spearman": lambda: m.spearman(c, a),
            "kendall": lambda: m.kendall(c, a),
            "rmse": lambda: m.rmse(c, a),
            "rmse_scaled": lambda: m.rmse(*_centre(m.scaled(c, a), a)),
            "sign_accuracy": lambda: m.sign_accuracy(c, a, e, epsilon=limits.zero, z=limits.z),
            "leakage": lambda: m.leakage(c, a, epsilon=limits.zero),
            "cosine": lambda: m.cosine(c, a),
            "pearson_distance": lambda: m.pearson_distance(c, a),
            "critical_ap": lambda: m.average_precision(np.abs(c), critical),
            "critical_precision": lambda: m.precision_recall(np.abs(c), critical)[0],
            "critical_recall": lambda: m.precision_recall(np.abs(c), critical)[1],
            "sum_error": lambda: float((totals * self.totals).sum() / totals.sum()),
            "centred_rmse": lambda: float(np.sqrt(np.mean(self._centred[at] ** 2))),
        }
        if self._pulls is not None:
            left, right = self._pulls
            made["gradient_cosine"] = lambda: m.cosine(weight @ left, weight @ right)
        if self.progress is not None:
            progress = self.progress[at]
            made["progress_spearman"] = lambda: m.spearman(c, progress)
        for name in self._within:
            made[name] = lambda name=name: self._mean_within(name, weight)
        return {name: make() for name, make in made.items() if names is None or name in names}

    def _mean_within(self, name: str, weight: Array) -> float:
        values, owner = self._within[name]
        weights = weight[owner] if len(owner) else np.zeros(0)
        return float(values @ weights / weights.sum()) if weights.sum() else float("nan")


def _centre(c: Array, a: Array) -> tuple[Array, Array]:
    return c - c.mean(), a - a.mean()


def intervals(
    sheet: Sheet, *, resamples: int = 300, seed: int = 0, names: Collection[str] | None = None
) -> dict[str, dict[str, float]]:
    """Every figure with the 95 % percentile interval of a bootstrap over tasks; of one task there is no interval.

    Args:
        sheet: credit and truth.
        resamples: of the tasks.
        seed: of the resampling; the same for all scorers, so that they are compared on the same resamples.
        names: of the figures that are wanted; None: all.

    Returns:
        Figure -> `mean`, `low` and `high`; the last two are not a number where there is one task.
    """
    point = sheet.figures(names=names)
    rng = np.random.default_rng(seed)
    count = resamples if len(sheet.tasks) > 1 else 0
    drawn = [sheet.figures(rng.choice(sheet.tasks, len(sheet.tasks)), names) for _ in range(count)]
    made = {}
    for name, value in point.items():
        values = np.array([row[name] for row in drawn])
        values = values[np.isfinite(values)]
        low, high = np.quantile(values, [0.025, 0.975]) if len(values) else (float("nan"), float("nan"))
        made[name] = {"mean": value, "low": float(low), "high": float(high)}
    return made


def split_half(
    truth: Truth, limits: Limits | None = None, gradients: Sequence[Array] | None = None
) -> dict[str, float]:
    """Every figure of one half of the continuations, taken as a scorer, against the other, averaged over both ways."""
    rows = []
    for half in (0, 1):
        credits = [e.half_advantages[1 - half] for e in truth.episodes]
        rows.append(Sheet(truth, credits, limits, half=half, gradients=gradients).figures())
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}


def ceiling(truth: Truth, limits: Limits | None = None, gradients: Sequence[Array] | None = None) -> dict[str, Any]:
    """What the truth says of itself.

    Returns:
        `split_half`, see the function; `reliability` and `ceiling` of the correlations; `noise_rmse`, the error that a
        scorer with the true values would be charged; and the counts of steps, of those with a sign, without effect, and
        critical.
    """
    split = split_half(truth, limits, gradients)
    reliability = {name: m.spearman_brown(split[name]) for name in CORRELATIONS}
    sheet = Sheet(truth, truth.advantages, limits)
    signed = (np.abs(sheet.a) >= sheet.limits.zero) & (np.abs(sheet.a) >= sheet.limits.z * sheet.e)
    return {
        "split_half": split,
        "reliability": reliability,
        "ceiling": {name: value**0.5 for name, value in reliability.items()},
        "noise_rmse": float(np.sqrt(np.mean(sheet.e**2))),
        "steps": len(sheet.a),
        "with_sign": int(signed.sum()),
        "without_effect": int((np.abs(sheet.a) < sheet.limits.zero).sum()),
        "critical": int(sheet.critical.sum()),
        "shared_places": sheet.shared,
        "states": len(sheet._within["spearman_state"][0]),
    }
