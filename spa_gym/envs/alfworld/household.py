"""What usually stands where: the statistics behind the generated rooms and the searching expert.

The figures in `household.json` were counted over the 3,553 training games of ALFWorld (MIT licence): for each kind of
room, how often a type of receptacle or object occurs (`[probability, mean count where it occurs]`) and where objects
lie at the start (counts); for each family of tasks, which object goes where (counts); and which properties the types
have.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from importlib import resources
from typing import Any

__all__ = ["Household", "RoomStatistics", "household"]


@dataclass(frozen=True)
class RoomStatistics:
    """Counts over the training rooms of one kind; see the module's text for the units."""

    receptacles: dict[str, tuple[float, float]]
    objects: dict[str, tuple[float, float]]
    placement: dict[str, dict[str, int]]


@dataclass(frozen=True)
class Household:
    """All statistics; types are lower case.

    Attributes:
        rooms: kind of room -> its statistics.
        goals: task type -> kind of room -> `(object type, target type, count)`.
        can_contain: receptacle type -> object types.
        openable, pickupable, cleanable, heatable, coolable, sliceable, toggleable, container: sets of types.
        find_rate: object type -> receptacle type -> mean number of such objects in one receptacle of the type.
    """

    rooms: dict[str, RoomStatistics]
    goals: dict[str, dict[str, list[tuple[str, str, int]]]]
    can_contain: dict[str, frozenset[str]]
    openable: frozenset[str]
    pickupable: frozenset[str]
    cleanable: frozenset[str]
    heatable: frozenset[str]
    coolable: frozenset[str]
    sliceable: frozenset[str]
    toggleable: frozenset[str]
    container: frozenset[str]
    find_rate: dict[str, dict[str, float]]


def _find_rate(rooms: dict[str, RoomStatistics]) -> dict[str, dict[str, float]]:
    """How many objects of a type one receptacle of a type holds, on average over the kinds of rooms that have both."""
    found: dict[str, dict[str, float]] = {}
    for room in rooms.values():
        games = max(sum(counts.values()) for counts in room.placement.values())
        for thing, places in room.placement.items():
            rates = found.setdefault(thing, {})
            for kind, count in places.items():
                probability, mean = room.receptacles.get(kind, (0.0, 1.0))
                if probability:
                    rates[kind] = max(rates.get(kind, 0.0), count / (games * probability * mean))
    return found


@functools.cache
def household() -> Household:
    """The statistics, read once per process."""
    text = resources.files("spa_gym.envs.alfworld").joinpath("household.json").read_text(encoding="utf-8")
    data: dict[str, Any] = json.loads(text)
    rooms = {
        kind: RoomStatistics(
            {k: (v[0], v[1]) for k, v in room["receptacles"].items()},
            {k: (v[0], v[1]) for k, v in room["objects"].items()},
            room["placement"],
        )
        for kind, room in data["rooms"].items()
    }
    return Household(
        rooms=rooms,
        goals={t: {r: [(o, p, n) for o, p, n in g] for r, g in by.items()} for t, by in data["goals"].items()},
        can_contain={k: frozenset(v) for k, v in data["can_contain"].items()},
        find_rate=_find_rate(rooms),
        **{
            name: frozenset(data[name])
            for name in (
                "openable",
                "pickupable",
                "cleanable",
                "heatable",
                "coolable",
                "sliceable",
                "toggleable",
                "container",
            )
        },
    )
