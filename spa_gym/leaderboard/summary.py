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

from spa_gym.core.errors import DataCorrupt
from spa_gym.core.run_record import RunRecord
from spa_gym.leaderboard.cost import Cost, cost_of
from spa_gym.leaderboard.outcomes import (
    FIGURES,
    Figure,
    Final,
    Outcomes,
    difference,
    fresh_rng,
    outcomes_of,
    same_tasks,
)
from spa_gym.leaderboard.statistics import (
    Interval,
    bootstrap_seeds,
    iqm,
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
    other_differences: dict[str, dict[str, Figure]]
    """The same of "score" (where it is graded), "grounding" and "steps": by figure, then by reference."""
    improvements: dict[str, Interval]
    """By reference: P(a seed of this method beats a seed of the reference)."""
    by_length: dict[str, Interval]
    """Success on short, medium and long tasks, by the number of the expert's steps; empty where no record has it."""
    score: Figure | None
    """Mean score over seeds and tasks; None where a task is solved or not, and nothing between."""
    score_iqm: Interval | None
    """As `iqm`, of the seeds' mean scores."""
    grounding: Figure | None
    """Executed actions over all actions; a mean over seeds where records do not have it task by task."""
    steps: Figure | None
    """Mean episode length."""
    seeds_alone: list[str]
    """Which of these were not known task by task, so that their intervals are over seeds alone."""
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
    study.notes += [f"{split}: not all runs played the same tasks" for split in keys if _tasks_differ(study, split)]


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


def _tasks_differ(study: Study, split: str) -> bool:
    runs = [run for by_seed in study.records.values() for run in by_seed.values()]
    finals = [final for run in runs for name, final in run.final.items() if name.rpartition("/")[0] == split]
    return not same_tasks(finals)


def _row(study: Study, method: str, split: str, decodings: Sequence[str], references: Sequence[str]) -> MethodRow:
    cells = {}
    for decoding in (d for d in (*DECODINGS, *sorted({*decodings} - {*DECODINGS})) if d in decodings):
        name = f"{split}/{decoding}"
        if mine := _finals(study, method, name):
            others = {other: _finals(study, other, name) for other in references if other != method}
            cells[decoding] = _cell(mine, others)
    return MethodRow(method, sorted({seed for cell in cells.values() for seed in cell.seeds}), cells)


def _finals(study: Study, method: str, name: str) -> dict[int, Final]:
    """What the runs of a method did on a split with a decoding, by seed."""
    return {seed: run.final[name] for seed, run in sorted(study.records.get(method, {}).items()) if name in run.final}


def _cell(mine: dict[int, Final], others: dict[str, dict[int, Final]]) -> Cell:
    finals = list(mine.values())
    found = {name: outcomes_of(finals, name) for name in FIGURES}
    success, score = found["success"], found["score"]
    if success is None:
        raise DataCorrupt("run records with a success", "one without", "run the evaluation of that training again")
    figures = {name: each.figure for name, each in found.items() if each is not None and name != "success"}
    differences: dict[str, Interval] = {}
    others_apart: dict[str, dict[str, Figure]] = {}
    improvements = {}
    for other, theirs in others.items():
        shared = sorted({*mine} & {*theirs})
        base = outcomes_of(list(theirs.values()), "success")
        if shared and base is not None:
            improvements[other] = probability_of_improvement(success.rates, base.rates, fresh_rng())
        for name in FIGURES:
            apart = difference([mine[seed] for seed in shared], [theirs[seed] for seed in shared], name)
            if apart is not None and name == "success":
                # Pictures need bounds; of one seed without its tasks there is nothing to draw anew.
                differences[other] = apart if isinstance(apart, Interval) else Interval(apart, apart, apart)
            elif apart is not None:
                others_apart.setdefault(name, {})[other] = apart
    return Cell(
        success=success.interval,
        iqm=bootstrap_seeds(success.rates, iqm, fresh_rng()),
        differences=differences,
        other_differences=others_apart,
        improvements=improvements,
        by_length=_by_length(finals, success),
        score=figures.get("score"),
        score_iqm=None if score is None else bootstrap_seeds(score.rates, iqm, fresh_rng()),
        grounding=figures.get("grounding"),
        steps=figures.get("steps"),
        seeds_alone=[name for name, each in found.items() if each is not None and not each.by_task],
        seeds=sorted(mine),
        num_tasks=int(finals[0].get("n") or success.values.shape[1]),
    )


def _by_length(finals: list[Final], success: Outcomes) -> dict[str, Interval]:
    """Success by the expert's number of steps, where all runs met the same tasks."""
    steps = finals[0].get("expert_steps")
    alike = same_tasks(finals) and all(final.get("expert_steps") == steps for final in finals)
    if not steps or len(steps) != success.values.shape[1] or not alike:
        return {}
    groups = length_groups(steps)
    return {name: stratified_bootstrap(success.values[:, tasks], fresh_rng()) for name, tasks in groups.items()}
