"""What an expert sees around it: how far things are, counted in actions, and where something can be put down."""

from __future__ import annotations

from collections.abc import Callable

from spa_gym.envs.virtualhome.state import HouseState
from spa_gym.envs.virtualhome.vocabulary import Property, bits

__all__ = ["cheapest", "near_from", "reach", "resting_place"]

_NEVER = Property.BODY_PART | Property.PERSON


def reach(state: HouseState, node: int) -> int:
    """About how many actions it takes to have a node at hand: walk there, open what it is in."""
    if state.held >> node & 1:
        return 0
    cost = 0 if state.near >> node & 1 else 1
    if state.inside[node] & ~state.house.rooms and state.shut_in(node) >= 0:
        cost += 1
    return cost


def cheapest(state: HouseState, nodes: int, most: int, extra: Callable[[int], int] | None = None) -> list[int]:
    """The `most` nodes that are quickest to have at hand, quickest first, then in house order."""
    if not nodes & (nodes - 1):
        return list(bits(nodes))
    if extra is None:
        ranked = sorted((reach(state, node), node) for node in bits(nodes))
    else:
        ranked = sorted((reach(state, node) + extra(node), node) for node in bits(nodes))
    return [node for _, node in ranked[:most]]


def near_from(state: HouseState, node: int) -> int:
    """What would be near after a walk to a node."""
    rooms = state.house.rooms
    around = 1 << node
    if not rooms & around:
        around |= (state.inside[node] | state.on[node]) & ~rooms
        if state.house.properties[node] & Property.CAN_OPEN:
            around |= state.contents[node]
    near = around
    for place in bits(around):
        near |= state.close[place] | state.upon[place]
    return near


def resting_place(state: HouseState, thing: int) -> int:
    """A near piece of furniture to put a held thing on, but no seat; -1: there is none, or the thing is a seat."""
    house = state.house
    seats = house.by_property["SITTABLE"] | house.by_property["LIEABLE"]
    if seats >> thing & 1:
        return -1
    places = state.near & house.by_property["SURFACES"] & ~house.rooms & ~state.held & ~(1 << house.character)
    places &= ~house.by_property["GRABBABLE"] & ~state.upon[thing] & ~state.contents[thing]
    return next(bits(places & ~seats), -1)
