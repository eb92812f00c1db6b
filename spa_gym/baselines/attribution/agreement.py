"""All figures of one scorer's credit against a truth, with intervals over tasks, and what the truth says of itself.

Tasks are resampled, not steps: episodes of a task share places and continuations. Beside every figure stands the split
half: what one half of the continuations, taken as a scorer, gets against the other. For a correlation r of the halves,
2 r / (1 + r) is the reliability of the whole truth (Spearman and Brown, 1910) and its root the most that a scorer that
knows the true values exactly can be expected to reach.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spa_gym.baselines.attribution import metrics as m
from spa_gym.baselines.attribution.store import Truth

__all__ = ["CORRELATIONS", "Limits", "Sheet", "ceiling", "intervals", "subsets"]

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

    def figures(self, tasks: Places | None = None, steps: npt.NDArray[np.bool_] | None = None) -> dict[str, float]:
        """Every figure.

        Args:
            tasks: numbers of the tasks that count, one as often as it is there; None: all.
            steps: [N] which steps count; whole episodes.
        """
        limits = self.limits
        tasks = self.tasks if tasks is None else tasks
        at = np.concatenate([self._steps[task] for task in tasks])
        if steps is not None:
            at = at[steps[at]]
        weight = np.bincount(tasks, minlength=len(self.tasks)).astype(float)
        c, a, e, critical = self.c[at], self.a[at], self.e[at], self.critical[at]
        precision, recall = m.precision_recall(np.abs(c), critical)
        keep = None if steps is None else {int(i) for i in self.step_episode[at]}
        totals = weight[self.episode_task]
        if keep is not None:
            totals = totals * np.array([i in keep for i in range(len(totals))])
        found = {
            "spearman": m.spearman(c, a),
            "kendall": m.kendall(c, a),
            "rmse": m.rmse(c, a),
            "rmse_scaled": m.rmse(*_centre(m.scaled(c, a), a)),
            "sign_accuracy": m.sign_accuracy(c, a, e, epsilon=limits.zero, z=limits.z),
            "leakage": m.leakage(c, a, epsilon=limits.zero),
            "cosine": m.cosine(c, a),
            "pearson_distance": m.pearson_distance(c, a),
            "critical_ap": m.average_precision(np.abs(c), critical),
            "critical_precision": precision,
            "critical_recall": recall,
            "sum_error": float((totals * self.totals).sum() / totals.sum()),
            "centred_rmse": float(np.sqrt(np.mean(self._centred[at] ** 2))),
        }
        if self.g is not None:
            found["gradient_cosine"] = m.cosine(c, a, self.g[at])
        if self.progress is not None:
            found["progress_spearman"] = m.spearman(c, self.progress[at])
        if keep is None:
            for name, (values, owner) in self._within.items():
                weights = weight[owner] if len(owner) else np.zeros(0)
                found[name] = float(values @ weights / weights.sum()) if weights.sum() else float("nan")
        return found


def _centre(c: Array, a: Array) -> tuple[Array, Array]:
    return c - c.mean(), a - a.mean()


def intervals(sheet: Sheet, *, resamples: int = 300, seed: int = 0) -> dict[str, dict[str, float]]:
    """Every figure with the 95 % percentile interval of a bootstrap over tasks.

    Args:
        sheet: credit and truth.
        resamples: of the tasks.
        seed: of the resampling; the same for all scorers, so that they are compared on the same resamples.
    """
    point = sheet.figures()
    rng = np.random.default_rng(seed)
    drawn = [sheet.figures(rng.choice(sheet.tasks, len(sheet.tasks))) for _ in range(resamples)]
    made = {}
    for name, value in point.items():
        values = np.array([row[name] for row in drawn])
        values = values[np.isfinite(values)]
        low, high = np.quantile(values, [0.025, 0.975]) if len(values) else (float("nan"), float("nan"))
        made[name] = {"mean": value, "low": float(low), "high": float(high)}
    return made


def ceiling(truth: Truth, limits: Limits | None = None, gradients: Sequence[Array] | None = None) -> dict[str, Any]:
    """What the truth says of itself.

    Returns:
        `split_half`: every figure of one half against the other, averaged over both directions; `reliability` and
        `ceiling` of the correlations; `noise_rmse`, the error that a scorer with the true values would be charged;
        and the counts of steps, of those with a sign, without effect, and critical.
    """
    rows = []
    for half in (0, 1):
        credits = [e.half_advantages[1 - half] for e in truth.episodes]
        rows.append(Sheet(truth, credits, limits, half=half, gradients=gradients).figures())
    split = {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}
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


def subsets(truth: Truth) -> dict[str, npt.NDArray[np.bool_]]:
    """Steps by length of the episode (thirds), task family, and outcome."""
    lengths = np.array([t.num_steps for t in truth.trajectories])
    low, high = np.quantile(lengths, [1 / 3, 2 / 3])
    whole: Mapping[str, npt.NDArray[np.bool_]] = {
        f"length: up to {int(low)}": lengths <= low,
        f"length: {int(low) + 1} to {int(high)}": (lengths > low) & (lengths <= high),
        f"length: over {int(high)}": lengths > high,
        "outcome: success": np.array([t.success for t in truth.trajectories]),
        "outcome: failure": np.array([not t.success for t in truth.trajectories]),
        **{
            f"family: {family}": np.array([t.task_type == family for t in truth.trajectories])
            for family in sorted({t.task_type for t in truth.trajectories})
        },
    }
    return {name: np.repeat(episodes, lengths) for name, episodes in whole.items() if episodes.any()}
