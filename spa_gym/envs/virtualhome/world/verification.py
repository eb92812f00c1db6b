"""Whether a generated task can be solved: by the expert, in our simulator, and in the real one from a written file.

The tasks are made so that they can; this is the proof, which tests and `benchmarks/virtualhome_world.py` ask for.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

from spa_gym.core.tasks import Task
from spa_gym.envs.virtualhome.expert import expert_plan
from spa_gym.envs.virtualhome.goal import Goal
from spa_gym.envs.virtualhome.household_task import HouseholdTask
from spa_gym.envs.virtualhome.official.scene_file import read_scene_file
from spa_gym.envs.virtualhome.original import RealHouse
from spa_gym.envs.virtualhome.simulator import Simulator
from spa_gym.envs.virtualhome.verbs import Command
from spa_gym.envs.virtualhome.world.writer import program_lines, write_scene

__all__ = ["LENGTHS", "expert_program", "problem_in_original", "problem_in_ours"]

LENGTHS: Final = range(4, 31)
"""Steps that the expert needs for a generated task."""


def expert_program(task: Task) -> list[Command]:
    """The expert's plan from the start of a task; empty if it has none."""
    payload: HouseholdTask = task.payload
    return expert_plan(Simulator(payload.house), payload.goal) or []


def problem_in_ours(task: Task, program: Sequence[Command]) -> str | None:
    """Why a program does not solve a task in our simulator, repaired or as published data were recorded with."""
    payload: HouseholdTask = task.payload
    for fidelity in ("repaired", "eai"):
        simulator = Simulator(payload.house, fidelity)
        problem = _run(_Ours(simulator), payload.goal, program)
        if problem is not None:
            return f"{fidelity}: {problem}"
    return None


def problem_in_original(task: Task, program: Sequence[Command]) -> str | None:
    """Why a program does not solve a task in the real simulator, which reads the house from a file; None if it does.

    Raises:
        DependencyNotInstalled: the package `virtualhome` is not installed.
    """
    payload: HouseholdTask = task.payload
    with tempfile.TemporaryDirectory() as folder:
        house = read_scene_file(write_scene(payload.house, Path(folder) / "house.json"))
    if house.to_dict() != payload.house.to_dict():
        return "the file holds another house"
    return _run(_Original(RealHouse(house, "eai")), payload.goal, program)


class _Run(Protocol):
    def execute(self, command: Command) -> bool: ...
    def holds(self, goal: Goal, done: int) -> bool: ...
    def text(self, command: Command) -> str: ...


def _run(run: _Run, goal: Goal, program: Sequence[Command]) -> str | None:
    done = 0
    for command in program:
        if not run.execute(command):
            return f"{run.text(command)} is not executed"
        done = goal.note(done, command.verb, command.objects)
    return None if run.holds(goal, done) else "the goal does not hold at the end"


class _Ours:
    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    def execute(self, command: Command) -> bool:
        return self._simulator.execute(command) is None

    def holds(self, goal: Goal, done: int) -> bool:
        return goal.holds(self._simulator.state, done)

    def text(self, command: Command) -> str:
        return program_lines([command], self._simulator.house)[0]


class _Original:
    def __init__(self, original: RealHouse) -> None:
        self._original = original
        self.execute = original.execute

    def holds(self, goal: Goal, done: int) -> bool:
        return goal.holds(_EndState(self._original), done)

    def text(self, command: Command) -> str:
        return program_lines([command], self._original.house)[0]


class _EndState:
    """What the real simulator has made of a house, as goals read it."""

    def __init__(self, original: RealHouse) -> None:
        house = original.house
        self._rows = {(relation, node): row for relation, rows in house.rows.items() for node, row in enumerate(rows)}
        self._rows.update(original.changes())
        nodes = range(len(house))
        self.states = [self._rows.get(("states", node), house.states[node]) for node in nodes]
        self.on = [self._rows["ON", node] for node in nodes]
        self.inside = [self._rows["INSIDE", node] for node in nodes]

    def row(self, relation: str, node: int) -> int:
        if relation == "HOLDS":
            return self._rows["HOLDS_RH", node] | self._rows["HOLDS_LH", node]
        return self._rows[relation, node]
