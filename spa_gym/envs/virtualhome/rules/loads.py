"""Loads: a thing with all that is in it or on it, recursively, and how a load leaves one place for another.

Only where `things_travel`. What stands ON a thing comes along if it can be grabbed by its kind (a cup on a tray, not
a table on a mat); what is INSIDE it always does.
"""

from __future__ import annotations

from spa_gym.envs.virtualhome.state import HouseState
from spa_gym.envs.virtualhome.vocabulary import bits

__all__ = ["carried", "load_of", "move_load"]


def load_of(state: HouseState, things: int) -> int:
    """Some things with all that is in them or on them, without the character."""
    house = state.house
    fixed = house.rooms | 1 << house.character
    portable, upon, contents = state.blueprint.portable, state.upon, state.contents
    load = waiting = things
    while waiting:
        low = waiting & -waiting
        waiting ^= low
        node = low.bit_length() - 1
        more = (upon[node] & portable | contents[node]) & ~fixed & ~load
        load |= more
        waiting |= more
    return load


def carried(state: HouseState) -> tuple[int, int]:
    """What goes where the character goes: the things held, worn or part of the body; and these with their loads."""
    character = state.house.character
    things = state.right_hand | state.left_hand | state.upon[character] | state.contents[character]
    things = (things | state.blueprint.body) & ~state.house.rooms
    return things, load_of(state, things) if things else 0


def move_load(state: HouseState, load: int, room: int) -> None:
    """Take a load away from everything around it, into a room (or none, -1); its parts keep together."""
    keep = load | 1 << state.house.character
    here = 1 << room if room >= 0 else 0
    for node in bits(load):
        state.part(node, load)
        state.set_inside(node, state.inside[node] & keep | here)
        if state.on[node] & ~keep:
            state.set_on(node, state.on[node] & keep)
        # What is left on a part of the load (a table on a mat) is no longer on it.
        for left in bits(state.upon[node] & ~keep):
            state.set_on(left, state.on[left] & ~(1 << node))
