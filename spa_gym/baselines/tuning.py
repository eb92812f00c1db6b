"""Trial runs that settings are fixed by: every method gets the same number of them, on a seed and a split of their own.

    spa-gym reproduce --preset cpu --trials --out runs/trials

Each method is trained on seed 100 once with each of its rates, from the same imitation, with the budget of its
preset, and played on the split of the looks on the way (never on that of the tables). The rate of the highest success,
sampled, is the method's; where two are level, the one that all methods share, then the lower one. The chosen rates are
written into `studies.py` by hand, and what they were chosen from is kept: `chosen` reads it back from the records.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from spa_gym.baselines.experiment import run_jobs
from spa_gym.baselines.reproduce import (
    choose_studies,
    default_parallel,
    imitation_job,
    pretraining_jobs,
    training_job,
)
from spa_gym.baselines.studies import STUDIES, EnvStudy
from spa_gym.baselines.study_rows import Row, method_rows
from spa_gym.core.run_record import find_records

__all__ = ["RATES", "SEED", "chosen", "rates_of", "trial_rows", "tried", "try_rates"]

SEED = 100
"""Seed of the trial runs; tables begin at 0."""
RATES = (1.5e-4, 5e-4)
"""Rates of the policy that a method is tried with."""
_BY_PREFERENCE = ("eto", "ipr", "rro")
"""Learn by DPO, and are tried with the study's `preference_rates`."""


def rates_of(method: str, study: EnvStudy) -> tuple[float, ...]:
    """The rates that a method is tried with in an environment, as many for each method."""
    return study.preference_rates if method in _BY_PREFERENCE else RATES


def trial_rows(rows: Sequence[Row], study: EnvStudy) -> list[Row]:
    """Each row once with each of its method's rates."""
    return [
        Row(f"{row.label} lr={rate:g}", row.method, row.options, {**row.changes, "lr": rate})
        for row in rows
        for rate in rates_of(row.method, study)
    ]


def try_rates(
    preset: str,
    out: Path,
    envs: Sequence[str] = (),
    methods: Sequence[str] = (),
    env_steps: int | None = None,
    parallel: int | None = None,
    dtype: str = "auto",
) -> list[Path]:
    """Make the trial runs of some environments, or go on with them; arguments as for `reproduce`.

    Returns:
        The folder of their records: `<out>/trials`.

    Raises:
        BadArgument: there is no such preset, environment or method.
        JobFailed: a run ended with an error; the others have been run.
    """
    pretrainings, imitations, trainings = [], [], []
    studies = choose_studies(preset, envs, dtype=dtype)
    for name, (study, size) in studies.items():
        runs, split = out / "trials" / name, study.curve_split
        pretrainings += pretraining_jobs(size, runs)
        start = imitation_job(study, size, SEED, runs, split=split)
        imitations.append(start)
        trainings += [
            training_job(
                study, size, row, SEED, runs, start=start, env_steps=env_steps, split=split, shared=out / "shared"
            )
            for row in trial_rows(method_rows(size, methods, env_steps), study)
        ]
    parallel = parallel or default_parallel([size for _, size in studies.values()])
    if pretrainings:
        run_jobs(pretrainings, parallel=parallel, title="first of all: pretrain (trials)")
    run_jobs(imitations, parallel=parallel, title="1/2 imitate (trials)")
    run_jobs(trainings, parallel=parallel, title="2/2 trials", keep_going=True)
    return [out / "trials"]


def tried(folder: Path) -> dict[str, dict[str, dict[float, float]]]:
    """What the trial runs came to: environment's id -> method -> rate -> success, sampled.

    Args:
        folder: where their records are.
    """
    found: dict[str, dict[str, dict[float, float]]] = {}
    for _, record in find_records(folder):
        label, separator, _ = record.method.rpartition(" lr=")
        if record.kind != "train" or not separator or not record.final:
            continue
        success = next(figures["success"] for place, figures in record.final.items() if place.endswith("/sampled"))
        found.setdefault(record.env_id, {}).setdefault(label, {})[float(record.settings["lr"])] = float(success)
    return {env: dict(sorted(methods.items())) for env, methods in sorted(found.items())}


def chosen(folder: Path, shared: float = 5e-4) -> dict[str, dict[str, float]]:
    """The best rate of each method in each environment, from the records of trial runs.

    Args:
        folder: where the records are.
        shared: the rate that is taken where others are level with it.

    Returns:
        Environment's id -> method -> rate; a method is left out until all its trials are done.
    """
    studies = {study.env_id: study for study in STUDIES.values()}
    best: dict[str, dict[str, float]] = {}
    for env, methods in tried(folder).items():
        for label, found in methods.items():
            if set(found) >= set(rates_of(label, studies[env])):
                best.setdefault(env, {})[label] = max(found, key=lambda rate: (found[rate], rate == shared, -rate))
    return best
