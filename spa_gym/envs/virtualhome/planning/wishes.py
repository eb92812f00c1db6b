"""What to want next: for each part of a goal that does not hold yet, the actions that bring it about or nearer.

A wish is one action or a few; what they need first is the draft's business. There are two wishes for carrying a thing
somewhere, to have it in hand and to put it down there, so that a search can fetch two things before it delivers them.
"""

from __future__ import annotations

from collections.abc import Iterator

from spa_gym.envs.virtualhome.goal import Condition
from spa_gym.envs.virtualhome.planning.action_wishes import action_wishes
from spa_gym.envs.virtualhome.planning.body_wishes import POSTURES, body_wishes, seat_wishes
from spa_gym.envs.virtualhome.planning.draft import Draft, Wish
from spa_gym.envs.virtualhome.planning.move_wishes import CHOICES, missing_states, move_wishes, wear_wishes
from spa_gym.envs.virtualhome.planning.surroundings import cheapest
from spa_gym.envs.virtualhome.vocabulary import bits

__all__ = ["wishes"]


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
            for verb in sorted(action.verbs):
                found += action_wishes(draft, verb, action.objects)
            if goal.ordered:
                break
    return list(dict.fromkeys(found))


def _settled(draft: Draft) -> int:
    """The things that some condition needs where they are."""
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
        if condition.subjects >> character & 1 and condition.states & POSTURES:
            yield from seat_wishes(draft, 0, condition.states)
        else:
            yield from _for_states(draft, condition)
    elif condition.subjects >> character & 1:
        yield from body_wishes(draft, condition, settled)
    elif condition.targets >> character & 1:
        yield from wear_wishes(draft, condition, settled)
    elif condition.relation in ("ON", "INSIDE", "CLOSE"):
        yield from move_wishes(draft, condition, settled)


def _for_states(draft: Draft, condition: Condition) -> Iterator[Wish]:
    state, wanted = draft.state, condition.states
    lacking = sum(1 << node for node in bits(condition.subjects) if wanted & ~state.states[node])

    def effort(node: int) -> int:
        return (wanted & ~state.states[node]).bit_count()

    for node in cheapest(state, lacking, CHOICES, effort):
        missing = missing_states(draft, node, wanted)
        if missing:
            yield missing
