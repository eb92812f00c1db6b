"""A hand-made house of two rooms and a few things, small enough that a test can say by hand what must come out.

The kitchen: a closed, running fridge with milk in it; a table with a dirty plate and a knife; a chair with a book; an
apple on the floor; light 1 (on); the character. The bedroom: a bed with a pillow, a coat and a remote on it; a
television, off and unplugged; light 2 (off); a wardrobe, closed, with a shirt in it.
"""

from __future__ import annotations

from spa_gym.envs.virtualhome.house import Edge, House, Node, build_house

__all__ = ["at", "tiny_house"]

_KITCHEN, _BEDROOM = 1, 2

_NODES = (
    Node(_KITCHEN, "kitchen", "Rooms"),
    Node(_BEDROOM, "bedroom", "Rooms"),
    Node(3, "floor", "Floor", ("SURFACES",)),
    Node(4, "floor", "Floor", ("SURFACES",)),
    Node(10, "character", "Characters"),
    Node(
        11,
        "fridge",
        "Appliances",
        ("CAN_OPEN", "CONTAINERS", "HAS_SWITCH", "HAS_PLUG"),
        ("CLOSED", "ON", "CLEAN", "PLUGGED_IN"),
    ),
    Node(12, "milk", "Food", ("GRABBABLE", "DRINKABLE", "POURABLE", "CAN_OPEN", "MOVABLE"), ("CLOSED", "CLEAN")),
    Node(13, "table", "Furniture", ("SURFACES", "MOVABLE"), ("CLEAN",)),
    Node(14, "plate", "Props", ("SURFACES", "GRABBABLE", "RECIPIENT", "MOVABLE"), ("DIRTY",)),
    Node(15, "knife", "Props", ("GRABBABLE", "MOVABLE"), ("CLEAN",)),
    Node(16, "chair", "Furniture", ("SURFACES", "GRABBABLE", "SITTABLE", "MOVABLE"), ("CLEAN",)),
    Node(17, "book", "Props", ("GRABBABLE", "CAN_OPEN", "READABLE", "HAS_PAPER", "MOVABLE"), ("CLOSED", "CLEAN")),
    Node(18, "apple", "Food", ("GRABBABLE", "EATABLE", "CUTTABLE", "MOVABLE"), ("CLEAN",)),
    Node(19, "light", "Electronics", ("HAS_SWITCH", "HAS_PLUG"), ("ON", "PLUGGED_IN")),
    Node(20, "bed", "Furniture", ("SURFACES", "SITTABLE", "LIEABLE"), ("CLEAN",)),
    Node(21, "pillow", "Decor", ("GRABBABLE", "MOVABLE"), ("CLEAN",)),
    Node(22, "coat", "Clothes", ("GRABBABLE", "HANGABLE", "CLOTHES", "MOVABLE"), ("DIRTY",)),
    Node(23, "remote_control", "Electronics", ("GRABBABLE", "HAS_SWITCH", "MOVABLE"), ("OFF", "CLEAN")),
    Node(24, "television", "Electronics", ("HAS_SWITCH", "HAS_PLUG", "LOOKABLE"), ("OFF", "CLEAN", "PLUGGED_OUT")),
    Node(25, "light", "Electronics", ("HAS_SWITCH", "HAS_PLUG"), ("OFF", "PLUGGED_IN")),
    Node(26, "wardrobe", "Furniture", ("CAN_OPEN", "CONTAINERS"), ("CLOSED", "CLEAN")),
    Node(27, "shirt", "Clothes", ("GRABBABLE", "HANGABLE", "CLOTHES", "MOVABLE"), ("CLEAN",)),
)

_CARRIED = (
    (12, "INSIDE", 11),
    (14, "ON", 13),
    (15, "ON", 13),
    (17, "ON", 16),
    (18, "ON", 3),
    (21, "ON", 20),
    (22, "ON", 20),
    (23, "ON", 20),
    (27, "INSIDE", 26),
)
"""Each is also close to its carrier, and the carrier to it; the apple's floor is close to nothing else."""
_BESIDE = ((13, 16), (11, 19), (24, 20))
_IN_BEDROOM = {4, 20, 21, 22, 23, 24, 25, 26, 27}


def tiny_house() -> House:
    """Build the house anew (22 nodes); the character stands in the kitchen, close to nothing."""
    edges: list[Edge] = [
        (node.id, "INSIDE", _BEDROOM if node.id in _IN_BEDROOM else _KITCHEN)
        for node in _NODES
        if node.id not in (_KITCHEN, _BEDROOM)
    ]
    edges += _CARRIED
    for a, b in [(a, b) for a, _, b in _CARRIED] + list(_BESIDE):
        edges += [(a, "CLOSE", b), (b, "CLOSE", a)]
    return build_house("tiny house", _NODES, edges)


def at(house: House, name: str) -> int:
    """The position of the node that agents call so ("fridge", "light 2")."""
    return house.names.index(name)
