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
from spa_gym.envs.virtualhome.vocabulary import bits

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
        listable: all these.
        walks: where to walk, in order: the rooms, then the things.
        poured: what can be poured, and where to.
        put_on, put_in: places.
        knives: what cuts.
        portable: what can be grabbed.
        seats: what somebody can sit or lie on.
        openable: what OPEN and CLOSE work on.
        closing: what nothing can be put in while it is closed.
        watched_otherwise: what can be watched by other rules than facing it in the same room.
        enclosable: what can get into something closed: all else stays where it is.
    """

    __slots__ = (
        "_house", "_of", "body", "closing", "enclosable", "knives", "listable", "openable", "portable",
        "poured", "put_in", "put_on", "seats", "things", "walks", "watched_otherwise",
    )  # fmt: skip

    def __init__(self, house: House) -> None:
        self._house = house
        self._of: dict[str, int] = {}
        kind, rooms = house.by_property, house.rooms
        self.body = kind["BODY_PART"] & ~rooms
        apart = structure_of(house) | rooms | self.body | 1 << house.character
        self.things = things = (1 << len(house)) - 1 & ~apart
        self.listable = things | self.body
        self.walks = (*bits(rooms), *bits(things))
        furniture = 0
        for node, category in enumerate(house.categories):
            if category in _PLACES:
                furniture |= 1 << node
        furniture &= ~_classes(house, _HANGING)
        self.openable, self.closing = kind["CAN_OPEN"] | _classes(house, _OPENED), kind["CAN_OPEN"]
        self.portable = kind["GRABBABLE"] | _classes(house, _GRABBED)
        self.seats = (kind["SITTABLE"] | kind["LIEABLE"]) & things
        self.put_on = (kind["SURFACES"] | kind["SITTABLE"] | kind["LIEABLE"] | furniture) & things
        self.put_in = (kind["CONTAINERS"] | kind["RECIPIENT"] | furniture & kind["CAN_OPEN"]) & things
        self.poured = (
            (kind["POURABLE"] | kind["DRINKABLE"]) & things,
            (kind["RECIPIENT"] | _classes(house, _POURED_OVER)) & self.listable,
        )
        self.knives = sum([nodes for name, nodes in house.by_class.items() if "knife" in name])
        self.enclosable, roomless = self.portable, 0
        for node, row in enumerate(house.rows["INSIDE"]):
            if row & ~rooms:
                self.enclosable |= 1 << node
            if not row & rooms:
                roomless |= 1 << node
        computers = _classes(house, ("computer",))
        self.watched_otherwise = kind["LOOKABLE"] & things & (roomless | self.portable | computers)

    @property
    def of(self) -> dict[str, int]:
        """Verb with one object -> what it is listed with, in the order of `VERBS`."""
        if not self._of:
            self._of = self._by_verb()
        return self._of

    def _by_verb(self) -> dict[str, int]:
        house, kind, things, washable = self._house, self._house.by_property, self.things, self.listable
        movable = (kind["MOVABLE"] | _classes(house, _MOVED)) & things
        return {
            "TURNTO": things,
            "LOOKAT": things,
            "POINTAT": things,
            "WATCH": kind["LOOKABLE"] & things,
            "GRAB": self.portable & things,
            "DROP": things,
            "PUTOBJBACK": things,
            "OPEN": self.openable & things,
            "CLOSE": self.openable & things,
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
            "EAT": things,
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
