"""Wishes for actions that leave no trace: which object a READ, an EAT or a SLEEP is best done with, and what before."""

from __future__ import annotations

from collections.abc import Iterator

from spa_gym.envs.virtualhome.planning.draft import LET_GO, Draft, Wish
from spa_gym.envs.virtualhome.planning.surroundings import cheapest
from spa_gym.envs.virtualhome.verbs import VERBS, Command
from spa_gym.envs.virtualhome.vocabulary import State

__all__ = ["action_wishes"]

_CHOICES = 2

_NEEDS: dict[str, tuple[str, ...]] = {
    "READ": ("READABLE",),
    "DRINK": ("DRINKABLE", "RECIPIENT"),
    "EAT": ("EATABLE",),
    "WATCH": ("LOOKABLE",),
    "TYPE": ("HAS_SWITCH",),
    "OPEN": ("CAN_OPEN",),
    "CLOSE": ("CAN_OPEN",),
    "SWITCHON": ("HAS_SWITCH",),
    "SWITCHOFF": ("HAS_SWITCH",),
    "PLUGIN": ("HAS_PLUG",),
    "PLUGOUT": ("HAS_PLUG",),
    "SIT": ("SITTABLE",),
    "LIE": ("LIEABLE",),
    "PUTON": ("CLOTHES",),
    "PUTOFF": ("CLOTHES",),
    "SQUEEZE": ("CLOTHES",),
    "POUR": ("POURABLE", "DRINKABLE"),
    "PUSH": ("MOVABLE",),
    "PULL": ("MOVABLE",),
    "MOVE": ("MOVABLE",),
    "GREET": ("PERSON",),
    "GRAB": ("GRABBABLE",),
    "DROP": ("GRABBABLE",),
    "RELEASE": ("GRABBABLE",),
    "PUTBACK": ("GRABBABLE",),
    "PUTIN": ("GRABBABLE",),
    "PUTOBJBACK": ("GRABBABLE",),
}
"""Verb -> properties, one of which its object has; verbs that are not here take anything."""

_HELD = frozenset({"READ", "DRINK", "POUR", "PUTON", "DROP", "RELEASE", "PUTBACK", "PUTIN", "PUTOBJBACK"})
_OPPOSITE = {
    State.OPEN: "OPEN",
    State.CLOSED: "CLOSE",
    State.ON: "SWITCHON",
    State.OFF: "SWITCHOFF",
    State.PLUGGED_IN: "PLUGIN",
    State.PLUGGED_OUT: "PLUGOUT",
}


def action_wishes(draft: Draft, verb: str, objects: int) -> Iterator[Wish]:
    """What to want so that `verb` is done to one of some objects (0: to whatever it can be done to)."""
    state, house = draft.state, draft.house
    if VERBS[verb].arity == 0:
        for first in _postures_for(draft, verb):
            yield (*first, Command(verb))
        return
    if not objects:
        objects = ~(-1 << len(house)) & ~house.rooms & ~(1 << house.character)
        if verb == "CUT":
            objects = house.by_property["CUTTABLE"] & house.by_property["EATABLE"]
        elif verb in _NEEDS:
            objects = 0
            for kind in _NEEDS[verb]:
                objects |= house.by_property[kind]
        if verb in _HELD:
            objects &= state.blueprint.portable

    def extra(node: int) -> int:
        in_the_way = bool(verb in _OPPOSITE.values() and not _ready(state.states[node], verb))
        to_grab = verb in _HELD and not state.held >> node & 1
        return in_the_way + to_grab + (0 if draft.dear >> node & 1 else 1)

    for node in cheapest(state, objects, _CHOICES, extra):
        if verb in ("POUR", "PUTBACK", "PUTIN"):
            yield from _with_place(draft, verb, node)
        elif verb == "CUT":
            if not state.held & draft.knives():
                knives = cheapest(state, draft.knives() & state.blueprint.portable, 1)
                yield (*(Command("GRAB", (knife,)) for knife in knives), Command(verb, (node,)))
            else:
                yield (Command(verb, (node,)),)
        elif verb == "WIPE" and not state.held:
            tools = cheapest(state, state.blueprint.portable & ~(1 << node), 1)
            yield (*(Command("GRAB", (tool,)) for tool in tools), Command(verb, (node,)))
        elif verb == "PUTOFF" and not state.on[node] >> house.character & 1 and not state.held >> node & 1:
            yield (Command("GRAB", (node,)), Command("PUTON", (node,)), Command(verb, (node,)))
        elif verb == "PUTOBJBACK" and node not in state.origins and state.held >> node & 1:
            yield (Command(LET_GO, (node,)), Command("GRAB", (node,)), Command(verb, (node,)))
        else:
            yield (Command(verb, (node,)),)


def _ready(states: int, verb: str) -> bool:
    """Whether a switch, a door or a plug stands so that the verb changes it."""
    return not any(name == verb and states & state for state, name in _OPPOSITE.items())


def _with_place(draft: Draft, verb: str, thing: int) -> Iterator[Wish]:
    state, house = draft.state, draft.house
    wanted = 0
    for condition in draft.goal.conditions:
        if condition.subjects >> thing & 1 and condition.relation in ("ON", "INSIDE"):
            wanted |= condition.targets
    kinds = {"POUR": ("RECIPIENT",), "PUTBACK": ("SURFACES",), "PUTIN": ("CONTAINERS", "CAN_OPEN")}[verb]
    fitting = 0
    for kind in kinds:
        fitting |= house.by_property[kind]
    fitting &= ~(1 << thing)
    places = (wanted & fitting or fitting) & ~house.rooms & ~state.held
    for place in cheapest(state, places, _CHOICES):
        yield (Command(verb, (thing, place)),)


def _postures_for(draft: Draft, verb: str) -> list[Wish]:
    """How to come to rest for SLEEP, WAKEUP or STANDUP: on what the goal names, if it names any place."""
    state, house, character = draft.state, draft.house, draft.house.character
    if state.states[character] & (State.SITTING | State.LYING):
        return [()]
    named = 0
    for condition in draft.goal.conditions:
        if condition.relation == "ON" and condition.subjects >> character & 1:
            named |= condition.targets
    for action in draft.goal.actions:
        if action.verbs & {"LIE", "SIT"}:
            named |= action.objects
    beds, seats = house.by_property["LIEABLE"], house.by_property["SITTABLE"]

    def things_upon(place: int) -> int:
        return (state.upon[place] & ~(1 << character)).bit_count()

    postures: list[Wish] = []
    for place in cheapest(state, named & (beds | seats) or beds | seats, _CHOICES, things_upon):
        postures += [(Command("LIE", (place,)),)] if beds >> place & 1 else []
        postures += [(Command("SIT", (place,)),)] if seats >> place & 1 else []
    return postures
