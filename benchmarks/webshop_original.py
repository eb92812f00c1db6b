"""Steps a second of the original WebShop and of `SPA-WebShop-v0`, in turns in one run, on the same products and goals.

    python benchmarks/webshop_original.py --original WebShop --python WebShop/venv/bin/python

`--original` is a checkout of github.com/princeton-nlp/WebShop whose setup.sh has run (1,000 products: their files in
data/, their index in search_engine/indexes_1k/), `--python` an interpreter that imports it. The policy is the same on
both sides: the available actions are asked for before every step; where there is a search bar it searches for the
instruction, elsewhere it clicks one at random; an episode ends with the purchase or after 10 steps, and the next one
has the next synthetic goal. Resets count, imports and the loading of data do not. Steps are divided by seconds of
processor time (all threads, the JVM's included) and of wall time; each side gets the median of its turns.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from measuring import beside_repository, table

from spa_gym.core.atomic import atomic_write_text
from spa_gym.core.run_record import git_commit, package_versions

_OUT = Path(__file__).parent / "results" / "webshop_original.json"
_MAX_STEPS = 10

_LOOP = """
import json, random, resource, sys, time
rng, goal, steps, left = random.Random(0), 0, 0, 0
begun = None
while True:
    if not left:
        reset(goal)
        goal, left = goal + 1, {max_steps}
        now = time.process_time()
        if begun is None and now > started + {warm_up}:
            begun, wall, steps = now, time.perf_counter(), 0
        elif begun is not None and now > begun + {seconds}:
            break
    left = 0 if step(rng) else left - 1
    steps += 1
figures = dict(
    steps_per_s=steps / (time.process_time() - begun),
    steps_per_s_wall=steps / (time.perf_counter() - wall),
    peak_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
)
print("FIGURES " + json.dumps(figures))
"""

_ORIGINAL = """
import sys, time
sys.path.insert(0, ".")
from web_agent_site.envs.web_agent_text_env import WebAgentTextEnv
env = WebAgentTextEnv(observation_mode={mode!r}, num_products=1000, human_goals=0)
started = time.process_time()
def reset(goal):
    env.reset(session=goal % len(env.server.goals))
def step(rng):
    actions = env.get_available_actions()
    if actions["has_search_bar"]:
        return env.step("search[" + env.instruction_text.partition("Instruction: ")[2] + "]")[2]
    return env.step("click[" + rng.choice(actions["clickables"]) + "]")[2]
"""

_OURS = """
import time
import gymnasium, spa_gym
env = gymnasium.make(
    "SPA-WebShop-v0", source="official", data_dir={data_dir!r}, num_products=1000, human_goals=False, split="all",
    observation_mode={mode!r}, max_episode_steps={max_steps},
)
number = len(env.unwrapped.tasks)
started = time.process_time()
def reset(goal):
    global info
    info = env.reset(options=dict(task_id=goal % number))[1]
def step(rng):
    global info
    _, _, terminated, truncated, info = env.step(rng.choice(info["admissible_actions"]))
    return terminated or truncated
"""


def measured(python: str, code: str, folder: Path | None, **values: Any) -> dict[str, float]:
    """The figures that a new process prints.

    Raises:
        SystemExit: It failed; with the end of what it said.
    """
    program = code.format(max_steps=_MAX_STEPS, **values) + _LOOP.format(max_steps=_MAX_STEPS, **values)
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([python, "-c", program], cwd=folder, env=environment, capture_output=True, text=True)
    lines = [line for line in done.stdout.splitlines() if line.startswith("FIGURES ")]
    if done.returncode or not lines:
        sys.exit(f"{python} in {folder or '.'} failed:\n{done.stderr[-2000:]}")
    return json.loads(lines[-1].removeprefix("FIGURES "))


ROWS = (
    ("steps_per_s", "steps/s, processor time", 1, ",.0f"),
    ("steps_per_s_wall", "steps/s, wall time", 1, ",.0f"),
    ("peak_bytes", "peak memory of the process (MB)", 1e-6, ",.0f"),
    ("ratio", "times the original, processor time", 1, ",.0f"),
    ("ratio_wall", "times the original, wall time", 1, ",.0f"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--original", type=Path, required=True, help="checkout of the original, set up")
    parser.add_argument("--python", required=True, help="interpreter that imports the original")
    parser.add_argument("--data-dir", default=beside_repository(), help="the same products for SPA-WebShop-v0")
    parser.add_argument("--modes", nargs="+", default=["text", "html"], help="observation modes")
    parser.add_argument("--seconds", type=float, default=10.0, help="processor time of one turn")
    parser.add_argument("--turns", type=int, default=3, help="turns of each side")
    parser.add_argument("--out", type=Path, default=_OUT, help="where the JSON record goes")
    arguments = parser.parse_args()
    figures: dict[str, dict[str, float]] = {}
    for mode in arguments.modes:
        values = {"mode": mode, "seconds": arguments.seconds, "data_dir": str(arguments.data_dir)}
        turns: dict[str, list[dict[str, float]]] = {"original": [], "ours": []}
        for _ in range(arguments.turns):
            turns["original"].append(measured(arguments.python, _ORIGINAL, arguments.original, warm_up=3, **values))
            turns["ours"].append(measured(sys.executable, _OURS, None, warm_up=1, **values))
        for name, rows in turns.items():
            figures[f"{name}, {mode}"] = {key: statistics.median(row[key] for row in rows) for key in rows[0]}
        theirs, ours = figures[f"original, {mode}"], figures[f"ours, {mode}"]
        ours["ratio"] = ours["steps_per_s"] / theirs["steps_per_s"]
        ours["ratio_wall"] = ours["steps_per_s_wall"] / theirs["steps_per_s_wall"]
    record = {
        "figures": figures,
        "settings": {"seconds": arguments.seconds, "turns": arguments.turns, "max_steps": _MAX_STEPS},
        "machine": {"processor": platform.processor() or platform.machine(), "cores": os.cpu_count()},
        "versions": package_versions(), "commit": git_commit(),
    }  # fmt: skip
    atomic_write_text(arguments.out, json.dumps(record, indent=1) + "\n")
    print(table(ROWS, figures))
    print(f"written to {arguments.out}")


if __name__ == "__main__":
    main()
