"""Commands in one line, for tests: "GRAB apple", "PUTBACK apple > light 2"."""

from __future__ import annotations

from spa_gym.envs.virtualhome.house import House
from spa_gym.envs.virtualhome.simulator import Simulator
from spa_gym.envs.virtualhome.verbs import Command
from tests.envs.virtualhome.tiny_house import at

__all__ = ["command", "do"]


def command(house: House, line: str) -> Command:
    """The command of a line; things are called as agents call them."""
    verb, _, rest = line.partition(" ")
    return Command(verb, tuple(at(house, name) for name in rest.split(" > ")) if rest else ())


def do(simulator: Simulator, *lines: str) -> list[str]:
    """Execute lines one after the other: "yes", or the kind of failure, for each."""
    failures = [simulator.execute(command(simulator.house, line)) for line in lines]
    return ["yes" if failure is None else failure.kind for failure in failures]
