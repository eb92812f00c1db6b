"""The names that occur in ALFWorld's texts, for tokenizers that make each of them one token."""

from __future__ import annotations

from spa_gym.envs.alfworld.household import household

__all__ = ["entity_names"]

_MANY = {"cabinet": 30, "drawer": 30, "shelf": 16}
_SOME = 6
"""Highest number given a token of its own; in the official rooms hardly any other type passes it."""


def entity_names() -> list[str]:
    """Type words ("mug") and numbered names ("mug 1"), in alphabetical order of types."""
    house = household()
    kinds = {kind for room in house.rooms.values() for kind in (*room.receptacles, *room.placement)}
    kinds |= house.can_contain.keys() | {thing for things in house.can_contain.values() for thing in things}
    kinds |= house.pickupable | house.toggleable | {"sink", "bathtub"}
    return [
        name for kind in sorted(kinds) for name in (kind, *(f"{kind} {n + 1}" for n in range(_MANY.get(kind, _SOME))))
    ]
