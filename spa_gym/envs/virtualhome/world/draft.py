"""`Draft`: the start of a task while it is drawn: states of the furniture, and the things that are laid out on it."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from spa_gym.core.draws import choice, weighted
from spa_gym.envs.virtualhome.world.class_table import object_class
from spa_gym.envs.virtualhome.world.furniture import furniture
from spa_gym.envs.virtualhome.world.layout import Layout
from spa_gym.envs.virtualhome.world.object_class import Place
from spa_gym.envs.virtualhome.world.things import things

__all__ = ["WORN", "Draft", "Laid", "astray_places"]

WORN: Final = -1
"""The place of what the character wears."""

_LEFT_LYING: Final = (
    (("clothes_", "pajamas", "shoes", "slippers"), ("sofa", "couch", "bed", "bathroom_counter")),
    (("pillow", "blanket", "sheets", "toy"), ("sofa", "couch", "bed")),
    (("towel", "soap", "sponge", "rag", "laundry_detergent"), ("table", "bed", "bathroom_counter", "kitchen_counter")),
    (("food_", "fryingpan", "cookingpot", "milk"), ("table", "coffee_table", "kitchen_counter")),
)
_LEFT_LYING_ELSE: Final = (
    *("table", "coffee_table", "desk", "nightstand", "kitchen_counter", "tvstand", "bathroom_counter"),
)
"""Where things lie that were not put away, by the beginning of their name."""

_LEFT_OPEN: Final = 0.15
_LEFT_ON: Final = {"lamp": 0.4, "light": 0.5, "floor_lamp": 0.4, "television": 0.3, "radio": 0.3, "computer": 0.3}
_UNPLUGGED: Final = {"radio": 0.3, "lamp": 0.15, "toaster": 0.3, "television": 0.1}
_LEFT_ASTRAY: Final = 0.2
"""Shares on an ordinary day."""


class Laid(NamedTuple):
    """A thing that lies somewhere."""

    class_name: str
    relation: str
    piece: int
    """Position of the furniture in `Layout.pieces`, or `WORN`."""
    states: tuple[str, ...]


@dataclass(slots=True)
class _Wanted:
    """How the things of a class must be for a goal."""

    without: set[str]
    """Classes of furniture where none of them may be at the start."""
    dirty: bool | None = None


def astray_places(class_name: str) -> tuple[Place, ...]:
    """The surfaces on which things of a class lie when they were not put away."""
    for beginnings, surfaces in _LEFT_LYING:
        if class_name.startswith(beginnings):
            return tuple(Place("ON", surface, 1) for surface in surfaces)
    return tuple(Place("ON", surface, 1) for surface in _LEFT_LYING_ELSE)


class Draft:
    """A house in which a task is being set up.

    Args:
        layout: its rooms and furniture.
        small: only things of small worlds.
        rng: where all draws come from.
    """

    def __init__(self, layout: Layout, small: bool, rng: random.Random) -> None:
        self.layout, self.rng, self._small = layout, rng, small
        self.known = [name for name, kind in things().items() if kind.small or not small]
        """Classes of things that may be in this house."""
        self.states = [self._states(piece.class_name) for piece in layout.pieces]
        self.things: list[Laid] = []
        self.involved: set[int] = set()
        """Furniture that the goal is about; the character starts away from it."""
        self._wanted: dict[str, _Wanted] = {}
        self._pieces: dict[str, list[int]] = {}
        for i, piece in enumerate(layout.pieces):
            self._pieces.setdefault(piece.class_name, []).append(i)
        self._room_left = [furniture()[piece.class_name].room_for for piece in layout.pieces]

    def has(self, *classes: str) -> bool:
        """Whether there is furniture of all these classes."""
        return all(name in self._pieces for name in classes)

    def pieces(self, class_name: str) -> Sequence[int]:
        """The furniture of a class."""
        return self._pieces.get(class_name, ())

    def neighbours(self, piece: int) -> list[int]:
        """The furniture that stands next to a piece, on it or under it."""
        pieces = self.layout.pieces
        found = [i for i, other in enumerate(pieces) if piece in (other.on, other.beside)]
        return found + [i for i in (pieces[piece].on, pieces[piece].beside) if i >= 0]

    def rare(self, classes: Iterable[str]) -> list[str]:
        """Those of the classes of which there are one or two pieces, in their order."""
        return [name for name in classes if 1 <= len(self.pieces(name)) <= 2]

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return self.rng.random() < probability

    def number(self, *chances: float) -> int:
        """1, and one more for each chance that comes true; in official houses each is greater by 0.3."""
        return 1 + sum(self.chance(chance + (0 if self._small else 0.3)) for chance in chances)

    def set_all(self, class_name: str, state: str) -> None:
        """Bring all furniture of a class into a state; its opposite ends, and what runs is plugged in."""
        for i in self.pieces(class_name):
            before = self.states[i]
            self.states[i] = [s for s in before if s not in _OPPOSITES[state]] + [state]
            if state == "ON" and "PLUGGED_OUT" in before:
                self.states[i].append("PLUGGED_IN")
        self.involved.update(self.pieces(class_name))

    def want(self, name: str, count: int = 1, *, without: Collection[str] = (), dirty: bool | None = None,
             astray: float = _LEFT_ASTRAY) -> bool:  # fmt: skip
        """Lay out what a goal is about, at times with one more of the kind; False if there is no place for it.

        Args:
            name: class of the things.
            count: how many of them the goal needs.
            without: classes of furniture that must not carry any of them.
            dirty: whether all are dirty or all clean; None: as it comes.
            astray: chance that they were not put away.
        """
        if name in self._wanted:
            return False
        self._wanted[name] = _Wanted(set(without), dirty)
        count += self.chance(0.2)
        return all(self._lay(name, astray=astray) for _ in range(count))

    def wear(self, name: str) -> None:
        """Have the character wear a thing at the start."""
        self._wanted[name] = _Wanted(set())
        self.things.append(Laid(name, "ON", WORN, self._cleanness(name, None)))

    def target(self, class_name: str) -> None:
        """Note that the goal is about furniture of a class."""
        self.involved.update(self.pieces(class_name))

    def fill(self, count: int) -> None:
        """Lay out other things until there are `count`; at most two of a class."""
        for _ in range(4 * count):
            if len(self.things) >= count:
                return
            name = choice(self.rng, self.known)
            if name not in self._wanted and sum(laid.class_name == name for laid in self.things) < 2:
                self._lay(name, astray=_LEFT_ASTRAY)

    def places(self, name: str, astray: bool) -> list[tuple[str, int, float]]:
        """Relation, furniture and weight of the free places where a thing of a class may be."""
        wanted = self._wanted.get(name)
        without = wanted.without if wanted else ()
        found = []
        for place in astray_places(name) if astray else object_class(name).places:
            if place.carrier in without:
                continue
            free = [i for i in self.pieces(place.carrier) if self._room_left[i]]
            found += [(place.relation, i, place.weight / len(free)) for i in free]
        return found

    def _lay(self, name: str, astray: float) -> bool:
        strays = self.chance(astray)
        places = self.places(name, strays) or self.places(name, not strays)
        if not places:
            return False
        relation, piece, _ = places[weighted(self.rng, [weight for *_, weight in places])]
        wanted = self._wanted.get(name)
        self.things.append(Laid(name, relation, piece, self._cleanness(name, wanted.dirty if wanted else None)))
        self._room_left[piece] -= 1
        if wanted:
            self.involved.add(piece)
        return True

    def _cleanness(self, name: str, dirty: bool | None) -> tuple[str, ...]:
        share = object_class(name).dirty
        if dirty is None and not share:
            return ()
        return ("DIRTY",) if (self.chance(share) if dirty is None else dirty) else ("CLEAN",)

    def _states(self, name: str) -> list[str]:
        states = list(furniture()[name].states)
        if "CLOSED" in states and self.chance(_LEFT_OPEN):
            states[states.index("CLOSED")] = "OPEN"
        elif name == "curtain" and self.chance(0.5):
            states = ["CLOSED"]
        if self.chance(_LEFT_ON.get(name, 0)):
            states[states.index("OFF")] = "ON"
        elif self.chance(_UNPLUGGED.get(name, 0)):
            states[states.index("PLUGGED_IN")] = "PLUGGED_OUT"
        return states + list(self._cleanness(name, None))


_OPPOSITES: Final = {
    "OPEN": ("OPEN", "CLOSED"),
    "CLOSED": ("OPEN", "CLOSED"),
    "ON": ("ON", "OFF", "PLUGGED_OUT"),
    "OFF": ("ON", "OFF"),
    "PLUGGED_OUT": ("PLUGGED_IN", "PLUGGED_OUT"),
    "PLUGGED_IN": ("PLUGGED_IN", "PLUGGED_OUT"),
    "DIRTY": ("DIRTY", "CLEAN"),
}
"""State -> what a piece is no more when it is brought into it."""
