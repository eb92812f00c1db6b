"""From run records to the rows of the tables: one row per method and split, every figure with its interval.

All randomness is a bootstrap from a fixed seed, taken anew for each figure, so that a table does not depend on what
stands beside it.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from spa_gym.core.run_record import RunRecord
from spa_gym.leaderboard.statistics import (
    Interval,
    bootstrap_seeds,
    iqm,
    paired_difference,
    probability_of_improvement,
    stratified_bootstrap,
)

__all__ = ["CEILING", "REFERENCE", "Cell", "MethodRow", "Study", "collect_studies", "method_order"]

REFERENCE = "ppo"
CEILING = "oracle"
"""Knows the ground truth: stands last, and is never marked as the best."""
DECODINGS = ("sampled", "greedy")
BOOTSTRAP_SEED = 0


@dataclass
class Cell:
    """One method on one split with one decoding."""

    success: Interval
    """Mean over seeds and tasks; both are resampled."""
    iqm: Interval
    """Interquartile mean of the seeds' success rates; seeds are resampled."""
    difference: Interval | None
    """Success minus the reference's, seed by seed; None for the reference itself and where no seed is shared."""
    improvement: Interval | None
    """P(a seed of this method beats a seed of the reference)."""
    score: Interval | None
    """Mean score over seeds and tasks; None where a task is solved or not, and nothing between."""
    grounding: float | None
    steps: float | None
    seeds: list[int]
    num_tasks: int


@dataclass
class MethodRow:
    """One method on one split; cost is the mean over its seeds."""

    method: str
    seeds: list[int]
    cells: dict[str, Cell]
    """By decoding: "sampled", "greedy"."""
    env_steps: float
    tokens: float
    updates: float
    wall_time_s: float


@dataclass
class Study:
    """All training runs on one environment with the same arguments."""

    env_id: str
    env_kwargs: dict[str, Any]
    records: dict[str, dict[int, RunRecord]]
    """By method, then by seed."""
    splits: dict[str, list[MethodRow]] = field(default_factory=dict)
    """By split: the rows of its table."""
    notes: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Id and arguments, as a heading."""
        return " ".join([self.env_id, *(f"{name}={value}" for name, value in sorted(self.env_kwargs.items()))])


def collect_studies(records: Iterable[RunRecord], reference: str = REFERENCE) -> list[Study]:
    """Group training records by environment and compute their tables.

    Args:
        records: Any records; those of another kind than "train" are passed over.
        reference: The method that differences are taken to.

    Returns:
        One study per environment, in the order of their ids.
    """
    groups: dict[str, Study] = {}
    for record in sorted((r for r in records if r.kind == "train"), key=lambda r: (r.env_id, r.created)):
        key = json.dumps([record.env_id, record.env_kwargs], sort_keys=True)
        study = groups.setdefault(key, Study(record.env_id, record.env_kwargs, {}))
        by_seed = study.records.setdefault(record.method, {})
        if record.seed in by_seed:
            study.notes.append(f"{record.method}, seed {record.seed}: several records, the newest counts")
        by_seed[record.seed] = record
    for study in groups.values():
        _fill(study, reference)
    return list(groups.values())


def method_order(methods: Iterable[str]) -> list[str]:
    """Imitation first, then the reference, then the others by name, the ceiling last."""
    place = {"sft": 0, REFERENCE: 1, CEILING: 3}
    return sorted(methods, key=lambda method: (place.get(method, 2), method))


def _fill(study: Study, reference: str) -> None:
    keys: dict[str, set[str]] = defaultdict(set)
    for by_seed in study.records.values():
        for record in by_seed.values():
            for name in record.final:
                split, _, decoding = name.rpartition("/")
                keys[split].add(decoding)
    for split in keys:
        rows = [_row(study, method, split, sorted(keys[split]), reference) for method in method_order(study.records)]
        study.splits[split] = [row for row in rows if row.cells]
    if reference not in study.records:
        study.notes.append(f"no run of {reference!r}, so there are no differences")
    few = [method for method, by_seed in study.records.items() if len(by_seed) < 5]
    if few:
        study.notes.append(f"fewer than 5 seeds: {', '.join(method_order(few))}; their intervals are too narrow")
    study.notes += _unequal_budgets(study)


def _unequal_budgets(study: Study) -> list[str]:
    """Methods that trained must have had the same number of environment steps."""
    steps = {m: float(np.mean([r.env_steps for r in runs.values()])) for m, runs in study.records.items() if m != "sft"}
    if not steps or max(steps.values()) <= 1.02 * min(steps.values()):
        return []
    listed = ", ".join(f"{method} {steps[method]:,.0f}" for method in method_order(steps))
    return [f"environment steps differ by more than 2 %: {listed}"]


def _row(study: Study, method: str, split: str, decodings: Sequence[str], reference: str) -> MethodRow:
    runs, base = study.records[method], study.records.get(reference, {})
    cells = {}
    for decoding in (d for d in (*DECODINGS, *sorted({*decodings} - {*DECODINGS})) if d in decodings):
        name = f"{split}/{decoding}"
        mine = {seed: run.final[name] for seed, run in sorted(runs.items()) if name in run.final}
        theirs = {seed: run.final[name] for seed, run in sorted(base.items()) if name in run.final}
        if mine:
            cells[decoding] = _cell(mine, {} if method == reference else theirs)

    def mean(name: str) -> float:
        return float(np.mean([getattr(run, name) for run in runs.values()]))

    cost = {name: mean(name) for name in ("env_steps", "tokens", "updates", "wall_time_s")}
    return MethodRow(method, sorted(runs), cells, **cost)


def _cell(mine: dict[int, dict[str, Any]], theirs: dict[int, dict[str, Any]]) -> Cell:
    outcomes, strata = _outcomes(list(mine.values()))
    rates = outcomes.mean(axis=1)
    difference = improvement = None
    if shared := sorted({*mine} & {*theirs}):
        both, shared_strata = _outcomes([mine[s] for s in shared] + [theirs[s] for s in shared])
        first, second = both[: len(shared)], both[len(shared) :]
        difference = paired_difference(first, second, _rng(), strata=shared_strata)
        base_rates = [_rate(final) for final in theirs.values()]
        improvement = probability_of_improvement(rates, base_rates, _rng())
    return Cell(
        success=stratified_bootstrap(outcomes, _rng(), strata=strata),
        iqm=bootstrap_seeds(rates, iqm, _rng()),
        difference=difference,
        improvement=improvement,
        score=_score(list(mine.values())),
        grounding=_mean_of(mine, "grounding"),
        steps=_mean_of(mine, "steps"),
        seeds=sorted(mine),
        num_tasks=outcomes.shape[1],
    )


def _outcomes(finals: list[dict[str, Any]]) -> tuple[npt.NDArray[np.float64], list[str] | None]:
    """Seeds x tasks where all seeds met the same number of tasks, else seeds x 1 of their rates; and the task types."""
    rows = [final.get("successes") or [] for final in finals]
    if rows[0] and len({len(row) for row in rows}) == 1:
        return np.asarray(rows, dtype=np.float64), _strata(finals)
    return np.array([[_rate(final)] for final in finals]), None


def _score(finals: list[dict[str, Any]]) -> Interval | None:
    """None without partial scores, which only some environments give; a run without any has 0 and 1 alone."""
    rows = [final.get("scores") or final.get("successes") or [] for final in finals]
    if not any("scores" in final for final in finals) or len({len(row) for row in rows}) != 1:
        return None
    return stratified_bootstrap(np.asarray(rows, dtype=np.float64), _rng(), strata=_strata(finals))


def _strata(finals: list[dict[str, Any]]) -> list[str] | None:
    """The task types, where all runs met the same."""
    types = [final.get("task_types") for final in finals]
    return types[0] if types[0] is not None and all(entry == types[0] for entry in types) else None


def _rate(final: dict[str, Any]) -> float:
    successes = final.get("successes")
    return float(np.mean(successes)) if successes else float(final["success"])


def _mean_of(finals: dict[int, dict[str, Any]], name: str) -> float | None:
    values = [final[name] for final in finals.values() if final.get(name) is not None]
    return float(np.mean(values)) if values else None


def _rng() -> np.random.Generator:
    return np.random.default_rng(BOOTSTRAP_SEED)
