"""`ObjectActions`: the texts of the actions with one thing alone, by how the thing and the character are.

What can be done with a thing depends on what it is, on its states, and on a few facts about the moment (`FREE`,
`HELD`, ...), none of which names anything else in the house. So the texts are kept by name and kind of thing for all
houses of a process: another house with a "fridge" like this one finds them ready.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from spa_gym.envs.virtualhome.house import House
from spa_gym.envs.virtualhome.listed_objects import ListedObjects
from spa_gym.envs.virtualhome.verbs import VERBS
from spa_gym.envs.virtualhome.vocabulary import STATES, State

__all__ = [
    "FACED", "FED", "FREE", "HELD", "HOLDS", "KNIFE", "LYING", "NO_BED", "NO_GRAB", "NO_RETURN", "NO_SEAT",
    "OUT_OF_REACH", "SITTING", "UNSEEN", "WATCHED", "WORN", "ActionsByThing", "ObjectActions",
]  # fmt: skip

_KEPT_THINGS: Final = 4096
_KEPT_MOMENTS: Final = 256
"""Tuples of texts that are kept of a thing."""

FREE, HOLDS, KNIFE, SITTING, LYING = (1 << len(STATES) + i for i in range(5))
HELD, WORN, FACED, WATCHED, UNSEEN, OUT_OF_REACH = (1 << len(STATES) + i for i in range(5, 11))
FED, NO_SEAT, NO_BED, NO_GRAB, NO_RETURN = (1 << len(STATES) + i for i in range(11, 16))
"""Bits of a moment, above the thing's states: a hand is free; something is held; a knife is held beside a free hand;
the character sits, lies. The thing is held; worn; faced, so that it can be looked at; faced so that it can be watched;
in the room, but not near enough for more than that; shut in; food is on it; there is no place to sit, to lie; it
cannot be lifted just now; it cannot be put back where it was."""


class ObjectActions(dict[int, tuple[str, ...]]):
    """States and bits of a moment -> the texts of what can be done with one thing, in the order of `VERBS`.

    Args:
        name: what agents call the thing.
        verbs: those that it is listed with.
        food: it is eatable itself.
        body: it is a part of the body.
    """

    __slots__ = ("_body", "_food", "_words")

    def __init__(self, name: str, verbs: frozenset[str], food: bool, body: bool) -> None:
        super().__init__()
        self._words = {verb: VERBS[verb].template.format(name).lower() for verb in VERBS if verb in verbs}
        self._food, self._body = food, body

    def __missing__(self, moment: int) -> tuple[str, ...]:
        if len(self) >= _KEPT_MOMENTS:
            self.clear()
        possible = self._possible(moment)
        texts = self[moment] = tuple([text for verb, text in self._words.items() if verb in possible])
        return texts

    def _possible(self, moment: int) -> set[str]:
        possible = {"TURNTO", "LOOKAT", "POINTAT"} if moment & FACED else {"TURNTO"}
        if moment & WATCHED:
            possible.add("WATCH")
        if moment & UNSEEN:
            return possible
        possible |= {"TYPE", "WASH", "GREET"}
        free, held, reached = moment & FREE, moment & HELD, not moment & OUT_OF_REACH
        if held:
            possible |= {"DROP", "PUTON", "READ", "DRINK"}
            if not moment & NO_RETURN:
                possible.add("PUTOBJBACK")
        if moment & WORN:
            possible.add("PUTOFF")
        if not moment & (SITTING | NO_SEAT):
            possible.add("SIT")
        if not moment & (LYING | NO_BED):
            possible.add("LIE")
        if self._food or moment & FED:
            possible.add("EAT")
        if moment & KNIFE:
            possible.add("CUT")
        if reached:
            possible.add("TOUCH")
        if free:
            possible.add("SQUEEZE")
            if reached:
                possible |= {"PUSH", "PULL"}
                if not held and not moment & NO_GRAB and not (moment & WORN and "PUTON" in self._words):
                    possible.add("GRAB")
        if moment & State.DIRTY or self._body:
            possible |= {"RINSE", "SCRUB", "WIPE"} if moment & HOLDS else {"RINSE", "SCRUB"}
        return possible | _switched(moment)


def _switched(moment: int) -> set[str]:
    """What turns a state of the thing into its opposite."""
    possible = set()
    if moment & State.OPEN:
        possible.add("CLOSE")
    if moment & State.OFF and not moment & State.PLUGGED_OUT:
        possible.add("SWITCHON")
    if moment & State.ON:
        possible.add("SWITCHOFF")
    if moment & FREE:
        if moment & State.CLOSED and not moment & State.ON:
            possible.add("OPEN")
        if moment & State.PLUGGED_OUT:
            possible.add("PLUGIN")
        if moment & State.PLUGGED_IN and not moment & State.ON:
            possible.add("PLUGOUT")
    return possible


class ActionsByThing(dict[int, ObjectActions]):
    """Position of a thing in a house -> its actions, filled as they are asked for.

    Args:
        house: the house.
        listed: of this house.
    """

    __slots__ = ("_house", "_listed")

    def __init__(self, house: House, listed: ListedObjects) -> None:
        super().__init__()
        self._house, self._listed = house, listed

    def __missing__(self, node: int) -> ObjectActions:
        house, listed = self._house, self._listed
        kind = house.class_names[node], house.categories[node], house.properties[node]
        key = (house.names[node], *kind)
        found = _known(key)
        if not found:
            verbs = frozenset([verb for verb, objects in listed.of.items() if objects >> node & 1])
            food = bool(house.by_property["EATABLE"] >> node & 1)
            found.append(ObjectActions(house.names[node], verbs, food, bool(listed.body >> node & 1)))
        self[node] = found[0]
        return found[0]


@lru_cache(_KEPT_THINGS)
def _known(key: tuple[str, str, str, int]) -> list[ObjectActions]:
    """Where the actions of a thing, by its name and kind, are kept once they are made: none or one."""
    return []
