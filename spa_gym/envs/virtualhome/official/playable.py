"""Which records can be played as tasks, and with which goal: shown by the record's own program, or refused.

In the repaired simulator the goal is read as `recorded_goal.py` says, and the program, without the actions that are not
possible there, must reach it. In the other two it stays as recorded, and the program must reach it in the simulator
that it was recorded with; 2.3.0 itself cannot execute three programs in ten, so there either the program, as far as it
goes, or the expert must reach it. Where SPA's rule is to judge, the program must also lead to the recorded end.
"""

from __future__ import annotations

from spa_gym.core.errors import DataCorrupt, UnsolvableTask
from spa_gym.envs.virtualhome.expert import expert_plan
from spa_gym.envs.virtualhome.goal import Goal
from spa_gym.envs.virtualhome.official.library import Prepared
from spa_gym.envs.virtualhome.official.recorded_goal import repaired_goal
from spa_gym.envs.virtualhome.official.rerun import rerun
from spa_gym.envs.virtualhome.official.spa_rule import spa_rule_holds
from spa_gym.envs.virtualhome.simulator import Simulator

__all__ = ["RECORDED_WITH", "check_solvable", "goal_rule", "playable_goal"]

RECORDED_WITH = "eai"
"""The fidelity that the published task files were recorded with: under it alone do all their programs come out."""


def goal_rule(fidelity: str) -> str:
    """How goals are read in a fidelity: `repaired` or `recorded`."""
    return "repaired" if fidelity == "repaired" else "recorded"


def playable_goal(prepared: Prepared, fidelity: str, where: str) -> Goal:
    """The goal of a record as a task.

    Args:
        prepared: the record.
        fidelity: what the task is to be played in.
        where: file and record, for messages.

    Raises:
        DataCorrupt: it has no goal, or its goal holds at the start.
        UnsolvableTask: its own program does not reach the goal.
    """
    repaired = goal_rule(fidelity) == "repaired"
    goal = prepared.goal
    if goal is None or not len(goal):
        raise DataCorrupt(
            f"{where}: a goal", "none, or an empty one", "it can be replayed, but not be played as a task"
        )
    result = rerun(prepared, "repaired" if repaired else RECORDED_WITH, skip=repaired)
    state, start = result.simulator.state, Simulator(prepared.house, fidelity).state
    if repaired:
        goal = repaired_goal(goal, prepared.house, start, state)
    if not len(goal):
        raise UnsolvableTask(
            f"{where}: a goal that is not only a defect of VirtualHome 2.3.0", "; ".join(result.missing)
        )
    if goal.holds(start, 0):
        raise DataCorrupt(f"{where}: a goal that is still to be reached", "one that holds at the start")
    if not goal.holds(state, result.done):
        why = "; ".join(filter(None, (result.stopped, *(f"missing: {part}" for part in result.missing))))
        raise UnsolvableTask(f"{where}: a program that reaches its goal in the {fidelity} simulator", why)
    return goal


def check_solvable(prepared: Prepared, goal: Goal, fidelity: str, spa_rule: bool, where: str) -> None:
    """Whether a task can be solved in the fidelity that it is to be played in; `playable_goal` has shown the rest.

    Args:
        prepared: the record.
        goal: its goal as a task.
        fidelity: what the task is to be played in.
        spa_rule: SPA's rule judges, not the goal.
        where: file and record, for messages.

    Raises:
        DataCorrupt: SPA's rule is to judge, and holds at the start or has no recorded end.
        UnsolvableTask: no way is known to solve it there.
    """
    if not spa_rule and fidelity in ("repaired", RECORDED_WITH):
        return
    result = rerun(prepared, fidelity, skip=True)
    start = Simulator(prepared.house, fidelity)
    if spa_rule:
        if prepared.spa is None or spa_rule_holds(prepared.spa, start.state):
            raise DataCorrupt(f"{where}: a recorded end that is still to be reached", "none, or one that is there")
        if not spa_rule_holds(prepared.spa, result.simulator.state):
            why = result.stopped or "it leads elsewhere"
            raise UnsolvableTask(f"{where}: a program that leads to SPA's end in the {fidelity} simulator", why)
    elif not goal.holds(result.simulator.state, result.done) and expert_plan(start, goal) is None:
        raise UnsolvableTask(
            f"{where}: a goal that can be reached in the {fidelity} simulator",
            f"neither the program nor the expert reaches it ({result.stopped})",
        )
