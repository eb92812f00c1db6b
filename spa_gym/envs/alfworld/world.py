"""Rooms and tasks of our own: the generated world of ALFWorld, endless by seed.

A world is named by `(world_seed, size)`. It has `NUM_ROOMS` rooms; a task is a room, a fresh placement of its objects
and a goal. `train` and `valid_seen` share the rooms (the tasks differ), `valid_unseen` has rooms of its own, as the
official splits do. Everything follows from the names alone: the random numbers come from `random.Random` seeded with
text, whose `random()` is the same on every machine and version of Python.
"""

from __future__ import annotations

import functools
import random
from collections.abc import Sequence
from dataclasses import dataclass

from spa_gym.core.arguments import one_of
from spa_gym.core.draws import choice, weighted
from spa_gym.envs.alfworld.game import TASK_TYPES, Fact, Game, Goal
from spa_gym.envs.alfworld.household import household

__all__ = ["NUM_ROOMS", "SIZES", "SPLIT_SIZES", "Blueprint", "Room", "draw_blueprint", "draw_room"]

SPLIT_SIZES = {"train": 4000, "valid_seen": 200, "valid_unseen": 200}
"""Number of tasks of each split of a generated world."""

NUM_ROOMS = {"train": 100, "valid_unseen": 20}
"""Rooms of a world; `valid_seen` uses those of `train`."""

SIZES = ("official", "small")

_ROOM_MIX = (("kitchen", 1696), ("bedroom", 734), ("bathroom", 646), ("livingroom", 477))
_TEMPLATES = {
    "pick_and_place_simple": ("put a {o} in {t}.", "put some {o} on {t}."),
    "look_at_obj_in_light": ("look at {o} under the {t}.", "examine the {o} with the {t}."),
    "pick_clean_then_place_in_recep": ("put a clean {o} in {t}.", "clean some {o} and put it in {t}."),
    "pick_heat_then_place_in_recep": ("put a hot {o} in {t}.", "heat some {o} and put it in {t}."),
    "pick_cool_then_place_in_recep": ("put a cool {o} in {t}.", "cool some {o} and put it in {t}."),
    "pick_two_obj_and_place": ("put two {o} in {t}.", "find two {o} and put them in {t}."),
}
_APPLIANCE = {
    "pick_clean_then_place_in_recep": "sinkbasin",
    "pick_heat_then_place_in_recep": "microwave",
    "pick_cool_then_place_in_recep": "fridge",
}
_ABILITY = {
    "pick_clean_then_place_in_recep": "cleanable",
    "pick_heat_then_place_in_recep": "heatable",
    "pick_cool_then_place_in_recep": "coolable",
}
_PROPERTIES = ("pickupable", "cleanable", "heatable", "coolable", "sliceable", "toggleable")
_SHARED_PLACE = 0.1
"""Share of receptacles that stand at the place of the one before (in the official rooms one in ten does)."""
_START_COOL = 0.1
_NEW_PAIR = 0.3
"""Share of tasks whose object and target are any that fit, instead of a pair that the statistics name."""

_RECEPTACLES = {"official": (9, 54), "small": (6, 12)}
"""Fewest and most receptacles of a room; the official kitchens have up to 54."""


@dataclass(frozen=True, slots=True)
class Room:
    """Receptacles of one room: `receptacles[i] = (type, place)`; places are numbers from 1."""

    kind: str
    receptacles: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Blueprint:
    """A generated game as ground atoms, before it becomes a `Game` or a file."""

    facts: tuple[Fact, ...]
    goal: Goal
    goal_text: str
    room_kind: str
    name: str

    def game(self) -> Game:
        """The game that the atoms describe."""
        return Game.from_facts(self.facts, self.goal, self.goal_text, self.name)


def _count(rng: random.Random, mean: float, limit: int) -> int:
    """A count of at least 1 with about the given mean."""
    if mean < 3:
        extra = mean - 1
        return min(limit, 1 + int(extra) + (rng.random() < extra - int(extra)))
    low, high = int(mean * 0.4) + 1, int(mean * 1.7)
    return min(limit, low + int(rng.random() * (high - low + 1)))


def draw_room(world_seed: int, size: str, group: str, index: int) -> Room:
    """Room `index` of a group (`"train"` or `"valid_unseen"`); no room of the second is like one of the first.

    Raises:
        BadArgument: the size is not one of `SIZES`.
    """
    one_of("size", size, SIZES)
    low, high = _RECEPTACLES[size]
    room = Room("", ())
    for attempt in range(1000):
        room = _draw_room(random.Random(f"spa-gym/alfworld/{world_seed}/{size}/{group}/room/{index}/{attempt}"), size)
        if low <= len(room.receptacles) <= high and not (group != "train" and room in _train_rooms(world_seed, size)):
            break
    return room


@functools.lru_cache(maxsize=64)
def _train_rooms(world_seed: int, size: str) -> frozenset[Room]:
    return frozenset(draw_room(world_seed, size, "train", index) for index in range(NUM_ROOMS["train"]))


def _draw_room(rng: random.Random, size: str) -> Room:
    kind, _ = _ROOM_MIX[weighted(rng, [w for _, w in _ROOM_MIX])]
    statistics = household().rooms[kind]
    limit = 27 if size == "official" else 3
    counts = {t: _count(rng, mean, limit) for t, (p, mean) in statistics.receptacles.items() if rng.random() < p}
    if size == "small":
        counts = _shrink(rng, counts)
    receptacles: list[tuple[str, int]] = []
    place = 0
    for receptacle_type in sorted(counts):
        for _ in range(counts[receptacle_type]):
            if not receptacles or rng.random() >= _SHARED_PLACE:
                place += 1
            receptacles.append((receptacle_type, place))
    return Room(kind, tuple(receptacles))


_KEPT_IN_SMALL = ("sinkbasin", "microwave", "fridge", "garbagecan", "desk", "bed", "sofa", "countertop", "toilet")


def _shrink(rng: random.Random, counts: dict[str, int]) -> dict[str, int]:
    """At most 12 receptacles; appliances and the room's main furniture stay."""
    small = {t: min(n, 1 if t in _KEPT_IN_SMALL else 2) for t, n in counts.items()}
    target = 8 + int(rng.random() * 5)
    while sum(small.values()) > target:
        doubled = [t for t in sorted(small) if small[t] > 1]
        droppable = doubled or [t for t in sorted(small) if t not in _KEPT_IN_SMALL]
        if not droppable:
            break
        chosen = choice(rng, droppable)
        small[chosen] -= 1
        if not small[chosen]:
            del small[chosen]
    return small


def _draw_goal(rng: random.Random, room: Room, present: Sequence[str]) -> Goal | None:
    """A goal that suits the room, or None where the drawn family of tasks has none there."""
    house = household()
    statistics = house.rooms[room.kind]
    kinds = [t for t in TASK_TYPES if room.kind in house.goals[t]]
    kind = kinds[weighted(rng, [sum(n for _, _, n in house.goals[t][room.kind]) for t in kinds])]
    here = set(present)
    if kind in _APPLIANCE and _APPLIANCE[kind] not in here:
        return None
    if kind == "look_at_obj_in_light":
        if not here & set(statistics.placement.get("desklamp", ())):
            return None
        pairs = [
            (o, t, n)
            for o, t, n in house.goals[kind][room.kind]
            if t == "desklamp" and here & set(statistics.placement.get(o, ()))
        ]
    elif rng.random() < _NEW_PAIR:
        able = getattr(house, _ABILITY[kind]) if kind in _ABILITY else house.pickupable
        pairs = [
            (o, t, 1)
            for o in sorted(statistics.placement)
            for t in sorted(here)
            if o in able and o in house.pickupable and o in house.can_contain.get(t, ()) and t != _APPLIANCE.get(kind)
        ]
    else:
        pairs = [(o, t, n) for o, t, n in house.goals[kind][room.kind] if t in here]
    pairs = [(o, t, n) for o, t, n in pairs if here & set(statistics.placement.get(o, ())) - {t}]
    if not pairs:
        return None
    thing, target, _ = pairs[weighted(rng, [n**0.5 for _, _, n in pairs])]
    return Goal(kind, thing, target)


def _draw_objects(rng: random.Random, room: Room, goal: Goal, size: str) -> list[tuple[str, int]]:
    """`(object type, receptacle index)` for everything that lies about; the goal does not hold yet."""
    house = household()
    statistics = house.rooms[room.kind]
    by_type: dict[str, list[int]] = {}
    for i, (receptacle_type, _) in enumerate(room.receptacles):
        by_type.setdefault(receptacle_type, []).append(i)
    needed = {goal.object_type: 2 if goal.kind == "pick_two_obj_and_place" else 1}
    if goal.kind == "look_at_obj_in_light":
        needed[goal.target_type] = 1
    treated = goal.kind in _APPLIANCE
    placed: list[tuple[str, int]] = []
    for thing in sorted(statistics.placement):
        probability, mean = statistics.objects.get(thing, (0.5, 1.0))
        if size == "small":
            probability, mean = probability * 0.45, 1.0 + (mean - 1.0) * 0.35
        count = _count(rng, mean, 4) if rng.random() < probability else 0
        count = max(count, needed.get(thing, 0))
        kinds = [t for t in sorted(statistics.placement[thing]) if t in by_type]
        if thing == goal.object_type and not treated:
            kinds = [t for t in kinds if t != goal.target_type]
        if not kinds:
            continue
        weights = [statistics.placement[thing][t] for t in kinds]
        placed += [(thing, choice(rng, by_type[kinds[weighted(rng, weights)]])) for _ in range(count)]
    return placed


def draw_blueprint(world_seed: int, size: str, split: str, index: int) -> Blueprint:
    """Task `index` of a split of a generated world, as ground atoms.

    Args:
        world_seed: which world, any integer.
        size: `"official"` (rooms like the real ones) or `"small"` (6-12 receptacles).
        split: `"train"`, `"valid_seen"` or `"valid_unseen"`.
        index: position in the split; any number from 0, the splits merely stop at `SPLIT_SIZES`.
    """
    group = "valid_unseen" if split == "valid_unseen" else "train"
    name = f"alfworld/{world_seed}/{size}/{split}/{index}"
    rng = random.Random(f"spa-gym/{name}")
    while True:
        room = draw_room(world_seed, size, group, int(rng.random() * NUM_ROOMS[group]))
        goal = _draw_goal(rng, room, [t for t, _ in room.receptacles])
        if goal is not None:
            break
    objects = _draw_objects(rng, room, goal, size)
    text = choice(rng, _TEMPLATES[goal.kind]).format(o=goal.object_type, t=goal.target_type)
    return Blueprint(tuple(_facts(rng, room, objects)), goal, text, room.kind, name)


def _identifier(thing: str, number: int) -> str:
    """An id of ALFRED's form; basins carry their type at the end, as in the original."""
    if thing.endswith("basin"):
        return f"{thing.removesuffix('basin')}_bar_{number:02d}_bar_{thing}"
    return f"{thing}_bar_{number:02d}"


def _facts(rng: random.Random, room: Room, objects: Sequence[tuple[str, int]]) -> list[Fact]:
    house = household()
    facts: list[Fact] = [("atlocation", "agent1", "loc_bar_00")]
    counts: dict[str, int] = {}

    def numbered(thing: str) -> str:
        counts[thing] = counts.get(thing, 0) + 1
        return _identifier(thing, counts[thing])

    receptacle_ids = []
    for receptacle_type, place in room.receptacles:
        identifier = numbered(receptacle_type)
        receptacle_ids.append(identifier)
        facts.append(("receptacletype", identifier, receptacle_type + "type"))
        facts.append(("receptacleatlocation", identifier, f"loc_bar_{place:02d}"))
        if receptacle_type in house.openable:
            facts.append(("openable", identifier))
    for thing, receptacle in objects:
        identifier = numbered(thing)
        receptacle_type, place = room.receptacles[receptacle]
        facts.append(("objecttype", identifier, thing + "type"))
        facts.append(("inreceptacle", identifier, receptacle_ids[receptacle]))
        facts.append(("objectatlocation", identifier, f"loc_bar_{place:02d}"))
        facts += [(predicate, identifier) for predicate in _PROPERTIES if thing in getattr(house, predicate)]
        if thing in house.container:
            facts.append(("isreceptacleobject", identifier))
        if receptacle_type == "fridge" and thing in house.coolable and rng.random() < _START_COOL:
            facts.append(("iscool", identifier))
    object_types = sorted({thing for thing, _ in objects})
    for receptacle_type in sorted({t for t, _ in room.receptacles}):
        accepted = house.can_contain.get(receptacle_type, frozenset())
        facts += [
            ("cancontain", receptacle_type + "type", thing + "type") for thing in object_types if thing in accepted
        ]
    return facts
