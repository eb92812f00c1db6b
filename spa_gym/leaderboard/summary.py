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
from spa_gym.leaderboard.cost import Cost, cost_of
from spa_gym.leaderboard.statistics import (
    Interval,
    bootstrap_seeds,
    iqm,
    paired_difference,
    probability_of_improvement,
    stratified_bootstrap,
)
from spa_gym.leaderboard.task_lengths import length_groups

__all__ = ["CEILING", "REFERENCES", "Cell", "MethodRow", "Study", "collect_studies", "method_order"]

REFERENCES = ("ppo", "spa")
"""What the methods are compared with: the sparse reward, and the method that started it."""
CEILING = "oracle"
"""Knows the ground truth: stands last, and is never marked as the best."""
DECODINGS = ("sampled", "greedy")
BOOTSTRAP_SEED = 0
ENOUGH_SEEDS = 5


@dataclass
class Cell:
    """One method on one split with one decoding."""

    success: Interval
    """Mean over seeds and tasks; both are resampled."""
    iqm: Interval
    """Interquartile mean of the seeds' success rates; seeds are resampled."""
    differences: dict[str, Interval]
    """By reference: success minus the reference's, seed by seed; without the reference itself and without those that
    no seed is shared with."""
    improvements: dict[str, Interval]
    """By reference: P(a seed of this method beats a seed of the reference)."""
    by_length: dict[str, Interval]
    """Success on short, medium and long tasks, by the number of the expert's steps; empty where no record has it."""
    score: Interval | None
    """Mean score over seeds and tasks; None where a task is solved or not, and nothing between."""
    grounding: float | None
    steps: float | None
    seeds: list[int]
    num_tasks: int


@dataclass
class MethodRow:
    """One method on one split."""

    method: str
    seeds: list[int]
    """Seeds that were played on this split."""
    cells: dict[str, Cell]
    """By decoding: "sampled", "greedy"."""


@dataclass
class Study:
    """All training runs on one environment with the same arguments."""

    env_id: str
    env_kwargs: dict[str, Any]
    records: dict[str, dict[int, RunRecord]]
    """By method, then by seed."""
    splits: dict[str, list[MethodRow]] = field(default_factory=dict)
    """By split: the rows of its table."""
    costs: dict[str, Cost] = field(default_factory=dict)
    """By method, means over its seeds."""
    notes: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Id and arguments, as a heading."""
        return " ".join([self.env_id, *(f"{name}={value}" for name, value in sorted(self.env_kwargs.items()))])


def collect_studies(records: Iterable[RunRecord], references: Sequence[str] = REFERENCES) -> list[Study]:
    """Group training records by environment and compute their tables.

    Args:
        records: Any records; those of another kind than "train" are passed over, and trainings that were played on no
            split, such as a method's own first one.
        references: The methods that differences are taken to.

    Returns:
        One study per environment, in the order of their ids.
    """
    groups: dict[str, Study] = {}
    for record in sorted((r for r in records if r.kind == "train" and r.final), key=lambda r: (r.env_id, r.created)):
        key = json.dumps([record.env_id, record.env_kwargs], sort_keys=True)
        study = groups.setdefault(key, Study(record.env_id, record.env_kwargs, {}))
        by_seed = study.records.setdefault(record.method, {})
        if record.seed in by_seed:
            study.notes.append(f"{record.method}, seed {record.seed}: several records, the newest counts")
        by_seed[record.seed] = record
    for study in groups.values():
        _fill(study, references)
    return list(groups.values())


def method_order(methods: Iterable[str]) -> list[str]:
    """Imitation first, then the references, then the others by name, the ceiling last."""
    first = ["sft", *REFERENCES]
    place = {CEILING: len(first) + 1, **{name: number for number, name in enumerate(first)}}
    return sorted(methods, key=lambda method: (place.get(method, len(first)), method))


def _fill(study: Study, references: Sequence[str]) -> None:
    keys: dict[str, set[str]] = defaultdict(set)
    for by_seed in study.records.values():
        for record in by_seed.values():
            for name in record.final:
                split, _, decoding = name.rpartition("/")
                keys[split].add(decoding)
    for split in keys:
        rows = [_row(study, method, split, sorted(keys[split]), references) for method in method_order(study.records)]
        study.splits[split] = [row for row in rows if row.cells]
    study.costs = {method: cost_of(list(study.records[method].values())) for method in method_order(study.records)}
    study.notes += [
        f"no run of {name!r}, so there are no differences to it" for name in references if name not in study.records
    ]
    study.notes += _few_seeds(study) + _unequal_budgets(study)


def _few_seeds(study: Study) -> list[str]:
    """Methods with so few seeds that an interval over them says little."""
    few = [method for method, by_seed in study.records.items() if len(by_seed) < ENOUGH_SEEDS]
    if not few:
        return []
    who = "all methods" if len(few) == len(study.records) > 3 else ", ".join(method_order(few))
    return [
        f"fewer than {ENOUGH_SEEDS} seeds: {who}; a bootstrap over so few seeds makes intervals that are too narrow"
    ]


def _unequal_budgets(study: Study) -> list[str]:
    """Methods that trained must have had the same number of environment steps."""
    steps = {method: cost.env_steps for method, cost in study.costs.items() if method != "sft"}
    if not steps or max(steps.values()) <= 1.02 * min(steps.values()):
        return []
    least, most = min(steps, key=lambda m: steps[m]), max(steps, key=lambda m: steps[m])
    return [
        f"environment steps differ by more than 2 %, from {steps[least]:,.0f} ({least}) to {steps[most]:,.0f} ({most})"
    ]


def _row(study: Study, method: str, split: str, decodings: Sequence[str], references: Sequence[str]) -> MethodRow:
    cells = {}
    for decoding in (d for d in (*DECODINGS, *sorted({*decodings} - {*DECODINGS})) if d in decodings):
        name = f"{split}/{decoding}"
        if mine := _finals(study, method, name):
            others = {other: _finals(study, other, name) for other in references if other != method}
            cells[decoding] = _cell(mine, others)
    return MethodRow(method, sorted({seed for cell in cells.values() for seed in cell.seeds}), cells)


def _finals(study: Study, method: str, name: str) -> dict[int, dict[str, Any]]:
    """What the runs of a method did on a split with a decoding, by seed."""
    return {seed: run.final[name] for seed, run in sorted(study.records.get(method, {}).items()) if name in run.final}


def _cell(mine: dict[int, dict[str, Any]], others: dict[str, dict[int, dict[str, Any]]]) -> Cell:
    outcomes, strata = _outcomes(list(mine.values()))
    rates = outcomes.mean(axis=1)
    differences, improvements = {}, {}
    for other, theirs in others.items():
        if shared := sorted({*mine} & {*theirs}):
            both, shared_strata = _outcomes([mine[s] for s in shared] + [theirs[s] for s in shared])
            first, second = both[: len(shared)], both[len(shared) :]
            differences[other] = paired_difference(first, second, _rng(), strata=shared_strata)
            base_rates = [_rate(final) for final in theirs.values()]
            improvements[other] = probability_of_improvement(rates, base_rates, _rng())
    return Cell(
        success=stratified_bootstrap(outcomes, _rng(), strata=strata),
        iqm=bootstrap_seeds(rates, iqm, _rng()),
        differences=differences,
        improvements=improvements,
        by_length=_by_length(list(mine.values()), outcomes),
        score=_score(list(mine.values())),
        grounding=_mean_of(mine, "grounding"),
        steps=_mean_of(mine, "steps"),
        seeds=sorted(mine),
        num_tasks=outcomes.shape[1],
    )


def _by_length(finals: list[dict[str, Any]], outcomes: npt.NDArray[np.float64]) -> dict[str, Interval]:
    """Success by the expert's number of steps, where all runs met the same tasks."""
    steps = finals[0].get("expert_steps")
    if not steps or len(steps) != outcomes.shape[1] or any(final.get("expert_steps") != steps for final in finals):
        return {}
    return {name: stratified_bootstrap(outcomes[:, tasks], _rng()) for name, tasks in length_groups(steps).items()}


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
