"""`Rule`: a verb's precondition and effect, and the preconditions that many verbs share.

A check gets the state and the objects, and returns None or why not; it changes nothing. An effect is called only after
its check has passed, and cannot fail.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from spa_gym.envs.virtualhome.reasons import Failure
from spa_gym.envs.virtualhome.state import HouseState
from spa_gym.envs.virtualhome.vocabulary import State

__all__ = ["Rule", "hands_full", "is_near", "posture_of", "within_reach"]

Check = Callable[..., Failure | None]
"""`(state, *objects)`: why not, or None."""
Effect = Callable[..., Any]
"""`(state, *objects)`."""


class Rule(NamedTuple):
    """What a verb needs and does."""

    arity: int
    check: Check
    effect: Effect | None = None
    """None: it leaves no trace."""


HANDS_FULL = Failure("hands_full")
_POSTURES = State.SITTING | State.LYING


def is_near(state: HouseState, node: int) -> Failure | None:
    """The character is close to it."""
    return None if state.near >> node & 1 else Failure("not_near", (node,))


def within_reach(state: HouseState, node: int) -> Failure | None:
    """The character is close to it, and nothing closed is around it."""
    if not state.near >> node & 1:
        return Failure("not_near", (node,))
    place = state.shut_in(node)
    return None if place < 0 else Failure("shut_in", (node, place))


def hands_full(state: HouseState) -> Failure | None:
    """A hand is free."""
    return HANDS_FULL if state.right_hand and state.left_hand else None


def posture_of(state: HouseState) -> int:
    """The SITTING and LYING bits of the character that the rules go by."""
    source = state.states if state.fidelity.posture_persists else state.house.states
    return source[state.house.character] & _POSTURES
