"""Compare our ALFWorld engine with the real one over many games, step by step.

    python benchmarks/parity.py --steps 20000 [--out benchmarks/results/alfworld_parity.json]

Every game is walked twice (at random, and after the expert with disturbances); observation, admissible commands,
executed and won are compared after every step. Generated games of both sizes and, where the data are, official games
(their files as they are in 2.1.2, as we write them in 2.1.1) take turns. Exit status 1 where anything differs.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

from tqdm import tqdm

from spa_gym.core.atomic import atomic_write_text
from spa_gym.core.errors import DataNotFound
from spa_gym.envs.alfworld.data_folder import find_data
from spa_gym.envs.alfworld.game import Game
from spa_gym.envs.alfworld.generated import generated_tasks
from spa_gym.envs.alfworld.official import official_tasks
from spa_gym.envs.alfworld.parity import ParityError, compare_game

_OUT = Path(__file__).parent / "results" / "alfworld_parity.json"


def generated(size: str) -> Iterator[tuple[str, Game, str, dict[str, Any] | None]]:
    """Generated games in both grammars by turns."""
    tasks = generated_tasks(0, size, "valid_unseen")
    for i in count():
        grammar = ("2.1.2", "2.1.1")[i % 2]
        yield f"generated {size} {grammar}", tasks[i % len(tasks)].payload, grammar, None


def official(data_dir: str | None) -> Iterator[tuple[str, Game, str, dict[str, Any] | None]]:
    """Official valid_unseen games in both grammars by turns, in an order that mixes task types."""
    folder = find_data(data_dir)
    tasks = official_tasks("valid_unseen", data_dir)
    files = {raw.path: raw.game for raw in folder.read(("valid_unseen",))}
    order = list(range(len(tasks)))
    random.Random(0).shuffle(order)
    for i in count():
        game = tasks[order[i % len(order)]].payload
        grammar = ("2.1.2", "2.1.1")[i % 2]
        yield f"official {grammar}", game, grammar, json.loads(files[game.source]) if grammar == "2.1.2" else None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=20_000, help="how many steps to compare")
    parser.add_argument("--data-dir", default=None, help="official games; default: the environment variables")
    parser.add_argument("--stock", action="store_true", help="the real engine as shipped: 10 times slower")
    parser.add_argument("--out", type=Path, default=_OUT, help="where the JSON record goes")
    arguments = parser.parse_args()
    sources = [generated("small"), generated("official")]
    try:
        find_data(arguments.data_dir)
        sources.append(official(arguments.data_dir))
    except DataNotFound as error:
        print(f"without official games: {error}", file=sys.stderr)
    rng, begun = random.Random(0), time.perf_counter()
    compared: Counter[str] = Counter()
    games: Counter[str] = Counter()
    differences: list[str] = []
    with tqdm(total=arguments.steps, unit="step") as bar:
        for turn in count():
            name, game, grammar, data = next(sources[turn % len(sources)])
            try:
                steps = compare_game(game, rng, grammar=grammar, data=data, steps=100, remember=not arguments.stock)
            except ParityError as error:
                differences.append(str(error))
                steps = 0
            compared[name] += steps
            games[name] += 1
            bar.update(steps)
            if compared.total() >= arguments.steps:
                break
    record = {
        "steps_compared": compared.total(),
        "games": games.total(),
        "differences": differences,
        "steps_by_source": dict(compared),
        "games_by_source": dict(games),
        "stock": arguments.stock,
        "seconds": round(time.perf_counter() - begun, 1),
    }
    atomic_write_text(arguments.out, json.dumps(record, indent=1) + "\n")
    print(f"{compared.total():,} steps of {games.total()} games compared, {len(differences)} differences")
    for name in compared:
        print(f"  {name}: {compared[name]:,} steps, {games[name]} games")
    print("\n".join(differences[:10]))
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
