"""`ObjectClass`: what the generated world knows of a VirtualHome class, and where its things are found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["ObjectClass", "Place", "thing"]


class Place(NamedTuple):
    """A place where things of a class are found."""

    relation: str
    """`ON` or `INSIDE`."""
    carrier: str
    """Class of the furniture."""
    weight: int


@dataclass(frozen=True, slots=True)
class ObjectClass:
    """A class of furniture or things."""

    category: str
    properties: tuple[str, ...]
    """VirtualHome's, see `PROPERTIES`."""
    states: tuple[str, ...] = ()
    """Of a node on an ordinary day."""
    room_for: int = 0
    """How many things stand on or in a piece of furniture at most."""
    places: tuple[Place, ...] = ()
    """Where things of the class belong; empty for furniture."""
    dirty: float = 0.0
    """Share of the nodes that are dirty on an ordinary day; 0 for what never is."""
    small: bool = False
    """Whether it occurs in worlds of size `small`."""


def thing(category: str, properties: str, places: str, dirty: float = 0.0, *, small: bool = False) -> ObjectClass:
    """Make a class of things from words.

    Args:
        category: VirtualHome's category.
        properties: Names with blanks between; GRABBABLE and MOVABLE are added.
        places: "on table 2, in fridge": relation, class of furniture and weight (1 if left out).
        dirty: Share that is dirty.
        small: Whether small worlds have it.
    """
    found = []
    for place in places.split(", "):
        relation, carrier, *weight = place.split()
        found.append(Place({"on": "ON", "in": "INSIDE"}[relation], carrier, int(weight[0]) if weight else 1))
    names = ("GRABBABLE", *properties.split(), "MOVABLE")
    return ObjectClass(category, names, (), 0, tuple(found), dirty, small)
