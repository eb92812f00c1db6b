"""The searching expert: it knows only what the agent has seen, and so its episodes can be imitated.

It reads the texts (either dialect), remembers what it saw where, looks for things in the places where they usually are
(`household.find_rate`: the likeliest receptacle per step first, in the order of the introduction among equals), and
after every step decides anew from what it knows. So it can also be asked what it would do after somebody else's
actions.
"""

from __future__ import annotations

import re

from spa_gym.envs.alfworld.household import household

__all__ = ["SearchingExpert"]

_NAME = re.compile(r"a (\w+ \d+)")
_CLOSED = re.compile(r"The (\w+ \d+) is closed\.")
_VIEW = re.compile(r"(?:On the (\w+ \d+), you see|The (\w+ \d+) is open\. In it, you see) (.*?)\.")
_TASKS = (
    ("two", re.compile(r"(?:put|find) two (\w+) (?:in|and put them in) (\w+)")),
    ("light", re.compile(r"(?:look at|examine the) (\w+) (?:under|with) the (\w+)")),
    ("clean", re.compile(r"(?:put a clean|clean some) (\w+) (?:in|and put it in) (\w+)")),
    ("heat", re.compile(r"(?:put a hot|heat some) (\w+) (?:in|and put it in) (\w+)")),
    ("cool", re.compile(r"(?:put a cool|cool some) (\w+) (?:in|and put it in) (\w+)")),
    ("put", re.compile(r"put (?:a|some) (\w+) (?:in|on) (\w+)")),
)
_APPLIANCE = {"clean": "sinkbasin", "heat": "microwave", "cool": "fridge"}
_DOOR_COST = 2.0
"""Steps to look into a receptacle with a door (go, open), against one without."""


def _kind(name: str) -> str:
    return name.partition(" ")[0]


class SearchingExpert:
    """One episode's memory and decisions.

    Args:
        first_observation: the introduction, with the task in it.
        grammar: `"2.1.2"` or `"2.1.1"`, for the wording of the put command.

    Use: `act()` gives the next command; `observe(command, observation)` tells what any command answered.
    """

    def __init__(self, first_observation: str, grammar: str = "2.1.2") -> None:
        intro, _, task = first_observation.rpartition("Your task is to: ")
        self.put_command = "move {o} to {r}" if grammar == "2.1.2" else "put {o} in/on {r}"
        self.set_task(task)
        self.receptacles = _NAME.findall(intro)
        self.seen: dict[str, list[str]] = {}
        self.closed: set[str] = set()
        self.here: set[str] = set()
        self.held = ""
        self.treated: set[str] = set()
        self.lit: set[str] = set()
        self.refused: set[str] = set()
        self._rank: dict[str, list[str]] = {}

    def set_task(self, task: str) -> None:
        """Pursue this instruction from now on; a sentence of no known form leaves nothing to pursue."""
        self.kind, self.wanted, self.target = "", "", ""
        for kind, pattern in _TASKS:
            found = pattern.match(task)
            if found:
                self.kind, self.wanted, self.target = kind, found[1], found[2]
                return

    # -- memory ---------------------------------------------------------------------------------------------------

    def observe(self, command: str, observation: str) -> None:
        """Take in what a command answered."""
        command = command.strip()
        if observation == "Nothing happens.":
            self._refusal(command)
            return
        self.refused.clear()
        verb, _, rest = command.partition(" ")
        if verb == "go":
            self.here = {rest.removeprefix("to ")}
        elif verb == "open":
            self.closed.discard(rest)
        elif verb == "close":
            self.closed.add(rest)
        elif verb == "take":
            self.held, _, source = rest.partition(" from ")
            self._forget(self.held, source)
        elif verb in ("move", "put"):
            thing, _, receptacle = rest.partition(" to " if verb == "move" else " in/on ")
            self.held = ""
            self.seen.setdefault(receptacle, [])
            if thing not in self.seen[receptacle]:
                self.seen[receptacle].append(thing)
        elif verb in _APPLIANCE:
            self.treated.add(verb + rest.partition(" with ")[0])
        elif verb == "use":
            self.lit.add(rest)
        for found in _CLOSED.finditer(observation):
            self.closed.add(found[1])
        for found in _VIEW.finditer(observation):
            receptacle = found[1] or found[2]
            self.closed.discard(receptacle)
            self.seen[receptacle] = _NAME.findall(found[3])

    def _forget(self, thing: str, receptacle: str) -> None:
        if thing in self.seen.get(receptacle, ()):
            self.seen[receptacle].remove(thing)

    def _refusal(self, command: str) -> None:
        self.refused.add(command)
        if command.startswith("go to "):
            # A receptacle that cannot be gone to stands at the agent's own place.
            self.here.add(command.removeprefix("go to "))
        elif command.startswith("take "):
            thing, _, receptacle = command.removeprefix("take ").partition(" from ")
            self._forget(thing, receptacle)
        elif command.startswith("open "):
            self.closed.discard(command.removeprefix("open "))

    # -- decisions ------------------------------------------------------------------------------------------------

    def act(self) -> str:
        """The next command."""
        for command in self._wishes():
            if command and command not in self.refused:
                return command
        return "look"

    def _wishes(self) -> list[str]:
        """Commands to try, best first; later ones matter only where the first was refused just now."""
        if self.held and _kind(self.held) != self.wanted:
            return [self._drop(r) for r in self._drop_places()]
        if self.held:
            return self._with_object()
        thing = self._known(self.wanted, self._settled())
        if thing:
            name, receptacle = thing
            return [self._reach(receptacle) or f"take {name} from {receptacle}", *self._search(self.wanted)]
        return self._search(self.wanted)

    def _with_object(self) -> list[str]:
        appliance = _APPLIANCE.get(self.kind)
        if appliance and self.kind + self.held not in self.treated:
            places = [r for r in self.receptacles if _kind(r) == appliance]
            places.sort(key=lambda r: int(r.split()[1]))
            return [self._go(r) or f"{self.kind} {self.held} with {r}" for r in places]
        if self.kind == "light":
            lamp = self._known(self.target, set())
            if lamp:
                name, receptacle = lamp
                return [self._go(receptacle) or f"use {name}", *self._search(self.target)]
            return self._search(self.target)
        return [self._drop(r) for r in self._targets()]

    def _targets(self) -> list[str]:
        """Receptacles of the target type, the chosen one first: where one object lies already, else number 1."""
        targets = sorted((r for r in self.receptacles if _kind(r) == self.target), key=lambda r: int(r.split()[1]))
        if self.kind == "two":
            targets.sort(key=lambda r: -sum(_kind(o) == self.wanted for o in self.seen.get(r, ())))
        return targets

    def _settled(self) -> set[str]:
        """Receptacles whose objects are where they should be."""
        if self.kind == "two":
            return set(self._targets()[:1])
        return set()

    def _known(self, kind: str, excluded: set[str]) -> tuple[str, str] | None:
        """`(object, receptacle)` of a thing of this type that was seen, one at hand first."""
        found = [
            (o, r)
            for r, things in self.seen.items()
            if r not in excluded
            for o in things
            if _kind(o) == kind and f"take {o} from {r}" not in self.refused
        ]
        at_hand = [(o, r) for o, r in found if r in self.here]
        return (at_hand or found or [None])[0]

    def _search(self, kind: str) -> list[str]:
        order = self._rank.get(kind)
        if order is None:
            rates = household().find_rate.get(kind, {})
            doors = household().openable
            order = sorted(
                self.receptacles, key=lambda r: -rates.get(_kind(r), 0.0) / (_DOOR_COST if _kind(r) in doors else 1.0)
            )
            self._rank[kind] = order
        unseen = [r for r in order if r not in self.seen]
        opened_here = [r for r in unseen if r in self.here and r in self.closed]
        return [self._reach(r) or f"examine {r}" for r in opened_here[:1] + unseen] or ["look"]

    def _drop_places(self) -> list[str]:
        likely = household().can_contain
        fitting = [r for r in self.receptacles if _kind(self.held) in likely.get(_kind(r), ())]
        return sorted(fitting, key=lambda r: r not in self.here)

    def _drop(self, receptacle: str) -> str:
        command = self.put_command.format(o=self.held, r=receptacle)
        if self._go(receptacle):
            return self._go(receptacle)
        if receptacle in self.closed:
            return f"open {receptacle}"
        unknown = receptacle not in self.seen and _kind(receptacle) in household().openable
        return f"examine {receptacle}" if unknown else command

    def _go(self, receptacle: str) -> str:
        return "" if receptacle in self.here else f"go to {receptacle}"

    def _reach(self, receptacle: str) -> str:
        """The command that brings the receptacle's contents in reach, or "" where they are."""
        if receptacle not in self.here:
            return f"go to {receptacle}"
        if receptacle in self.closed:
            return f"open {receptacle}"
        return "" if receptacle in self.seen else f"examine {receptacle}"
