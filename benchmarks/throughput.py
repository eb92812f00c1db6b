"""How fast `SPA-ALFWorld-v0` is, beside the real engine in the same run.

    python benchmarks/throughput.py [--seconds 3] [--out benchmarks/results/alfworld_throughput.json]

Steps a second are whole steps through `gymnasium.make`: a random admissible action, the observation, the admissible
actions of the new state, the step limit, resets included, per second of processor time on one core (so that a busy
machine measures the same). The first figure goes round the games of a split, the second has a new game every episode.
The real engine is measured twice: as it is shipped, driven as alfworld's users drive it, and as our
`engine="textworld"`, which remembers what it has parsed. Cold start is wall time of a whole process. Targets: 100,000
steps/s, reset of a known game 50 us, first observation of a cold process 0.7 s, 10,000 environments in 1 GB.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import gymnasium as gym
from tqdm import tqdm

import spa_gym
from spa_gym.core.atomic import atomic_write_text
from spa_gym.core.errors import DataNotFound

_OUT = Path(__file__).parent / "results" / "alfworld_throughput.json"
_COLD = """
import gymnasium, spa_gym
gymnasium.make("SPA-ALFWorld-v0", **{arguments!r}).reset(seed=0)
"""
_RESETS = """
import gymnasium, spa_gym, statistics, time
env = gymnasium.make("SPA-ALFWorld-v0", **{arguments!r})
times = ([], [])
for known in (0, 1, 1, 1):
    for i in range(100):
        begun = time.perf_counter()
        env.reset(options={{"task_id": i}})
        times[known].append(time.perf_counter() - begun)
print(statistics.median(times[{known}]))
"""
_MEMORY = """
import gymnasium, spa_gym
def rss():
    for line in open("/proc/self/status"):
        if line.startswith("VmRSS"):
            return int(line.split()[1]) * 1024
before = rss()
envs = [gymnasium.make("SPA-ALFWorld-v0", **{arguments!r}) for _ in range(10_000)]
for i, env in enumerate(envs):
    env.reset(seed=i)
    for _ in range(5):
        env.step(env.unwrapped._admissible()[i % 7])
print(rss() - before)
"""


def steps_per_second(seconds: float, warm_up: float = 1.0, **arguments: Any) -> float:
    """Random admissible actions through `gymnasium.make`, resets included, per second of processor time."""
    env = gym.make("SPA-ALFWorld-v0", **arguments)
    rng = random.Random(0)
    draw = rng.random
    _, info = env.reset(seed=0)
    warm, steps = time.process_time() + warm_up, 0
    begun = end = 0.0
    while True:
        for _ in range(20):
            actions = info["admissible_actions"]
            _, _, terminated, truncated, info = env.step(actions[int(draw() * len(actions))])
            steps += 1
            if terminated or truncated:
                _, info = env.reset()
        now = time.process_time()
        if not begun and now > warm:
            begun, end, steps = now, now + seconds, 0
        elif begun and now > end:
            return steps / (now - begun)


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


def _child(code: str, arguments: dict[str, Any], **values: Any) -> float:
    """What a new process prints."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code.format(arguments=arguments, **values)],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return float(done.stdout)


def cold_start(**arguments: Any) -> float:
    """Best of 5: seconds of a whole new process, interpreter included, to its first observation."""
    code, times = _COLD.format(arguments=arguments), []
    for _ in range(5):
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
        times.append(time.perf_counter() - begun)
    return min(times)


def measure(seconds: float) -> dict[str, dict[str, float]]:
    """All figures: name of the games -> figure -> value in SI units."""
    worlds: dict[str, dict[str, Any]] = {
        "generated official size": {"split": "valid_unseen"},
        "generated small": {"split": "valid_unseen", "size": "small"},
        "official valid_unseen": {"split": "valid_unseen", "source": "official", "data_dir": _data_dir()},
    }
    real = importlib.util.find_spec("alfworld") is not None and sys.version_info < (3, 13)
    figures: dict[str, dict[str, float]] = {}
    for name, arguments in tqdm(worlds.items(), desc="measuring", leave=False):
        try:
            gym.make("SPA-ALFWorld-v0", **arguments)
        except DataNotFound:
            continue
        row: dict[str, float] = {"steps_per_s": max(steps_per_second(seconds, **arguments) for _ in range(3))}
        row["steps_per_s_progress"] = steps_per_second(seconds, progress=True, **arguments)
        row["steps_per_s_new_games"] = steps_per_second(seconds, 0.0, **{**arguments, "split": "train"})
        row["reset_known_s"], row["reset_new_s"] = (_child(_RESETS, arguments, known=known) for known in (1, 0))
        row["cold_start_s"] = cold_start(**arguments)
        if sys.platform == "linux":
            row["memory_10000_envs_bytes"] = _child(_MEMORY, {**arguments, "split": "train"})
        if real:
            row["textworld_steps_per_s"] = steps_per_second(max(seconds, 5), engine="textworld", **arguments)
            row["stock_steps_per_s"] = stock_steps_per_second(max(seconds, 5), **arguments)
            row["ratio_to_stock"] = row["steps_per_s"] / row["stock_steps_per_s"]
        figures[name] = row
    return figures


def _data_dir() -> str | None:
    """The official games beside the repository where the environment variables name none."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    return str(beside) if beside.is_dir() and "ALFWORLD_DATA" not in os.environ else None


_ROWS = (
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


def table(figures: dict[str, dict[str, float]]) -> str:
    """The figures as a Markdown table."""
    lines = ["| | " + " | ".join(figures) + " |", "|---|" + "---:|" * len(figures)]
    for key, label, scale, form in _ROWS:
        cells = [format(row[key] * scale, form) if key in row else "-" for row in figures.values()]
        lines.append(f"| {label} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3.0, help="length of one measurement")
    parser.add_argument("--out", type=Path, default=_OUT, help="where the JSON record goes")
    arguments = parser.parse_args()
    figures = measure(arguments.seconds)
    record = {
        "figures": figures,
        "machine": {"processor": platform.processor() or platform.machine(), "cores": os.cpu_count()},
        "versions": {"python": platform.python_version(), "gymnasium": gym.__version__, "spa_gym": spa_gym.__version__},
    }
    atomic_write_text(arguments.out, json.dumps(record, indent=1) + "\n")
    print(table(figures))
    print(f"written to {arguments.out}")


if __name__ == "__main__":
    main()
