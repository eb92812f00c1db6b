"""SPA's sparser observation: "fridge is OPEN and CLEAN, plate is DIRTY, plate ON table. You have knife. ".

What SPA's agents were trained on, with its two oddities kept: things are class names without numbers, and the states
of every node of such a class are given, wherever in the house it is, so that "pillow is CLEAN, pillow is DIRTY" can
stand side by side. Named are the classes of what the character has a CLOSE edge to and what is in its room, not inside
something that is not open; relations hold between near things of these classes. Nothing of the kind: an empty text.

The original takes its orders from sets, so they change from run to run. Here: things by position in the house, each
wording once; relations by position; a thing's states as door, switch, plug, dirt, posture. Of several things that one
is inside, the original looks at the last edge that it comes across, here at the one with the highest position.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from spa_gym.envs.virtualhome.vocabulary import State, positions

if TYPE_CHECKING:
    from spa_gym.envs.virtualhome.simulator import Simulator
    from spa_gym.envs.virtualhome.state import HouseState

__all__ = ["spa_observation"]

_ORDER: Final = tuple(
    (getattr(State, name), name)
    for name in (*("CLOSED", "OPEN", "OFF", "ON", "PLUGGED_IN", "PLUGGED_OUT", "DIRTY", "CLEAN", "SITTING", "LYING"),)
)
_RELATIONS: Final = ("ON", "BETWEEN", "SITTING")


def spa_observation(sim: Simulator) -> str:
    """The text after an executed action; it ends with a blank, as the original's does, or is empty."""
    house, state = sim.house, sim.state
    near = state.close[house.character]
    classes = house.class_names
    shown = dict.fromkeys(classes[node] for node in positions(near) if _is_visible(state, node))
    named = 0
    for name in shown:
        named |= house.by_class[name]
    parts = [_with_states(classes[node], state.states[node]) for node in positions(named)]
    named &= near
    for node in positions(named):
        for relation in _RELATIONS:
            parts += [
                f"{classes[node]} {relation} {classes[other]}"
                for other in positions(_row(state, relation, node) & named)
            ]
    text = ", ".join(dict.fromkeys(parts))
    held = ", ".join([classes[node] for node in positions(state.held)])
    return f"{text}. " * bool(text) + f"You have {held}. " * bool(held)


def _row(state: HouseState, relation: str, node: int) -> int:
    return state.on[node] if relation == "ON" else state.house.rows[relation][node]


def _is_visible(state: HouseState, node: int) -> bool:
    """It is a room or held, or in the character's room, at whatever depth, and not in something that is not open."""
    house, inside = state.house, state.inside
    if (house.rooms | state.held) >> node & 1:
        return True
    places = inside[node]
    last = places.bit_length() - 1
    if last < 0 or not (house.rooms >> last & 1 or state.states[last] & State.OPEN):
        return False
    room = inside[house.character] & house.rooms
    seen = 0
    while places:
        if places & room:
            return True
        seen |= places
        further = 0
        for place in positions(places):
            further |= inside[place]
        places = further & ~seen
    return False


@lru_cache(4096)
def _with_states(class_name: str, states: int) -> str:
    names = [name for bit, name in _ORDER if states & bit]
    return f"{class_name} is {' and '.join(names)}" if names else class_name
