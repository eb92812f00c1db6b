"""The admissible actions found by asking the simulator about each listed command: slow, and true in every fidelity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from spa_gym.envs.virtualhome.listed_objects import ListedObjects
from spa_gym.envs.virtualhome.parser import text_of
from spa_gym.envs.virtualhome.verbs import VERBS, Command
from spa_gym.envs.virtualhome.vocabulary import State, positions

if TYPE_CHECKING:
    from spa_gym.envs.virtualhome.simulator import Simulator
    from spa_gym.envs.virtualhome.state import HouseState

__all__ = ["admissible_by_asking"]

_LOOKING: Final = frozenset(("TURNTO", "LOOKAT", "POINTAT", "WATCH"))
_RUBBING: Final = frozenset(("RINSE", "SCRUB", "WIPE"))
_ALONE: Final = tuple(Command(verb.name) for verb in VERBS.values() if verb.arity == 0)


def admissible_by_asking(sim: Simulator, listed: ListedObjects) -> tuple[str, ...]:
    """Every listed action that would be executed now, in the order that `admissible.py` describes.

    Args:
        sim: the simulator.
        listed: of its house.
    """
    house, state = sim.house, sim.state
    seen, views = _in_sight(state, listed)
    commands = [Command("WALK", (node,)) for node in listed.walks]
    for node in positions(seen | views):
        clean = not (state.states[node] & State.DIRTY or listed.body >> node & 1)
        for verb, objects in listed.of.items():
            reachable = seen | views if verb in _LOOKING else seen
            if (objects & reachable) >> node & 1 and not (clean and verb in _RUBBING):
                commands.append(Command(verb, (node,)))
    places = seen & ~state.upon[house.character]
    for thing in positions(state.held & listed.things):
        into = [("PUTBACK", listed.put_on), ("PUTIN", listed.put_in)]
        if listed.poured[0] >> thing & 1:
            into.append(("POUR", listed.poured[1]))
        for verb, objects in into:
            commands += [Command(verb, (thing, place)) for place in positions(objects & places)]
    return tuple([text_of(command, house) for command in (*commands, *_ALONE) if sim.check(command) is None])


def _in_sight(state: HouseState, listed: ListedObjects) -> tuple[int, int]:
    """What is near and in sight, or carried; and the views in the same room that nothing closed is around."""
    character = state.house.character
    carried = state.right_hand | state.left_hand | state.upon[character]
    seen = (state.near | carried) & listed.listable
    room = state.room_of(character)
    views = listed.of["WATCH"] & state.contents[room] if room >= 0 else 0
    for node in positions((seen | views) & listed.enclosable):
        place = state.shut_in(node)
        if place >= 0:
            rest = ~(1 << node)
            views &= rest
            if listed.openable >> place & 1 and not carried >> node & 1:
                seen &= rest
    return seen, views
