"""Why an action was not executed: a kind with the things it is about, and the sentence for people."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from spa_gym.envs.virtualhome.house import House

__all__ = ["REASONS", "Failure", "reason_text"]


class Failure(NamedTuple):
    """An action that was not executed, and why."""

    kind: str
    """One of `REASONS`."""
    nodes: tuple[int, ...] = ()
    """Positions of the things that the sentence names."""


REASONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "unknown_verb": "there is no such action",
        "wrong_number": "the action takes another number of objects",
        "unknown_object": "there is no such thing in the house",
        "in_no_room": "{0} is in no room",
        "seated": "you are sitting or lying",
        "standing": "you are neither sitting nor lying",
        "already_sitting": "you are sitting already",
        "already_lying": "you are lying already",
        "taken": "there is no place left on {0}",
        "not_near": "you are not close to {0}",
        "not_facing": "you do not face {0}",
        "other_room": "{0} is in another room",
        "shut_in": "{0} is inside {1}, which is closed",
        "hands_full": "both your hands are full",
        "hands_empty": "your hands are empty",
        "no_knife": "you hold no knife",
        "not_held": "you do not hold {0}",
        "already_held": "{0} is in your hand already",
        "in_other_hands": "{1} holds {0}",
        "worn": "you are wearing {0}",
        "not_worn": "you are not wearing {0}",
        "in_use": "you are on {0}",
        "knot": "{0} cannot go there: {1} is part of what you would put",
        "not_a_place": "{0} is no place to put things",
        "is_closed": "{0} is closed",
        "not_closed": "{0} is not closed",
        "not_open": "{0} is not open",
        "is_on": "{0} is on",
        "not_on": "{0} is not on",
        "not_off": "{0} is not off",
        "is_unplugged": "{0} is unplugged",
        "not_plugged_in": "{0} is not plugged in",
        "not_plugged_out": "{0} is not unplugged",
        "no_door": "{0} cannot be opened or closed",
        "no_switch": "{0} has no switch",
        "no_plug": "{0} has no plug",
        "not_grabbable": "{0} cannot be grabbed",
        "not_sittable": "{0} is nothing to sit on",
        "not_lieable": "{0} is nothing to lie on",
        "not_clothes": "{0} is no piece of clothing",
        "not_readable": "{0} cannot be read",
        "not_lookable": "{0} is nothing to watch",
        "not_drinkable": "{0} is nothing to drink or drink from",
        "not_eatable": "{0} cannot be eaten",
        "not_cuttable": "{0} cannot be cut",
        "not_pourable": "{0} cannot be poured",
        "not_recipient": "nothing can be poured into {0}",
        "not_movable": "{0} cannot be moved",
        "not_squeezable": "{0} cannot be squeezed",
        "not_person": "{0} is no person",
        "broken": "the action does not work in this version",
    }
)
"""Kind -> sentence; `{0}` and `{1}` are the names of the failure's nodes."""


def reason_text(failure: Failure, house: House) -> str:
    """The sentence of a failure, in small letters and without a full stop: "fridge is closed"."""
    return REASONS[failure.kind].format(*[house.names[node] for node in failure.nodes])
