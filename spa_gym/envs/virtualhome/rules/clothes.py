"""PUTON and PUTOFF: clothes on the character's body and off it."""

from __future__ import annotations

from typing import Final

from spa_gym.envs.virtualhome.reasons import Failure
from spa_gym.envs.virtualhome.rules.hands import is_held
from spa_gym.envs.virtualhome.rules.loads import load_of, move_load
from spa_gym.envs.virtualhome.rules.rule import Rule
from spa_gym.envs.virtualhome.state import HouseState
from spa_gym.envs.virtualhome.vocabulary import Property

__all__ = ["RULES"]


def _is_clothes(state: HouseState, node: int) -> Failure | None:
    return None if state.house.properties[node] & Property.CLOTHES else Failure("not_clothes", (node,))


def _can_put_on(state: HouseState, node: int) -> Failure | None:
    return is_held(state, node) or _is_clothes(state, node)


def _put_on(state: HouseState, node: int) -> None:
    character = state.house.character
    if state.fidelity.things_travel:
        move_load(state, load_of(state, 1 << node), state.room_of(character))
        state.approach(character, 1 << node)
    state.set_on(node, state.on[node] | 1 << character)
    state.let_go(node)
    if state.fidelity.grab_again:
        state.origins.pop(node, None)


def _can_take_off(state: HouseState, node: int) -> Failure | None:
    if not state.fidelity.take_off_works:
        return Failure("broken")
    if not state.on[node] >> state.house.character & 1:
        return Failure("not_worn", (node,))
    return _is_clothes(state, node)


def _take_off(state: HouseState, node: int) -> None:
    character = state.house.character
    state.set_on(node, state.on[node] & ~(1 << character))
    if state.fidelity.things_travel:
        # It lies where the character is, within reach.
        move_load(state, load_of(state, 1 << node), state.room_of(character))
        state.approach(character, 1 << node)
    if state.fidelity.grab_again:
        state.origins.pop(node, None)


RULES: Final = {
    "PUTON": Rule(1, _can_put_on, _put_on),
    "PUTOFF": Rule(1, _can_take_off, _take_off),
}
