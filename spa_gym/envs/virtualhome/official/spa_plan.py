"""The expert where SPA's rule judges: every step of a plan decides which edges it leaves, CLOSE ones among them.

The expert's own plan reaches what the record means, and its end seldom in every edge. The recorded program does, from
the start and mostly from elsewhere, since a walk forgets what was near before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from spa_gym.envs.virtualhome.expert import expert_plan
from spa_gym.envs.virtualhome.household_task import HouseholdTask
from spa_gym.envs.virtualhome.official.spa_rule import spa_rule_holds
from spa_gym.envs.virtualhome.simulator import Simulator
from spa_gym.envs.virtualhome.verbs import Command
from spa_gym.envs.virtualhome.vocabulary import bits

__all__ = ["spa_plan"]


def spa_plan(sim: Simulator, task: HouseholdTask, done: int = 0) -> list[Command] | None:
    """A plan to the recorded end from where the simulator stands, which is the same afterwards.

    Args:
        sim: in any state.
        task: one of SPA's records.
        done: which of the goal's actions were done before.

    Returns:
        Commands that are all executed and of which the last reaches the end; empty if it is reached already; None if
        none of the ways that are tried leads there.
    """
    if spa_rule_holds(task.spa, sim.state):
        return []
    start = sim.snapshot()
    try:
        for commands in _ways(sim, task, done):
            sim.restore(start)
            plan = _executed(sim, task, commands)
            if plan is not None:
                return plan
        return None
    finally:
        sim.restore(start)


def _ways(sim: Simulator, task: HouseholdTask, done: int) -> Iterator[list[Command]]:
    """The expert's plan; what is left of the program; all of it, and with empty hands."""
    program = list(task.program)
    yield expert_plan(sim, task.goal, done) or []
    yield from (program[i:] for i in range(len(program) - 1, -1, -1))
    yield [Command("STANDUP"), *(Command("DROP", (node,)) for node in bits(sim.state.held)), *program]


def _executed(sim: Simulator, task: HouseholdTask, commands: Iterable[Command]) -> list[Command] | None:
    """Those of the commands that can be done, up to the one that reaches the end; None where none does."""
    plan = []
    for command in commands:
        if sim.execute(command) is None:
            plan.append(command)
            if spa_rule_holds(task.spa, sim.state):
                return plan
    return None
