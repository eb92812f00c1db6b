"""GRAB, DROP and RELEASE: what comes into the hands and leaves them."""

from __future__ import annotations

from typing import Final

from spa_gym.envs.virtualhome.reasons import Failure
from spa_gym.envs.virtualhome.rules.loads import load_of, move_load
from spa_gym.envs.virtualhome.rules.rule import HANDS_FULL, Rule, within_reach
from spa_gym.envs.virtualhome.state import HouseState
from spa_gym.envs.virtualhome.vocabulary import Property, bits

__all__ = ["RULES", "drop", "is_held"]


def is_held(state: HouseState, node: int) -> Failure | None:
    """The character holds it."""
    return None if state.held >> node & 1 else Failure("not_held", (node,))


def _can_grab(state: HouseState, node: int) -> Failure | None:
    if not state.blueprint.portable >> node & 1:
        return Failure("not_grabbable", (node,))
    if state.fidelity.grab_again:
        failure = _is_free(state, node)
        if failure is not None:
            return failure
    elif node in state.origins:
        return Failure("already_held", (node,))
    failure = within_reach(state, node)
    if failure is not None:
        return failure
    if state.right_hand and state.left_hand:
        return HANDS_FULL
    if not state.fidelity.things_travel and state.room_of(state.house.character) < 0:
        return Failure("in_no_room", (state.house.character,))
    return None


def _is_free(state: HouseState, node: int) -> Failure | None:
    """It is neither in somebody's hands, nor clothes that are worn, nor what the character sits on."""
    house, character = state.house, state.house.character
    if state.held >> node & 1:
        return Failure("already_held", (node,))
    for (_, holder), held in state.other_hands.items():
        if held >> node & 1:
            return Failure("in_other_hands", (node, holder))
    if state.on[node] >> character & 1 and house.properties[node] & Property.CLOTHES:
        return Failure("worn", (node,))
    if state.fidelity.no_knots and _carries(state, node, character):
        return Failure("in_use", (node,))
    return None


def _carries(state: HouseState, node: int, character: int) -> bool:
    """The character is on or in it, or on or in something that would come along."""
    return bool((state.on[character] | state.inside[character]) & load_of(state, 1 << node))


def _grab(state: HouseState, node: int) -> None:
    character, bit = state.house.character, 1 << node
    origin = _origin(state, node)
    first_free = "left" if state.right_hand else "right"
    room = state.room_of(character)
    if state.fidelity.things_travel:
        move_load(state, load_of(state, bit), room)
        # Off the body as well; `move_load` keeps what is on the character.
        state.set_on(node, 0)
        state.set_inside(node, 1 << room if room >= 0 else 0)
    else:
        _tear_out(state, node)
        state.set_inside(node, 1 << room)
    state.approach(character, bit)
    if first_free == "right":
        state.right_hand |= bit
    else:
        state.left_hand |= bit
    if origin is not None:
        state.approach(character, 1 << origin[0])
        state.origins[node] = origin


def _origin(state: HouseState, node: int) -> tuple[int, str] | None:
    """Where it is: the first thing that it is on, else inside, else close to."""
    apart = state.house.rooms
    if state.fidelity.things_travel:
        apart |= 1 << state.house.character | load_of(state, 1 << node)
    for relation, rows in (("ON", state.on), ("INSIDE", state.inside), ("CLOSE", state.close)):
        places = rows[node] & ~apart
        if places:
            lowest = (places & -places).bit_length() - 1
            return lowest if state.fidelity.things_travel else state.first(relation, node, places), relation
    return None


def _tear_out(state: HouseState, node: int) -> None:
    """End all ON, INSIDE, CLOSE and HOLDS edges of a thing, both ways: what was in it or on it is nowhere."""
    rest = ~(1 << node)
    state.set_on(node, 0)
    for other in bits(state.upon[node]):
        state.set_on(other, state.on[other] & rest)
    state.set_inside(node, 0)
    for other in bits(state.contents[node]):
        state.set_inside(other, state.inside[other] & rest)
    state.part(node)
    state.let_go(node)
    for hand, holder in list(state.other_hands):
        held = state.other_hands[hand, holder] & rest
        if held and holder != node:
            state.other_hands[hand, holder] = held
        else:
            del state.other_hands[hand, holder]


def _can_drop(state: HouseState, node: int) -> Failure | None:
    failure = is_held(state, node)
    if failure is None and not state.fidelity.things_travel and state.room_of(state.house.character) < 0:
        return Failure("in_no_room", (state.house.character,))
    return failure


def drop(state: HouseState, node: int) -> None:
    """Let go of a thing; it is in the room."""
    state.let_go(node)
    room = state.room_of(state.house.character)
    if room >= 0:
        state.set_inside(node, state.inside[node] | 1 << room)
    state.origins.pop(node, None)


RULES: Final = {
    "GRAB": Rule(1, _can_grab, _grab),
    "DROP": Rule(1, _can_drop, drop),
    "RELEASE": Rule(1, _can_drop, drop),
}
