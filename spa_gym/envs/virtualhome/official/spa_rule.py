"""SPA's own success rule: the graph must differ from the start exactly as it did when the task was recorded.

A record lists the nodes whose states changed, the edges that must be gone and the edges that must be there, CLOSE edges
among them (nearly three quarters) and the hand that holds a thing. Verbs that change nothing are not looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from spa_gym.envs.virtualhome.goal import Condition, Goal, ReadableState
from spa_gym.envs.virtualhome.house import House
from spa_gym.envs.virtualhome.official.graph_checks import checked_edge, checked_node, refuse
from spa_gym.envs.virtualhome.vocabulary import RELATIONS, properties_mask, states_mask

__all__ = ["SpaEnd", "parse_spa_end", "spa_rule_holds", "symbolic_goal"]

_Edge = tuple[int, str, int]
"""Edge between positions, not ids."""


@dataclass(frozen=True, slots=True)
class SpaEnd:
    """The end that a record asks for, by position in the house."""

    states: tuple[tuple[int, int], ...]
    """Node, and the mask of exactly its states."""
    gone: tuple[_Edge, ...]
    there: tuple[_Edge, ...]


def spa_rule_holds(end: SpaEnd, state: ReadableState) -> bool:
    """Whether the end is reached."""
    if any(state.states[node] != mask for node, mask in end.states):
        return False
    if any(state.row(relation, node) >> other & 1 for node, relation, other in end.gone):
        return False
    return all(state.row(relation, node) >> other & 1 for node, relation, other in end.there)


def parse_spa_end(value: Any, house: House, where: str) -> SpaEnd:
    """Read a record's `revised_graph`.

    Raises:
        DataCorrupt: it lacks a part, or asks for nodes that are not in the house as it says.
    """
    keys = ("nodes", "revised_nodes", "revised_add_edges")
    if not isinstance(value, Mapping) or any(not isinstance(value.get(key), list) for key in keys):
        refuse(f"{where}: a revised_graph with lists {', '.join(keys)}", f"{value!r:.80}")
    states = []
    for item in value["nodes"]:
        node = checked_node(item, where)
        position = house.position_of.get(node.id)
        if (
            position is None
            or house.class_names[position] != node.class_name
            or house.properties[position] != properties_mask(node.properties)
        ):
            refuse(f"{where}: a {node.class_name} {node.id} at the start as at its end", "another node or none")
        states.append((position, states_mask(node.states)))
    gone = tuple(edge for item in value["revised_nodes"] if (edge := _edge(item, house, where, lenient=True)))
    there = tuple(edge for item in value["revised_add_edges"] if (edge := _edge(item, house, where, lenient=False)))
    return SpaEnd(tuple(states), gone, there)


def _edge(item: Any, house: House, where: str, lenient: bool) -> _Edge | None:
    """An edge by position; None for one between nodes that are not there, which need not be gone."""
    if not isinstance(item, Mapping) or not {"from_id", "relation_type", "to_id"} <= item.keys():
        refuse(f"{where}: every edge with from_id, relation_type, to_id", f"{item!r:.120}")
    a, relation, b = item["from_id"], item["relation_type"], item["to_id"]
    positions = house.position_of
    if lenient and relation in RELATIONS and all(type(end) is int for end in (a, b)):
        if a not in positions or b not in positions:
            return None
    a, relation, b = checked_edge(a, relation, b, positions, where)
    return positions[a], relation, positions[b]


def symbolic_goal(end: SpaEnd, house: House, named: int) -> Goal:
    """What the record's end means without the CLOSE edges.

    States that were gained and ON, INSIDE and HOLDS edges; where there are none (one record in eight only says where
    somebody stands), what the character is CLOSE to or FACING of what the program names.

    Args:
        end: the record's end.
        house: at its start.
        named: the nodes that the record's program names.
    """
    states = [
        Condition(1 << node, states=mask & ~house.states[node])
        for node, mask in end.states
        if mask & ~house.states[node]
    ]
    lasting, passing = [], []
    for node, relation, other in end.there:
        condition = Condition(1 << node, relation=relation, targets=1 << other)
        if relation not in ("CLOSE", "FACING"):
            lasting.append(condition)
        elif node == house.character and named >> other & 1:
            passing.append(condition)
    return Goal(tuple(dict.fromkeys(states + lasting or passing)))
