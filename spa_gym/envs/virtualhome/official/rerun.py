"""Running a record's program in the simulator, to see whether it can be done and what it leads to."""

from __future__ import annotations

from typing import NamedTuple

from spa_gym.envs.virtualhome.official.library import Prepared
from spa_gym.envs.virtualhome.official.recorded_goal import condition_text
from spa_gym.envs.virtualhome.official.spa_rule import spa_rule_holds
from spa_gym.envs.virtualhome.reasons import reason_text
from spa_gym.envs.virtualhome.simulator import Simulator

__all__ = ["Rerun", "rerun"]


class Rerun(NamedTuple):
    """What became of a program."""

    simulator: Simulator
    """In the state after the last action that was executed."""
    done: int
    """Which of the goal's actions were done (see `Goal.note`)."""
    stopped: str
    """The first action that was not executed and why, or ""."""
    missing: tuple[str, ...]
    """The parts of the recorded goal that do not hold now; for SPA's records, of SPA's rule."""


def rerun(prepared: Prepared, fidelity: str, skip: bool = False) -> Rerun:
    """Run a record's program to its end or to the first action that fails.

    Args:
        prepared: the record.
        fidelity: one of `FIDELITIES`.
        skip: go on after an action that fails; the original does so with PUTOBJBACK, and says that it succeeded.
    """
    simulator, done, stopped = Simulator(prepared.house, fidelity), 0, ""
    for number, (command, line) in enumerate(zip(prepared.program, prepared.record.program, strict=True), start=1):
        failure = simulator.execute(command)
        if failure is not None:
            stopped = (
                stopped or f"action {number} of {len(prepared.program)}, {line}: {reason_text(failure, prepared.house)}"
            )
            if not skip:
                break
        elif prepared.goal is not None:
            done = prepared.goal.note(done, command.verb, command.objects)
    return Rerun(simulator, done, stopped, _missing(prepared, simulator, done))


def _missing(prepared: Prepared, simulator: Simulator, done: int) -> tuple[str, ...]:
    state, goal = simulator.state, prepared.goal
    if prepared.spa is not None and spa_rule_holds(prepared.spa, state):
        return ()
    if goal is None:
        return ()
    missing = [condition_text(one, prepared.house) for one in goal.conditions if not one.holds(state)]
    missing += [" or ".join(sorted(one.verbs)) for i, one in enumerate(goal.actions) if not done >> i & 1]
    if prepared.spa is not None and not missing:
        missing.append("SPA's comparison with the recorded end (CLOSE edges among them)")
    return tuple(missing)
