"""What the rules look up of a house and never changes: computed once per house, shared by all its simulators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from spa_gym.envs.virtualhome.house import House, once_per_house
from spa_gym.envs.virtualhome.vocabulary import positions

__all__ = ["Blueprint", "blueprint_of"]

_LOOSE: Final = ("water", "child")
"""Classes that can be grabbed without the property."""
_HANDS: Final = ("HOLDS_RH", "HOLDS_LH")


@dataclass(frozen=True, slots=True, eq=False)
class Blueprint:
    """Facts of a house at its start; sets of nodes are ints."""

    upon: tuple[int, ...]
    """What is ON each node."""
    contents: tuple[int, ...]
    """What is INSIDE each node."""
    faced_by: tuple[int, ...]
    """The nodes that are FACING each node."""
    close_both_ways: bool
    """Every CLOSE edge has its counterpart (true of all known scenes, and then it stays true)."""
    hands: tuple[int, int]
    """What the character holds in its right and left hand."""
    other_hands: dict[tuple[str, int], int]
    """(HOLDS relation, holder) -> what others hold; mostly empty."""
    portable: int
    """What can be grabbed by its kind."""
    body: int
    """Parts of the body."""


@once_per_house
def blueprint_of(house: House) -> Blueprint:
    """The blueprint of a house, the same one each time."""
    close = house.rows["CLOSE"]
    both_ways = _inverse(close) == close
    right, left = (house.rows[hand][house.character] for hand in _HANDS)
    others = {
        (hand, node): row
        for hand in _HANDS
        for node, row in enumerate(house.rows[hand])
        if row and node != house.character
    }
    portable = house.by_property["GRABBABLE"]
    for name in _LOOSE:
        portable |= house.by_class.get(name, 0)
    return Blueprint(
        upon=_inverse(house.rows["ON"]),
        contents=_inverse(house.rows["INSIDE"]),
        faced_by=_inverse(house.rows["FACING"]),
        close_both_ways=both_ways,
        hands=(right, left),
        other_hands=others,
        portable=portable,
        body=house.by_property["BODY_PART"],
    )


def _inverse(rows: tuple[int, ...]) -> tuple[int, ...]:
    inverse = [0] * len(rows)
    for node, row in enumerate(rows):
        bit = 1 << node
        for other in positions(row):
            inverse[other] |= bit
    return tuple(inverse)
