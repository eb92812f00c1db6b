"""Visible text nodes: the common coin of the text pages, and the rule for white space that a parser of HTML has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

__all__ = ["BACK", "NEXT", "PREV", "SEPARATOR", "Node", "joined", "visible"]

SEPARATOR = " [SEP] "

Node = tuple[str, str]
"""What holds a text ("text", "button", "label" or "link"), and the text."""

BACK: Node = ("button", "Back to Search")
PREV: Node = ("button", "< Prev")
NEXT: Node = ("button", "Next >")

_SPACES = " \t\n\f\r"
"""White space of HTML; others, such as the no-break space, count as letters here."""


def visible(nodes: Iterable[Node]) -> Iterator[Node]:
    r"""Leave out empty nodes; one of nothing but white space is dropped with a line break in it, else one space.

    Example:
        >>> list(visible([("text", ""), ("text", " a "), ("text", "   "), ("text", " \n ")]))
        [('text', ' a '), ('text', ' ')]
    """
    for holder, text in nodes:
        if text.strip(_SPACES):
            yield holder, text
        elif text and "\n" not in text:
            yield holder, " "


def joined(nodes: Iterable[Node]) -> str:
    """Strip the texts of visible nodes and join them as mode "text" does; a lone space becomes an empty segment."""
    return SEPARATOR.join([text.strip() for _, text in nodes])
