"""What a game is: the things of one room, where they start, and what has to be done with them.

A `Game` is read-only and shared by every environment that plays it; what changes while playing lives in
`engine.Engine`. Things are numbered in the order of their (lower-cased) PDDL ids, because the real engine lists them in
that order; receptacles and objects each count from 0, and a set of objects is a bit mask over these numbers.

Games come from two places, `pddl.parse_game` (text of the official data) and `world.py` (rooms of our own), and both go
through `Game.from_facts`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from spa_gym.core.errors import UnsolvableTask

__all__ = ["TASK_TYPES", "Fact", "Game", "Goal"]

Fact = tuple[str, ...]
"""A ground PDDL atom in lower case: the predicate, then the ids of its arguments."""

TASK_TYPES = (
    "pick_and_place_simple",
    "look_at_obj_in_light",
    "pick_clean_then_place_in_recep",
    "pick_heat_then_place_in_recep",
    "pick_cool_then_place_in_recep",
    "pick_two_obj_and_place",
)
"""The six families of tasks, as ALFRED names them."""


@dataclass(frozen=True, slots=True)
class Goal:
    """What has to hold at the end.

    `kind` is one of `TASK_TYPES`; `object_type` the type of the object that counts; `target_type` the receptacle type
    it must be in, or the lamp type for `look_at_obj_in_light`. Types are lower case, as in the text ("soapbar").
    """

    kind: str
    object_type: str
    target_type: str


def _display_names(ids: Iterable[str]) -> dict[str, str]:
    """Names as players see them: per type, the first id in order gets the highest number."""
    stems: dict[str, str] = {}
    for identifier in sorted(ids):
        stem, separator, _ = identifier.partition("_bar_")
        if separator:
            stems[identifier] = stem + "basin" if "basin" in identifier else stem
        else:
            stems[identifier] = ""
    left = Counter(stems.values())
    names = {}
    for identifier, stem in stems.items():
        if not stem:
            names[identifier] = identifier
            continue
        names[identifier] = f"{stem} {left[stem]}"
        left[stem] -= 1
    return names


def _mask(positions: Iterable[int]) -> int:
    mask = 0
    for position in positions:
        mask |= 1 << position
    return mask


class Game:
    """One room with one task, read-only.

    Attributes:
        goal: what has to hold at the end.
        goal_text: the instruction, for instance `put a clean mug in coffeemachine.`
        receptacle_names, receptacle_types: by receptacle number.
        receptacle_location: location number of each receptacle, -1 where it stands nowhere (then it cannot be reached).
        receptacles_at: location number -> receptacle numbers, in order.
        openable: bit mask of receptacles; opened: those open at the start.
        object_names, object_types: by object number ("" where the data give no type).
        contents: receptacle number -> object numbers in it at the start, in order.
        pickupable, cleanable, heatable, coolable, toggleable, sliceable, container: bit masks of objects.
        clean, hot, cool, toggled, sliced: bit masks of objects at the start.
        object_locations: object number -> bit mask of the locations it is recorded at (only slicing reads it).
        inside: object number -> objects inside it (a pan with an egg), constant in the original.
        can_contain: receptacle number -> bit mask of the objects that may be put there.
        start_location: location number of the agent at the start, held: object in hand at the start or -1.
        memo: texts and command lists computed so far, shared by all who play this game; `engine.py` fills it.
    """

    __slots__ = (
        "goal", "goal_text", "receptacle_names", "receptacle_types", "receptacle_location", "receptacles_at",
        "openable", "opened", "object_names", "object_types", "contents", "pickupable", "cleanable", "heatable",
        "coolable", "toggleable", "sliceable", "container", "clean", "hot", "cool", "toggled", "sliced",
        "object_locations", "inside", "can_contain", "start_location", "held", "knives", "goal_objects",
        "goal_receptacles", "memo", "source",
    )  # fmt: skip

    def __init__(self, **fields: Any) -> None:
        for name in self.__slots__:
            setattr(self, name, fields[name])

    @classmethod
    def from_facts(cls, facts: Sequence[Fact], goal: Goal, goal_text: str, source: str = "") -> Game:
        """Build a game from ground atoms.

        Args:
            facts: the initial state; predicates that play no part (`checked`, distances) are ignored.
            goal: what has to hold at the end.
            goal_text: the instruction as it is shown.
            source: where the facts come from, for error messages.

        Raises:
            UnsolvableTask: nothing in the room can fulfil the goal, for lack of the thing or of the place.
        """
        by_name: dict[str, list[Fact]] = {}
        ids: set[str] = set()
        for fact in facts:
            by_name.setdefault(fact[0], []).append(fact)
            ids.update(fact[1:])
        names = _display_names(ids)

        def first(predicate: str) -> list[str]:
            return [fact[1] for fact in by_name.get(predicate, ())]

        def pairs(predicate: str) -> list[tuple[str, str]]:
            return [(fact[1], fact[2]) for fact in by_name.get(predicate, ())]

        kind_of_receptacle = {a: t.removesuffix("type") for a, t in pairs("receptacletype")}
        kind_of_object = {a: t.removesuffix("type") for a, t in pairs("objecttype")}
        receptacles = sorted({*kind_of_receptacle, *first("receptacleatlocation"), *first("openable")})
        in_hand = [b for _, b in pairs("holds")]
        objects = sorted(
            {*kind_of_object, *first("pickupable"), *first("inreceptacle"), *first("toggleable"), *in_hand}
            - set(receptacles)
        )
        location_ids = sorted({b for _, b in [*pairs("receptacleatlocation"), *pairs("atlocation")]})
        location_ids += sorted({b for _, b in pairs("objectatlocation")} - set(location_ids))
        r_number = {identifier: i for i, identifier in enumerate(receptacles)}
        o_number = {identifier: i for i, identifier in enumerate(objects)}
        l_number = {identifier: i for i, identifier in enumerate(location_ids)}

        location = [-1] * len(receptacles)
        at: list[list[int]] = [[] for _ in location_ids]
        for r, place in sorted(pairs("receptacleatlocation")):
            location[r_number[r]] = l_number[place]
            at[l_number[place]].append(r_number[r])
        contents: list[list[int]] = [[] for _ in receptacles]
        for o, r in sorted(set(pairs("inreceptacle"))):
            if r in r_number and o in o_number:
                contents[r_number[r]].append(o_number[o])
        object_locations = [0] * len(objects)
        for o, place in pairs("objectatlocation"):
            if o in o_number:
                object_locations[o_number[o]] |= 1 << l_number[place]
        inside: dict[int, list[int]] = {}
        for inner, outer in sorted(set(pairs("inreceptacleobject"))):
            if inner in o_number and outer in o_number:
                inside.setdefault(o_number[outer], []).append(o_number[inner])

        object_types = [kind_of_object.get(identifier, "") for identifier in objects]
        receptacle_types = [kind_of_receptacle.get(identifier, "") for identifier in receptacles]
        objects_of: dict[str, int] = {}
        for i, kind in enumerate(object_types):
            objects_of[kind] = objects_of.get(kind, 0) | 1 << i
        accepts: dict[str, int] = {}
        for r_kind, o_kind in set(pairs("cancontain")):
            r_kind = r_kind.removesuffix("type")
            accepts[r_kind] = accepts.get(r_kind, 0) | objects_of.get(o_kind.removesuffix("type"), 0)

        def objects_with(predicate: str) -> int:
            return _mask(o_number[o] for o in set(first(predicate)) if o in o_number)

        start = [l_number[b] for _, b in pairs("atlocation")]
        game = cls(
            goal=goal,
            goal_text=goal_text,
            receptacle_names=tuple(names[r] for r in receptacles),
            receptacle_types=tuple(receptacle_types),
            receptacle_location=tuple(location),
            receptacles_at=tuple(tuple(sorted(set(rs))) for rs in at),
            openable=_mask(r_number[r] for r in set(first("openable"))),
            opened=_mask(r_number[r] for r in set(first("opened")) if r in r_number),
            object_names=tuple(names[o] for o in objects),
            object_types=tuple(object_types),
            contents=tuple(tuple(c) for c in contents),
            pickupable=objects_with("pickupable"),
            cleanable=objects_with("cleanable"),
            heatable=objects_with("heatable"),
            coolable=objects_with("coolable"),
            toggleable=objects_with("toggleable"),
            sliceable=objects_with("sliceable"),
            container=objects_with("isreceptacleobject"),
            clean=objects_with("isclean"),
            hot=objects_with("ishot"),
            cool=objects_with("iscool"),
            toggled=objects_with("istoggled"),
            sliced=objects_with("issliced"),
            object_locations=tuple(object_locations),
            inside={outer: tuple(inner) for outer, inner in inside.items()},
            can_contain=tuple(accepts.get(kind, 0) for kind in receptacle_types),
            start_location=start[0] if start else -1,
            held=o_number[in_hand[0]] if in_hand else -1,
            knives=objects_of.get("knife", 0) | objects_of.get("butterknife", 0),
            goal_objects=_goal_objects(goal, objects_of, objects_with),
            goal_receptacles=tuple(i for i, kind in enumerate(receptacle_types) if kind == goal.target_type),
            memo={},
            source=source,
        )
        game._refuse_hopeless()
        return game

    def _refuse_hopeless(self) -> None:
        """Refuse a goal that no sequence of actions can reach."""
        goal, wanted = self.goal, self.goal_objects.bit_count()
        needed = 2 if goal.kind == "pick_two_obj_and_place" else 1
        reachable = [r for r in range(len(self.receptacle_names)) if self.receptacle_location[r] >= 0]
        stocked = _mask(o for r in reachable for o in self.contents[r]) | (1 << self.held if self.held >= 0 else 0)
        missing = ""
        if (self.goal_objects & self.pickupable & stocked).bit_count() < needed:
            missing = f"{needed} {goal.object_type} that can be picked up (found {wanted} of this type)"
        elif goal.kind == "look_at_obj_in_light":
            lamps = _mask(o for o, kind in enumerate(self.object_types) if kind == goal.target_type)
            if not lamps & self.toggleable & stocked:
                missing = f"a {goal.target_type} that stands in a receptacle"
        else:
            targets = [r for r in self.goal_receptacles if self.receptacle_location[r] >= 0]
            if not any(self.can_contain[r] & self.goal_objects for r in targets):
                missing = f"a {goal.target_type} that can contain a {goal.object_type}"
            appliance = {
                "pick_clean_then_place_in_recep": "sinkbasin",
                "pick_heat_then_place_in_recep": "microwave",
                "pick_cool_then_place_in_recep": "fridge",
            }.get(goal.kind)
            if appliance and not any(self.receptacle_types[r] in (appliance,) for r in reachable):
                missing = f"a {appliance}"
        if missing:
            raise UnsolvableTask(
                f"{missing} in the room of the task {self.goal_text!r}",
                f"a room without, in {self.source or 'a game'}",
                "choose another task or restore the game file; the other games stay usable",
            )


def _goal_objects(goal: Goal, objects_of: dict[str, int], objects_with: Any) -> int:
    """Bit mask of the objects that can fulfil the goal: its type, and the ability that it asks for."""
    mask = objects_of.get(goal.object_type, 0)
    ability = {
        "pick_clean_then_place_in_recep": "cleanable",
        "pick_heat_then_place_in_recep": "heatable",
        "pick_cool_then_place_in_recep": "coolable",
    }.get(goal.kind)
    return mask & objects_with(ability) if ability else mask
