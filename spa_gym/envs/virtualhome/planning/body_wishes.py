"""Wishes for the character itself: where it stands, sits or lies, what it faces, and what is in which hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from spa_gym.envs.virtualhome.goal import Condition
from spa_gym.envs.virtualhome.planning.draft import LET_GO, Draft, Wish
from spa_gym.envs.virtualhome.planning.move_wishes import CHOICES, best_to_take, bring_back
from spa_gym.envs.virtualhome.planning.surroundings import cheapest
from spa_gym.envs.virtualhome.verbs import Command
from spa_gym.envs.virtualhome.vocabulary import State, bits

__all__ = ["POSTURES", "body_wishes", "seat_wishes"]

POSTURES: Final = State.SITTING | State.LYING


def body_wishes(draft: Draft, condition: Condition, settled: int) -> Iterator[Wish]:
    """Get the character into a relation to something."""
    state, relation, targets = draft.state, condition.relation, condition.targets
    if relation == "INSIDE":
        for room in cheapest(state, targets & draft.house.rooms, CHOICES):
            yield (Command("WALK", (room,)),)
    elif relation == "ON":
        yield from seat_wishes(draft, targets, condition.states)
    elif relation == "CLOSE":
        for node in cheapest(state, targets, CHOICES):
            yield (Command("FIND" if state.near >> node & 1 else "WALK", (node,)),)
            if state.blueprint.portable >> node & 1 and not state.held >> node & 1:
                yield (Command("GRAB", (node,)),)
    elif relation == "FACING":
        for node in cheapest(state, targets, CHOICES):
            yield (Command("TURNTO", (node,)),)
    elif relation == "HOLDS":
        for thing in best_to_take(draft, targets & ~state.held, settled):
            yield (Command("GRAB", (thing,)),)
    elif relation in ("HOLDS_RH", "HOLDS_LH"):
        for thing in best_to_take(draft, targets, settled):
            yield from _into_hand(draft, thing, relation)


def seat_wishes(draft: Draft, places: int, wanted: int) -> Iterator[Wish]:
    """Sit or lie on one of some places (0: what the goal names, else anything); `wanted`: SITTING, LYING or neither."""
    house, character, upon = draft.house, draft.house.character, draft.state.upon
    named = 0
    for condition in draft.goal.conditions:
        if condition.subjects >> character & 1:
            wanted |= condition.states & POSTURES
            if condition.relation == "ON":
                named |= condition.targets
    places = places or named

    def things_upon(place: int) -> int:
        return (upon[place] & ~(1 << character)).bit_count()

    for verb, kind, posture in (("SIT", "SITTABLE", State.SITTING), ("LIE", "LIEABLE", State.LYING)):
        if not wanted & POSTURES or wanted & posture:
            fitting = house.by_property[kind]
            for place in cheapest(draft.state, (places or fitting) & fitting, CHOICES, things_upon):
                yield (Command(verb, (place,)),)
                yield from bring_back(draft, place, character)


def _into_hand(draft: Draft, thing: int, relation: str) -> Iterator[Wish]:
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
        portable = state.blueprint.portable & ~(1 << thing) & ~wanted
        fillers = partners & portable or draft.dear & portable or portable
        for filler in cheapest(state, fillers, CHOICES):
            yield (*before, Command("GRAB", (filler,)), Command("GRAB", (thing,)))
    else:
        yield (*before, Command("GRAB", (thing,)))
