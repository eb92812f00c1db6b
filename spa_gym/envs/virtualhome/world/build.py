"""A draft becomes a `House`: nodes, and edges as VirtualHome's scene files have them."""

from __future__ import annotations

from typing import Final

from spa_gym.core.draws import choice
from spa_gym.envs.virtualhome.house import Edge, House, Node, build_house
from spa_gym.envs.virtualhome.vocabulary import ROOMS_CATEGORY
from spa_gym.envs.virtualhome.world.class_table import object_class
from spa_gym.envs.virtualhome.world.draft import WORN, Draft
from spa_gym.envs.virtualhome.world.furniture import STRUCTURE

__all__ = ["house_of"]

_STARTS_BESIDE: Final = 0.6
"""Share of tasks in which the character stands beside a piece of furniture, not just in a room."""
_PARTS: Final = ("floor", "wall", "wall", "wall", "wall", "ceiling")


class _Graph:
    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.edges: list[Edge] = []

    def add(self, name: str, category: str, properties: tuple[str, ...] = (), states: tuple[str, ...] = ()) -> int:
        """A new node's id."""
        self.nodes.append(Node(len(self.nodes) + 1, name, category, properties, states))
        return len(self.nodes)

    def beside(self, a: int, b: int) -> None:
        self.edges += ((a, "CLOSE", b), (b, "CLOSE", a))


def house_of(draft: Draft, name: str) -> House:
    """The house that a draft describes, with the character somewhere away from what the goal is about.

    Nodes come in this order: rooms, the character, furniture by room, things, structure.
    """
    graph, layout = _Graph(), draft.layout
    rooms = [graph.add(room, ROOMS_CATEGORY) for room in layout.rooms]
    character = graph.add("character", "Characters")
    pieces = []
    for piece, states in zip(layout.pieces, draft.states, strict=True):
        kind = object_class(piece.class_name)
        pieces.append(graph.add(piece.class_name, kind.category, kind.properties, tuple(states)))
    for i, piece in enumerate(layout.pieces):
        graph.edges.append((pieces[i], "INSIDE", rooms[piece.room]))
        if piece.on >= 0:
            graph.edges.append((pieces[i], "ON", pieces[piece.on]))
            graph.beside(pieces[i], pieces[piece.on])
        if piece.beside >= 0:
            graph.beside(pieces[i], pieces[piece.beside])
        graph.edges += [(pieces[i], "FACING", pieces[seen]) for seen in piece.faces]
        if piece.class_name == "chair":
            for other in _in_reach(draft, i):
                graph.beside(pieces[i], pieces[other])
    room = _put_character(draft, graph, character, rooms, pieces)
    for laid in draft.things:
        kind = object_class(laid.class_name)
        node = graph.add(laid.class_name, kind.category, kind.properties, laid.states)
        worn = laid.piece == WORN
        carrier, where = (character, room) if worn else (pieces[laid.piece], rooms[layout.pieces[laid.piece].room])
        graph.edges += ((node, laid.relation, carrier), (node, "INSIDE", where))
        graph.beside(node, carrier)
    if layout.structure:
        _add_structure(graph, rooms)
    return build_house(name, graph.nodes, graph.edges)


def _in_reach(draft: Draft, chair: int) -> list[int]:
    """What stands on the desk at which a chair stands."""
    desk = draft.layout.pieces[chair].beside
    if desk < 0 or draft.layout.pieces[desk].class_name != "desk":
        return []
    return [i for i, piece in enumerate(draft.layout.pieces) if piece.on == desk]


def _put_character(draft: Draft, graph: _Graph, character: int, rooms: list[int], pieces: list[int]) -> int:
    """Place the character in a room, at times beside a piece that has nothing to do with the goal; the room's id."""
    room = choice(draft.rng, range(len(rooms)))
    graph.edges.append((character, "INSIDE", rooms[room]))
    if draft.chance(_STARTS_BESIDE):
        taken = draft.involved.union(*map(draft.neighbours, draft.involved))
        free = [i for i, piece in enumerate(draft.layout.pieces) if piece.room == room and i not in taken]
        if free:
            graph.beside(character, pieces[choice(draft.rng, free)])
    return rooms[room]


def _add_structure(graph: _Graph, rooms: list[int]) -> None:
    """Floor, walls and ceiling for each room, and a door from each room to the one before."""
    for i, room in enumerate(rooms):
        for name in _PARTS:
            category, properties = STRUCTURE[name]
            graph.edges.append((graph.add(name, category, tuple(properties.split())), "INSIDE", room))
        if i:
            door = object_class("door")
            node = graph.add("door", door.category, door.properties, door.states)
            graph.edges.append((node, "INSIDE", room))
            graph.edges += ((node, "BETWEEN", room), (node, "BETWEEN", rooms[i - 1]))
