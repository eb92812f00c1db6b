"""The other uses of things: washing, wiping, reading, eating, moving and so on; most of them leave no trace."""

from __future__ import annotations

from typing import Final

from spa_gym.envs.virtualhome.reasons import Failure
from spa_gym.envs.virtualhome.rules.hands import is_held
from spa_gym.envs.virtualhome.rules.rule import Rule, hands_full, is_near, within_reach
from spa_gym.envs.virtualhome.state import HouseState
from spa_gym.envs.virtualhome.vocabulary import Property, State, bits

__all__ = ["RULES"]

_SQUEEZED: Final = frozenset(
    ("cleaning_solution", "tooth_paste", "shampoo", "food_peanut_butter", "dish_soap", "soap", "towel", "rag", "paper")
    + ("sponge", "food_lemon", "check")
)
"""Classes that can be squeezed, besides clothes."""
_MOVED: Final = ("chair", "curtain", "button")
"""Classes that can be moved without the property."""


def _clean(state: HouseState, node: int) -> None:
    state.states[node] = state.states[node] & ~State.DIRTY | State.CLEAN


def _can_wipe(state: HouseState, node: int) -> Failure | None:
    return is_near(state, node) or (None if state.held else Failure("hands_empty"))


def _can_read(state: HouseState, node: int) -> Failure | None:
    if not state.house.properties[node] & Property.READABLE:
        return Failure("not_readable", (node,))
    return is_held(state, node)


def _can_drink(state: HouseState, node: int) -> Failure | None:
    if not state.house.properties[node] & (Property.DRINKABLE | Property.RECIPIENT):
        return Failure("not_drinkable", (node,))
    return is_held(state, node)


def _can_eat(state: HouseState, node: int) -> Failure | None:
    """It, or something on it, is food."""
    failure = is_near(state, node)
    if failure is not None:
        return failure
    eatable = state.house.by_property["EATABLE"]
    return None if (1 << node | state.upon[node]) & eatable else Failure("not_eatable", (node,))


def _can_cut(state: HouseState, node: int) -> Failure | None:
    failure = hands_full(state) or is_near(state, node)
    if failure is not None:
        return failure
    properties = state.house.properties[node]
    if not properties & Property.EATABLE:
        return Failure("not_eatable", (node,))
    if not properties & Property.CUTTABLE:
        return Failure("not_cuttable", (node,))
    if not any("knife" in state.house.class_names[thing] for thing in bits(state.held)):
        return Failure("no_knife")
    return None


def _can_type(state: HouseState, node: int) -> Failure | None:
    failure = is_near(state, node)
    if failure is not None or state.house.class_names[node] == "keyboard":
        return failure
    return None if state.house.properties[node] & Property.HAS_SWITCH else Failure("no_switch", (node,))


def _can_push(state: HouseState, node: int) -> Failure | None:
    return within_reach(state, node) or hands_full(state)


def _can_move(state: HouseState, node: int) -> Failure | None:
    house = state.house
    if not house.properties[node] & Property.MOVABLE and house.class_names[node] not in _MOVED:
        return Failure("not_movable", (node,))
    return _can_push(state, node)


def _can_squeeze(state: HouseState, node: int) -> Failure | None:
    failure = hands_full(state) or is_near(state, node)
    if failure is not None:
        return failure
    house = state.house
    if house.properties[node] & Property.CLOTHES or house.class_names[node] in _SQUEEZED:
        return None
    return Failure("not_squeezable", (node,))


def _can_greet(state: HouseState, node: int) -> Failure | None:
    return None if state.house.properties[node] & Property.PERSON else Failure("not_person", (node,))


RULES: Final = {
    "WASH": Rule(1, is_near, _clean),
    "RINSE": Rule(1, is_near, _clean),
    "SCRUB": Rule(1, is_near, _clean),
    "WIPE": Rule(1, _can_wipe, _clean),
    "READ": Rule(1, _can_read),
    "DRINK": Rule(1, _can_drink),
    "EAT": Rule(1, _can_eat),
    "CUT": Rule(1, _can_cut),
    "TYPE": Rule(1, _can_type),
    "TOUCH": Rule(1, within_reach),
    "PUSH": Rule(1, _can_push),
    "PULL": Rule(1, _can_move),
    "MOVE": Rule(1, _can_move),
    "SQUEEZE": Rule(1, _can_squeeze),
    "GREET": Rule(1, _can_greet),
}
