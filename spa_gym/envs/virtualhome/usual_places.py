"""What everybody knows of household things: where they are usually kept, and how many find room on a seat.

The searching expert opens closed things in this order. The knowledge is the generated world's table of classes; what is
not in it has no usual place, and nothing that is asked of it fails.
"""

from __future__ import annotations

from collections.abc import Sequence

from spa_gym.envs.virtualhome.scene_memory import class_of
from spa_gym.envs.virtualhome.world.class_table import object_class
from spa_gym.envs.virtualhome.world.object_class import ObjectClass

__all__ = ["has_door", "known_class", "likeliest_first", "room_left"]

_PLACES = {"bed": (4, 3), "couch": (4, 2), "sofa": (4, 2), "bench": (2, 1)}
"""Class -> how many may sit and how many may lie there, with what lies there counted; elsewhere one."""


def known_class(class_name: str) -> ObjectClass | None:
    """What is known of a class, or None."""
    try:
        return object_class(class_name)
    except KeyError:
        return None


def has_door(class_name: str) -> bool:
    """Whether things of a class can be closed; True where nothing is known of it."""
    known = known_class(class_name)
    return known is None or "CAN_OPEN" in known.properties


def likeliest_first(wanted: str, closed: Sequence[str]) -> list[str]:
    """Order closed things by how probably something is in them.

    Args:
        wanted: class of what is looked for.
        closed: names of closed things.

    Returns:
        Where things of that class are kept first, then other furniture for keeping things, then what only happens to
        be closed (a book, a window); among equals in the order given.

    Example:
        >>> likeliest_first("milk", ["window", "kitchen_cabinet 1", "fridge"])
        ['fridge', 'kitchen_cabinet 1', 'window']
    """
    known = known_class(wanted)
    weights = {place.carrier: place.weight for place in known.places if place.relation == "INSIDE"} if known else {}

    def rank(name: str) -> tuple[int, bool]:
        here = known_class(class_of(name))
        holds = here is not None and "CONTAINERS" in here.properties
        return -weights.get(class_of(name), 0), not holds

    return sorted(closed, key=rank)


def room_left(seat: str, things: int, *, lying: bool) -> bool:
    """Whether one can sit (or lie) on a thing that so many things lie on.

    Example:
        >>> room_left("chair", 0, lying=False), room_left("chair 2", 1, lying=False), room_left("bed", 3, lying=False)
        (True, False, True)
    """
    return things < _PLACES.get(class_of(seat), (1, 1))[lying]
