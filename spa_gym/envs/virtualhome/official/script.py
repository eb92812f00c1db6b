"""Lines of a VirtualHome script, such as `[PUTBACK] <cup> (12) <table> (1.30)`, with nodes by id."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from spa_gym.envs.virtualhome.official.graph_checks import refuse
from spa_gym.envs.virtualhome.verbs import VERBS, Command

__all__ = ["Line", "commands_of", "parse_line", "parse_program"]

_LINE = re.compile(r"\s*\[\s*(\w+)\s*\]((?:\s*<[^<>]*>\s*\([\d.\s]+\))*)\s*")
_OBJECT = re.compile(r"<\s*([^<>]*?)\s*>\s*\(\s*(?:[0-9]+\s*\.\s*)?([0-9]{1,18})\s*\)")
_ALIASES = {"LOOKAT_MEDIUM": "LOOKAT"}


class Line(NamedTuple):
    """An action on nodes by id."""

    verb: str
    ids: tuple[int, ...]
    names: tuple[str, ...]
    """The classes that the line writes; only the ids count, as in VirtualHome."""

    def __str__(self) -> str:
        """As scripts write it."""
        return " ".join([f"[{self.verb}]", *(f"<{name}> ({i})" for name, i in zip(self.names, self.ids, strict=True))])


def parse_line(text: Any, where: str) -> Line:
    """Read a line; of an id such as `1.319` the last number counts.

    Args:
        text: the line.
        where: the record, for the message.

    Raises:
        DataCorrupt: it is no line, the verb is unknown, or it has too few or too many objects.

    Example:
        >>> parse_line("[PUTBACK] <cup> (12) <table> (1.30)", "a record")
        Line(verb='PUTBACK', ids=(12, 30), names=('cup', 'table'))
    """
    match = _LINE.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        refuse(f"{where}: a line such as '[GRAB] <cup> (12)'", f"{text!r:.100}")
    word = match[1].upper()
    verb = VERBS.get(_ALIASES.get(word, word))
    if verb is None:
        refuse(f"{where}: one of the {len(VERBS)} verbs", f"{match[1]!r} in {text!r:.100}")
    objects = _OBJECT.findall(match[2])
    if len(objects) != verb.arity:
        refuse(f"{where}: {verb.name} with {verb.arity} objects", f"{text!r:.100}")
    return Line(verb.name, tuple(int(number) for _, number in objects), tuple(name for name, _ in objects))


def parse_program(value: Any, where: str) -> tuple[Line, ...]:
    """Read a program, at least one line.

    Raises:
        DataCorrupt: it is no list, or a line is broken.
    """
    if not isinstance(value, list) or not value:
        refuse(f"{where}: a program as a list of lines", f"{value!r:.80}")
    return tuple(parse_line(text, f"{where}: line {i}") for i, text in enumerate(value, start=1))


def commands_of(program: tuple[Line, ...], position_of: Mapping[int, int], where: str) -> tuple[Command, ...]:
    """The program with nodes by position.

    Raises:
        DataCorrupt: a line names a node that is not there.
    """
    for i, line in enumerate(program, start=1):
        for node_id in line.ids:
            if node_id not in position_of:
                refuse(f"{where}: line {i}, {line}, with nodes that are there", f"no node {node_id}")
    return tuple(Command(line.verb, tuple(position_of[node_id] for node_id in line.ids)) for line in program)
