"""The explorer: runs errands of its own in a house and pays no attention to the stated task.

Its transcripts show a language model the world (names, doors, what answers what) without showing how the stated task is
solved: they are what `pretrain` trains on.
"""

from __future__ import annotations

import functools
import random
from collections.abc import Sequence
from dataclasses import dataclass

from spa_gym.core.draws import choice
from spa_gym.envs.virtualhome.goal_clauses import Clause
from spa_gym.envs.virtualhome.scene_memory import class_of
from spa_gym.envs.virtualhome.searcher import SearchingExpert
from spa_gym.envs.virtualhome.usual_places import known_class
from spa_gym.envs.virtualhome.world.rooms import ROOMS

__all__ = ["Explorer"]

_PATIENCE = 12
"""Steps after which an errand is given up for another."""
_TRIES = 8
"""Errands that are thought of before it just goes to a room."""
_BY_QUALITY = {
    "CLOSED": ("open", "close"),
    "OPEN": ("open", "close"),
    "OFF": ("switch_on", "switch_off"),
    "READABLE": ("read",),
    "EATABLE": ("eat",),
    "DRINKABLE": ("drink",),
    "CLOTHES": ("wear",),
    "SITTABLE": ("sit_on",),
    "LIEABLE": ("lie_on",),
    "LOOKABLE": ("watch",),
}
"""Property, or state on an ordinary day -> what can be asked of things of a class that has it."""
_WEIGHTS = {"put_in": 3, "put_on": 3, "wash": 2}
"""How much oftener than others some kinds of errands are run."""
_TYPED_ON = ("keyboard", "computer", "laptop")
_GLASSES = ("mug", "drinking_glass", "cup", "wine_glass", "bowl")


@dataclass
class Explorer:
    """One episode of errands.

    Args:
        first_observation: the text after the reset; its goal sentence is not used.
        rng: where the errands come from.
        restless: share of steps on which a random admissible action is done instead.
    """

    first_observation: str
    rng: random.Random
    restless: float = 0.15

    def __post_init__(self) -> None:
        """Take in the first observation."""
        self._expert = SearchingExpert(self.first_observation)
        self._expert.set_goal(())
        self._left = 0

    def act(self, admissible: Sequence[str] = ()) -> str:
        """The next action."""
        self._left -= 1
        if self._left <= 0 or self._expert.finished:
            self._new_errand(admissible)
        if admissible and self.rng.random() < self.restless:
            return choice(self.rng, admissible)
        return self._expert.act()

    def observe(self, action: str, observation: str) -> None:
        """Take in what an action answered."""
        self._expert.observe(action, observation)

    def _new_errand(self, admissible: Sequence[str]) -> None:
        """Something to do with one of the things that are there; for want of that, a room to go to."""
        self._left = _PATIENCE
        memory = self._expert.memory
        there = [action.removeprefix("walk to ") for action in admissible if action.startswith("walk to ")]
        errands = _errands(tuple(dict.fromkeys(class_of(name) for name in (there or memory.known))))
        for _ in range(_TRIES if errands else 0):
            self._expert.set_goal([choice(self.rng, choice(self.rng, errands))])
            if not self._expert.finished:
                return
        self._expert.set_goal([Clause("go_to", choice(self.rng, memory.rooms or ("kitchen",)))])


@functools.lru_cache(256)
def _errands(classes: tuple[str, ...]) -> tuple[tuple[Clause, ...], ...]:
    """What can sensibly be asked in a house with these classes of things, apart for each kind of clause."""
    by_kind: dict[str, list[Clause]] = {}
    for clause in (clause for x in classes for clause in _clauses(x, classes)):
        by_kind.setdefault(clause.kind, []).append(clause)
    return tuple(tuple(clauses) for kind, clauses in by_kind.items() for _ in range(_WEIGHTS.get(kind, 1)))


def _clauses(x: str, classes: Sequence[str]) -> list[Clause]:
    """What can sensibly be asked of a class of things in a house with these classes."""
    if x in ROOMS:
        return [Clause("go_to", x)]
    known = known_class(x)
    if known is None:
        return []
    clauses = [Clause(kind, x) for name in (*known.properties, *known.states) for kind in _BY_QUALITY.get(name, ())]
    if known.dirty:
        clauses.append(Clause("wash", x))
    if x in _TYPED_ON:
        clauses.append(Clause("type_on", x))
    if "DRINKABLE" in known.properties:
        clauses += [Clause("pour", x, y) for y in classes if y in _GLASSES]
    for place in known.places:
        if place.carrier in classes:
            kind = "put_on" if place.relation == "ON" else "put_in"
            clauses += [Clause(kind, x, place.carrier), Clause(kind, x, place.carrier, clean=bool(known.dirty))]
    return clauses
