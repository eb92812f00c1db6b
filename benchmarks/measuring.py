"""What the throughput benchmarks of all environments measure in the same way: steps, cold starts, new processes.

Steps a second are whole steps through `gymnasium.make`: an action, the observation, the admissible actions of the new
state, the step limit, resets included, per second of processor time on one core (so that a busy machine measures the
same). Cold start is wall time of a whole process.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import gymnasium as gym

import spa_gym  # noqa: F401  (registers the ids)

__all__ = [
    "beside_repository",
    "child",
    "cold_start",
    "memory_of",
    "random_admissible",
    "reset_times",
    "steps_per_second",
    "table",
]

Chooser = Callable[[dict[str, Any], Callable[[], float]], str]
"""Chooses an action from an info and a source of numbers in [0, 1)."""

_COLD = """
import gymnasium, spa_gym
gymnasium.make({env_id!r}, **{arguments!r}).reset(seed=0)
"""
_RESETS = """
import gymnasium, spa_gym, statistics, time
env = gymnasium.make({env_id!r}, **{arguments!r})
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
envs = [gymnasium.make({env_id!r}, **{arguments!r}) for _ in range({count})]
for i, env in enumerate(envs):
    env.reset(seed=i)
    for _ in range(5):
        actions = env.unwrapped._admissible()
        if any(env.step(actions[i % min(7, len(actions))])[2:4]):
            break
print(rss() - before)
"""


def random_admissible(info: dict[str, Any], draw: Callable[[], float]) -> str:
    """One of the admissible actions."""
    actions = info["admissible_actions"]
    return actions[int(draw() * len(actions))]


def steps_per_second(
    env_id: str, seconds: float, warm_up: float = 1.0, choose: Chooser = random_admissible, **arguments: Any
) -> float:
    """Steps through `gymnasium.make`, resets included, per second of processor time; after a warm-up of seconds."""
    env = gym.make(env_id, **arguments)
    draw = random.Random(0).random
    _, info = env.reset(seed=0)
    warm, steps = time.process_time() + warm_up, 0
    begun = end = 0.0
    while True:
        for _ in range(20):
            _, _, terminated, truncated, info = env.step(choose(info, draw))
            steps += 1
            if terminated or truncated:
                _, info = env.reset()
        now = time.process_time()
        if not begun and now > warm:
            begun, end, steps = now, now + seconds, 0
        elif begun and now > end:
            return steps / (now - begun)


def child(
    code: str, arguments: Mapping[str, Any], environment: Mapping[str, str] | None = None, **values: Any
) -> float:
    """The number that a new process prints; `code` is formatted with the arguments and values."""
    done = subprocess.run(
        [sys.executable, "-c", code.format(arguments=dict(arguments), **values)],
        env={**os.environ, "OMP_NUM_THREADS": "1", **(environment or {})}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return float(done.stdout)


def cold_start(env_id: str, *, times: int = 5, environment: Mapping[str, str] | None = None, **arguments: Any) -> float:
    """Best of some: seconds of a whole new process, interpreter included, to its first observation."""
    code = _COLD.format(env_id=env_id, arguments=arguments)
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        subprocess.run(
            [sys.executable, "-c", code], check=True, capture_output=True, env={**os.environ, **(environment or {})}
        )
        taken.append(time.perf_counter() - begun)
    return min(taken)


def reset_times(env_id: str, **arguments: Any) -> tuple[float, float]:
    """Median seconds of a reset to a task that was seen before, and to a new one, in a new process."""
    known, new = (child(_RESETS, arguments, env_id=env_id, known=known) for known in (1, 0))
    return known, new


def memory_of(env_id: str, count: int, **arguments: Any) -> float:
    """Bytes that so many environments take in a new process, each some steps into a random task (Linux)."""
    return child(_MEMORY, arguments, env_id=env_id, count=count)


def beside_repository() -> str | None:
    """The official data beside the repository, or None."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    return str(folder) if folder.is_dir() else None


def table(rows: tuple[tuple[str, str, float, str], ...], figures: Mapping[str, Mapping[str, float]]) -> str:
    """The figures as a Markdown table: a line for each of `rows` (figure, label, factor, format)."""
    lines = ["| | " + " | ".join(figures) + " |", "|---|" + "---:|" * len(figures)]
    for key, label, scale, form in rows:
        cells = [format(row[key] * scale, form) if key in row else "-" for row in figures.values()]
        lines.append(f"| {label} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
