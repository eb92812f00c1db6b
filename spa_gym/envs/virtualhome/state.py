"""`HouseState`: everything that changes in a house while somebody lives in it, and snapshots of it.

One int per node and relation (the set of nodes that its edges lead to), the inverse of ON and INSIDE beside them, and
the character's two hands. The rules (`rules/`) change it through the few methods here, which keep both directions of
each relation and the cached `near` right.
"""

from __future__ import annotations

from typing import Any

from spa_gym.envs.virtualhome.blueprint import Blueprint, blueprint_of
from spa_gym.envs.virtualhome.fidelity import Fidelity
from spa_gym.envs.virtualhome.house import Edge, House, Node, graph_dict
from spa_gym.envs.virtualhome.snapshot import Snapshot
from spa_gym.envs.virtualhome.vocabulary import PROPERTIES, RELATIONS, STATES, State, bits, names_of

__all__ = ["HouseState"]


class HouseState:
    """The state of a house. Sets of nodes are ints; every list goes by position in the house.

    Attributes:
        states: state mask of each node.
        on, inside, close, facing: what each node's edges lead to.
        upon, contents: what is ON, and INSIDE, each node: the inverse of `on` and `inside`.
        right_hand, left_hand: what the character holds, none or one node each.
        other_hands: (HOLDS relation, holder) -> what others hold.
        origins: node -> (place, relation) that it was grabbed from, while the original counts it as grabbed.
    """

    __slots__ = (
        "_near", "blueprint", "close", "contents", "facing", "fidelity", "house", "inside", "left_hand", "on",
        "origins", "other_hands", "right_hand", "states", "upon",
    )  # fmt: skip

    house: House
    blueprint: Blueprint
    fidelity: Fidelity
    states: list[int]
    on: list[int]
    inside: list[int]
    close: list[int]
    facing: list[int]
    upon: list[int]
    contents: list[int]
    right_hand: int
    left_hand: int
    other_hands: dict[tuple[str, int], int]
    origins: dict[int, tuple[int, str]]

    def __init__(self, house: House, fidelity: Fidelity) -> None:
        self.house = house
        self.blueprint = blueprint_of(house)
        self.fidelity = fidelity
        self.reset()

    def reset(self) -> None:
        """The house as it is at the start."""
        house, blueprint = self.house, self.blueprint
        rows = house.rows
        self.states = list(house.states)
        self.on = list(rows["ON"])
        self.inside = list(rows["INSIDE"])
        self.close = list(rows["CLOSE"])
        self.facing = list(rows["FACING"])
        self.upon = list(blueprint.upon)
        self.contents = list(blueprint.contents)
        self.right_hand, self.left_hand = blueprint.hands
        self.other_hands = dict(blueprint.other_hands)
        self.origins = {}
        self._near = -1

    # -- reading ----------------------------------------------------------------------------------------------------

    @property
    def held(self) -> int:
        """What the character holds."""
        return self.right_hand | self.left_hand

    @property
    def near(self) -> int:
        """What the character is close to by VirtualHome's loose rule.

        That is: what it has a CLOSE edge to, what one of these has a CLOSE edge to, and what is ON one of these.
        """
        near = self._near
        if near < 0:
            close, upon = self.close, self.upon
            near = rest = close[self.house.character]
            while rest:
                low = rest & -rest
                rest ^= low
                node = low.bit_length() - 1
                near |= close[node] | upon[node]
            self._near = near
        return near

    def row(self, relation: str, node: int) -> int:
        """The nodes that a node's edges of a relation lead to; `HOLDS` is either hand.

        Raises:
            KeyError: there is no such relation.
        """
        if relation == "ON":
            return self.on[node]
        if relation == "INSIDE":
            return self.inside[node]
        if relation == "CLOSE":
            return self.close[node]
        if relation == "FACING":
            return self.facing[node]
        if relation == "HOLDS":
            return self.row("HOLDS_RH", node) | self.row("HOLDS_LH", node)
        if relation in ("HOLDS_RH", "HOLDS_LH"):
            if node == self.house.character:
                return self.right_hand if relation == "HOLDS_RH" else self.left_hand
            return self.other_hands.get((relation, node), 0)
        return self.house.rows[relation][node]

    def room_of(self, node: int) -> int:
        """The room that a node is in (its own position if it is one), or -1."""
        return self._room(node) if self.fidelity.things_travel else self._first_room(node)

    def shut_in(self, node: int) -> int:
        """The closed thing that keeps a node from being touched, or -1.

        Things in a portable thing (an egg in a bowl) are where that thing is; the original looks one step far only.
        """
        outside, portable, seen = ~self.house.rooms, 0, 1 << node
        if self.fidelity.things_travel:
            portable = self.blueprint.portable
        waiting = [node]
        while waiting:
            thing = waiting.pop()
            for place in bits(self.inside[thing] & outside & ~seen):
                if self.states[place] & State.CLOSED:
                    return place
            carriers = (self.inside[thing] | self.on[thing]) & portable & outside & ~seen
            seen |= carriers
            waiting += bits(carriers)
        return -1

    def _room(self, node: int) -> int:
        rooms = self.house.rooms
        here = (self.inside[node] | 1 << node) & rooms
        if here:
            return (here & -here).bit_length() - 1
        seen, waiting = 0, [node]
        while waiting:
            place = waiting.pop()
            if seen >> place & 1:
                continue
            seen |= 1 << place
            here = (self.inside[place] | 1 << place) & rooms
            if here:
                return (here & -here).bit_length() - 1
            waiting += [*bits(self.on[place] & ~seen), *bits(self.inside[place] & ~seen)]
        return -1

    def _first_room(self, node: int) -> int:
        """The original's search: one place only is followed, and not at all where there are several but no room."""
        rooms, inside = self.house.rooms, self.inside
        if rooms >> node & 1:
            return node
        around = inside[node]
        if around & (around - 1):
            return self.first("INSIDE", node, around & rooms)
        for _ in self.states:  # the original never ends where things are inside each other
            if not around:
                return -1
            node = self.first("INSIDE", node, around)
            if rooms >> node & 1:
                return node
            around = inside[node]
        return -1

    def first(self, relation: str, node: int, among: int) -> int:
        """The one of some nodes that an edge leads to which the original meets first, or -1.

        It goes through a Python set of ids, whose order is that of their hashes in a table that grows. The same is
        done here with the ids in ascending order, new edges before those of the start.
        """
        if not among & (among - 1):
            return among.bit_length() - 1
        ids, position_of, start = self.house.ids, self.house.position_of, self.house.rows[relation][node]
        row = self.row(relation, node)
        met = {ids[other] for other in bits(row & ~start)}
        met.update([ids[other] for other in bits(start)])
        met.difference_update([ids[other] for other in bits(start & ~row)])
        for other in met:
            if among >> position_of[other] & 1:
                return position_of[other]
        return -1

    # -- changing ---------------------------------------------------------------------------------------------------

    def approach(self, node: int, others: int) -> None:
        """CLOSE edges between a node and others, both ways."""
        close, bit = self.close, 1 << node
        close[node] |= others
        while others:
            low = others & -others
            others ^= low
            close[low.bit_length() - 1] |= bit
        self._near = -1

    def part(self, node: int, keep: int = 0) -> None:
        """End a node's CLOSE edges, both ways, but for those with `keep`."""
        close, rest = self.close, ~(1 << node)
        others = close[node] & ~keep if self.blueprint.close_both_ways else (1 << len(close)) - 1 & ~keep
        close[node] &= keep
        while others:
            low = others & -others
            others ^= low
            close[low.bit_length() - 1] &= rest
        self._near = -1

    def face_none(self, node: int) -> None:
        """End a node's FACING edges, both ways."""
        facing, rest = self.facing, ~(1 << node)
        facing[node] = 0
        for other in bits(self.blueprint.faced_by[node]):
            facing[other] &= rest
        facing[self.house.character] &= rest

    def set_on(self, node: int, places: int) -> None:
        """Make `places` all that a node is ON."""
        bit = 1 << node
        for place in bits(self.on[node] ^ places):
            self.upon[place] ^= bit
        self.on[node] = places
        self._near = -1

    def set_inside(self, node: int, places: int) -> None:
        """Make `places` all that a node is INSIDE."""
        bit = 1 << node
        for place in bits(self.inside[node] ^ places):
            self.contents[place] ^= bit
        self.inside[node] = places

    def let_go(self, node: int) -> None:
        """Take a node out of the character's hands."""
        rest = ~(1 << node)
        self.right_hand &= rest
        self.left_hand &= rest

    # -- all of it --------------------------------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        """The state now; pickled, it holds only what differs from the start."""
        return Snapshot(
            self.house,
            (self.states[:], self.on[:], self.inside[:], self.close[:], self.facing[:], self.upon[:], self.contents[:]),
            (self.right_hand, self.left_hand, self.other_hands.copy(), self.origins.copy()),
        )

    def restore(self, snapshot: Snapshot) -> None:
        """Go back to a snapshot of this house (or of an equal one, after pickling)."""
        rows = snapshot.rows or snapshot.rows_in(self.house, self.blueprint)
        self.states, self.on, self.inside, self.close, self.facing, self.upon, self.contents = [row[:] for row in rows]
        self.right_hand, self.left_hand, others, origins = snapshot.rest
        self.other_hands, self.origins = others.copy(), origins.copy()
        self._near = -1

    def edges(self) -> list[Edge]:
        """All edges, with VirtualHome's ids, by relation, then from, then to."""
        ids = self.house.ids
        return [
            (ids[node], relation, ids[other])
            for relation in RELATIONS
            for node in range(len(ids))
            for other in bits(self.row(relation, node))
        ]

    def to_dict(self) -> dict[str, Any]:
        """The graph in VirtualHome's own format."""
        house = self.house
        nodes = [
            Node(house.ids[i], house.class_names[i], house.categories[i],
                 names_of(house.properties[i], PROPERTIES), names_of(self.states[i], STATES))
            for i in range(len(house))
        ]  # fmt: skip
        return graph_dict(nodes, self.edges())
