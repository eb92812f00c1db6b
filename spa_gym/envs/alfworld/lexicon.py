"""Words of a game: command strings, replies and lists, in one of the two dialects of ALFWorld.

A `Lexicon` belongs to one game in one dialect and is shared by all who play it. It remembers what it has written once
(views of receptacles, lists of admissible commands), which is what makes a step cheap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from spa_gym.envs.alfworld.game import Game

__all__ = ["DIALECTS", "Dialect", "Lexicon", "lexicon_of", "listing"]

_MEMO_LIMIT = 4096
"""Entries that a memo may hold before it is emptied; a whole episode needs about 100."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How the text of one release of the games differs from another's."""

    name: str
    put_command: str
    put_reply: str
    arrival: str
    has_help: bool


DIALECTS = {
    "2.1.2": Dialect("2.1.2", "move {o} to {r}", "You move the {o} to the {r}.", "You arrive at {r}. ", True),
    "2.1.1": Dialect("2.1.1", "put {o} in/on {r}", "You put the {o} in/on the {r}.", "", False),
}
"""`2.1.2` is what alfworld 0.4 speaks. `2.1.1` is what ETO and SPA train on: they cut the arrival sentence off."""

HELP = "\n".join([
    "Available commands:",
    *(f"  {command + ':':<34}{meaning}" for command, meaning in (
        ("look", "look around your current location"),
        ("inventory", "check your current inventory"),
        ("go to (receptacle)", "move to a receptacle"),
        ("open (receptacle)", "open a receptacle"),
        ("close (receptacle)", "close a receptacle"),
        ("take (object) from (receptacle)", "take an object from a receptacle"),
        ("move (object) to (receptacle)", "place an object in or on a receptacle"),
        ("examine (something)", "examine a receptacle or an object"),
        ("use (object)", "use an object"),
        ("heat (object) with (receptacle)", "heat an object using a receptacle"),
        ("clean (object) with (receptacle)", "clean an object using a receptacle"),
        ("cool (object) with (receptacle)", "cool an object using a receptacle"),
        ("slice (object) with (object)", "slice an object using a sharp object"),
    )),
    "",
]).replace("(receptacle):    place", "(receptacle):  place")  # fmt: skip
"""The reply to `help`, byte for byte, with the one line that is out of place (the engines must agree on it)."""


def listing(names: Sequence[str]) -> str:
    """Names as the games join them.

    >>> listing([]), listing(["a mug 1"]), listing(["a mug 1", "a pan 2"])
    ('nothing', 'a mug 1', 'a mug 1, and a pan 2')
    """
    if len(names) < 2:
        return names[0] if names else "nothing"
    return ", ".join(names[:-1]) + ", and " + names[-1]


class Lexicon:
    """Texts of one game in one dialect.

    Attributes:
        dialect: the dialect.
        go: location number -> the `go to` commands that are admissible there; go_anywhere: all, with their locations.
        articles: object number -> "a mug 1".
        openable_at: location number -> bit mask of the openable receptacles there.
        views: memo of `view`; admissible: memo of command lists, filled by the engine.
        receptacle_number, object_number: name -> number.
    """

    __slots__ = (
        "admissible", "articles", "dialect", "game", "go", "go_anywhere", "object_number", "openable_at", "parsed",
        "receptacle_number", "views",
    )  # fmt: skip

    def __init__(self, game: Game, dialect: Dialect) -> None:
        self.game = game
        self.dialect = dialect
        self.articles = tuple("a " + name for name in game.object_names)
        self.receptacle_number = {name: r for r, name in enumerate(game.receptacle_names)}
        self.object_number = {name: o for o, name in enumerate(game.object_names)}
        self.openable_at = tuple(sum(1 << r for r in rs if game.openable >> r & 1) for rs in game.receptacles_at)
        self.go: dict[int, tuple[str, ...]] = {}
        self.go_anywhere: list[tuple[str, int]] = []
        self.views: dict[tuple[int, bool, tuple[int, ...]], str] = {}
        self.admissible: dict[tuple[object, ...], tuple[str, ...]] = {}
        self.parsed: dict[str, tuple[object, int, int]] = {}

    def intro(self, facing: Sequence[int]) -> str:
        """The first observation; `facing` are the receptacles at the agent's place, if any."""
        game = self.game
        if facing:
            around = self.facing(facing, ())
        else:
            reachable = [
                "a " + n for n, at in zip(game.receptacle_names, game.receptacle_location, strict=True) if at >= 0
            ]
            around = _MIDDLE.format(listing(reachable))
        return f"-= Welcome to TextWorld, ALFRED! =-\n\n{around}\n\nYour task is to: {game.goal_text}"

    def middle(self) -> str:
        """The reply to `look` in the middle of the room, where the original lists nothing."""
        return _MIDDLE.format("nothing")

    def facing(self, receptacles: Sequence[int], loose: Sequence[int]) -> str:
        """The reply to `look` at receptacles; `loose` are the objects "next to" them."""
        names = listing([self.game.receptacle_names[r] for r in receptacles])
        return f"You are facing the {names}. Next to it, you see {listing([self.articles[o] for o in loose])}."

    def view(self, r: int, is_open: bool, contents: tuple[int, ...]) -> str:
        """What one sees at receptacle `r`."""
        key = (r, is_open, contents)
        text = self.views.get(key)
        if text is None:
            name = self.game.receptacle_names[r]
            seen = listing([self.articles[o] for o in contents])
            if not self.game.openable >> r & 1:
                text = f"On the {name}, you see {seen}."
            elif is_open:
                text = f"The {name} is open. In it, you see {seen}."
            else:
                text = f"The {name} is closed."
            if len(self.views) >= _MEMO_LIMIT:
                self.views.clear()
            self.views[key] = text
        return text

    def go_commands(self, location: int) -> tuple[str, ...]:
        """The admissible `go to` commands at a location, in alphabetical order."""
        commands = self.go.get(location)
        if commands is None:
            if not self.go_anywhere:
                names = zip(self.game.receptacle_names, self.game.receptacle_location, strict=True)
                self.go_anywhere = sorted([("go to " + name, at) for name, at in names if at >= 0])
            commands = self.go[location] = tuple([command for command, at in self.go_anywhere if at != location])
        return commands

    def remember_admissible(self, key: tuple[object, ...], commands: tuple[str, ...]) -> None:
        """Keep a command list for the next time the same state is met."""
        if len(self.admissible) >= _MEMO_LIMIT:
            self.admissible.clear()
        self.admissible[key] = commands


_MIDDLE = "You are in the middle of a room. Looking quickly around you, you see {}."


def lexicon_of(game: Game, grammar: str) -> Lexicon:
    """The shared lexicon of a game in the dialect named `grammar`."""
    lexicon = game.memo.get(grammar)
    if lexicon is None:
        lexicon = game.memo[grammar] = Lexicon(game, DIALECTS[grammar])
    return lexicon
