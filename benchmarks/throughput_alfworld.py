"""How fast `SPA-ALFWorld-v0` is, beside the real engine: `python benchmarks/throughput.py --env alfworld`.

The first figure goes round the games of a split, the second has a new game every episode. The real engine is measured
twice: as it is shipped, driven as alfworld's users drive it, and as our `engine="textworld"`, which remembers what it
has parsed. Targets: 100,000 steps/s, reset of a known game 50 us, first observation of a cold process 0.7 s, 10,000
environments in 1 GB.
"""

from __future__ import annotations

import importlib.util
import os
import random
import sys
import time
from typing import Any

import gymnasium as gym
from measuring import beside_repository, cold_start, memory_of, reset_times, steps_per_second
from tqdm import tqdm

from spa_gym.core.errors import DataNotFound

__all__ = ["ENV_ID", "ROWS", "measure"]

ENV_ID = "SPA-ALFWorld-v0"


def stock_steps_per_second(seconds: float, **arguments: Any) -> float:
    """The real engine as shipped, on the same games: nothing remembered, restarts included."""
    from spa_gym.envs.alfworld.textworld_engine import RealGame
    from spa_gym.envs.alfworld.writer import game_data

    env = gym.make("SPA-ALFWorld-v0", **arguments)
    rng = random.Random(0)
    steps, begun = 0, time.process_time()
    env.reset(seed=0)
    while True:
        game = RealGame(game_data(env.unwrapped.task.payload), remember=False)  # type: ignore[attr-defined]
        for _ in range(40):
            game.step(rng.choice(game.admissible))
            steps += 1
            if time.process_time() - begun > seconds:
                return steps / (time.process_time() - begun)
            if game.won:
                break
        env.reset()


def measure(seconds: float) -> dict[str, dict[str, float]]:
    """All figures: name of the games -> figure -> value in SI units."""
    data_dir = beside_repository() if "ALFWORLD_DATA" not in os.environ else None
    worlds: dict[str, dict[str, Any]] = {
        "generated official size": {"split": "valid_unseen"},
        "generated small": {"split": "valid_unseen", "size": "small"},
        "official valid_unseen": {"split": "valid_unseen", "source": "official", "data_dir": data_dir},
    }
    real = importlib.util.find_spec("alfworld") is not None and sys.version_info < (3, 13)
    figures: dict[str, dict[str, float]] = {}
    for name, arguments in tqdm(worlds.items(), desc="measuring", leave=False):
        try:
            gym.make("SPA-ALFWorld-v0", **arguments)
        except DataNotFound:
            continue
        row: dict[str, float] = {"steps_per_s": max(steps_per_second(ENV_ID, seconds, **arguments) for _ in range(3))}
        row["steps_per_s_progress"] = steps_per_second(ENV_ID, seconds, progress=True, **arguments)
        row["steps_per_s_new_games"] = steps_per_second(ENV_ID, seconds, 0.0, **{**arguments, "split": "train"})
        row["reset_known_s"], row["reset_new_s"] = reset_times(ENV_ID, **arguments)
        row["cold_start_s"] = cold_start(ENV_ID, **arguments)
        if sys.platform == "linux":
            row["memory_10000_envs_bytes"] = memory_of(ENV_ID, 10_000, **{**arguments, "split": "train"})
        if real:
            row["textworld_steps_per_s"] = steps_per_second(ENV_ID, max(seconds, 5), engine="textworld", **arguments)
            row["stock_steps_per_s"] = stock_steps_per_second(max(seconds, 5), **arguments)
            row["ratio_to_stock"] = row["steps_per_s"] / row["stock_steps_per_s"]
        figures[name] = row
    return figures


ROWS = (
    ("steps_per_s", "steps/s, admissible actions", 1, ",.0f"),
    ("steps_per_s_new_games", "steps/s, a new game every episode", 1, ",.0f"),
    ("steps_per_s_progress", "steps/s with progress=True", 1, ",.0f"),
    ("stock_steps_per_s", "real engine as shipped, steps/s", 1, ",.1f"),
    ("textworld_steps_per_s", 'engine="textworld", steps/s', 1, ",.1f"),
    ("ratio_to_stock", "times the real engine", 1, ",.0f"),
    ("reset_known_s", "reset, known game (us)", 1e6, ",.1f"),
    ("reset_new_s", "reset, new game (us)", 1e6, ",.0f"),
    ("cold_start_s", "cold process to first observation (s)", 1, ".2f"),
    ("memory_10000_envs_bytes", "10,000 environments (MB)", 1e-6, ",.0f"),
)
"""Figure, label, factor and format of each line of the table."""
