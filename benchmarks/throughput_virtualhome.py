"""How fast `SPA-VirtualHome-v0` is, beside the real simulator: `python benchmarks/throughput.py --env virtualhome`.

The real simulator (`pip install --no-deps virtualhome==2.3.0`) is given the commands that random admissible play in our
environment came to, in the same houses, and is timed twice: executing alone (in place, its fastest way), and with the
graph read out after every step (`to_dict`, which any text about the state needs; SPA's environment calls it three
times). Ours is timed with everything: parsing, observation, admissible actions, goal. SPA's environment itself took 17
to 18 ms a step (57 steps/s) and 784 ms a reset, recorded elsewhere. Targets: 10,000 steps/s, reset of a known house 100
us, 10,000 environments in 1 GB.
"""

from __future__ import annotations

import random
import sys
import time
from typing import Any

import gymnasium as gym
from gymnasium.error import DependencyNotInstalled
from measuring import beside_repository, cold_start, memory_of, random_admissible, reset_times, steps_per_second
from tqdm import tqdm

from spa_gym.core.errors import DataNotFound

__all__ = ["ENV_ID", "ROWS", "measure"]

ENV_ID = "SPA-VirtualHome-v0"
_EPISODE = 40


def _played(seconds: float, **arguments: Any) -> list[tuple[Any, list[Any]]]:
    """Houses, and the commands of an episode of random admissible play in each."""
    env = gym.make(ENV_ID, **arguments)
    bare: Any = env.unwrapped
    rng, episodes, end = random.Random(0), [], time.process_time() + seconds
    while time.process_time() < end:
        _, info = env.reset(seed=len(episodes))
        commands = []
        for _ in range(_EPISODE):
            action = random_admissible(info, rng.random)
            commands.append(bare._words.parser.parse(action, bare._sim))
            _, _, terminated, truncated, info = env.step(action)
            if terminated or truncated:
                break
        episodes.append((bare.task.payload.house, commands))
    return episodes


def original_steps_per_second(seconds: float, read_out: bool, **arguments: Any) -> float:
    """The real simulator's steps per second of processor time, without its start-up for each house."""
    from spa_gym.envs.virtualhome.original import RealHouse

    steps, spent = 0, 0.0
    for house, commands in _played(seconds / 20, **arguments):
        real = RealHouse(house, "eai")
        begun = time.process_time()
        for command in commands:
            real.execute(command)
            if read_out:
                real.state.to_dict()
        spent += time.process_time() - begun
        steps += len(commands)
        if spent > seconds:
            break
    return steps / spent


def measure(seconds: float) -> dict[str, dict[str, float]]:
    """All figures: name of the houses -> figure -> value in SI units."""
    data_dir = beside_repository()
    worlds: dict[str, dict[str, Any]] = {
        "generated official size": {"split": "valid_unseen"},
        "generated small": {"split": "valid_unseen", "size": "small"},
        "official scenes": {"split": "valid_unseen", "source": "official", "data_dir": data_dir},
    }
    figures: dict[str, dict[str, float]] = {}
    for name, arguments in tqdm(worlds.items(), desc="measuring", leave=False):
        try:
            gym.make(ENV_ID, **arguments)
        except DataNotFound:
            continue
        row: dict[str, float] = {"steps_per_s": max(steps_per_second(ENV_ID, seconds, **arguments) for _ in range(3))}
        row["steps_per_s_new_tasks"] = steps_per_second(ENV_ID, seconds, 0.0, **{**arguments, "split": "train"})
        row["steps_per_s_progress"] = steps_per_second(ENV_ID, seconds, progress=True, **arguments)
        row["reset_known_s"], row["reset_new_s"] = reset_times(ENV_ID, **arguments)
        row["cold_start_s"] = cold_start(ENV_ID, **arguments)
        if sys.platform == "linux":
            row["memory_10000_envs_bytes"] = memory_of(ENV_ID, 10_000, **{**arguments, "split": "train"})
        try:
            row["original_steps_per_s"] = original_steps_per_second(max(seconds, 5), False, **arguments)
            row["original_read_steps_per_s"] = original_steps_per_second(max(seconds, 5), True, **arguments)
        except DependencyNotInstalled:
            pass
        else:
            row["ratio_to_original"] = row["steps_per_s"] / row["original_steps_per_s"]
            row["ratio_to_read"] = row["steps_per_s"] / row["original_read_steps_per_s"]
        row["ratio_to_spa_recorded"] = row["steps_per_s"] / 57
        figures[name] = row
    return figures


ROWS = (
    ("steps_per_s", "steps/s, observation and admissible actions", 1, ",.0f"),
    ("steps_per_s_new_tasks", "steps/s, a new task every episode", 1, ",.0f"),
    ("steps_per_s_progress", "steps/s with progress=True", 1, ",.0f"),
    ("original_steps_per_s", "real simulator, executing alone, steps/s", 1, ",.0f"),
    ("original_read_steps_per_s", "real simulator, graph read out, steps/s", 1, ",.0f"),
    ("ratio_to_original", "times the real simulator, executing alone", 1, ",.0f"),
    ("ratio_to_read", "times the real simulator, graph read out", 1, ",.0f"),
    ("ratio_to_spa_recorded", "times SPA's recorded 57 steps/s", 1, ",.0f"),
    ("reset_known_s", "reset, known house (us)", 1e6, ",.0f"),
    ("reset_new_s", "reset, new house (us)", 1e6, ",.0f"),
    ("cold_start_s", "cold process to first observation (s)", 1, ".2f"),
    ("memory_10000_envs_bytes", "10,000 environments (MB)", 1e-6, ",.0f"),
)
"""Figure, label, factor and format of each line of the table."""
