"""`spa-gym reproduce`: from the shipped checkpoints to one page of tables, for every environment of `studies.py`.

Imitate a few demonstrations (`sft`), train with each method from there (one that explores or continues episodes does so
from the same budget of environment steps), evaluate, report. A size with a recipe of its own (`gpu`) pretrains its
starting checkpoint first, one for each world. Every seed has an imitation of its own, and all methods of a seed start
from it. One seed of every method in every world is run first, then the next: a table that is stopped has all its rows,
with fewer seeds.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path

from spa_gym.baselines.device import DTYPES
from spa_gym.baselines.experiment import Job, run_jobs
from spa_gym.baselines.studies import STUDIES, EnvStudy, Preset
from spa_gym.baselines.study_rows import IMITATION, Row, ablation_rows, method_rows
from spa_gym.baselines.training.recipes import RECIPES
from spa_gym.baselines.training.sft import SFTConfig
from spa_gym.baselines.training.train import TrainConfig
from spa_gym.core.arguments import one_of
from spa_gym.core.errors import BadArgument

__all__ = [
    "choose_studies",
    "default_parallel",
    "imitation_job",
    "pretraining_jobs",
    "record_folders",
    "reproduce",
    "training_job",
]

_BESIDE_ABLATIONS = ("ppo", "spa")
"""Methods that ablations are set beside."""


def reproduce(
    preset: str,
    out: Path,
    envs: Sequence[str] = (),
    methods: Sequence[str] = (),
    seeds: Sequence[int] = (),
    env_steps: int | None = None,
    ablations: bool = False,
    parallel: int | None = None,
    dtype: str = "auto",
    studies: Mapping[str, EnvStudy] = STUDIES,
) -> list[Path]:
    """Run the studies of some environments in one size, or go on with them.

    Args:
        preset: name of the size, a key of each study's `presets`.
        out: folder of checkpoints and run records; those of an environment are in `<out>/runs/<its name>`.
        envs: names of environments out of `STUDIES`; none: all of them.
        methods: names of methods, or package.module:object; none: the preset's. `sft` beside others is one of them.
        seeds: seeds; none: the preset's.
        env_steps: budget of each training; None: the preset's.
        ablations: run the rows of `ablations.py` instead, in `<out>/ablations`, beside `ppo` and `spa`; `methods` are
            then names of ablations.
        parallel: runs at once; None: one for each core, on CUDA as many as fit (`default_parallel`).
        dtype: number type of the matrix products: `auto`, `float32` or `bfloat16`.
        studies: the studies by name, of which `envs` are some.

    Returns:
        The folders of the run records, those of runs that were there before included; `spa-gym report` makes one page
        of them.

    Raises:
        BadArgument: there is no such preset, environment, method or ablation, or no budget.
        CheckpointMismatch: a run was begun in the same folder with other settings.
        JobFailed: a run ended with an error; the others have been run.
    """
    if env_steps is not None and env_steps < 1:
        raise BadArgument("a budget of at least 1 environment step", str(env_steps), "pass --env-steps 20000")
    chosen = choose_studies(preset, envs, studies, dtype)
    pretrainings: list[Job] = []
    imitations: list[list[Job]] = []
    trainings: list[list[list[Job]]] = []
    for name, (study, size) in chosen.items():
        runs = out / "runs" / name
        pretrainings += pretraining_jobs(size, runs)
        rows = {runs: method_rows(size, _BESIDE_ABLATIONS if ablations else methods, env_steps)}
        if ablations:
            rows[out / "ablations" / name] = ablation_rows(size, methods, env_steps)
        for place, seed in enumerate(seeds or size.seeds):
            if place == len(imitations):
                imitations.append([])
                trainings.append([])
            start = imitation_job(study, size, seed, runs)
            imitations[place].append(start)
            trainings[place].append(
                [
                    training_job(
                        study, size, row, seed, folder, start=start, env_steps=env_steps, shared=out / "shared"
                    )
                    for folder, group in rows.items()
                    for row in group
                ]
            )
    where, parallel = ", ".join(chosen), parallel or default_parallel([size for _, size in chosen.values()])
    if pretrainings:
        run_jobs(pretrainings, parallel=parallel, title=f"first of all: pretrain ({where})")
    run_jobs([job for jobs in imitations for job in jobs], parallel=parallel, title=f"1/2 imitate ({where})")
    # One row of every environment after the other: rows of one environment that share a fit would wait for it.
    todo = [job for worlds in trainings for row in zip_longest(*worlds) for job in row if job is not None]
    run_jobs(todo, parallel=parallel, title=f"2/2 train ({where})", keep_going=True)
    return record_folders(out, ablations=ablations)


def record_folders(out: Path, *, ablations: bool = False) -> list[Path]:
    """Where the records of a page are: all runs of the methods, or the ablations and what stands beside them."""
    if not ablations:
        return [out / "runs"]
    beside = [f"{name}-*" for name in (IMITATION, *_BESIDE_ABLATIONS)]
    found = {path for pattern in beside for path in (out / "runs").glob(f"*/{pattern}/record.json")}
    folders = sorted(path for path in found if path.parent.name.rpartition("-")[0] in (IMITATION, *_BESIDE_ABLATIONS))
    return [out / "ablations", *folders]


def choose_studies(
    preset: str, envs: Sequence[str] = (), studies: Mapping[str, EnvStudy] = STUDIES, dtype: str = "auto"
) -> dict[str, tuple[EnvStudy, Preset]]:
    """The studies of some environments (none named: of all) in one size, by name.

    Raises:
        BadArgument: there is no such environment, preset or number type.
    """
    one_of("dtype", dtype, DTYPES)
    unknown = [name for name in envs if name not in studies]
    if unknown:
        raise BadArgument(f"environments out of {', '.join(studies)}", ", ".join(unknown), "pass --env alfworld")
    found = {}
    for name, study in studies.items():
        if name in envs or not envs:
            one_of("preset", preset, study.presets)
            found[name] = (study, replace(study.presets[preset], dtype=dtype))
    return found


def default_parallel(sizes: Sequence[Preset]) -> int:
    """Runs at once: one for each core, on CUDA as many as the GPU's memory and half of the cores have room for.

    A small model leaves a GPU waiting for its CPU. Where a size does not say what a run takes it is one at a time.

    Args:
        sizes: what is run.
    """
    import torch

    cores = os.cpu_count() or 1
    if not torch.cuda.is_available():
        return cores
    takes = [size.gpu_gb for size in sizes]
    if None in takes:
        return 1
    memory = torch.cuda.get_device_properties(0).total_memory / 1e9
    return max(1, min(cores // 2, *(int(memory / gb) for gb in takes if gb)))


def pretraining_jobs(preset: Preset, runs: Path) -> list[Job]:
    """What makes the checkpoint that a size starts from: one job, or none where it is a shipped one.

    Args:
        preset: the size.
        runs: folder of the runs of this environment; the checkpoint is beside it, in `pretrain/<recipe>`.
    """
    if not preset.pretrain:
        return []
    config = replace(RECIPES[preset.pretrain], out=_pretrained(preset, runs), dtype=preset.dtype)
    function = "spa_gym.baselines.training.pretrain:pretrain"
    return [Job(function, config, f"{runs.name} {preset.pretrain}", config.tokens, unit="tokens", counted="tok")]


def _pretrained(preset: Preset, runs: Path) -> Path:
    return runs.parent / "pretrain" / preset.pretrain


def imitation_job(study: EnvStudy, preset: Preset, seed: int, runs: Path, *, split: str | None = None) -> Job:
    """The imitation that all methods of a seed start from.

    Args:
        study: the environment's row.
        preset: the size.
        seed: the seed.
        runs: folder of the runs of this environment.
        split: split that it is evaluated on; None: that of the tables.
    """
    config = SFTConfig(
        start=str(_pretrained(preset, runs) / "checkpoint") if preset.pretrain else study.start,
        out=runs / f"{IMITATION}-{seed}",
        env_id=study.env_id,
        env_kwargs=study.env_kwargs,
        evaluate=(split or study.table_split,),
        seed=seed,
        dtype=preset.dtype,
        **preset.sft,
    )
    label = f"{runs.name} {IMITATION}-{seed}"
    updates = -(-config.demonstrations // config.batch_episodes) * config.epochs
    return Job("spa_gym.baselines.training.sft:sft", config, label, updates, unit="updates", counted="step")


def training_job(
    study: EnvStudy,
    preset: Preset,
    row: Row,
    seed: int,
    runs: Path,
    *,
    start: Job,
    env_steps: int | None = None,
    split: str | None = None,
    shared: Path | None = None,
) -> Job:
    """The training of a seed in one row.

    Args:
        study: the environment's row.
        preset: the size.
        row: the row of its tables.
        seed: the seed.
        runs: folder of the runs of this environment.
        start: the seed's imitation.
        env_steps: budget; None: the preset's.
        split: split that it is evaluated on at the end; None: that of the tables.
        shared: folder of explorations and fits that several rows have in common; None: each makes its own.
    """
    budget = env_steps or preset.env_steps
    config = TrainConfig(
        start=str(start.out / "checkpoint"),
        method=row.method,
        options=row.options,
        label=row.label,
        out=runs / f"{row.folder}-{seed}",
        shared=shared,
        env_id=study.env_id,
        env_kwargs=study.env_kwargs,
        env_steps=budget,
        evaluate_split=study.curve_split,
        final_splits=(split or study.table_split,),
        seed=seed,
        dtype=preset.dtype,
        **{**preset.training, **row.changes},
    )
    return Job("spa_gym.baselines.training.train:train", config, f"{runs.name} {row.label}-{seed}", budget)
