"""The words of a VirtualHome graph: states, properties, relations, each state and property one bit of an int.

Names and their order are those of VirtualHome 2.3.0 (`evolving_graph/environment.py`), because scene files use them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

__all__ = [
    "PROPERTIES",
    "RELATIONS",
    "ROOMS_CATEGORY",
    "STATES",
    "Property",
    "State",
    "bits",
    "names_of",
    "positions",
    "properties_mask",
    "states_mask",
]

STATES: Final = ("CLOSED", "OPEN", "ON", "OFF", "SITTING", "DIRTY", "CLEAN", "LYING", "PLUGGED_IN", "PLUGGED_OUT")
"""States of a node; bit i of a state mask is the i-th of them."""

PROPERTIES: Final = (
    *("SURFACES", "GRABBABLE", "SITTABLE", "LIEABLE", "HANGABLE", "DRINKABLE", "EATABLE", "RECIPIENT", "CUTTABLE"),
    *("POURABLE", "CAN_OPEN", "HAS_SWITCH", "READABLE", "LOOKABLE", "CONTAINERS", "CLOTHES", "PERSON", "BODY_PART"),
    *("COVER_OBJECT", "HAS_PLUG", "HAS_PAPER", "MOVABLE", "CREAM"),
)
"""Properties of a node; bit i of a property mask is the i-th of them."""

RELATIONS: Final = ("ON", "INSIDE", "BETWEEN", "CLOSE", "FACING", "HOLDS_RH", "HOLDS_LH", "SITTING")
"""Relations of an edge."""

ROOMS_CATEGORY: Final = "Rooms"
"""The category that makes a node a room."""


class State:
    """Bits of a state mask."""

    CLOSED, OPEN, ON, OFF, SITTING, DIRTY, CLEAN, LYING, PLUGGED_IN, PLUGGED_OUT = (1 << i for i in range(10))


class Property:
    """Bits of a property mask."""

    SURFACES, GRABBABLE, SITTABLE, LIEABLE, HANGABLE, DRINKABLE, EATABLE, RECIPIENT = (1 << i for i in range(8))
    CUTTABLE, POURABLE, CAN_OPEN, HAS_SWITCH, READABLE, LOOKABLE, CONTAINERS = (1 << i for i in range(8, 15))
    CLOTHES, PERSON, BODY_PART, COVER_OBJECT, HAS_PLUG, HAS_PAPER, MOVABLE, CREAM = (1 << i for i in range(15, 23))


_STATE_BITS = {name: 1 << i for i, name in enumerate(STATES)}
_PROPERTY_BITS = {name: 1 << i for i, name in enumerate(PROPERTIES)}


def states_mask(names: Iterable[str]) -> int:
    """The mask of some state names (any case).

    Raises:
        KeyError: a name is none of `STATES`.

    Example:
        >>> states_mask(["closed", "CLEAN"]) == State.CLOSED | State.CLEAN
        True
    """
    mask = 0
    for name in names:
        mask |= _STATE_BITS[name.upper()]
    return mask


def properties_mask(names: Iterable[str]) -> int:
    """The mask of some property names (any case).

    Raises:
        KeyError: a name is none of `PROPERTIES`.
    """
    mask = 0
    for name in names:
        mask |= _PROPERTY_BITS[name.upper()]
    return mask


def names_of(mask: int, names: tuple[str, ...]) -> tuple[str, ...]:
    """The names of a mask's bits, in the order of `names` (`STATES` or `PROPERTIES`)."""
    return tuple(name for i, name in enumerate(names) if mask >> i & 1)


def bits(mask: int) -> Iterator[int]:
    """The positions of the set bits, ascending.

    Example:
        >>> list(bits(0b10110))
        [1, 2, 4]
    """
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


@lru_cache(16_384)
def positions(mask: int) -> tuple[int, ...]:
    """The positions of the set bits, ascending; sets that come again and again (what is near a place) are kept."""
    return tuple(bits(mask))
