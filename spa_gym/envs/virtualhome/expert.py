"""The expert with full knowledge: a short plan for any goal, from any state of a house.

`planning/` finds it: wishes for the parts that do not hold (`wishes.py`), actions with all that must be done before
them (`draft.py`), and the order in which they come (`search.py`).
"""

from __future__ import annotations

from spa_gym.envs.virtualhome.goal import Goal
from spa_gym.envs.virtualhome.planning.draft import Draft
from spa_gym.envs.virtualhome.planning.search import Search
from spa_gym.envs.virtualhome.simulator import Simulator
from spa_gym.envs.virtualhome.verbs import Command

__all__ = ["expert_plan"]

_TRIES = 300
"""Wishes tried at most; a goal of one part takes about five, one of four parts some dozens."""


def expert_plan(sim: Simulator, goal: Goal, done: int = 0) -> list[Command] | None:
    """A plan from where the simulator stands, which is the same afterwards.

    Args:
        sim: in any state.
        goal: what is wanted.
        done: which of the goal's actions were done before (bit i: the i-th).

    Returns:
        Commands that are all executed one after the other and reach the goal with the last one, not before; empty if
        it is reached already; None if no plan was found.
    """
    if goal.holds(sim.state, done):
        return []
    start = sim.snapshot()
    try:
        plan = Search(Draft(sim, goal, done), _TRIES).run()
        if plan is None:
            return None
        sim.restore(start)
        for length, command in enumerate(plan, 1):
            if sim.execute(command) is not None:
                return None
            done = goal.note(done, command.verb, command.objects)
            if goal.holds(sim.state, done):
                return plan[:length]
        return None
    finally:
        sim.restore(start)
