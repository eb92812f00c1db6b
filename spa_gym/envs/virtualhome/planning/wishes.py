"""What to want next: for each part of a goal that does not hold yet, the actions that bring it about or nearer.

A wish is one action or a few; what they need first is the draft's business. There are two wishes for carrying a thing
somewhere, to have it in hand and to put it down there, so that a search can fetch two things before it delivers them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from spa_gym.envs.virtualhome.goal import ActionGoal, Condition
from spa_gym.envs.virtualhome.planning.action_wishes import action_wishes
from spa_gym.envs.virtualhome.planning.draft import LET_GO, Draft
from spa_gym.envs.virtualhome.planning.surroundings import cheapest, near_from
from spa_gym.envs.virtualhome.verbs import Command
from spa_gym.envs.virtualhome.vocabulary import Property, State, bits

__all__ = ["MAKES", "Wish", "wishes"]

Wish = tuple[Command, ...]

MAKES = {
    State.OPEN: "OPEN",
    State.CLOSED: "CLOSE",
    State.ON: "SWITCHON",
    State.OFF: "SWITCHOFF",
    State.CLEAN: "WASH",
    State.PLUGGED_IN: "PLUGIN",
    State.PLUGGED_OUT: "PLUGOUT",
}
"""State -> the verb that brings it about."""

_CHOICES = 2
_SPOILS = 3
_POURED = Property.POURABLE | Property.DRINKABLE
_POSTURES = State.SITTING | State.LYING


def wishes(draft: Draft) -> list[Wish]:
    """What can be wanted now, without repetition, in an order that does not depend on chance."""
    found: list[Wish] = []
    goal = draft.goal
    settled = _settled(draft)
    for condition in goal.conditions:
        if not condition.holds(draft.state):
            found += _for_condition(draft, condition, settled)
    for i, action in enumerate(goal.actions):
        if not draft.done >> i & 1:
            found += _for_action(draft, action)
            if goal.ordered:
                break
    return list(dict.fromkeys(found))


def _settled(draft: Draft) -> int:
    """The things that some condition needs where they are, or as they are."""
    settled, state = 0, draft.state
    character = 1 << draft.house.character
    for condition in draft.goal.conditions:
        if condition.relation is not None:
            for subject in bits(condition.subjects):
                reached = state.row(condition.relation, subject) & condition.targets
                if reached:
                    settled |= reached if character >> subject & 1 else 1 << subject
    return settled


def _for_condition(draft: Draft, condition: Condition, settled: int) -> Iterator[Wish]:
    character = draft.house.character
    if condition.relation is None:
        yield from _for_states(draft, condition)
    elif condition.subjects >> character & 1:
        yield from _for_character(draft, condition, settled)
    elif condition.targets >> character & 1:
        for thing in _choose(draft, condition.subjects & ~draft.state.row("ON", character), settled):
            yield (*_missing(draft, thing, condition.states), Command("PUTON", (thing,)))
    elif condition.relation in ("ON", "INSIDE", "CLOSE"):
        yield from _for_place(draft, condition, settled)


def _for_states(draft: Draft, condition: Condition) -> Iterator[Wish]:
    character, state, wanted = draft.house.character, draft.state, condition.states
    if condition.subjects >> character & 1 and wanted & _POSTURES:
        places = 0
        for other in draft.goal.conditions:
            if other.relation == "ON" and other.subjects >> character & 1:
                places |= other.targets
        yield from _for_seat(draft, places, wanted)
        return
    left = sum(1 << node for node in bits(condition.subjects) if state.states[node] & wanted != wanted)

    def effort(node: int) -> int:
        return (wanted & ~state.states[node]).bit_count()

    for node in cheapest(state, left, _CHOICES, effort):
        missing = _missing(draft, node, wanted)
        if missing:
            yield missing


def _missing(draft: Draft, node: int, states: int) -> Wish:
    """The actions for the states that a node has not."""
    missing = states & ~draft.state.states[node]
    return tuple(Command(verb, (node,)) for state, verb in MAKES.items() if missing & state) if missing else ()


def _choose(draft: Draft, things: int, settled: int, targets: int = 0) -> list[int]:
    """The things that are best to take: at hand, beside where they must go, and not needed where they are."""
    state = draft.state

    def extra(thing: int) -> int:
        cost = _SPOILS if settled >> thing & 1 else 0
        return cost + (1 if targets and not near_from(state, thing) & targets else 0)

    things &= ~(1 << draft.house.character)
    movable = things & (state.blueprint.portable | state.held)
    return cheapest(state, movable, _CHOICES, extra)


def _for_place(draft: Draft, condition: Condition, settled: int) -> Iterator[Wish]:
    state, relation, rooms = draft.state, condition.relation or "", draft.house.rooms
    there = away = 0
    for thing in bits(condition.subjects):
        if state.row(relation, thing) & condition.targets:
            there |= 1 << thing
        else:
            away |= 1 << thing
    unfit = sum(1 << thing for thing in bits(there) if _missing(draft, thing, condition.states))
    for thing in cheapest(state, unfit, _CHOICES):
        yield _missing(draft, thing, condition.states)
    in_hand = away & state.held
    for thing in bits(in_hand):
        before = _missing(draft, thing, condition.states)
        if condition.targets & rooms:
            for room in cheapest(state, condition.targets & rooms, _CHOICES):
                yield (*before, Command("WALK", (room,)))
                yield (*before, Command("WALK", (room,)), Command("DROP", (thing,)))
        for place in _places(draft, condition, thing):
            if relation == "INSIDE" and draft.house.properties[thing] & _POURED:
                yield (*before, Command("POUR", (thing, place)))
            yield (*before, Command("PUTIN" if relation == "INSIDE" else "PUTBACK", (thing, place)))
    if away and not condition.targets & rooms:
        for thing in cheapest(state, away, 1):
            for place in _places(draft, condition, thing):
                yield from _bring(draft, place, _rooms_for(draft, thing))
    if relation == "INSIDE" and not condition.targets & rooms:
        closed = sum(1 << node for node in bits(condition.targets) if state.states[node] & State.CLOSED)
        if closed == condition.targets:
            for place in cheapest(state, closed, 1):
                yield (Command("OPEN", (place,)),)
    if (there & ~unfit | in_hand & ~settled).bit_count() < condition.count:
        for thing in _choose(draft, away & ~in_hand, settled, condition.targets):
            yield (Command("GRAB", (thing,)),)


def _places(draft: Draft, condition: Condition, thing: int) -> list[int]:
    state = draft.state

    def extra(place: int) -> int:
        cost = 0
        if condition.relation == "INSIDE" and draft.house.properties[place] & Property.CAN_OPEN:
            cost += 1 if state.states[place] & State.CLOSED else 0
            cost += 1 if state.states[place] & State.ON else 0
        return cost

    places = condition.targets & ~draft.house.rooms & ~(1 << draft.house.character)
    if draft.sim.fidelity.no_knots:
        places &= ~(1 << thing)
    return cheapest(state, places, _CHOICES, extra)


def _for_character(draft: Draft, condition: Condition, settled: int) -> Iterator[Wish]:
    state, house = draft.state, draft.house
    relation, targets = condition.relation, condition.targets
    if relation == "INSIDE":
        for room in cheapest(state, targets & house.rooms, _CHOICES):
            yield (Command("WALK", (room,)),)
    elif relation == "ON":
        yield from _for_seat(draft, targets, condition.states)
    elif relation == "CLOSE":
        for node in cheapest(state, targets, _CHOICES):
            yield (Command("FIND" if state.near >> node & 1 else "WALK", (node,)),)
            if state.blueprint.portable >> node & 1 and not state.held >> node & 1:
                yield (Command("GRAB", (node,)),)
    elif relation == "FACING":
        for node in cheapest(state, targets, _CHOICES):
            yield (Command("TURNTO", (node,)),)
    elif relation == "HOLDS":
        for thing in _choose(draft, targets & ~state.held, settled):
            yield (Command("GRAB", (thing,)),)
    elif relation in ("HOLDS_RH", "HOLDS_LH"):
        for thing in _choose(draft, targets, settled):
            yield _into_hand(draft, thing, relation)


def _into_hand(draft: Draft, thing: int, relation: str) -> Wish:
    """Grab a thing with one hand: the right one takes first, so it must be free, or full, at that moment."""
    state = draft.state
    right, left = state.right_hand, state.left_hand
    before: list[Command] = []
    if state.held >> thing & 1:
        before.append(Command(LET_GO, (thing,)))
    wanted, other = (right, left) if relation == "HOLDS_RH" else (left, right)
    if wanted and not wanted >> thing & 1:
        before.append(Command(LET_GO, tuple(bits(wanted))))
    if relation == "HOLDS_LH" and not other & ~(1 << thing):
        partners = 0
        for condition in draft.goal.conditions:
            if condition.relation == "HOLDS_RH" and condition.subjects >> draft.house.character & 1:
                partners |= condition.targets
        fillers = (partners or state.blueprint.portable) & ~(1 << thing) & ~wanted
        before += [Command("GRAB", (filler,)) for filler in cheapest(state, fillers, 1)]
    return (*before, Command("GRAB", (thing,)))


def _for_seat(draft: Draft, places: int, wanted: int) -> Iterator[Wish]:
    """Sit or lie on one of some places, or on any place."""
    house, character = draft.house, draft.house.character
    for condition in draft.goal.conditions:
        if condition.subjects >> character & 1:
            wanted |= condition.states & _POSTURES
    for verb, kind, posture in (("SIT", "SITTABLE", State.SITTING), ("LIE", "LIEABLE", State.LYING)):
        if not wanted & _POSTURES or wanted & posture:
            fitting = house.by_property[kind]
            for place in cheapest(draft.state, (places or fitting) & fitting, _CHOICES, _crowd(draft)):
                yield (Command(verb, (place,)),)
                yield from _bring(draft, place, _rooms_for(draft, character))


def _rooms_for(draft: Draft, subject: int) -> int:
    """The rooms in one of which the goal wants a node; 0: it does not say."""
    rooms = 0
    for condition in draft.goal.conditions:
        if condition.relation == "INSIDE" and condition.subjects == 1 << subject:
            rooms |= condition.targets & draft.house.rooms
    return rooms


def _bring(draft: Draft, place: int, rooms: int) -> Iterator[Wish]:
    """Carry a seat or a plate back to the room where something must be on it."""
    state = draft.state
    if not rooms or not state.blueprint.portable >> place & 1:
        return
    room = state.room_of(place)
    if room >= 0 and not rooms >> room & 1:
        for room in cheapest(state, rooms, 1):
            yield Command("GRAB", (place,)), Command("WALK", (room,)), Command(LET_GO, (place,))


def _crowd(draft: Draft) -> Callable[[int], int]:
    upon, character = draft.state.upon, draft.house.character

    def things_upon(place: int) -> int:
        return (upon[place] & ~(1 << character)).bit_count()

    return things_upon


def _for_action(draft: Draft, action: ActionGoal) -> Iterator[Wish]:
    for verb in sorted(action.verbs):
        yield from action_wishes(draft, verb, action.objects)
