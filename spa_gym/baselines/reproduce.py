"""`spa-gym reproduce`: from the shipped checkpoint to a table, in three sizes.

Imitate a few demonstrations (`sft`), train with each method from there (`ppo`; `spa` explores and fits its estimator
first, from the same budget of environment steps), evaluate, report. Every seed has an imitation of its own, and all
methods of a seed start from it. Settings were fixed on other seeds (100 and up).
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spa_gym.baselines.experiment import Job, run_jobs
from spa_gym.baselines.training.ppo import PPOConfig
from spa_gym.baselines.training.sft import SFTConfig
from spa_gym.core.errors import BadArgument

__all__ = ["PRESETS", "Preset", "reproduce"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Preset:
    """One size of the study."""

    seeds: tuple[int, ...]
    """Seeds of the runs."""
    methods: tuple[str, ...] = ("ppo", "spa", "spa-penalty")
    """Methods beside the imitation itself."""
    env_steps: int = 60_000
    """Environment steps of each training run, its exploration included."""
    sft: dict[str, Any] = field(default_factory=dict)
    """Settings of the imitation that are not the defaults."""
    ppo: dict[str, Any] = field(default_factory=dict)
    """Settings of the training that are not the defaults."""
    options: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Settings of the methods."""
    env_id: str = "SPA-ALFWorld-v0"
    """The environment."""
    env_kwargs: dict[str, Any] = field(default_factory=lambda: {"size": "small", "max_episode_steps": 20})
    """Its arguments; in the small rooms the demonstrator needs 8 steps, so 20 leave room and halve the cost."""


_STUDY: dict[str, Any] = {"episodes": 128, "minibatch": 32, "lr": 5e-4, "critic_lr": 2e-3}
_EXPLORED = {"tasks": 100, "samples": 4, "epochs": 4}

PRESETS: dict[str, Preset] = {
    "quick": Preset(
        seeds=(0, 1),
        env_steps=10_000,
        ppo={**_STUDY, "episodes": 64, "evaluate_every": 1000, "evaluate_tasks": 50},
        options={name: {**_EXPLORED, "tasks": 40} for name in ("spa", "spa-penalty")},
    ),
    "cpu": Preset(
        seeds=(0, 1, 2, 3, 4),
        env_steps=50_000,
        ppo={**_STUDY, "evaluate_every": 8, "evaluate_tasks": 50},
        options={name: _EXPLORED for name in ("spa", "spa-penalty")},
    ),
    "gpu": Preset(
        seeds=tuple(range(10)),
        env_steps=1_000_000,
        ppo={**_STUDY, "episodes": 512, "minibatch": 128, "num_envs": 512, "evaluate_every": 8},
        options={name: {**_EXPLORED, "tasks": 1000} for name in ("spa", "spa-penalty")},
    ),
}
"""`quick`: minutes on 2 cores; `cpu`: the tables of the documentation, about two hours on 2 cores; `gpu`: at scale."""


def reproduce(preset: str, out: Path, seeds: Sequence[int] | None = None, parallel: int | None = None) -> Path:
    """Run a preset, or go on with it; returns the folder of the run records, which `spa-gym report` reads.

    Args:
        preset: a key of `PRESETS`.
        out: folder of checkpoints and run records.
        seeds: other seeds than the preset's.
        parallel: runs at once; None: one for each core (one in all on CUDA).

    Raises:
        BadArgument: there is no such preset.
        JobFailed: a run ended with an error.
    """
    if preset not in PRESETS:
        raise BadArgument(f"a preset out of {', '.join(PRESETS)}", repr(preset), "pass --preset quick")
    chosen = PRESETS[preset]
    seeds = tuple(seeds or chosen.seeds)
    parallel = parallel or _parallel()
    imitations = [_imitation(chosen, seed, out) for seed in seeds]
    run_jobs(imitations, parallel=parallel, title=f"1/2 imitate ({len(seeds)} seeds)")
    trainings = [_training(chosen, method, seed, out) for seed in seeds for method in chosen.methods]
    run_jobs(trainings, parallel=parallel, title=f"2/2 train {', '.join(chosen.methods)}")
    return out / "runs"


def _parallel() -> int:
    import torch

    return 1 if torch.cuda.is_available() else os.cpu_count() or 1


def _imitation(preset: Preset, seed: int, out: Path) -> Job:
    config = SFTConfig(
        out=out / "runs" / f"sft-{seed}", env_id=preset.env_id, env_kwargs=preset.env_kwargs, seed=seed, **preset.sft
    )
    return Job("spa_gym.baselines.training.sft:sft", config, f"sft-{seed}", 1.0, unit="none")


def _training(preset: Preset, method: str, seed: int, out: Path) -> Job:
    config = PPOConfig(
        start=str(out / "runs" / f"sft-{seed}" / "checkpoint"),
        method=method,
        options=preset.options.get(method, {}),
        out=out / "runs" / f"{method}-{seed}",
        env_id=preset.env_id,
        env_kwargs=preset.env_kwargs,
        env_steps=preset.env_steps,
        seed=seed,
        **preset.ppo,
    )
    return Job("spa_gym.baselines.training.ppo:train_ppo", config, f"{method}-{seed}", preset.env_steps)
