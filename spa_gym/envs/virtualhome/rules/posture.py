"""SIT, LIE, STANDUP, SLEEP and WAKEUP: how the character rests, and on what."""

from __future__ import annotations

from typing import Final

from spa_gym.envs.virtualhome.reasons import Failure
from spa_gym.envs.virtualhome.rules.loads import carried
from spa_gym.envs.virtualhome.rules.rule import Rule, posture_of
from spa_gym.envs.virtualhome.state import HouseState
from spa_gym.envs.virtualhome.vocabulary import Property, State

__all__ = ["BERTHS", "RULES", "SEATS"]

SEATS: Final = {"couch": 4, "bed": 4, "loveseat": 2, "sofa": 4, "pianobench": 2, "bench": 2}
BERTHS: Final = {"couch": 2, "bathtub": 2, "bed": 3, "loveseat": 2, "sofa": 2}
"""How many things may be ON a class for one more to sit or lie there is one less; 1 where it is not listed."""
_BOTH = State.SITTING | State.LYING


def _can_sit(state: HouseState, node: int) -> Failure | None:
    if not state.near >> node & 1:
        return Failure("not_near", (node,))
    if posture_of(state) & State.SITTING:
        return Failure("already_sitting")
    if not state.house.properties[node] & Property.SITTABLE:
        return Failure("not_sittable", (node,))
    return _has_place(state, node, SEATS)


def _can_lie(state: HouseState, node: int) -> Failure | None:
    if not state.near >> node & 1:
        return Failure("not_near", (node,))
    if posture_of(state) & State.LYING:
        return Failure("already_lying")
    if not state.house.properties[node] & Property.LIEABLE:
        return Failure("not_lieable", (node,))
    return _has_place(state, node, BERTHS)


def _has_place(state: HouseState, node: int, places: dict[str, int]) -> Failure | None:
    upon = state.upon[node]
    if state.fidelity.seat_is_freed:
        upon &= ~(1 << state.house.character)
    if upon.bit_count() >= places.get(state.house.class_names[node], 1):
        return Failure("taken", (node,))
    if state.fidelity.no_knots and carried(state)[1] >> node & 1:
        return Failure("already_held", (node,))
    return None


def _sit(state: HouseState, node: int) -> None:
    state.facing[state.house.character] |= state.facing[node]
    _rest(state, node, State.SITTING)


def _lie(state: HouseState, node: int) -> None:
    _rest(state, node, State.LYING)


def _rest(state: HouseState, node: int, posture: int) -> None:
    character = state.house.character
    before = 0 if state.fidelity.seat_is_freed else state.on[character]
    state.set_on(character, before | 1 << node)
    _set_posture(state, posture)


def _set_posture(state: HouseState, posture: int) -> None:
    character = state.house.character
    # The original changes a copy of the character as it was at the start.
    source = state.states if state.fidelity.posture_persists else state.house.states
    state.states[character] = source[character] & ~_BOTH | posture


def _is_resting(state: HouseState) -> Failure | None:
    return None if posture_of(state) else Failure("standing")


def _stand_up(state: HouseState) -> None:
    _set_posture(state, 0)
    if state.fidelity.seat_is_freed:
        state.set_on(state.house.character, 0)


RULES: Final = {
    "SIT": Rule(1, _can_sit, _sit),
    "LIE": Rule(1, _can_lie, _lie),
    "STANDUP": Rule(0, _is_resting, _stand_up),
    "SLEEP": Rule(0, _is_resting),
    "WAKEUP": Rule(0, _is_resting),
}
