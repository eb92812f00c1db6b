"""How fast `SPA-WebShop-v0` is: `python benchmarks/throughput.py --env webshop`.

Random admissible actions search for the instruction, so that searches repeat; "ever new queries" makes every search
one of three random words of the instruction and a number, which no cache helps with. The original cannot be installed
by pip: its speed is the recorded one (50.5 steps per second of processor time with 1,000 products, random policy, one
list of available actions a step, real Lucene; reference of 2026-11-20, two cores); `benchmarks/webshop_original.py`
measures both in one run where an installation of the original is at hand. Targets: 10,000 steps/s, a process below
150 MB, first observation of a cold process 1 s. How all this grows with the catalogue: `benchmarks/webshop_scale.py`.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from typing import Any

import gymnasium as gym
from measuring import beside_repository, child, cold_start, random_admissible, steps_per_second
from tqdm import tqdm

from spa_gym.core.errors import DataNotFound

__all__ = ["ENV_ID", "ROWS", "measure"]

ENV_ID = "SPA-WebShop-v0"

RECORDED_ORIGINAL = 50.5
"""Steps a second of the original, see above."""

_PROCESS = """
import gymnasium, spa_gym
env = gymnasium.make("SPA-WebShop-v0", **{arguments!r})
env.reset(seed=0)
for seed in range(300):
    _, info = env.reset(seed=seed)
    done, step = False, seed
    while not done:
        actions = info["admissible_actions"]
        _, _, terminated, truncated, info = env.step(actions[step * 7919 % len(actions)])
        done, step = terminated or truncated, step + 1
print(next(int(line.split()[1]) * 1024 for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""
_RESETS = """
import gymnasium, spa_gym, statistics, time
env = gymnasium.make("SPA-WebShop-v0", **{arguments!r})
env.reset(seed=0)
times = []
for i in range(500):
    begun = time.perf_counter()
    env.reset(options={{"task_id": i % len(env.unwrapped.tasks)}})
    times.append(time.perf_counter() - begun)
print(statistics.median(times))
"""


def _new_queries(info: dict[str, Any], draw: Callable[[], float]) -> str:
    """Random admissible actions, but every search is a new one."""
    action = random_admissible(info, draw)
    if not action.startswith("search["):
        return action
    words = info["goal"].replace("[", " ").split()
    chosen = " ".join(words[int(draw() * len(words))] for _ in range(3))
    return f"search[{chosen} {int(draw() * 1e9)}]"


def measure(seconds: float) -> dict[str, dict[str, float]]:
    """All figures: name of the shop -> figure -> value in SI units."""
    shops: dict[str, dict[str, Any]] = {
        "generated, 1,000 products": {},
        "generated small, 200 products": {"size": "small"},
        "official, 1,000 products": {"source": "official", "data_dir": beside_repository(), "num_products": 1000},
    }
    figures: dict[str, dict[str, float]] = {}
    for name, arguments in tqdm(shops.items(), desc="measuring", leave=False):
        try:
            gym.make(ENV_ID, **arguments)
        except DataNotFound:
            continue
        row = {"steps_per_s": max(steps_per_second(ENV_ID, seconds, **arguments) for _ in range(3))}
        row["steps_per_s_new_queries"] = steps_per_second(ENV_ID, seconds, choose=_new_queries, **arguments)
        row["steps_per_s_rich"] = steps_per_second(ENV_ID, seconds, observation_mode="text_rich", **arguments)
        row["steps_per_s_html"] = steps_per_second(ENV_ID, seconds, observation_mode="html", **arguments)
        row["steps_per_s_progress"] = steps_per_second(ENV_ID, seconds, progress=True, **arguments)
        row["reset_s"] = child(_RESETS, arguments)
        row["cold_start_s"] = cold_start(ENV_ID, **arguments)
        row["first_start_s"] = min(_first_start(arguments) for _ in range(3))
        if sys.platform == "linux":
            row["process_bytes"] = child(_PROCESS, arguments)
        row["ratio_to_recorded"] = row["steps_per_s"] / RECORDED_ORIGINAL
        figures[name] = row
    return figures


def _first_start(arguments: dict[str, Any]) -> float:
    """Cold start with an empty cache folder: the search index is built, too."""
    with tempfile.TemporaryDirectory() as empty:
        return cold_start(ENV_ID, times=1, environment={**os.environ, "SPA_GYM_CACHE": empty}, **arguments)


ROWS = (
    ("steps_per_s", "steps/s, admissible actions", 1, ",.0f"),
    ("steps_per_s_new_queries", "steps/s, ever new queries", 1, ",.0f"),
    ("steps_per_s_rich", "steps/s, text_rich", 1, ",.0f"),
    ("steps_per_s_html", "steps/s, html", 1, ",.0f"),
    ("steps_per_s_progress", "steps/s with progress=True", 1, ",.0f"),
    ("ratio_to_recorded", f"times the original's recorded {RECORDED_ORIGINAL} steps/s", 1, ",.0f"),
    ("reset_s", "reset (us)", 1e6, ",.0f"),
    ("cold_start_s", "cold process to first observation (s)", 1, ".2f"),
    ("first_start_s", "the same with an empty cache (s)", 1, ".2f"),
    ("process_bytes", "peak memory of the process (MB)", 1e-6, ",.0f"),
)
"""Figure, label, factor and format of each line of the table."""
