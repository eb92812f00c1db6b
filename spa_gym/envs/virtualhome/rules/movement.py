"""WALK, RUN and FIND: where the character goes, what it is close to there, and what comes along."""

from __future__ import annotations

from typing import Final

from spa_gym.envs.virtualhome.reasons import Failure
from spa_gym.envs.virtualhome.rules.loads import carried, move_load
from spa_gym.envs.virtualhome.rules.rule import Rule, posture_of
from spa_gym.envs.virtualhome.state import HouseState
from spa_gym.envs.virtualhome.vocabulary import Property, bits

__all__ = ["RULES"]


def _can_walk(state: HouseState, node: int) -> Failure | None:
    if posture_of(state):
        return Failure("seated")
    if state.room_of(node) < 0:
        return Failure("in_no_room", (node,))
    character = state.house.character
    if not state.fidelity.things_travel and state.room_of(character) < 0:
        return Failure("in_no_room", (character,))
    return None


def _walk(state: HouseState, node: int) -> None:
    if state.fidelity.things_travel:
        _walk_with_things(state, node)
    else:
        _walk_as_original(state, node)


def _walk_with_things(state: HouseState, node: int) -> None:
    character, room = state.house.character, state.room_of(node)
    things, load = carried(state)
    _leave(state)
    state.set_inside(character, 1 << room)
    if state.on[character]:
        state.set_on(character, 0)
    if load:
        for part in bits(load):
            state.face_none(part)
        move_load(state, load, room)
    body = state.blueprint.body
    state.approach(character, things & ~body | _around(state, node, room))


def _walk_as_original(state: HouseState, node: int) -> None:
    character, room = state.house.character, state.room_of(node)
    # What is held comes into the room that the character was in before.
    left_room = 1 << state.room_of(character)
    held = list(bits(state.held))
    _leave(state)
    for thing in bits(state.contents[character]):
        state.set_inside(thing, state.inside[thing] & ~(1 << character))
    state.set_inside(character, 1 << room)
    # Containers, supports and contents of the goal are those after each step, in the original's order.
    around = 0
    if room != node:
        around = state.inside[node] & ~state.house.rooms | state.blueprint.body | 1 << node
    state.approach(character, around)
    for thing in held:
        _scatter(state, thing)
    for thing in held:
        state.approach(character, 1 << thing)
        state.set_inside(thing, state.inside[thing] | left_room)
    if state.house.properties[node] & Property.CAN_OPEN:
        state.approach(character, state.contents[node])
    state.approach(character, state.on[node])


def _leave(state: HouseState) -> None:
    state.part(state.house.character)
    state.face_none(state.house.character)


def _scatter(state: HouseState, thing: int) -> None:
    """End all INSIDE, CLOSE and FACING edges of a thing, both ways."""
    state.set_inside(thing, 0)
    for other in bits(state.contents[thing]):
        state.set_inside(other, state.inside[other] & ~(1 << thing))
    state.part(thing)
    state.face_none(thing)


def _around(state: HouseState, node: int, room: int) -> int:
    """What the character is close to when it has walked to a node."""
    around = state.on[node]
    if room != node:
        around |= state.inside[node] & ~state.house.rooms | state.blueprint.body | 1 << node
    if state.house.properties[node] & Property.CAN_OPEN:
        around |= state.contents[node]
    return around & ~(1 << state.house.character)


def _can_find(state: HouseState, node: int) -> Failure | None:
    if state.near >> node & 1:
        return None
    stays = not state.fidelity.find_walks
    if not state.fidelity.things_travel:
        stays |= bool(state.on[node] >> state.house.character & 1 or state.blueprint.body >> node & 1)
    if stays:
        return Failure("not_near", (node,))
    return _can_walk(state, node)


def _find(state: HouseState, node: int) -> None:
    if not state.near >> node & 1:
        _walk(state, node)
        return
    character = state.house.character
    state.facing[character] = 0
    state.approach(character, 1 << node)


RULES: Final = {
    "WALK": Rule(1, _can_walk, _walk),
    "RUN": Rule(1, _can_walk, _walk),
    "FIND": Rule(1, _can_find, _find),
}
