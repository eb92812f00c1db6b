"""The whole pipeline at a size of seconds: one layer of width 32, episodes of six steps."""

from __future__ import annotations

import os
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium
import pytest

import spa_gym  # noqa: F401  (registers the ids)
from spa_gym.baselines.training import pretrain as pretrain_module
from spa_gym.baselines.training.explore import ExploreConfig
from spa_gym.baselines.training.pretrain_config import PretrainConfig
from spa_gym.baselines.training.recipes import RECIPES
from spa_gym.baselines.training.resume import plain_settings
from spa_gym.baselines.training.sft import SFTConfig
from spa_gym.baselines.training.sources import Source
from spa_gym.baselines.training.train import TrainConfig
from spa_gym.core.run_record import RunRecord
from spa_gym.core.trajectory import Step, Trajectory, write_jsonl

__all__ = [
    "DEVICE",
    "KWARGS",
    "explored",
    "made_up_exploration",
    "ppo_config",
    "pretrain_config",
    "sft_config",
    "small_pools",
    "tiny_pretraining",
]

DEVICE = os.environ.get("SPA_GYM_TEST_DEVICE", "cpu")
"""Where the stages compute: `SPA_GYM_TEST_DEVICE=cuda make test ARGS=tests/baselines` tries them all on a GPU."""
KWARGS: dict[str, Any] = {"size": "small", "max_episode_steps": 6}


def small_pools(patch: pytest.MonkeyPatch) -> None:
    """Few transcripts at a time."""
    patch.setattr(pretrain_module, "_POOL", 12)


def pretrain_config(out: Path, **changes: Any) -> PretrainConfig:
    """The shipped recipe, at a size of seconds."""
    source = Source(env_kwargs={"size": "small"}, explore=0.5, worlds=2)
    tiny = replace(
        RECIPES["household"],
        sources=(source,),
        tokens=20_000,
        batch_tokens=1500,
        hidden=32,
        layers=1,
        heads=1,
        vocab_size=1100,
        text_episodes=30,
        evaluate=(),
        device=DEVICE,
        out=out,
    )
    return replace(tiny, **changes)


def tiny_pretraining(recipe: str, out: Path) -> RunRecord:
    """A shipped recipe with its tokenizer and view, on two worlds, a model of one layer."""
    shipped = RECIPES[recipe]
    config = replace(
        shipped,
        sources=(replace(shipped.sources[0], worlds=2),),
        tokens=8_000,
        text_episodes=60,
        hidden=32,
        layers=1,
        heads=1,
        evaluate=(),
        device=DEVICE,
        out=out,
    )
    with pytest.MonkeyPatch.context() as patch:
        small_pools(patch)
        return pretrain_module.pretrain(config)


def sft_config(start: Path, out: Path, **changes: Any) -> SFTConfig:
    """Eight demonstrations, read once."""
    config = SFTConfig(
        start=str(start),
        out=out,
        env_kwargs={"size": "small"},
        demonstrations=8,
        epochs=1,
        batch_episodes=4,
        evaluate=(),
        device=DEVICE,
    )
    return replace(config, **changes)


def ppo_config(start: Path, out: Path, **changes: Any) -> TrainConfig:
    """Two iterations of six episodes of six steps."""
    config = TrainConfig(
        start=str(start),
        out=out,
        env_kwargs=KWARGS,
        env_steps=70,
        episodes=6,
        minibatch=3,
        epochs=1,
        critic_warmup=1,
        evaluate_every=2,
        evaluate_tasks=2,
        final_splits=(),
        num_envs=6,
        device=DEVICE,
    )
    return replace(config, **changes)


def explored(tasks: int = 8, env_id: str = "SPA-ALFWorld-v0") -> list[Trajectory]:
    """Episodes that somebody explored: each task solved once by the expert, and once not by somebody at random."""
    env = gymnasium.make(env_id, size="small", progress=True)
    bare: Any = env.unwrapped
    made = []
    for task in range(tasks):
        for expert in (True, False):
            rng = random.Random(task)
            observation, info = env.reset(options={"task_id": task})
            plan, steps, done, terminated, truncated = list(bare.expert()), [], False, False, False
            while not done:
                action = plan[len(steps)] if expert else rng.choice(info["admissible_actions"])
                seen = observation
                observation, reward, terminated, truncated, info = env.step(action)
                steps.append(Step(seen, action, float(reward), info["grounded"], info["progress"]))
                done = terminated or truncated or len(steps) == 8
            made.append(
                Trajectory(
                    env_id,
                    info["task_id"],
                    info["task_type"],
                    info["goal"],
                    tuple(steps),
                    observation,
                    terminated,
                    not terminated,
                    info["score"],
                    info["success"],
                )
            )
    return made


def made_up_exploration(config: TrainConfig, *, tasks: int, samples: int) -> list[Trajectory]:
    """Lay the exploration of a method out as if it had been done: an untrained policy would solve nothing."""
    explore = ExploreConfig(
        start=config.start,
        out=config.out / "explore",
        env_id=config.env_id,
        env_kwargs=config.env_kwargs,
        tasks=tasks,
        samples=samples,
        seed=config.seed,
        device=config.device,
    )
    played = explored(env_id=config.env_id)
    write_jsonl(explore.out / "trajectories.jsonl", played)
    record = RunRecord("explore", "sft", config.env_id, settings=plain_settings(explore))
    record.env_steps = sum(t.num_steps for t in played)
    record.save(explore.out / "record.json")
    return played
