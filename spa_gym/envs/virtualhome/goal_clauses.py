"""The clauses that goal sentences of generated tasks are made of: written by the world, read by the players.

A sentence names classes, never numbers: "Your task is to: put the clean plate in the cabinet and close the cabinet."
Each kind of clause has one wording, so that reading is the exact inverse of writing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

__all__ = ["KINDS", "OPENING", "Clause", "goal_sentence", "read_goal"]

OPENING: Final = "Your task is to: "

KINDS: Final[dict[str, str]] = {
    "put_in": "put {things} in the {y}",
    "put_on": "put {things} on the {y}",
    "pour": "pour the {x} into the {y}",
    "open": "open the {x}",
    "close": "close the {x}",
    "switch_on": "switch on the {x}",
    "switch_off": "switch off the {x}",
    "plug_in": "plug in the {x}",
    "wash": "wash the {x}",
    "hold": "hold the {x}",
    "wear": "wear the {x}",
    "take_off": "take off the {x}",
    "sit_on": "sit on the {x}",
    "lie_on": "lie on the {x}",
    "go_to": "go to the {x}",
    "read": "read the {x}",
    "drink": "drink the {x}",
    "eat": "eat the {x}",
    "watch": "watch the {x}",
    "type_on": "type on the {x}",
    "sleep": "sleep",
}
"""Kind of clause -> its wording."""


@dataclass(frozen=True, slots=True)
class Clause:
    """One thing that is asked for; any node of a named class counts."""

    kind: str
    """One of `KINDS`."""
    subject: str = ""
    """Class name; empty for `sleep`."""
    target: str = ""
    """Class name of the second object, for `put_in`, `put_on` and `pour`."""
    clean: bool = False
    """The subject must be clean at the end (`put_in`, `put_on`)."""
    count: int = 1
    """How many subjects, 1 or 2 (`put_in`, `put_on`)."""

    def __str__(self) -> str:
        """Its words.

        Example:
            >>> str(Clause("put_in", "plate", "cabinet", clean=True))
            'put the clean plate in the cabinet'
            >>> str(Clause("put_on", "mug", "table", count=2))
            'put two mug on the table'
        """
        things = f"{'the' if self.count == 1 else 'two'} {'clean ' * self.clean}{self.subject}"
        return KINDS[self.kind].format(things=things, x=self.subject, y=self.target)


def goal_sentence(clauses: Iterable[Clause]) -> str:
    """The goal text.

    Args:
        clauses: at least one.

    Raises:
        KeyError: a clause's kind is none of `KINDS`.

    Example:
        >>> goal_sentence([Clause("open", "fridge"), Clause("hold", "milk"), Clause("go_to", "bedroom")])
        'Your task is to: open the fridge, hold the milk and go to the bedroom.'
    """
    *others, last = [str(clause) for clause in clauses]
    return f"{OPENING}{', '.join(others)}{' and ' * bool(others)}{last}."


def read_goal(text: str) -> list[Clause]:
    """The clauses of a goal text, or of a first observation with a goal text at its end.

    What has no known wording is left out: a text without the opening words gives no clauses.

    Example:
        >>> read_goal("You see nothing. Your task is to: switch on the tv and put two mug in the sink.")
        ... # doctest: +NORMALIZE_WHITESPACE
        [Clause(kind='switch_on', subject='tv', target='', clean=False, count=1),
         Clause(kind='put_in', subject='mug', target='sink', clean=False, count=2)]
    """
    _, found, sentence = text.rpartition(OPENING)
    if not found:
        return []
    parts = _BETWEEN.split(sentence.strip().removesuffix("."))
    return [clause for part in parts if (clause := _read_clause(part)) is not None]


_BETWEEN = re.compile(r", | and ")
_NAME = r"[^\s,.]+"
_PATTERNS = {
    kind: re.compile(
        re.escape(words)
        .replace(re.escape("{things}"), f"(?P<number>the|two) (?P<clean>clean )?(?P<x>{_NAME})")
        .replace(re.escape("{x}"), f"(?P<x>{_NAME})")
        .replace(re.escape("{y}"), f"(?P<y>{_NAME})")
    )
    for kind, words in KINDS.items()
}


def _read_clause(words: str) -> Clause | None:
    for kind, pattern in _PATTERNS.items():
        found = pattern.fullmatch(words)
        if found:
            part = found.groupdict()
            return Clause(
                kind,
                part.get("x") or "",
                part.get("y") or "",
                bool(part.get("clean")),
                1 + (part.get("number") == "two"),
            )
    return None
