"""`House`: a household graph at its start, read-only and shared by every environment of the process.

Nodes are numbered by position (ascending id); a set of nodes is an int whose bit i is node i, and each relation is one
such int per node. Everything that changes during an episode lives in the simulator's state, never here.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple, TypeVar

from spa_gym.envs.virtualhome.vocabulary import (
    PROPERTIES,
    RELATIONS,
    ROOMS_CATEGORY,
    STATES,
    bits,
    names_of,
    properties_mask,
    states_mask,
)

__all__ = ["Edge", "House", "Node", "build_house", "graph_dict", "once_per_house"]

T = TypeVar("T")
Edge = tuple[int, str, int]
"""From id, relation, to id."""


class Node(NamedTuple):
    """A node as files give it."""

    id: int
    class_name: str
    category: str = ""
    properties: tuple[str, ...] = ()
    states: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class House:
    """A household graph at its start."""

    name: str
    """Where it comes from, for messages."""
    ids: tuple[int, ...]
    """VirtualHome's ids, ascending; all other tuples go by position in this one."""
    class_names: tuple[str, ...]
    categories: tuple[str, ...]
    properties: tuple[int, ...]
    """Masks of `Property` bits."""
    states: tuple[int, ...]
    """Masks of `State` bits, at the start."""
    rows: Mapping[str, tuple[int, ...]]
    """Relation -> for each node the set of nodes that its edges lead to, at the start."""
    character: int
    """Position of the agent's body: the node of class `character` with the lowest id."""
    names: tuple[str, ...]
    """What an agent calls each node: "fridge", or "light 2" where the class has several nodes."""
    rooms: int
    """The nodes that are rooms."""
    position_of: Mapping[int, int] = field(repr=False)
    """Id -> position."""
    by_class: Mapping[str, int] = field(repr=False)
    """Class name -> its nodes."""
    by_property: Mapping[str, int] = field(repr=False)
    """Property name -> the nodes that have it."""
    derived: dict[Callable[[House], Any], Any] = field(default_factory=dict, init=False, repr=False)
    """What was worked out from the house; see `once_per_house`."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel without what was worked out: it is worked out again where it is needed."""
        return House, tuple(getattr(self, one.name) for one in fields(self) if one.init)

    def __len__(self) -> int:
        """Number of nodes."""
        return len(self.ids)

    def mask(self, ids: Iterable[int]) -> int:
        """The set of some nodes, given by id.

        Raises:
            KeyError: an id is not in this house.
        """
        mask = 0
        for node_id in ids:
            mask |= 1 << self.position_of[node_id]
        return mask

    def nodes(self) -> list[Node]:
        """The nodes as files give them."""
        return [
            Node(self.ids[i], self.class_names[i], self.categories[i],
                 names_of(self.properties[i], PROPERTIES), names_of(self.states[i], STATES))
            for i in range(len(self))
        ]  # fmt: skip

    def edges(self) -> list[Edge]:
        """The edges at the start, by relation, then from, then to."""
        ids = self.ids
        return [
            (ids[i], relation, ids[j])
            for relation in RELATIONS
            for i, row in enumerate(self.rows[relation])
            for j in bits(row)
        ]

    def to_dict(self) -> dict[str, Any]:
        """The graph in VirtualHome's own format, which the real simulator reads."""
        return graph_dict(self.nodes(), self.edges())


def once_per_house(build: Callable[[House], T]) -> Callable[[House], T]:
    """Decorate a function of a house alone: its result is kept with the house, for as long as the house lives."""

    @functools.wraps(build)
    def kept(house: House) -> T:
        found = house.derived.get(build)
        if found is None:
            found = house.derived[build] = build(house)
        return found

    return kept


def graph_dict(nodes: Iterable[Node], edges: Iterable[Edge]) -> dict[str, Any]:
    """A graph in VirtualHome's own format."""
    return {
        "nodes": [
            {
                "id": node.id,
                "class_name": node.class_name,
                "category": node.category,
                "properties": list(node.properties),
                "states": list(node.states),
            }
            for node in nodes
        ],
        "edges": [{"from_id": a, "relation_type": relation, "to_id": b} for a, relation, b in edges],
    }


def build_house(name: str, nodes: Iterable[Node], edges: Iterable[Edge]) -> House:
    """Build a house; the caller has checked the graph (see `official/scene_file.py`).

    Args:
        name: where it comes from.
        nodes: in any order, ids all different, at least one of class `character`.
        edges: between nodes that are there.

    Raises:
        KeyError: an unknown state, property, relation, or an edge to an id that is not there.
        ValueError: there is no node of class `character`.
    """
    ordered = sorted(nodes)
    position_of = {node.id: i for i, node in enumerate(ordered)}
    rows = {relation: [0] * len(ordered) for relation in RELATIONS}
    for a, relation, b in edges:
        rows[relation.upper()][position_of[a]] |= 1 << position_of[b]
    by_class: dict[str, int] = {}
    for i, node in enumerate(ordered):
        by_class[node.class_name] = by_class.get(node.class_name, 0) | 1 << i
    if "character" not in by_class:
        raise ValueError(f"{name}: no node of class 'character'")
    properties = tuple(properties_mask(node.properties) for node in ordered)
    by_property = dict.fromkeys(PROPERTIES, 0)
    for i, node in enumerate(ordered):
        for prop in node.properties:
            by_property[prop.upper()] |= 1 << i
    return House(
        name=name,
        ids=tuple(node.id for node in ordered),
        class_names=tuple(node.class_name for node in ordered),
        categories=tuple(node.category for node in ordered),
        properties=properties,
        states=tuple(states_mask(node.states) for node in ordered),
        rows={relation: tuple(row) for relation, row in rows.items()},
        character=next(bits(by_class["character"])),
        names=_names(ordered, by_class),
        rooms=sum(1 << i for i, node in enumerate(ordered) if node.category == ROOMS_CATEGORY),
        position_of=position_of,
        by_class=by_class,
        by_property=by_property,
    )


def _names(nodes: list[Node], by_class: Mapping[str, int]) -> tuple[str, ...]:
    counted: dict[str, int] = {}
    names = []
    for node in nodes:
        number = counted[node.class_name] = counted.get(node.class_name, 0) + 1
        alone = by_class[node.class_name].bit_count() == 1
        names.append(node.class_name if alone else f"{node.class_name} {number}")
    return tuple(names)
