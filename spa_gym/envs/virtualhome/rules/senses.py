"""TURNTO, LOOKAT, POINTAT and WATCH: what the character faces."""

from __future__ import annotations

from typing import Final

from spa_gym.envs.virtualhome.reasons import Failure
from spa_gym.envs.virtualhome.rules.rule import Rule, posture_of
from spa_gym.envs.virtualhome.state import HouseState
from spa_gym.envs.virtualhome.vocabulary import Property, bits

__all__ = ["RULES"]


def _can_turn(state: HouseState, node: int) -> Failure | None:
    return None


def _turn(state: HouseState, node: int) -> None:
    state.facing[state.house.character] = 1 << node


def _can_look(state: HouseState, node: int) -> Failure | None:
    """The character faces it, or something that faces it."""
    facing = state.facing
    faced = facing[state.house.character]
    if faced >> node & 1 or any(facing[other] >> node & 1 for other in bits(faced)):
        return None
    return Failure("not_facing", (node,))


def _can_watch(state: HouseState, node: int) -> Failure | None:
    house = state.house
    if not house.properties[node] & Property.LOOKABLE:
        return Failure("not_lookable", (node,))
    room = state.room_of(node)
    if room < 0:
        return Failure("in_no_room", (node,))
    if room != state.room_of(house.character):
        return Failure("other_room", (node,))
    failure = _can_look(state, node)
    if failure is not None:
        return failure
    # Whoever sits has to face it directly, but for a computer.
    directly = state.facing[house.character] >> node & 1 or house.class_names[node] == "computer"
    if not directly and posture_of(state):
        return Failure("not_facing", (node,))
    if state.fidelity.errors_fail:
        place = state.shut_in(node)
        if place >= 0:
            return Failure("shut_in", (node, place))
    return None


RULES: Final = {
    "TURNTO": Rule(1, _can_turn, _turn),
    "LOOKAT": Rule(1, _can_look),
    "POINTAT": Rule(1, _can_look),
    "WATCH": Rule(1, _can_watch),
}
