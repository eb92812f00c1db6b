"""A hand-made house of two rooms with something for each of the 42 verbs, and small loads, stacks and closed things."""

from __future__ import annotations

from spa_gym.envs.virtualhome.house import Edge, House, Node, build_house

__all__ = ["full_house"]

_KITCHEN, _BEDROOM = 1, 2
_GRAB = ("GRABBABLE", "MOVABLE")

_THINGS = (
    (10, "character", _KITCHEN, (), ()),
    (11, "floor", _KITCHEN, ("SURFACES",), ()),
    (12, "floor", _BEDROOM, ("SURFACES",), ()),
    (13, "kitchen_counter", _KITCHEN, ("SURFACES",), ("CLEAN",)),
    (14, "fridge", _KITCHEN, ("CAN_OPEN", "CONTAINERS", "HAS_SWITCH", "HAS_PLUG"), ("CLOSED", "OFF", "PLUGGED_IN")),
    (15, "bowl", _KITCHEN, (*_GRAB, "RECIPIENT", "SURFACES"), ("CLEAN",)),
    (16, "food_egg", _KITCHEN, (*_GRAB, "EATABLE"), ()),
    (17, "cup", _KITCHEN, (*_GRAB, "RECIPIENT"), ("DIRTY",)),
    (18, "milk", _KITCHEN, (*_GRAB, "DRINKABLE", "POURABLE", "CAN_OPEN"), ("CLOSED",)),
    (19, "water", _KITCHEN, ("DRINKABLE", "POURABLE"), ()),
    (20, "sink", _KITCHEN, ("RECIPIENT", "CONTAINERS"), ()),
    (21, "knife", _KITCHEN, _GRAB, ("CLEAN",)),
    (22, "apple", _KITCHEN, (*_GRAB, "EATABLE", "CUTTABLE"), ()),
    (23, "tray", _KITCHEN, (*_GRAB, "SURFACES"), ()),
    (24, "glass", _KITCHEN, (*_GRAB, "RECIPIENT"), ()),
    (25, "mat", _KITCHEN, (*_GRAB, "SURFACES"), ()),
    (26, "table", _KITCHEN, ("SURFACES", "MOVABLE"), ("DIRTY",)),
    (27, "chair", _KITCHEN, (*_GRAB, "SITTABLE", "SURFACES"), ()),
    (28, "man", _KITCHEN, ("PERSON",), ()),
    (29, "hands_both", _KITCHEN, ("BODY_PART",), ()),
    (30, "bed", _BEDROOM, ("SITTABLE", "LIEABLE", "SURFACES"), ()),
    (31, "pillow", _BEDROOM, (*_GRAB, "SITTABLE"), ()),
    (32, "television", _BEDROOM, ("HAS_SWITCH", "HAS_PLUG", "LOOKABLE"), ("OFF", "PLUGGED_OUT")),
    (33, "computer", _BEDROOM, ("HAS_SWITCH", "LOOKABLE"), ("ON",)),
    (34, "keyboard", _BEDROOM, (*_GRAB,), ()),
    (35, "book", _BEDROOM, (*_GRAB, "READABLE"), ()),
    (36, "closet", _BEDROOM, ("CAN_OPEN", "CONTAINERS"), ("CLOSED",)),
    (37, "clothes_jacket", _BEDROOM, (*_GRAB, "CLOTHES"), ("DIRTY",)),
    (38, "keys", _BEDROOM, _GRAB, ()),
    (39, "clothes_hat", _KITCHEN, (*_GRAB, "CLOTHES"), ()),
    (40, "basket_for_clothes", _BEDROOM, (*_GRAB, "CAN_OPEN", "CONTAINERS"), ("CLOSED",)),
    (41, "clothes_socks", _BEDROOM, (*_GRAB, "CLOTHES"), ()),
    (42, "desk", _BEDROOM, ("SURFACES",), ("CLOSED",)),
    (43, "soap", _BEDROOM, (*_GRAB, "CREAM"), ()),
    (44, "couch", _BEDROOM, ("SITTABLE", "LIEABLE"), ()),
    (46, "cutlery_knife", _KITCHEN, _GRAB, ()),
    (47, "cutlery_knife", _KITCHEN, _GRAB, ()),
    (45, "drawing", _BEDROOM, ("LOOKABLE",), ("CLEAN",)),
)  # fmt: skip

_CARRIED = (
    (15, "ON", 13), (16, "INSIDE", 15), (17, "INSIDE", 14), (18, "INSIDE", 14), (19, "INSIDE", 20), (21, "ON", 13),
    (22, "ON", 26), (23, "ON", 26), (24, "ON", 23), (26, "ON", 25), (31, "ON", 30), (33, "ON", 42), (34, "ON", 42),
    (35, "ON", 42), (37, "INSIDE", 36), (38, "INSIDE", 37), (40, "INSIDE", 36), (41, "INSIDE", 40), (43, "ON", 42),
    (46, "ON", 26), (47, "ON", 26),
)  # fmt: skip
"""Each is also close to its carrier, both ways."""
_BESIDE = ((13, 14), (13, 20), (26, 27), (30, 36), (44, 32), (42, 30))


def full_house() -> House:
    """Build the house anew (40 nodes); the character is in the kitchen, wears a hat and is close to nothing."""
    nodes = [Node(_KITCHEN, "kitchen", "Rooms"), Node(_BEDROOM, "bedroom", "Rooms")]
    edges: list[Edge] = []
    for node_id, class_name, room, properties, states in _THINGS:
        nodes.append(Node(node_id, class_name, "Things", properties, states))
        edges.append((node_id, "INSIDE", room))
    edges += [*_CARRIED, (39, "ON", 10), (44, "FACING", 32), (28, "FACING", 27), (32, "FACING", 45)]
    for a, b in [(a, b) for a, _, b in _CARRIED] + list(_BESIDE):
        edges += [(a, "CLOSE", b), (b, "CLOSE", a)]
    return build_house("full house", nodes, edges)
