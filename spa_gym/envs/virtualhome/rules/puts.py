"""PUTBACK, PUTIN, PUTOBJBACK and POUR: what is held goes on or into something near."""

from __future__ import annotations

from typing import Final

from spa_gym.envs.virtualhome.reasons import Failure
from spa_gym.envs.virtualhome.rules.hands import drop, is_held
from spa_gym.envs.virtualhome.rules.loads import load_of
from spa_gym.envs.virtualhome.rules.rule import Rule
from spa_gym.envs.virtualhome.state import HouseState
from spa_gym.envs.virtualhome.vocabulary import Property, State

__all__ = ["RULES"]

_POURED_OVER: Final = ("hands_both", "sponge", "face")
"""Classes that take what is poured without being recipients."""


def _can_place(state: HouseState, thing: int, place: int, relation: str) -> Failure | None:
    failure = is_held(state, thing)
    if failure is not None:
        return failure
    if not state.near >> place & 1:
        return Failure("not_near", (place,))
    house = state.house
    if relation == "INSIDE" and house.properties[place] & Property.CAN_OPEN and not state.states[place] & State.OPEN:
        return Failure("is_closed", (place,))
    return _is_apart(state, thing, place, relation) if state.fidelity.no_knots else None


def _is_apart(state: HouseState, thing: int, place: int, relation: str) -> Failure | None:
    """The place is no part of what is put there, and nothing goes inside the character."""
    if relation == "INSIDE" and place == state.house.character:
        return Failure("not_a_place", (place,))
    return Failure("knot", (thing, place)) if load_of(state, 1 << thing) >> place & 1 else None


def _can_put_on(state: HouseState, thing: int, place: int) -> Failure | None:
    return _can_place(state, thing, place, "ON")


def _can_put_in(state: HouseState, thing: int, place: int) -> Failure | None:
    return _can_place(state, thing, place, "INSIDE")


def _place(state: HouseState, thing: int, place: int, relation: str) -> None:
    bit = 1 << place
    state.let_go(thing)
    if state.fidelity.things_travel:
        _bring(state, thing, place)
    state.approach(state.house.character, bit)
    state.approach(thing, bit)
    if relation == "ON":
        state.set_on(thing, state.on[thing] | bit)
    elif relation == "INSIDE":
        state.set_inside(thing, state.inside[thing] | bit)
    state.origins.pop(thing, None)


def _bring(state: HouseState, thing: int, place: int) -> None:
    """Put a thing with its load into the room of its new place."""
    room = state.room_of(place)
    if room < 0:
        room = state.room_of(state.house.character)
    rooms, here = state.house.rooms, 1 << room if room >= 0 else 0
    load = load_of(state, 1 << thing)
    node = 0
    while load >> node:
        if load >> node & 1:
            state.set_inside(node, state.inside[node] & ~rooms | here)
        node += 1


def _put_on(state: HouseState, thing: int, place: int) -> None:
    _place(state, thing, place, "ON")


def _put_in(state: HouseState, thing: int, place: int) -> None:
    _place(state, thing, place, "INSIDE")


def _can_put_back(state: HouseState, thing: int) -> Failure | None:
    origin = _origin(state, thing)
    if not state.fidelity.errors_fail:
        # The original reports what stands against it, and succeeds without doing anything.
        return Failure("not_held", (thing,)) if origin is None else None
    return is_held(state, thing) if origin is None else _can_place(state, thing, *origin)


def _put_back(state: HouseState, thing: int) -> None:
    origin = _origin(state, thing)
    if origin is None:
        drop(state, thing)
    elif _can_place(state, thing, *origin) is None:
        _place(state, thing, *origin)


def _origin(state: HouseState, thing: int) -> tuple[int, str] | None:
    """Where it was grabbed from; None: from no particular place of a room (or that place is on or in it by now)."""
    origin = state.origins.get(thing)
    if origin is not None and state.fidelity.no_knots and load_of(state, 1 << thing) >> origin[0] & 1:
        return None
    return origin


def _can_pour(state: HouseState, thing: int, place: int) -> Failure | None:
    house = state.house
    if not house.properties[thing] & (Property.POURABLE | Property.DRINKABLE):
        return Failure("not_pourable", (thing,))
    if not house.properties[place] & Property.RECIPIENT and house.class_names[place] not in _POURED_OVER:
        return Failure("not_recipient", (place,))
    failure = is_held(state, thing)
    if failure is not None:
        return failure
    if not state.near >> place & 1:
        return Failure("not_near", (place,))
    return _is_apart(state, thing, place, "INSIDE") if state.fidelity.no_knots else None


def _pour(state: HouseState, thing: int, place: int) -> None:
    leaves = state.house.class_names[thing] == "water"
    if leaves:
        state.let_go(thing)
    if state.fidelity.things_travel:
        if leaves:
            _bring(state, thing, place)
        state.approach(thing, 1 << place)
    state.set_inside(thing, state.inside[thing] | 1 << place)
    if leaves and state.fidelity.grab_again:
        state.origins.pop(thing, None)


RULES: Final = {
    "PUTBACK": Rule(2, _can_put_on, _put_on),
    "PUTIN": Rule(2, _can_put_in, _put_in),
    "PUTOBJBACK": Rule(1, _can_put_back, _put_back),
    "POUR": Rule(2, _can_pour, _pour),
}
