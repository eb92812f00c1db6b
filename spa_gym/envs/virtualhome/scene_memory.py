"""What a player remembers of a house, read from the texts alone: what it saw where, what it has, where it is.

Everything that changes in an episode changes by the player's own actions, so what was seen once stays true until an
observation says otherwise. `Thing` is one thing as it was last seen; `SceneMemory` takes in one observation after the
other, in the form that `observation.py` writes.
"""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

__all__ = ["SceneMemory", "Thing", "class_of"]

_PLACE = re.compile(r"You are in ([^.]*)\. The house has ([^.]*)\.")
_WALK = re.compile(r"You (?:walk to|run to|find) ([^.]*?)(?: in ([^.]*))?\.")
_DEED = re.compile(r"You (\w+(?: (?:on|off|in|out|back|up|at|to))?)(?: ([^.]*))?\.")
_POSTURE = re.compile(r"You are (sitting|lying)(?: on ([^.]*))?\.")
_HAVE = re.compile(r"You have ([^.]*)\.")
_WEAR = re.compile(r"You wear ([^.]*)\.")
_SEE = re.compile(r"You see ([^.]*)\.")
_ITEM = re.compile(r"([^,()]+)(?: \(([^)]*)\))?(?:, |$)")
_CONTENT = re.compile(r", (in|on) it ")
_WASHING = ("wash", "rinse", "scrub", "wipe")


@functools.lru_cache(4096)
def class_of(name: str) -> str:
    """The class of a name.

    Example:
        >>> class_of("light 2"), class_of("fridge")
        ('light', 'fridge')
    """
    return name.partition(" ")[0]


class Thing(NamedTuple):
    """A thing as it was last seen."""

    states: tuple[str, ...] = ()
    """Out of open, closed, on, off, dirty, unplugged."""
    relation: str = ""
    """`"in"` or `"on"` its carrier, `"held"`, `"worn"`, or empty for what stands in the room."""
    carrier: str = ""
    """Name of what it is in or on."""
    room: str = ""


class SceneMemory:
    """The memory of one episode.

    Args:
        first_observation: the text after the reset.
    """

    def __init__(self, first_observation: str) -> None:
        self.room = ""
        self.rooms: tuple[str, ...] = ()
        self.posture, self.seat = "", ""
        self.held: list[str] = []
        """Names of what the hands hold, at most two."""
        self.worn: list[str] = []
        self.known: dict[str, Thing] = {}
        """Everything that was ever seen, by name."""
        self.sight: dict[str, Thing] = {}
        """What was seen last, and was within reach."""
        self.went_to = ""
        """Name of the thing that the character went to last; empty for a room, and at the start."""
        self.beside = ""
        """Name of what that lay in or on, once it was seen there."""
        self.faced = ""
        """What it turned to since it walked last."""
        place = _PLACE.search(first_observation)
        if place:
            self.room, self.rooms = place[1], tuple(place[2].split(", "))
        self._look(first_observation.partition("\n")[0])

    def observe(self, observation: str) -> tuple[str, str]:
        """Take in the answer to an action that was executed.

        Returns:
            What was done, in the observation's own words: the verb ("wash", "switch on") and its object or objects
            ("plate 2", "milk into bowl"); empty where the text says nothing of that form.
        """
        event = observation.partition(".")[0] + "."
        walk = _WALK.fullmatch(event)
        if walk:
            self.room = walk[2] or (walk[1] if walk[1] in self.rooms else self.room)
            self.went_to = "" if walk[1] in self.rooms else walk[1]
            self.beside = self.faced = ""
        deed = _DEED.fullmatch(event)
        verb, objects = (deed[1], deed[2] or "") if deed else ("", "")
        if verb == "turn to":
            self.faced = objects
        elif verb in _WASHING and objects in self.known:
            thing = self.known[objects]
            self.known[objects] = thing._replace(states=tuple(state for state in thing.states if state != "dirty"))
        self._look(observation)
        return verb, objects

    def of_class(self, class_name: str) -> list[str]:
        """Names of the known things of a class; those within reach first."""
        return [name for name in (*self.sight, *self.known) if class_of(name) == class_name]

    def states(self, name: str) -> tuple[str, ...]:
        """The states that a thing was last seen with."""
        thing = self.known.get(name)
        return thing.states if thing else ()

    def within_reach(self, name: str) -> bool:
        """Whether the thing is seen and near, or carried.

        Of what lies in or on other things only that is surely near which shares its place with what the character went
        to; the rest can be seen, and be a step too far away.
        """
        thing = self.sight.get(name)
        if thing is None:
            return name in self.held or name in self.worn
        return not thing.carrier or name == self.went_to or thing.carrier in (self.went_to, self.beside)

    def _look(self, observation: str) -> None:
        posture = _POSTURE.search(observation)
        self.posture, self.seat = (posture[1], posture[2] or "") if posture else ("", "")
        for name in (*self.held, *self.worn):
            self.known[name] = Thing(self.states(name), "", "", self.room)
        self.held = self._carried(_HAVE.search(observation), "held")
        self.worn = self._carried(_WEAR.search(observation), "worn")
        seen = _SEE.search(observation)
        view = _read_view(seen[1], self.room) if seen else {}
        for name, thing in view.items():
            # What is carried is listed where something lies on it.
            if name in self.held or name in self.worn:
                continue
            # From the door of a room nothing is seen of what lies on the furniture.
            if not self.went_to and name in self.known and self.known[name].relation in ("in", "on"):
                thing = self.known[name]._replace(states=thing.states)
            self.known[name] = thing
        self.sight = view if self.went_to else {}
        if self.went_to in self.sight and not self.beside:
            self.beside = self.sight[self.went_to].carrier

    def _carried(self, found: re.Match[str] | None, relation: str) -> list[str]:
        names = [item[1] for item in _ITEM.finditer(found[1])] if found and found[1] != "nothing" else []
        for name in names:
            self.known[name] = Thing(self.states(name), relation, "", self.room)
        return names


def _read_view(text: str, room: str) -> dict[str, Thing]:
    view: dict[str, Thing] = {}
    if text == "nothing":
        return view
    for group in text.split("; "):
        parts = _CONTENT.split(group)
        head = _ITEM.match(parts[0])
        if head is None:
            continue
        carrier = head[1]
        if carrier not in view:
            view[carrier] = Thing(_states(head[2]), "", "", room)
        for relation, items in zip(parts[1::2], parts[2::2], strict=True):
            if items != "nothing":
                for item in _ITEM.finditer(items):
                    view[item[1]] = Thing(_states(item[2]), relation, carrier, room)
    return view


def _states(words: str | None) -> tuple[str, ...]:
    return tuple(words.split(", ")) if words else ()
