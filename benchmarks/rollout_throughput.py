"""How fast rollouts are: the cached engine beside Hugging Face ``generate`` in the same run.

    python benchmarks/rollout_throughput.py [--start household] [--episodes 64] [--out benchmarks/results/...json]

Episodes of `SPA-ALFWorld-v0` (generated rooms) are played by a checkpoint, sampled at temperature 1, by every engine
with the same weights, tasks, number of environments and step limit. Environment steps and sampled tokens are counted
per second of processor time of this process on one thread, environment and tokenisation included, so that a busy
machine measures the same. Target: 5 times `generate`.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium
import torch

import spa_gym  # noqa: F401  (registers the environments)
from spa_gym.baselines.models.checkpoint import load_checkpoint
from spa_gym.baselines.models.shipped import resolve_start
from spa_gym.baselines.models.tiny import count_parameters
from spa_gym.baselines.rollout.engine_cached import CachedEngine
from spa_gym.baselines.rollout.engine_generate import GenerateEngine
from spa_gym.baselines.rollout.protocol import EpisodeSpec, RolloutEngine
from spa_gym.core.atomic import atomic_write_text

_OUT = Path(__file__).parent / "results" / "rollout_throughput.json"


def measure(engine: RolloutEngine, make_env: Callable[[], gymnasium.Env], args: argparse.Namespace) -> dict[str, float]:
    """Plays the episodes once and returns rates."""
    specs = [EpisodeSpec(task_id=i, seed=i) for i in range(args.episodes)]
    settings = {"num_envs": args.num_envs, "max_action_tokens": args.max_action_tokens}
    engine.run(make_env, specs[:2], **settings)
    begun, wall = time.process_time(), time.perf_counter()
    played = engine.run(make_env, specs, **settings)
    seconds, wall = time.process_time() - begun, time.perf_counter() - wall
    steps = sum(trajectory.num_steps for trajectory in played)
    tokens = sum(len(step.action_ids or ()) for trajectory in played for step in trajectory.steps)
    return {
        "steps": steps,
        "steps_per_cpu_second": steps / seconds,
        "sampled_tokens_per_cpu_second": tokens / seconds,
        "cpu_seconds": seconds,
        "wall_seconds": wall,
        "success": sum(trajectory.success for trajectory in played) / len(played),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--start", default="household", help="shipped checkpoint or folder")
    parser.add_argument("--size", default="small", help="size of the rooms: official or small")
    parser.add_argument("--episodes", type=int, default=64)
    parser.add_argument("--num-envs", type=int, default=64)
    parser.add_argument("--max-steps", type=int, default=40, help="step limit of an episode")
    parser.add_argument("--max-action-tokens", type=int, default=16)
    parser.add_argument("--out", type=Path, default=_OUT)
    args = parser.parse_args()
    torch.set_num_threads(1)
    loaded = load_checkpoint(resolve_start(args.start))

    def make_env() -> gymnasium.Env:
        return gymnasium.make("SPA-ALFWorld-v0", size=args.size, max_episode_steps=args.max_steps)

    model: Any = loaded.model
    engines: dict[str, RolloutEngine] = {
        "cached, own forward, bf16": CachedEngine(model, loaded.codec, dtype=torch.bfloat16),
        "cached, own forward, fp32": CachedEngine(model, loaded.codec),
        "cached, Hugging Face forward, fp32": CachedEngine(model, loaded.codec, fast=False),
        "generate, fp32": GenerateEngine(model, loaded.codec),
    }
    rows = {name: measure(engine, make_env, args) for name, engine in engines.items()}
    slowest = rows["generate, fp32"]["steps_per_cpu_second"]
    print(f"{'engine':36} {'steps/s':>9} {'tokens/s':>9} {'x generate':>10}")
    for name, row in rows.items():
        row["times_generate"] = row["steps_per_cpu_second"] / slowest
        rates = (row["steps_per_cpu_second"], row["sampled_tokens_per_cpu_second"], row["times_generate"])
        print(f"{name:36} {rates[0]:9.0f} {rates[1]:9.0f} {rates[2]:10.1f}")
    record = {
        "settings": {k: v for k, v in vars(args).items() if k not in ("out", "start")},
        "checkpoint": {"name": Path(args.start).name, "width": model.config.hidden_size},
        "parameters": count_parameters(model),
        "machine": {"processor": platform.processor() or platform.machine(), "torch": torch.__version__, "threads": 1},
        "engines": rows,
    }
    atomic_write_text(args.out, json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main()
