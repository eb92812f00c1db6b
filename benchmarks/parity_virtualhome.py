"""Compare our VirtualHome simulator with the real one over many steps: outcome and full graph after every command.

    pip install --no-deps virtualhome==2.3.0
    python benchmarks/parity_virtualhome.py [--steps 20000] [--data-dir DIR] [--raw-order]

Both fidelities take turns, and so do disturbed recorded programs and random walks, in the seven scenes, in the graphs
of the EAI and activity tasks, and in generated houses. `--raw-order` leaves the real one's set order (defect k) as it
is: then some walks end in a difference, and the record says how many. Exit status 1 where anything differs.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from tqdm import tqdm

from spa_gym.core.atomic import atomic_write_text
from spa_gym.core.errors import DataNotFound
from spa_gym.envs.virtualhome.house import House
from spa_gym.envs.virtualhome.official.data_folder import DataFolder, find_folder
from spa_gym.envs.virtualhome.official.library import Library
from spa_gym.envs.virtualhome.official.scene_file import read_compact_scenes
from spa_gym.envs.virtualhome.official.task_file import TaskFile
from spa_gym.envs.virtualhome.original import RealHouse
from spa_gym.envs.virtualhome.parity import ParityError, compare
from spa_gym.envs.virtualhome.verbs import VERBS, Command
from spa_gym.envs.virtualhome.world.generated import generated_tasks

_OUT = Path(__file__).parent / "results" / "virtualhome_parity.json"
_FIDELITIES = ("2.3.0", "eai")
_WALK = 100
"""Greatest number of commands in one walk."""

Start = tuple[House, tuple[Command, ...]]
"""A house, and a program that was recorded in it or none."""


def scenes(folder: DataFolder) -> Iterator[Start]:
    """The official scenes, again and again."""
    houses = [build() for build in read_compact_scenes(folder.scenes).values()]
    for i in count():
        yield houses[i % len(houses)], ()


def records(folder: DataFolder, name: str) -> Iterator[Start]:
    """The graphs and programs of a task file, in an order that mixes activities."""
    library, file = Library(folder), TaskFile(folder.task_file(name))
    for number in random.Random(name).sample(file.numbers, len(file)):
        prepared = library.prepare(file.read(number), file.where(number), str(number))
        yield prepared.house, prepared.program


def generated(size: str) -> Iterator[Start]:
    """Generated houses, with the expert's programs."""
    tasks = generated_tasks(0, size, "valid_unseen")
    for i in count():
        payload = tasks[i % len(tasks)].payload
        yield payload.house, payload.program


@dataclass
class Totals:
    """What was compared so far."""

    by_fidelity: dict[str, Counter[str]] = field(default_factory=lambda: {name: Counter() for name in _FIDELITIES})
    """Verb -> executed commands, and `"failed"` -> the others."""
    by_source: Counter[str] = field(default_factory=Counter)
    walks: int = 0
    differences: list[str] = field(default_factory=list)

    def play(self, source: str, start: Start, turn: int, ordered: bool) -> None:
        """All walks from one start: the program, if there is one, and a random walk, in both fidelities."""
        house, program = start
        for fidelity in _FIDELITIES:
            real = RealHouse(house, fidelity, ordered=ordered)
            for way in (program, None) if program else (None,):
                rng = random.Random(f"{turn} {fidelity} {way is None}")
                self.walks += 1
                try:
                    outcomes = compare(house, real, fidelity, rng, program=way, steps=_WALK)
                except ParityError as error:
                    self.differences.append(str(error))
                    continue
                self.by_fidelity[fidelity] += outcomes
                self.by_source[source] += outcomes.total()

    def record(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "steps_compared": self.by_source.total(),
            "walks": self.walks,
            "differences": len(self.differences),
            "first_differences": self.differences[:5],
            "by_fidelity": {
                fidelity: {
                    "steps": outcomes.total(),
                    "executed": outcomes.total() - outcomes["failed"],
                    "verbs": {verb: outcomes[verb] for verb in VERBS},
                }
                for fidelity, outcomes in self.by_fidelity.items()
            },
            "steps_by_source": dict(self.by_source),
        }


def all_sources(data_dir: str | None) -> dict[str, Iterator[Start]]:
    """Name -> starts; the official ones only where the data are."""
    sources = {f"generated, {size}": generated(size) for size in ("small", "official")}
    try:
        folder = find_folder(data_dir)
        sources["official scenes"] = scenes(folder)
        sources["EAI tasks"] = records(folder, "eai_scene1_tasks.jsonl")
        sources["activity tasks"] = records(folder, "activity_tasks.jsonl")
    except DataNotFound as error:
        print(f"without official data: {error}", file=sys.stderr)
    return sources


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=20_000, help="how many steps to compare, of both fidelities")
    parser.add_argument("--data-dir", default=None, help="official data; default: SPA_GYM_DATA")
    parser.add_argument("--raw-order", action="store_true", help="the real one's set order as it is")
    parser.add_argument("--out", type=Path, default=_OUT, help="where the JSON record goes")
    arguments = parser.parse_args()

    sources, totals, begun = all_sources(arguments.data_dir), Totals(), time.perf_counter()
    with tqdm(total=arguments.steps, unit="step") as bar:
        for turn in count():
            name = list(sources)[turn % len(sources)]
            start = next(sources[name], None)  # a task file ends, the others do not
            if start is not None:
                totals.play(name, start, turn, not arguments.raw_order)
                bar.update(totals.by_source.total() - bar.n)
            if totals.by_source.total() >= arguments.steps:
                break

    record = {
        **totals.record(),
        "real_set_order": "as it is" if arguments.raw_order else "of a fresh set",
        "seconds": round(time.perf_counter() - begun, 1),
    }
    atomic_write_text(arguments.out, json.dumps(record, indent=1) + "\n")
    print(f"{record['steps_compared']:,} steps of {totals.walks} walks compared, {len(totals.differences)} differences")
    for fidelity, counts in record["by_fidelity"].items():
        print(f"  {fidelity}: {counts['steps']:,} steps, {counts['executed']:,} of them executed in both")
    for name, steps in totals.by_source.items():
        print(f"  {name}: {steps:,} steps")
    print("\n".join(totals.differences[:5]))
    return 1 if totals.differences else 0


if __name__ == "__main__":
    sys.exit(main())
