"""A house that differs a little from a scene: task files give their initial graphs that way.

Most tasks add a few objects, whose ids lie above all old ones, and change many states; the 3,500 to 5,700 edges stay
nearly all the same, so they are taken over by position instead of being made again one by one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping

from spa_gym.envs.virtualhome.house import Edge, House, Node, build_house

__all__ = ["patched_house"]


def patched_house(
    base: House,
    name: str,
    new_nodes: Iterable[Node] = (),
    states: Mapping[int, tuple[str, ...]] | None = None,
    added: Iterable[Edge] = (),
    removed: Iterable[Edge] = (),
    base_nodes: Iterable[Node] = (),
) -> House:
    """A house made from another one; the caller has checked the parts.

    Args:
        base: the other one.
        name: where the new one comes from.
        new_nodes: nodes that it has more, with ids that are free.
        states: id -> all states of that node.
        added: edges that it has more.
        removed: edges that it has not.
        base_nodes: `base.nodes()`, where the caller has them already.
    """
    new = list(new_nodes)
    nodes = [*(base_nodes or base.nodes()), *new]
    if states:
        nodes = [node._replace(states=states[node.id]) if node.id in states else node for node in nodes]
    if new and min(node.id for node in new) < base.ids[-1]:  # positions shift
        gone = set(removed)
        return build_house(name, nodes, [*(edge for edge in base.edges() if edge not in gone), *added])
    house = build_house(name, nodes, ())
    position_of, padding = house.position_of, [0] * len(new)
    rows = {relation: [*row, *padding] for relation, row in base.rows.items()}
    for a, relation, b in removed:
        rows[relation][position_of[a]] &= ~(1 << position_of[b])
    for a, relation, b in added:
        rows[relation][position_of[a]] |= 1 << position_of[b]
    return dataclasses.replace(house, rows={relation: tuple(row) for relation, row in rows.items()})
