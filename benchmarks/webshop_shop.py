"""How the generated shops compare with the official 1,000 products: words a page, and what simple agents earn.

    python benchmarks/webshop_shop.py [--tasks 500] [--data-dir DIR] [--out benchmarks/results/webshop_shop.json]

Agents: `random` does any admissible action; `first` searches the instruction, takes the first result and buys it;
`shopper` is the demonstrator, which knows only what it has seen; `expert` knows the goal. Ten steps each. Generated
shops are played on their test split and, up to the number of tasks, on train; of the official synthetic goals every
n-th is played. Without official data their column is left out.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gymnasium as gym
from tqdm import tqdm

from spa_gym.core.atomic import atomic_write_text
from spa_gym.core.errors import DataNotFound
from spa_gym.core.run_record import git_commit, package_versions
from spa_gym.envs.webshop.env import WebShopEnv

_OUT = Path(__file__).parent / "results" / "webshop_shop.json"
_GENERATED = (("generated", "official"), ("generated small", "small"))
_AGENTS = ("random", "first", "shopper", "expert")
_PAGES = ("start", "results", "item", "description", "features")

Act = Callable[[str, dict[str, Any]], str]
"""Observation and info -> action; made anew for each episode."""


def random_agent(env: WebShopEnv, rng: random.Random) -> Act:
    return lambda _, info: rng.choice(info["admissible_actions"])


def first_result(env: WebShopEnv, rng: random.Random) -> Act:
    def act(_: str, info: dict[str, Any]) -> str:
        clicks = info["admissible_actions"]
        if any(action.startswith("search[") for action in clicks):
            return f"search[{info['goal']}]"
        if "click[buy now]" in clicks:
            return "click[buy now]"
        return next(
            action for action in clicks if env.shop.catalogue.index_of(action[len("click[") : -1].upper()) is not None
        )

    return act


def expert(env: WebShopEnv, rng: random.Random) -> Act:
    return lambda observation, info: next(iter(env.expert()))


_PLAYERS: dict[str, Callable[[WebShopEnv, random.Random], Act]] = {
    "random": random_agent,
    "first": first_result,
    "expert": expert,
}


def play(env: gym.Env[str, str], task: int, agent: str, rng: random.Random) -> tuple[float, bool, int]:
    """Score, success and steps of an episode."""
    shop: Any = env.unwrapped
    observation, info = env.reset(options={"task_id": task})
    shopper = shop.demonstrator() if agent == "shopper" else None
    act = _PLAYERS[agent](shop, rng) if shopper is None else None
    terminated = truncated = False
    steps = 0
    while not (terminated or truncated):
        action = shopper.act() if shopper is not None else act(observation, info) if act is not None else ""
        observation, _, terminated, truncated, info = env.step(action)
        if shopper is not None:
            shopper.observe(action, observation)
        steps += 1
    return info["score"], info["success"], steps


def found_first(env: WebShopEnv, tasks: list[int]) -> float:
    """Share of goals whose own product is the first result of searching the instruction."""
    goals = [env.tasks[task].payload for task in tasks]
    first = [env.shop.search(goal.instruction_text.lower())[:1] for goal in goals]
    places = [env.shop.catalogue.index_of(goal.asin) for goal in goals]
    return statistics.mean(found == (place,) for found, place in zip(first, places, strict=True))


def page_words(env: gym.Env[str, str], tasks: list[int]) -> Iterator[tuple[str, int]]:
    """Kind of page and its words, for the pages on the way to the goal's product."""
    for task in tasks:
        observation, info = env.reset(options={"task_id": task})
        yield "start", len(observation.split())
        observation, *_ = env.step(f"search[{info['goal']}]")
        yield "results", len(observation.split())
        results = [action for action in env.step("?")[4]["admissible_actions"] if action.startswith("click[")]
        product = next((action for action in results if " " not in action), None)
        if product is None:
            continue
        observation, *_ = env.step(product)
        yield "item", len(observation.split())
        for page in ("description", "features"):
            observation, *_ = env.step(f"click[{page}]")
            yield page, len(observation.split())
            env.step("click[< prev]")


def measure(make: Callable[[str], gym.Env[str, str]], splits: tuple[str, ...], count: int, name: str) -> dict[str, Any]:
    """All figures of one shop; agents are played on the first split and, the shopper also, on the others."""
    figures: dict[str, Any] = {"agents": {}}
    for split in splits:
        env = make(split)
        shop: Any = env.unwrapped
        every = max(1, len(shop.tasks) // count)
        tasks = list(range(0, len(shop.tasks), every))[:count]
        figures["agents"][split] = {}
        for agent in _AGENTS:
            rng = random.Random(0)
            played = [
                play(env, task, agent, rng) for task in tqdm(tasks, desc=f"{name}, {split}, {agent}", leave=False)
            ]
            scores, successes, steps = zip(*played, strict=True)
            figures["agents"][split][agent] = {
                "score": round(statistics.mean(scores), 4),
                "success": round(statistics.mean(successes), 4),
                "steps": round(statistics.mean(steps), 3),
                "episodes": len(tasks),
            }
        figures["agents"][split]["own product first"] = round(found_first(shop, tasks), 4)
        if split == splits[0]:
            words: dict[str, list[int]] = {page: [] for page in _PAGES}
            for page, number in page_words(env, tasks[:200]):
                words[page].append(number)
            figures["words"] = {page: round(statistics.mean(numbers), 1) for page, numbers in words.items()}
            figures["products"] = len(shop.shop.catalogue)
    return figures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=500, help="episodes of each agent in each split, at most")
    parser.add_argument("--data-dir", default=None, help="official data; default: $SPA_GYM_DATA")
    parser.add_argument("--out", type=Path, default=_OUT, help="where the JSON record goes")
    arguments = parser.parse_args()
    shops = {
        name: measure(
            lambda split, size=size: gym.make("SPA-WebShop-v0", size=size, split=split, max_episode_steps=10),
            ("test", "train"),
            arguments.tasks,
            name,
        )
        for name, size in _GENERATED
    }
    try:
        shops["official, synthetic goals"] = measure(
            lambda split: gym.make(
                "SPA-WebShop-v0", source="official", split=split, data_dir=arguments.data_dir, human_goals=False
            ),
            ("all",),
            arguments.tasks,
            "official",
        )
    except DataNotFound as error:
        print(f"without official data: {error}", file=sys.stderr)
    record = {"shops": shops, "git_commit": git_commit(), "versions": package_versions()}
    atomic_write_text(arguments.out, json.dumps(record, indent=1) + "\n")
    print(f"{'words a page':28}" + "".join(f"{page:>13}" for page in _PAGES))
    for name, figures in shops.items():
        print(f"{name:28}" + "".join(f"{figures['words'][page]:13.1f}" for page in _PAGES))
    print(
        f"\n{'score / success':28}{'split':>6}" + "".join(f"{agent:>16}" for agent in _AGENTS) + "   own product first"
    )
    for name, figures in shops.items():
        for split, agents in figures["agents"].items():
            cells = (f"{agents[agent]['score']:.3f} / {agents[agent]['success']:.3f}" for agent in _AGENTS)
            line = "".join(f"{cell:>16}" for cell in cells)
            print(f"{name:28}{split:>6}{line}{agents['own product first']:20.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
