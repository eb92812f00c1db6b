"""Commands as text: what a typed line names, and which lines would be executed now.

The rules themselves are in `engine.py`; this file reads the state and never changes it. What it reads is written down
in `GameState`, so that it need not know the engine, which calls it.
"""

from __future__ import annotations

from typing import Protocol

from spa_gym.envs.alfworld.game import Game
from spa_gym.envs.alfworld.lexicon import Lexicon

__all__ = ["GameState", "list_commands", "read_command"]

_PAIRED = {"take": " from ", "heat": " with ", "cool": " with ", "clean": " with ", "slice": " with "}
"""Verbs of two things, and the words between them."""


class GameState(Protocol):
    """What of a game being played decides which commands would be executed; see `Engine` for the meaning."""

    game: Game
    lexicon: Lexicon
    list_help: bool
    location: int
    held: int
    opened: int
    contents: tuple[tuple[int, ...], ...]
    object_locations: tuple[int, ...]


def list_commands(state: GameState, here: tuple[int, ...]) -> list[str]:
    """The admissible commands other than `go to`, in any order, some perhaps twice.

    Args:
        state: the state.
        here: the receptacles at the agent's place.
    """
    game, names, held = state.game, state.game.receptacle_names, state.held
    commands = ["inventory", "look"]
    if state.list_help:
        commands.append("help")
    put = state.lexicon.dialect.put_command
    for r in here:
        name = names[r]
        commands.append("examine " + name)
        closed = False
        if game.openable >> r & 1:
            closed = not state.opened >> r & 1
            commands.append(("open " if closed else "close ") + name)
        for o in state.contents[r]:
            if held < 0 and not closed and game.pickupable >> o & 1:
                commands.append(f"take {game.object_names[o]} from {name}")
            if game.toggleable >> o & 1:
                commands.append("use " + game.object_names[o])
        if held >= 0:
            thing = game.object_names[held]
            if not closed and game.can_contain[r] >> held & 1:
                commands.append(put.format(o=thing, r=name))
            kind = game.receptacle_types[r]
            for appliance, able, verb in (
                ("microwave", game.heatable, "heat"),
                ("fridge", game.coolable, "cool"),
                ("sinkbasin", game.cleanable, "clean"),
            ):
                if kind == appliance and able >> held & 1:
                    commands.append(f"{verb} {thing} with {name}")
    if held >= 0:
        commands.append("examine " + game.object_names[held])
        if game.knives >> held & 1 and state.location >= 0:
            commands += [
                f"slice {game.object_names[o]} with {game.object_names[held]}"
                for o in range(len(game.object_names))
                if game.sliceable >> o & 1 and state.object_locations[o] >> state.location & 1
            ]
    return commands


def read_command(lexicon: Lexicon, command: str) -> tuple[str, int, int] | None:
    """The verb, and the numbers of the things that a command names; None where it names nothing of this game.

    Args:
        lexicon: names and dialect of the game.
        command: the line without outer spaces.
    """
    receptacles, objects, dialect = lexicon.receptacle_number, lexicon.object_number, lexicon.dialect
    if command in ("look", "inventory") or (command == "help" and dialect.has_help):
        return command, 0, 0
    verb, _, rest = command.partition(" ")
    if verb in ("open", "close"):
        return (verb, receptacles[rest], 0) if rest in receptacles else None
    if verb == "go":
        name = rest.removeprefix("to ")
        return ("go", receptacles[name], 0) if name != rest and name in receptacles else None
    if verb == "examine":
        if rest in receptacles:
            return "examine receptacle", receptacles[rest], 0
        return ("examine object", objects[rest], 0) if rest in objects else None
    if verb == "use":
        return ("use", objects[rest], 0) if rest in objects else None
    between = _PAIRED.get(verb, "")
    if dialect.put_command.startswith(f"{verb} {{"):
        verb, between = "put", dialect.put_command.partition("{o}")[2].partition("{r}")[0]
    if not between:
        return None
    first, _, second = rest.partition(between)
    thing, other = objects.get(first), (objects if verb == "slice" else receptacles).get(second)
    return None if thing is None or other is None else (verb, thing, other)
