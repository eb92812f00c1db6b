"""Stage 3, `explore`: the imitated policy plays training tasks, several times each, at temperature 1.

    python -m spa_gym.baselines.training.explore --start runs/sft/checkpoint --out runs/explore --tasks 200 --samples 4

Writes `<out>/trajectories.jsonl` (with the emitted token ids and the ground-truth progress, which only the scoring of
estimators reads) and `<out>/record.json`. Each episode is on the disk when it ends (`played.py`), so that a killed
exploration goes on with those that are missing. They are the episodes of one that never stopped, for each has noise of
its own; only the last digits of `Step.logprobs`, which no stage reads, depend on what was played beside it.
"""

from __future__ import annotations

import logging
import random
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gymnasium

from spa_gym.baselines.device import choose_device, describe_computing
from spa_gym.baselines.distributed import is_main, share, wait
from spa_gym.baselines.models.checkpoint import load_checkpoint
from spa_gym.baselines.models.shipped import resolve_start
from spa_gym.baselines.rollout.engine_cached import CachedEngine
from spa_gym.baselines.rollout.protocol import EpisodeSpec
from spa_gym.baselines.training.played import Played
from spa_gym.baselines.training.resume import run_stage
from spa_gym.baselines.training.tracker import Tracker
from spa_gym.core.arguments import given_once
from spa_gym.core.run_record import RunRecord
from spa_gym.core.trajectory import Trajectory, write_jsonl

__all__ = ["ExploreConfig", "explore"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ExploreConfig:
    """Settings of an exploration."""

    start: str = "runs/sft/checkpoint"
    """Checkpoint of the policy that explores."""
    out: Path = Path("runs/explore")
    """Folder of everything that is written."""
    env_id: str = "SPA-ALFWorld-v0"
    """The environment."""
    env_kwargs: dict[str, Any] = field(default_factory=lambda: {"size": "small"})
    """Its arguments, without the split."""
    tasks: int = 200
    """Training tasks, drawn without repetition."""
    samples: int = 4
    """Episodes of each task (the paper takes 10)."""
    temperature: float = 1.0
    """Temperature of the sampling."""
    num_envs: int = 64
    """Episodes played at once."""
    seed: int = 0
    """Seed of tasks and sampling."""
    device: str = "auto"
    """Where to compute."""
    dtype: str = field(default="auto", metadata={"later": True})
    """Number type of the matrix products: `auto` (the faster one here), `float32` or `bfloat16`."""


def explore(config: ExploreConfig) -> RunRecord:
    """Run the stage, or go on with it; returns its record at once where it was finished before."""
    return run_stage(config, _explore)


def _explore(config: ExploreConfig, settings: dict[str, Any]) -> RunRecord:
    started = time.perf_counter()
    device = choose_device(config.device, config.dtype)
    loaded = load_checkpoint(resolve_start(config.start), device=device)

    def make() -> gymnasium.Env[str, str]:
        return gymnasium.make(config.env_id, **given_once(config.env_kwargs, split="train", progress=True))

    env = make()
    unwrapped: Any = env.unwrapped
    tasks = list(range(len(unwrapped.tasks)))
    random.Random(f"explore/{config.seed}").shuffle(tasks)
    tasks = tasks[: config.tasks]
    env.close()
    specs = [EpisodeSpec(task_id=t, seed=config.seed, sample=k) for t in tasks for k in range(config.samples)]
    kept = Played(config.out, settings)
    missing = [position for position in range(len(specs)) if position not in kept.before]
    mine = share(missing)
    tracker = Tracker(config.out, "explore", len(specs), start=len(kept.before), unit="episode")
    solved = sum(t.success for t in kept.before.values())

    def count(index: int, trajectory: Trajectory) -> None:
        nonlocal solved
        kept.keep(mine[index], trajectory, kept.seconds + time.perf_counter() - started)
        solved += trajectory.success
        tracker.advance(solved=solved)

    engine = CachedEngine(loaded.model, loaded.codec)
    try:
        fresh = engine.run(
            make,
            [specs[position] for position in missing],
            num_envs=config.num_envs,
            temperature=config.temperature,
            seed=config.seed,
            progress=count,
        )
    finally:
        tracker.close()
        kept.close()
    episodes = {**kept.before, **dict(zip(missing, fresh, strict=True))}
    played = [episodes[position] for position in range(len(specs))]
    steps, solved = sum(t.num_steps for t in played), sum(t.success for t in played)
    record = RunRecord(
        kind="explore",
        method="sft",
        env_id=config.env_id,
        env_kwargs=config.env_kwargs,
        seed=config.seed,
        settings=settings,
        machine=describe_computing(device),
        env_steps=steps,
        wall_time_s=kept.seconds + time.perf_counter() - started,
        tokens=sum(len(step.action_ids or ()) for t in played for step in t.steps),
        metrics={"success": solved / len(played), "episodes": len(played), "steps": steps / len(played)},
    )
    if is_main():
        write_jsonl(config.out / "trajectories.jsonl", played)
        record.save(config.out / "record.json")
        kept.clear()
    wait()
    return record


def main() -> None:
    """Run the stage from the command line."""
    import tyro

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    record = explore(tyro.cli(ExploreConfig))
    _log.info("success %.3f over %d episodes", record.metrics["success"], record.metrics["episodes"])


if __name__ == "__main__":
    main()
