"""OPEN, CLOSE, SWITCHON, SWITCHOFF, PLUGIN and PLUGOUT: one state of a thing turns into its opposite."""

from __future__ import annotations

from typing import Final

from spa_gym.envs.virtualhome.reasons import Failure
from spa_gym.envs.virtualhome.rules.rule import Effect, Rule, hands_full
from spa_gym.envs.virtualhome.state import HouseState
from spa_gym.envs.virtualhome.vocabulary import Property, State

__all__ = ["RULES"]

_OPENED: Final = ("desk", "window")
"""Classes that open without the property."""


def _turn(before: int, after: int) -> Effect:
    def effect(state: HouseState, node: int) -> None:
        state.states[node] = state.states[node] & ~before | after

    return effect


def _has_door(state: HouseState, node: int) -> Failure | None:
    house = state.house
    if not house.properties[node] & Property.CAN_OPEN and house.class_names[node] not in _OPENED:
        return Failure("no_door", (node,))
    return None if state.near >> node & 1 else Failure("not_near", (node,))


def _can_open(state: HouseState, node: int) -> Failure | None:
    failure = _has_door(state, node) or hands_full(state)
    if failure is not None:
        return failure
    if not state.states[node] & State.CLOSED:
        return Failure("not_closed", (node,))
    return Failure("is_on", (node,)) if state.states[node] & State.ON else None


def _can_close(state: HouseState, node: int) -> Failure | None:
    failure = _has_door(state, node)
    if failure is not None:
        return failure
    return None if state.states[node] & State.OPEN else Failure("not_open", (node,))


def _has_switch(state: HouseState, node: int) -> Failure | None:
    if not state.house.properties[node] & Property.HAS_SWITCH:
        return Failure("no_switch", (node,))
    return None if state.near >> node & 1 else Failure("not_near", (node,))


def _can_switch_on(state: HouseState, node: int) -> Failure | None:
    failure = _has_switch(state, node)
    if failure is not None:
        return failure
    if not state.states[node] & State.OFF:
        return Failure("not_off", (node,))
    return Failure("is_unplugged", (node,)) if state.states[node] & State.PLUGGED_OUT else None


def _can_switch_off(state: HouseState, node: int) -> Failure | None:
    failure = _has_switch(state, node)
    if failure is not None:
        return failure
    return None if state.states[node] & State.ON else Failure("not_on", (node,))


def _has_plug(state: HouseState, node: int) -> Failure | None:
    if not state.house.properties[node] & Property.HAS_PLUG:
        return Failure("no_plug", (node,))
    return hands_full(state) if state.near >> node & 1 else Failure("not_near", (node,))


def _can_plug_in(state: HouseState, node: int) -> Failure | None:
    failure = _has_plug(state, node)
    if failure is not None:
        return failure
    return None if state.states[node] & State.PLUGGED_OUT else Failure("not_plugged_out", (node,))


def _can_plug_out(state: HouseState, node: int) -> Failure | None:
    failure = _has_plug(state, node)
    if failure is not None:
        return failure
    if not state.states[node] & State.PLUGGED_IN:
        return Failure("not_plugged_in", (node,))
    # The original reports a thing that is still on, and pulls the plug.
    if state.fidelity.errors_fail and state.states[node] & State.ON:
        return Failure("is_on", (node,))
    return None


RULES: Final = {
    "OPEN": Rule(1, _can_open, _turn(State.CLOSED, State.OPEN)),
    "CLOSE": Rule(1, _can_close, _turn(State.OPEN, State.CLOSED)),
    "SWITCHON": Rule(1, _can_switch_on, _turn(State.OFF, State.ON)),
    "SWITCHOFF": Rule(1, _can_switch_off, _turn(State.ON, State.OFF)),
    "PLUGIN": Rule(1, _can_plug_in, _turn(State.PLUGGED_OUT, State.PLUGGED_IN)),
    "PLUGOUT": Rule(1, _can_plug_out, _turn(State.PLUGGED_IN, State.PLUGGED_OUT)),
}
