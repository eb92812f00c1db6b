"""`ActionParser`: from an agent's text to a command on nodes, or to the reason why it is not understood.

Understood are the templates of `verbs.py` in any case, with surplus blanks, articles and a full stop; blanks for the
underscores of names; "into" for "in", "onto" for "on", "go to" for "walk to", "turn on" for "switch on", "put off" for
"take off"; and lines of VirtualHome's scripts, "[WALK] <fridge> (12)", where the number is the id and the name is
ignored, as it is there. A text may be anything at all: nothing raises, and long texts are refused unread.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from spa_gym.envs.virtualhome.grounding import Grounding
from spa_gym.envs.virtualhome.house import House
from spa_gym.envs.virtualhome.verbs import VERBS, Command

if TYPE_CHECKING:
    from spa_gym.envs.virtualhome.simulator import Simulator

__all__ = ["ActionParser", "text_of"]

_LONGEST: Final = 1000
"""Characters of the longest text that is read."""
_QUOTED: Final = 40
"""Characters of an agent's words that a reason repeats."""
_BETWEEN: Final = {
    "PUTBACK": frozenset(("on", "onto")),
    "PUTIN": frozenset(("in", "into", "inside")),
    "POUR": frozenset(("into", "in", "to", "on", "onto", "over")),
}
"""The words between the two objects."""
_QUICK: Final = {"put": ((" in ", "PUTIN"), (" on ", "PUTBACK")), "pour": ((" into ", "POUR"),)}
_JOINTS: Final = frozenset(("on", "onto", "in", "into", "inside", "to", "with", "and", "from", "at"))
_OTHER_WORDS: Final = {
    "go to": "WALK",
    "turn on": "SWITCHON",
    "turn off": "SWITCHOFF",
    "put off": "PUTOFF",
    "sit down on": "SIT",
    "lie down on": "LIE",
    "put down": "DROP",
}
_PHRASES: Final = {
    **{verb.template.removesuffix("{0}").strip(): verb.name for verb in VERBS.values() if verb.arity < 2},
    **_OTHER_WORDS,
}
_WITH_ONE: Final = {phrase: verb for phrase, verb in _PHRASES.items() if VERBS[verb].arity == 1}
_OPENINGS: Final = frozenset(phrase.split()[0] for phrase in (*_PHRASES, "put", "pour"))
_SCRIPT: Final = re.compile(r"\[\s*(\w+)\s*\]((?:\s*<[^<>]*>\s*\([\d.]+\))*)\s*")
_SCRIPT_ID: Final = re.compile(r"\((?:\d+\.)?(\d{1,9})\)")


def text_of(command: Command, house: House) -> str:
    """The canonical words of a command: small letters, full names.

    Example:
        >>> from spa_gym.envs.virtualhome.house import Node, build_house
        >>> house = build_house("doctest", [Node(1, "character"), Node(2, "light"), Node(3, "light")], [])
        >>> text_of(Command("SWITCHON", (2,)), house)
        'switch on light 2'
    """
    names = house.names
    return VERBS[command.verb].template.format(*[names[node] for node in command.objects]).lower()


class ActionParser:
    """Reads actions in one house.

    Args:
        house: the house; the parser can be shared by all its simulators.
    """

    __slots__ = ("_exact", "_grounding", "_house")

    def __init__(self, house: House) -> None:
        self._house = house
        self._grounding = Grounding(house)
        self._exact = self._grounding.exact

    def parse(self, action: str, sim: Simulator) -> Command | str:
        """The command that a text means now, or why it means none; never raises.

        Args:
            action: any text.
            sim: what is held and near in it decides what a bare class name means.
        """
        # The quick way, for canonical words only: what it does not find is read at leisure.
        exact = self._exact
        first, _, rest = action.partition(" ")
        verb = _WITH_ONE.get(first)
        if verb is None:
            for joint, verb in _QUICK.get(first, ()):
                thing, _, place = rest.partition(joint)
                if thing in exact and place in exact:
                    return Command(verb, (exact[thing], exact[place]))
            second, _, rest = rest.partition(" ")
            verb = _WITH_ONE.get(f"{first} {second}")
        if verb is not None and rest in exact:
            return Command(verb, (exact[rest],))
        return self._read(action, sim)

    def _read(self, action: str, sim: Simulator) -> Command | str:
        if len(action) > _LONGEST:
            return f"the action is longer than {_LONGEST} characters"
        words = action.lower().rstrip(" \t\n.!").split()
        if not words:
            return "the action is empty"
        if words[0][0] == "[":
            return self._read_script(action)
        for count in (3, 2, 1):
            verb = _PHRASES.get(" ".join(words[:count]))
            if verb is not None and len(words) >= count:
                return self._with_one(verb, words[count:], sim)
        if words[0] == "put":
            return self._with_two("PUTIN", "PUTBACK", words[1:], sim)
        if words[0] == "pour":
            return self._with_two("POUR", "POUR", words[1:], sim)
        if words[0] in _OPENINGS:
            return f"there is no action {_quoted(words[:2])}"
        return f"there is no action that begins with {_quoted(words[:1])}"

    def _with_one(self, verb: str, words: list[str], sim: Simulator) -> Command | str:
        if VERBS[verb].arity == 0:
            return f"{VERBS[verb].template!r} takes no object" if words else Command(verb)
        if not words:
            return f"{VERBS[verb].template.format('...')!r} needs an object"
        nodes = self._grounding.nodes_of(words)
        if nodes:
            return Command(verb, (self._meant(nodes, sim, verb),))
        for at in range(1, len(words) - 1):
            if words[at] in _JOINTS and self._grounding.nodes_of(words[:at]):
                return f"{VERBS[verb].template.format('...')!r} takes one object, not two"
        return f"there is no {_quoted(words)}"

    def _with_two(self, inside: str, upon: str, words: list[str], sim: Simulator) -> Command | str:
        unknown: list[str] | None = None
        for at in range(1, len(words) - 1):
            verb = next((verb for verb in (inside, upon) if words[at] in _BETWEEN[verb]), None)
            if verb is None:
                continue
            thing, place = self._grounding.nodes_of(words[:at]), self._grounding.nodes_of(words[at + 1 :])
            if thing and place:
                first = self._meant(thing, sim, verb)
                # A bare name for both ("put plate on plate") means two of them, where there are two.
                return Command(verb, (first, self._meant(place & ~(1 << first) or place, sim, verb)))
            unknown = unknown or (words[at + 1 :] if thing else words[:at])
        if unknown:
            return f"there is no {_quoted(unknown)}"
        return "two objects are needed, as in " + repr(VERBS[inside].template.format("...", "..."))

    def _meant(self, nodes: int, sim: Simulator, verb: str) -> int:
        if not nodes & (nodes - 1):
            return nodes.bit_length() - 1
        state = sim.state
        if verb == "PUTOFF":
            return Grounding.choose(nodes, (state.upon[self._house.character], state.held, state.near))
        return Grounding.choose(nodes, (state.held, state.near))

    def _read_script(self, action: str) -> Command | str:
        line = _SCRIPT.fullmatch(action.strip())
        if line is None:
            return "a script line is [VERB] <name> (id), with none, one or two objects"
        verb = VERBS.get(line[1].upper())
        if verb is None:
            return f"there is no action {_quoted([line[1]])}"
        numbers = _SCRIPT_ID.findall(line[2])
        if len(numbers) != verb.arity or len(numbers) != line[2].count("<"):
            return f"{verb.name} takes {verb.arity} objects, with one id each"
        position_of = self._house.position_of
        for number in numbers:
            if int(number) not in position_of:
                return f"there is no node {number}"
        return Command(verb.name, tuple(position_of[int(number)] for number in numbers))


def _quoted(words: list[str]) -> str:
    text = " ".join(words)
    return repr(text if len(text) <= _QUOTED else text[:_QUOTED] + "...")
