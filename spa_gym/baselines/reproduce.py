"""`spa-gym reproduce`: from the shipped checkpoints to one page of tables, for every environment of `studies.py`.

Imitate a few demonstrations (`sft`), train with each method from there (`ppo`; `spa` explores and fits its estimator
first, from the same budget of environment steps), evaluate, report. Every seed has an imitation of its own, and all
methods of a seed start from it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from spa_gym.baselines.experiment import Job, run_jobs
from spa_gym.baselines.studies import STUDIES, EnvStudy, Preset
from spa_gym.baselines.training.sft import SFTConfig
from spa_gym.baselines.training.train import TrainConfig
from spa_gym.core.arguments import one_of
from spa_gym.core.errors import BadArgument

__all__ = ["imitation_job", "reproduce", "training_job"]


def reproduce(
    preset: str,
    out: Path,
    envs: Sequence[str] = (),
    seeds: Sequence[int] | None = None,
    parallel: int | None = None,
) -> Path:
    """Run the studies of some environments in one size, or go on with them.

    Args:
        preset: name of the size, a key of each study's `presets`.
        out: folder of checkpoints and run records; those of an environment are in `<out>/runs/<its name>`.
        envs: names of environments out of `STUDIES`; none: all of them.
        seeds: other seeds than the preset's.
        parallel: runs at once; None: one for each core (one in all on CUDA).

    Returns:
        The folder of the run records, those of environments that ran there before included; `spa-gym report` makes
        one page of it.

    Raises:
        BadArgument: there is no such preset or environment.
        JobFailed: a run ended with an error.
    """
    chosen = {name: (study, _preset(study, preset)) for name, study in _studies(envs).items()}
    parallel = parallel or _parallel()
    imitations, trainings = [], []
    for name, (study, size) in chosen.items():
        runs = out / "runs" / name
        for seed in seeds or size.seeds:
            imitations.append(imitation_job(study, size, seed, runs))
            trainings += [training_job(study, size, method, seed, runs) for method in size.methods]
    where = ", ".join(chosen)
    run_jobs(imitations, parallel=parallel, title=f"1/2 imitate ({where})")
    run_jobs(trainings, parallel=parallel, title=f"2/2 train ({where})")
    return out / "runs"


def _studies(names: Sequence[str]) -> dict[str, EnvStudy]:
    unknown = [name for name in names if name not in STUDIES]
    if unknown:
        raise BadArgument(f"environments out of {', '.join(STUDIES)}", ", ".join(unknown), "pass --env alfworld")
    return {name: STUDIES[name] for name in STUDIES if name in names or not names}


def _preset(study: EnvStudy, name: str) -> Preset:
    one_of("preset", name, study.presets)
    return study.presets[name]


def _parallel() -> int:
    import torch

    return 1 if torch.cuda.is_available() else os.cpu_count() or 1


def imitation_job(study: EnvStudy, preset: Preset, seed: int, runs: Path) -> Job:
    """The imitation that all methods of a seed start from.

    Args:
        study: the environment's row.
        preset: the size.
        seed: the seed.
        runs: folder of the runs of this environment.
    """
    config = SFTConfig(
        start=study.start,
        out=runs / f"sft-{seed}",
        env_id=study.env_id,
        env_kwargs=study.env_kwargs,
        evaluate=(study.table_split,),
        seed=seed,
        **preset.sft,
    )
    return Job("spa_gym.baselines.training.sft:sft", config, f"{runs.name} sft-{seed}", 1.0, unit="none")


def training_job(study: EnvStudy, preset: Preset, method: str, seed: int, runs: Path) -> Job:
    """The training of a seed with one method; arguments as for `imitation_job`."""
    config = TrainConfig(
        start=str(runs / f"sft-{seed}" / "checkpoint"),
        method=method,
        options=preset.options.get(method, {}),
        out=runs / f"{method}-{seed}",
        env_id=study.env_id,
        env_kwargs=study.env_kwargs,
        env_steps=preset.env_steps,
        evaluate_split=study.curve_split,
        final_splits=(study.table_split,),
        seed=seed,
        **preset.ppo,
    )
    return Job("spa_gym.baselines.training.train:train", config, f"{runs.name} {method}-{seed}", preset.env_steps)
