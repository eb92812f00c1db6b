"""Verify generated tasks of VirtualHome, and measure how many a random policy solves.

    python benchmarks/virtualhome_world.py [--tasks 1000 --episodes 2000 --out FILE]

Of each size, tasks of all three splits are solved by the expert in 4 to 30 steps; its program must reach the goal in
our simulator and, where `virtualhome==2.3.0` is installed, in the real one, which reads the house from a written file.
Then a policy that picks any admissible action plays at least so many episodes of 40 steps of each family, on training
tasks. Exit status 1 where a task fails or a family is solved at random in 1 % of its episodes or more.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from gymnasium.error import DependencyNotInstalled
from tqdm import tqdm

from spa_gym.core.atomic import atomic_write_text
from spa_gym.core.tasks import Task
from spa_gym.envs.virtualhome.admissible import AdmissibleActions
from spa_gym.envs.virtualhome.original import load_original
from spa_gym.envs.virtualhome.parser import ActionParser
from spa_gym.envs.virtualhome.simulator import Simulator
from spa_gym.envs.virtualhome.verbs import Command
from spa_gym.envs.virtualhome.world.families import FAMILIES
from spa_gym.envs.virtualhome.world.layout import SIZES
from spa_gym.envs.virtualhome.world.tasks import SPLIT_SIZES, draw_task
from spa_gym.envs.virtualhome.world.verification import LENGTHS, expert_program, problem_in_original, problem_in_ours

_OUT = Path(__file__).parent / "results" / "virtualhome_world.json"
_MAX_STEPS = 40
_EPISODES_A_TASK = 8
_SOLVED_AT_RANDOM = 0.01


def verify(world_seed: int, size: str, count: int, original: bool) -> dict[str, Any]:
    """Verify tasks of all splits, in turns."""
    splits = list(SPLIT_SIZES)
    lengths: dict[str, list[int]] = {family: [] for family in FAMILIES}
    problems, seconds = [], 0.0
    for i in tqdm(range(count), desc=f"verify {size}", disable=None):
        start = time.process_time()
        task = draw_task(world_seed, size, splits[i % len(splits)], i // len(splits))
        seconds += time.process_time() - start
        program = expert_program(task)
        lengths[task.task_type].append(len(program))
        problem = None if len(program) in LENGTHS else f"the expert needs {len(program)} steps"
        problem = problem or problem_in_ours(task, program)
        if original:
            problem = problem or problem_in_original(task, program)
        if problem:
            problems.append(f"{task.payload.source}: {problem}")
    return {
        "tasks": count,
        "verified": count - len(problems),
        "in_the_real_simulator": original,
        "problems": problems,
        "milliseconds_to_build": round(1000 * seconds / count, 2),
        "expert_steps": {
            family: {"least": min(found), "mean": round(statistics.mean(found), 2), "most": max(found)}
            for family, found in lengths.items()
            if found
        },
    }


def play_at_random(task: Task, seed: str) -> bool:
    """Whether a policy that picks any admissible action reaches the goal."""
    payload = task.payload
    simulator, rng, done = Simulator(payload.house), random.Random(seed), 0
    listed, parser = AdmissibleActions(payload.house), ActionParser(payload.house)
    for _ in range(_MAX_STEPS):
        actions = listed.of(simulator)
        command = parser.parse(actions[int(rng.random() * len(actions))], simulator)
        if not isinstance(command, Command) or simulator.execute(command) is not None:
            raise RuntimeError(f"{payload.source}: {command} is listed and not executed")
        done = payload.goal.note(done, command.verb, command.objects)
        if payload.goal.holds(simulator.state, done):
            return True
    return False


def random_success(world_seed: int, size: str, episodes: int) -> dict[str, dict[str, float]]:
    """Episodes and share of solved ones of each family."""
    played: Counter[str] = Counter()
    solved: Counter[str] = Counter()
    with tqdm(total=episodes * len(FAMILIES), desc=f"random {size}", disable=None) as bar:
        index = 0
        while any(played[family] < episodes for family in FAMILIES):
            task = draw_task(world_seed, size, "train", index)
            for repeat in range(_EPISODES_A_TASK if played[task.task_type] < episodes else 0):
                played[task.task_type] += 1
                solved[task.task_type] += play_at_random(task, f"{index}/{repeat}")
                bar.update()
            index += 1
    return {f: {"episodes": played[f], "share": round(solved[f] / played[f], 5)} for f in FAMILIES}


def main() -> int:
    """Verify, play, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=1000, help="tasks of each size that are verified")
    parser.add_argument("--episodes", type=int, default=2000, help="random episodes of each family and size")
    parser.add_argument("--world-seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=_OUT)
    arguments = parser.parse_args()
    try:
        load_original()
        original = True
    except DependencyNotInstalled as reason:
        print(f"without the real simulator: {reason}", file=sys.stderr)
        original = False
    results: dict[str, Any] = {"world_seed": arguments.world_seed}
    failed = False
    for size in SIZES:
        found = verify(arguments.world_seed, size, arguments.tasks, original)
        print(f"{size}: {found['verified']} of {found['tasks']} tasks verified", *found["problems"], sep="\n  ")
        failed |= bool(found["problems"])
        if arguments.episodes:
            shares = found["random_policy"] = random_success(arguments.world_seed, size, arguments.episodes)
            worst = max(shares, key=lambda family: shares[family]["share"])
            print(f"{size}: a random policy solves at most {shares[worst]['share']:.2%} of a family ({worst})")
            failed |= shares[worst]["share"] >= _SOLVED_AT_RANDOM
        results[size] = found
    atomic_write_text(arguments.out, json.dumps(results, indent=2) + "\n")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
