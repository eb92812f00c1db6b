"""What a goal sentence asks for, as conditions and actions over a house: any node of a named class counts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from spa_gym.envs.virtualhome.goal import ActionGoal, Condition, Goal
from spa_gym.envs.virtualhome.goal_clauses import Clause
from spa_gym.envs.virtualhome.house import House
from spa_gym.envs.virtualhome.vocabulary import State

__all__ = ["goal_of"]

_STATES: Final = {
    "open": State.OPEN,
    "close": State.CLOSED,
    "switch_on": State.ON,
    "switch_off": State.OFF,
    "plug_in": State.PLUGGED_IN,
    "wash": State.CLEAN,
}
_PUT: Final = {"put_in": "INSIDE", "put_on": "ON", "pour": "INSIDE"}
_POSTURES: Final = {"sit_on": State.SITTING, "lie_on": State.LYING}
_ACTIONS: Final = {
    "take_off": "PUTOFF",
    "read": "READ",
    "drink": "DRINK",
    "eat": "EAT",
    "watch": "WATCH",
    "type_on": "TYPE",
    "sleep": "SLEEP",
}


def goal_of(clauses: Iterable[Clause], house: House) -> Goal:
    """The goal that clauses describe in a house.

    Raises:
        KeyError: the house has no node of a class that a clause names.
    """
    conditions, actions = [], []
    for clause in clauses:
        if clause.kind in _ACTIONS:
            objects = house.by_class[clause.subject] if clause.subject else 0
            actions.append(ActionGoal(frozenset({_ACTIONS[clause.kind]}), objects))
        else:
            conditions.append(_condition(clause, house))
    return Goal(tuple(conditions), tuple(actions))


def _condition(clause: Clause, house: House) -> Condition:
    kind, character, things = clause.kind, 1 << house.character, house.by_class[clause.subject]
    if kind in _STATES:
        return Condition(things, _STATES[kind])
    if kind in _PUT:
        states = State.CLEAN if clause.clean else 0
        return Condition(things, states, _PUT[kind], house.by_class[clause.target], clause.count)
    if kind in _POSTURES:
        return Condition(character, _POSTURES[kind], "ON", things)
    if kind == "hold":
        return Condition(character, 0, "HOLDS", things)
    if kind == "wear":
        return Condition(things, 0, "ON", character)
    return Condition(character, 0, "INSIDE", things)
