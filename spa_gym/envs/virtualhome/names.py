"""The names that occur in texts of generated houses, for tokenizers that make each of them one token."""

from __future__ import annotations

from spa_gym.envs.virtualhome.world.furniture import furniture
from spa_gym.envs.virtualhome.world.rooms import HOUSE_PLANS, ROOMS
from spa_gym.envs.virtualhome.world.things import things

__all__ = ["entity_names"]

_OF_A_KIND = 3
"""Most things of a class that lie in a house."""


def entity_names() -> list[str]:
    """Class names ("mug") and numbered names ("mug 1"), rooms first, then furniture, then things."""
    names = []
    for class_name, most in _counts().items():
        numbers = range(1, most + 1) if most > 1 else ()
        names += [class_name, *(f"{class_name} {number}" for number in numbers)]
    return names


def _counts() -> dict[str, int]:
    """Class name -> how many of it a house has at most."""
    plan = [room for room, _ in HOUSE_PLANS["official"]]
    counts = {room: plan.count(room) for room in plan}
    counts.update(dict.fromkeys(furniture(), 0))
    for room in plan:
        for slot in ROOMS[room]:
            for class_name in slot.classes:
                counts[class_name] = counts.get(class_name, 0) + 1
    counts["door"] = len(plan) - 1
    for class_name in things():
        counts[class_name] = counts.get(class_name, 0) + _OF_A_KIND
    return counts
