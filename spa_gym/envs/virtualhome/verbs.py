"""The 42 actions: VirtualHome's name, the words that SPA's agents write, and how many objects each takes.

The words are those of SPA's records where these have the verb ("Take off shirt" is PUTOFF, "Put on shirt" PUTON, "Put
cup on table" PUTBACK, "Put back cup" PUTOBJBACK); the others (cut, move, drop's twin release, wake up) are worded
alike. `Command` is an action on nodes of a house, as the simulator executes it.
"""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["VERBS", "Command", "Verb"]


class Verb(NamedTuple):
    """One action of the simulator."""

    name: str
    """VirtualHome's name, as in a script line `[WALK] <fridge> (12)`."""
    template: str
    """The words of the action, `{0}` and `{1}` for the objects."""
    arity: int
    """Number of objects, 0 to 2."""


class Command(NamedTuple):
    """An action on nodes: the verb's name, and the positions of its objects in the house (not VirtualHome's ids)."""

    verb: str
    objects: tuple[int, ...] = ()


_TEMPLATES: Final = {
    "WALK": "walk to {0}",
    "RUN": "run to {0}",
    "FIND": "find {0}",
    "TURNTO": "turn to {0}",
    "LOOKAT": "look at {0}",
    "POINTAT": "point at {0}",
    "WATCH": "watch {0}",
    "GRAB": "grab {0}",
    "DROP": "drop {0}",
    "RELEASE": "release {0}",
    "PUTBACK": "put {0} on {1}",
    "PUTIN": "put {0} in {1}",
    "PUTOBJBACK": "put back {0}",
    "POUR": "pour {0} into {1}",
    "OPEN": "open {0}",
    "CLOSE": "close {0}",
    "SWITCHON": "switch on {0}",
    "SWITCHOFF": "switch off {0}",
    "PLUGIN": "plug in {0}",
    "PLUGOUT": "plug out {0}",
    "SIT": "sit on {0}",
    "LIE": "lie on {0}",
    "STANDUP": "stand up",
    "SLEEP": "sleep",
    "WAKEUP": "wake up",
    "PUTON": "put on {0}",
    "PUTOFF": "take off {0}",
    "READ": "read {0}",
    "DRINK": "drink {0}",
    "EAT": "eat {0}",
    "CUT": "cut {0}",
    "TYPE": "type on {0}",
    "TOUCH": "touch {0}",
    "PUSH": "push {0}",
    "PULL": "pull {0}",
    "MOVE": "move {0}",
    "WASH": "wash {0}",
    "RINSE": "rinse {0}",
    "SCRUB": "scrub {0}",
    "WIPE": "wipe {0}",
    "SQUEEZE": "squeeze {0}",
    "GREET": "greet {0}",
}

VERBS: Final[dict[str, Verb]] = {
    name: Verb(name, template, template.count("{")) for name, template in _TEMPLATES.items()
}
"""By VirtualHome's name, in the order in which admissible actions are listed."""
