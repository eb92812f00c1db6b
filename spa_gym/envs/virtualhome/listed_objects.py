"""`ListedObjects`: which verbs are listed with which things, by what the things are; what is left out would be silly.

A list of everything that the simulator would execute has "wash ceiling" and "put apple on curtain" in it. Left out are
structure, the character, and walks to parts of its own body; RUN, FIND, RELEASE and MOVE, which do what WALK, DROP and
PULL do; RINSE, SCRUB and WIPE of what is clean (WASH is listed with everything); PUSH of what cannot be PULLed; TYPE on
what is no keyboard or device; and these places:

- put on: what has SURFACES, SITTABLE or LIEABLE, and furniture and appliances;
- put in: what has CONTAINERS or RECIPIENT, and furniture and appliances that can be opened.

All of it is still executed when an agent writes it.
"""

from __future__ import annotations

from typing import Final

from spa_gym.envs.virtualhome.house import House
from spa_gym.envs.virtualhome.observation import structure_of
from spa_gym.envs.virtualhome.vocabulary import State, bits

__all__ = ["ListedObjects"]

_PLACES: Final = frozenset(("Furniture", "Appliances"))
"""Categories of what things are put on or in, whatever the properties."""
_HANGING: Final = ("curtain", "window", "door", "drawing", "mirror", "light", "hanger")
"""Classes that are no places, whatever the category."""
_TYPED: Final = ("computer", "laptop", "phone", "cellphone", "cell_phone", "remote_control", "typewriter", "keyboard")
_MOVED: Final = ("chair", "curtain", "button")
_OPENED: Final = ("desk", "window")
_GRABBED: Final = ("water", "child")
_POURED_OVER: Final = ("hands_both", "sponge", "face")
_SQUEEZED: Final = (
    *("cleaning_solution", "tooth_paste", "shampoo", "food_peanut_butter", "dish_soap", "soap", "towel", "rag"),
    *("paper", "sponge", "food_lemon", "check"),
)


class ListedObjects:
    """The listed things of a house, verb by verb; sets of nodes are ints.

    Args:
        house: the house.

    Attributes:
        things: what can be looked at and walked to, rooms not counted.
        body: parts of the body, which can be touched, washed and poured over.
        walks: where to walk, in order: the rooms, then the things.
        of: verb with one object -> what it is listed with.
        poured: what can be poured, and where to.
        put_on, put_in: places.
        knives: what cuts.
        portable: what can be grabbed.
        changing: what has states that decide about actions.
        openable: what OPEN and CLOSE work on.
        closing: what nothing can be put in while it is closed.
        watched_otherwise: what can be watched by other rules than facing it in the same room.
        enclosable: what can get into something closed: all else stays where it is.
    """

    __slots__ = (
        "body", "changing", "closing", "enclosable", "knives", "of", "openable", "portable", "poured", "put_in",
        "put_on", "things", "walks", "watched_otherwise",
    )  # fmt: skip

    def __init__(self, house: House) -> None:
        kind, count = house.by_property, len(house)
        self.body = kind["BODY_PART"] & ~house.rooms
        apart = structure_of(house) | house.rooms | self.body | 1 << house.character
        self.things = things = (1 << count) - 1 & ~apart
        self.walks = (*bits(house.rooms), *bits(things))
        furniture = sum(1 << node for node, category in enumerate(house.categories) if category in _PLACES)
        hanging = _classes(house, _HANGING)
        openable = kind["CAN_OPEN"] | _classes(house, _OPENED)
        portable = kind["GRABBABLE"] | _classes(house, _GRABBED)
        self.put_on = (kind["SURFACES"] | kind["SITTABLE"] | kind["LIEABLE"] | furniture & ~hanging) & things
        self.put_in = (kind["CONTAINERS"] | kind["RECIPIENT"] | furniture & kind["CAN_OPEN"] & ~hanging) & things
        self.poured = (
            (kind["POURABLE"] | kind["DRINKABLE"]) & things,
            (kind["RECIPIENT"] | _classes(house, _POURED_OVER)) & (things | self.body),
        )
        self.knives = sum(1 << node for node, name in enumerate(house.class_names) if "knife" in name)
        self.openable, self.closing = openable, kind["CAN_OPEN"]
        placed = (node for node in range(count) if house.rows["INSIDE"][node] & ~house.rooms)
        self.portable = portable
        # Nothing gets dirty again.
        dirty = sum(1 << node for node, states in enumerate(house.states) if states & State.DIRTY)
        self.changing = openable | kind["HAS_SWITCH"] | kind["HAS_PLUG"] | dirty
        self.enclosable = portable | sum(1 << node for node in placed)
        movable = (kind["MOVABLE"] | _classes(house, _MOVED)) & things
        roomless = sum(1 << node for node, row in enumerate(house.rows["INSIDE"]) if not row & house.rooms)
        self.watched_otherwise = kind["LOOKABLE"] & things & (roomless | portable | _classes(house, ("computer",)))
        every, washable = things, things | self.body
        self.of = {
            "TURNTO": every,
            "LOOKAT": every,
            "POINTAT": every,
            "WATCH": kind["LOOKABLE"] & things,
            "GRAB": portable & things,
            "DROP": every,
            "PUTOBJBACK": every,
            "OPEN": openable & things,
            "CLOSE": openable & things,
            "SWITCHON": kind["HAS_SWITCH"] & things,
            "SWITCHOFF": kind["HAS_SWITCH"] & things,
            "PLUGIN": kind["HAS_PLUG"] & things,
            "PLUGOUT": kind["HAS_PLUG"] & things,
            "SIT": kind["SITTABLE"] & things,
            "LIE": kind["LIEABLE"] & things,
            "PUTON": kind["CLOTHES"] & things,
            "PUTOFF": kind["CLOTHES"] & things,
            "READ": kind["READABLE"] & things,
            "DRINK": (kind["DRINKABLE"] | kind["RECIPIENT"]) & things,
            "EAT": every,
            "CUT": kind["EATABLE"] & kind["CUTTABLE"] & things,
            "TYPE": _classes(house, _TYPED) & things,
            "TOUCH": washable,
            "PUSH": movable,
            "PULL": movable,
            "WASH": washable,
            "RINSE": washable,
            "SCRUB": washable,
            "WIPE": washable,
            "SQUEEZE": (kind["CLOTHES"] | _classes(house, _SQUEEZED)) & things,
            "GREET": kind["PERSON"] & things,
        }


def _classes(house: House, names: tuple[str, ...]) -> int:
    return sum(house.by_class.get(name, 0) for name in names)
