"""What a graph from a file must satisfy before a house is built of it; whatever does not is refused by name.

Taken as VirtualHome takes it: any case of states, properties and relations, keys that nobody needs, edges that occur
twice, a category that is missing. Not taken: what would make another household of it than the one that was meant.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NoReturn

from spa_gym.core.errors import DataCorrupt
from spa_gym.envs.virtualhome.house import Edge, Node
from spa_gym.envs.virtualhome.official.class_names import CLASS_NAMES
from spa_gym.envs.virtualhome.vocabulary import PROPERTIES, RELATIONS, ROOMS_CATEGORY, STATES

__all__ = [
    "RESTORE",
    "check_household",
    "checked_edge",
    "checked_node",
    "checked_nodes",
    "checked_states",
    "number_of",
    "refuse",
]

RESTORE = "restore the file from its source; whatever does not depend on it stays usable"
_LONGEST_NUMBER = 18
"""Digits of the longest id that is read from a text."""


def refuse(expected: str, got: object) -> NoReturn:
    """Refuse part of a file.

    Raises:
        DataCorrupt: always.
    """
    raise DataCorrupt(expected, got, RESTORE)


def number_of(text: Any) -> int | None:
    """The number that a key of an object writes in plain digits; None where it writes none."""
    plain = isinstance(text, str) and text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER
    return int(text) if plain else None


def checked_node(value: Any, where: str) -> Node:
    """A node from a mapping in VirtualHome's format or a list [id, class, category, properties, states].

    Args:
        value: what the file holds.
        where: the file (and record), for the message.

    Raises:
        DataCorrupt: a key is missing, or a value is none of VirtualHome's.
    """
    if isinstance(value, Mapping):
        missing = [key for key in ("id", "class_name", "properties", "states") if key not in value]
        if missing:
            refuse(f"{where}: every node with {', '.join(missing)}", f"{dict(value)!r:.120}")
        fields = [value["id"], value["class_name"], value.get("category") or "", value["properties"], value["states"]]
    elif isinstance(value, list) and len(value) == 5:
        fields = value
    else:
        refuse(f"{where}: nodes with id, class, category, properties and states", f"{value!r:.120}")
    node_id, class_name, category, properties, states = fields
    named = f"{where}: node {node_id!r}"
    if type(node_id) is not int:
        refuse(f"{named} with a whole number as its id", f"{node_id!r:.80}")
    if not isinstance(class_name, str) or class_name not in CLASS_NAMES:
        alike = difflib.get_close_matches(str(class_name), sorted(CLASS_NAMES), 3)
        hint = f" (alike: {', '.join(alike)})" if alike else ""
        refuse(f"{named} of a class of VirtualHome{hint}", f"{class_name!r:.80}")
    if not isinstance(category, str):
        refuse(f"{named} ({class_name}) with a text as its category", f"{category!r:.80}")
    return Node(
        node_id,
        class_name,
        category,
        _checked_words(properties, PROPERTIES, "properties", f"{named} ({class_name})"),
        checked_states(states, f"{named} ({class_name})"),
    )


def checked_states(values: Any, named: str) -> tuple[str, ...]:
    """States of a node, in capitals.

    Raises:
        DataCorrupt: one is none of VirtualHome's, or it is no list.
    """
    return _checked_words(values, STATES, "states", named)


def _checked_words(values: Any, known: tuple[str, ...], what: str, named: str) -> tuple[str, ...]:
    if not isinstance(values, list):
        refuse(f"{named} with a list of {what}", f"{values!r:.80}")
    words = tuple(str(value).upper() for value in values)
    unknown = [value for value, word in zip(values, words, strict=True) if word not in known]
    if unknown:
        refuse(f"{named} with {what} out of {', '.join(known)}", ", ".join(map(repr, unknown)))
    return words


def checked_nodes(values: Any, where: str, taken: Collection[int] = ()) -> list[Node]:
    """Nodes, all with ids of their own.

    Args:
        values: what the file holds.
        where: the file (and record), for the message.
        taken: ids that are in use already.

    Raises:
        DataCorrupt: it is no list of nodes, or an id occurs twice.
    """
    if not isinstance(values, list):
        refuse(f"{where}: a list of nodes", type(values).__name__)
    nodes: dict[int, Node] = {}
    for value in values:
        node = checked_node(value, where)
        if node.id in nodes or node.id in taken:
            other = nodes[node.id].class_name if node.id in nodes else "the scene's own"
            refuse(f"{where}: every node with an id of its own", f"id {node.id} twice ({other}, {node.class_name})")
        nodes[node.id] = node
    return list(nodes.values())


def checked_edge(source: Any, relation: Any, target: Any, ids: Collection[int], where: str) -> Edge:
    """An edge between nodes that are there.

    Raises:
        DataCorrupt: it is not.
    """
    named = f"{where}: edge {source!r} {relation!r} {target!r}"
    word = str(relation).upper()
    if word not in RELATIONS:
        refuse(f"{named} with a relation out of {', '.join(RELATIONS)}", f"{relation!r:.80}")
    for end in (source, target):
        if type(end) is not int or end not in ids:
            refuse(f"{named} between nodes that are there", f"no node {end!r:.80}")
    return source, word, target


def check_household(nodes: Iterable[Node], where: str) -> None:
    """Whether somebody can live in it.

    Raises:
        DataCorrupt: there is no node of class `character`, or no room.
    """
    nodes = list(nodes)
    if not any(node.class_name == "character" for node in nodes):
        refuse(f"{where}: a node of class 'character'", f"{len(nodes)} nodes of other classes")
    if not any(node.category == ROOMS_CATEGORY for node in nodes):
        refuse(f"{where}: a node of category {ROOMS_CATEGORY!r}", f"{len(nodes)} nodes of other categories")
