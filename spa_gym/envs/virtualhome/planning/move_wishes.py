"""Wishes for things that belong somewhere: have them in hand, in the state that is wanted, and put them there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from spa_gym.envs.virtualhome.goal import Condition
from spa_gym.envs.virtualhome.planning.draft import LET_GO, Draft, Wish
from spa_gym.envs.virtualhome.planning.surroundings import cheapest, near_from
from spa_gym.envs.virtualhome.verbs import Command
from spa_gym.envs.virtualhome.vocabulary import Property, State, bits

__all__ = ["CHOICES", "best_to_take", "bring_back", "missing_states", "move_wishes", "wear_wishes"]

CHOICES: Final = 2
"""How many nodes are considered where several would do."""

_MAKES: Final = {
    State.OPEN: "OPEN",
    State.CLOSED: "CLOSE",
    State.ON: "SWITCHON",
    State.OFF: "SWITCHOFF",
    State.CLEAN: "WASH",
    State.PLUGGED_IN: "PLUGIN",
    State.PLUGGED_OUT: "PLUGOUT",
}
_SPOILS: Final = 3
_POURED: Final = Property.POURABLE | Property.DRINKABLE


def missing_states(draft: Draft, node: int, states: int) -> Wish:
    """The actions for the states that a node has not."""
    missing = states & ~draft.state.states[node]
    return tuple(Command(verb, (node,)) for state, verb in _MAKES.items() if missing & state) if missing else ()


def best_to_take(draft: Draft, things: int, settled: int, targets: int = 0) -> list[int]:
    """The things that are best to take: at hand, beside where they must go, and not needed where they are."""
    state = draft.state

    def extra(thing: int) -> int:
        cost = _SPOILS if settled >> thing & 1 else 0
        return cost + (1 if targets and not near_from(state, thing) & targets else 0)

    things &= ~(1 << draft.house.character) & (state.blueprint.portable | state.held)
    return cheapest(state, things, CHOICES, extra)


def bring_back(draft: Draft, place: int, subject: int) -> Iterator[Wish]:
    """Carry a seat or a plate to the room in which the goal wants what must be on it."""
    state, rooms = draft.state, 0
    for condition in draft.goal.conditions:
        if condition.relation == "INSIDE" and condition.subjects == 1 << subject:
            rooms |= condition.targets & draft.house.rooms
    if not rooms or not state.blueprint.portable >> place & 1:
        return
    room = state.room_of(place)
    if room >= 0 and not rooms >> room & 1:
        for room in cheapest(state, rooms, 1):
            yield Command("GRAB", (place,)), Command("WALK", (room,)), Command(LET_GO, (place,))


def wear_wishes(draft: Draft, condition: Condition, settled: int) -> Iterator[Wish]:
    """Put clothes on."""
    character = draft.house.character
    not_worn = sum(1 << thing for thing in bits(condition.subjects) if not draft.state.on[thing] >> character & 1)
    for thing in best_to_take(draft, not_worn, settled):
        yield (*missing_states(draft, thing, condition.states), Command("PUTON", (thing,)))


def move_wishes(draft: Draft, condition: Condition, settled: int) -> Iterator[Wish]:
    """Get things onto, into or beside something, or into a room."""
    state, relation, rooms = draft.state, condition.relation or "", draft.house.rooms
    there = away = 0
    for thing in bits(condition.subjects):
        if state.row(relation, thing) & condition.targets:
            there |= 1 << thing
        else:
            away |= 1 << thing
    unfit = sum(1 << thing for thing in bits(there) if missing_states(draft, thing, condition.states))
    for thing in cheapest(state, unfit, CHOICES):
        yield missing_states(draft, thing, condition.states)
    in_hand = away & state.held
    for thing in bits(in_hand):
        yield from _deliver(draft, condition, thing)
    if away and not condition.targets & rooms:
        for thing in cheapest(state, away, 1):
            for place in _places(draft, condition, thing):
                yield from bring_back(draft, place, thing)
    shut = _all_shut(draft, condition)
    for place in cheapest(state, shut, 1):
        yield (Command("OPEN", (place,)),)
    if (there & ~unfit | in_hand & ~settled).bit_count() < condition.count:
        for thing in best_to_take(draft, away & ~in_hand, settled, condition.targets):
            yield (Command("GRAB", (thing,)),)
            beside = near_from(state, thing) & shut & ~state.near
            for place in cheapest(state, beside, 1):
                yield Command("WALK", (thing,)), Command("OPEN", (place,))


def _deliver(draft: Draft, condition: Condition, thing: int) -> Iterator[Wish]:
    """What is in hand goes where it belongs."""
    state, inside = draft.state, condition.relation == "INSIDE"
    before = missing_states(draft, thing, condition.states)
    for room in cheapest(state, condition.targets & draft.house.rooms, CHOICES):
        yield (*before, Command("WALK", (room,)))
        yield (*before, Command("WALK", (room,)), Command("DROP", (thing,)))
    for place in _places(draft, condition, thing):
        # The rules let people pour into what is closed, but nobody does.
        if inside and draft.house.properties[thing] & _POURED and not state.states[place] & State.CLOSED:
            yield (*before, Command("POUR", (thing, place)))
        yield (*before, Command("PUTIN" if inside else "PUTBACK", (thing, place)))


def _places(draft: Draft, condition: Condition, thing: int) -> list[int]:
    state, inside = draft.state, condition.relation == "INSIDE"

    def extra(place: int) -> int:
        if not inside or not draft.house.properties[place] & Property.CAN_OPEN:
            return 0
        return bool(state.states[place] & State.CLOSED) + bool(state.states[place] & State.ON)

    places = condition.targets & ~draft.house.rooms & ~(1 << draft.house.character)
    if draft.sim.fidelity.no_knots:
        places &= ~(1 << thing)
    return cheapest(state, places, CHOICES, extra)


def _all_shut(draft: Draft, condition: Condition) -> int:
    """The places that things belong in, if all of them are closed, else none: opening can come before fetching."""
    if condition.relation != "INSIDE" or condition.targets & draft.house.rooms:
        return 0
    states = draft.state.states
    return condition.targets if all(states[place] & State.CLOSED for place in bits(condition.targets)) else 0
