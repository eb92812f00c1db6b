"""The classes of furniture, appliances and fixtures: what stands in a house from task to task."""

from __future__ import annotations

import functools

from spa_gym.envs.virtualhome.world.object_class import ObjectClass

__all__ = ["FACES", "STRUCTURE", "furniture"]

FACES = {"chair": ("computer",), "sofa": ("television",), "couch": ("television",), "love_seat": ("television",)}
"""What a seat faces, where it stands in the same room; VirtualHome's WATCH and LOOKAT need it."""

STRUCTURE = {"floor": ("Floor", "SURFACES"), "wall": ("Walls", ""), "ceiling": ("Ceiling", "")}
"""Class -> category and property of the parts that every room of an official house has."""

_FURNITURE, _APPLIANCES, _ELECTRONICS = "Furniture", "Appliances", "Electronics"

# class: (category, properties, states, room for things, in small worlds)
_TABLE = {
    "basket_for_clothes": ("Props", "GRABBABLE CAN_OPEN CONTAINERS MOVABLE", "OPEN", 4, True),
    "bathroom_cabinet": (_FURNITURE, "SURFACES CAN_OPEN CONTAINERS", "CLOSED", 5, True),
    "bathroom_counter": (_FURNITURE, "SURFACES", "", 4, True),
    "bathtub": (_FURNITURE, "SITTABLE LIEABLE", "", 0, False),
    "bed": (_FURNITURE, "SURFACES SITTABLE LIEABLE", "", 2, True),
    "bench": (_FURNITURE, "SURFACES SITTABLE LIEABLE MOVABLE", "", 0, False),
    "bookshelf": (_FURNITURE, "SURFACES CONTAINERS", "", 5, True),
    "cd_player": (_ELECTRONICS, "SURFACES GRABBABLE CAN_OPEN HAS_SWITCH HAS_PLUG MOVABLE", "CLOSED OFF", 0, False),
    "chair": (_FURNITURE, "SURFACES GRABBABLE SITTABLE MOVABLE", "", 0, True),
    "closet": (_FURNITURE, "CAN_OPEN CONTAINERS", "CLOSED", 6, True),
    "coffe_maker": (_APPLIANCES, "RECIPIENT CAN_OPEN HAS_SWITCH CONTAINERS HAS_PLUG MOVABLE", "CLOSED OFF", 0, True),
    "coffee_table": (_FURNITURE, "SURFACES MOVABLE", "", 3, True),
    "computer": (_ELECTRONICS, "HAS_SWITCH LOOKABLE", "OFF", 0, True),
    "couch": (_FURNITURE, "SURFACES SITTABLE LIEABLE MOVABLE", "", 1, False),
    "cupboard": (_FURNITURE, "CAN_OPEN CONTAINERS", "CLOSED", 5, True),
    "curtain": ("Decor", "CAN_OPEN COVER_OBJECT MOVABLE", "OPEN", 0, True),
    "desk": (_FURNITURE, "SURFACES CAN_OPEN MOVABLE", "", 3, True),
    "dishrack": (_FURNITURE, "SURFACES GRABBABLE MOVABLE", "", 3, False),
    "dishwasher": (_APPLIANCES, "CAN_OPEN HAS_SWITCH CONTAINERS", "CLOSED OFF", 4, True),
    "door": ("Doors", "CAN_OPEN", "OPEN", 0, False),
    "dresser": (_FURNITURE, "CAN_OPEN CONTAINERS", "CLOSED", 5, True),
    "faucet": (_FURNITURE, "HAS_SWITCH", "OFF", 0, False),
    "filing_cabinet": (_FURNITURE, "SURFACES CAN_OPEN CONTAINERS", "CLOSED", 4, False),
    "floor_lamp": ("Lamps", "HAS_SWITCH MOVABLE", "OFF", 0, True),
    "freezer": (_APPLIANCES, "CAN_OPEN HAS_SWITCH CONTAINERS HAS_PLUG", "CLOSED PLUGGED_IN", 4, False),
    "fridge": (_APPLIANCES, "CAN_OPEN HAS_SWITCH CONTAINERS HAS_PLUG", "CLOSED PLUGGED_IN", 6, True),
    "ironing_board": (_FURNITURE, "SURFACES MOVABLE", "", 1, False),
    "keyboard": (_ELECTRONICS, "GRABBABLE HAS_PLUG MOVABLE", "", 0, True),
    "kitchen_cabinet": (_FURNITURE, "SURFACES CAN_OPEN CONTAINERS", "CLOSED", 5, True),
    "kitchen_counter": (_FURNITURE, "SURFACES", "", 4, True),
    "lamp": ("Lamps", "HAS_SWITCH HAS_PLUG", "OFF PLUGGED_IN", 0, True),
    "light": (_ELECTRONICS, "HAS_SWITCH HAS_PLUG", "OFF PLUGGED_IN", 0, True),
    "love_seat": (_FURNITURE, "SURFACES SITTABLE LIEABLE MOVABLE", "", 0, False),
    "mat": ("Decor", "SURFACES GRABBABLE SITTABLE LIEABLE MOVABLE", "", 0, False),
    "microwave": (_APPLIANCES, "CAN_OPEN HAS_SWITCH CONTAINERS HAS_PLUG", "CLOSED OFF PLUGGED_IN", 1, True),
    "mirror": ("Decor", "", "", 0, False),
    "mousepad": (_ELECTRONICS, "SURFACES MOVABLE", "", 0, False),
    "nightstand": (_FURNITURE, "SURFACES CAN_OPEN CONTAINERS", "CLOSED", 3, True),
    "oven": (_APPLIANCES, "CAN_OPEN HAS_SWITCH CONTAINERS HAS_PLUG", "CLOSED OFF PLUGGED_IN", 1, True),
    "pantry": (_FURNITURE, "SURFACES", "", 5, False),
    "printer": (_ELECTRONICS, "CAN_OPEN HAS_SWITCH CONTAINERS HAS_PLUG", "CLOSED OFF PLUGGED_IN", 0, False),
    "radio": (_ELECTRONICS, "GRABBABLE HAS_SWITCH HAS_PLUG MOVABLE", "OFF PLUGGED_IN", 0, True),
    "shoe_rack": (_FURNITURE, "SURFACES GRABBABLE MOVABLE", "", 3, False),
    "shower": (_FURNITURE, "", "", 0, False),
    "sink": (_FURNITURE, "RECIPIENT CONTAINERS", "", 2, True),
    "sofa": (_FURNITURE, "SURFACES SITTABLE LIEABLE MOVABLE", "", 1, True),
    "stereo": (_ELECTRONICS, "SURFACES GRABBABLE CAN_OPEN HAS_SWITCH HAS_PLUG MOVABLE", "OFF PLUGGED_IN", 0, False),
    "stove": (_APPLIANCES, "SURFACES CAN_OPEN HAS_SWITCH CONTAINERS", "CLOSED OFF", 1, False),
    "table": (_FURNITURE, "SURFACES MOVABLE", "", 4, True),
    "television": (_ELECTRONICS, "HAS_SWITCH LOOKABLE HAS_PLUG", "OFF PLUGGED_IN", 0, True),
    "toaster": (_APPLIANCES, "HAS_SWITCH CONTAINERS HAS_PLUG MOVABLE", "OFF PLUGGED_IN", 1, True),
    "toilet": (_FURNITURE, "SITTABLE CAN_OPEN CONTAINERS", "CLOSED", 0, True),
    "towel_rack": (_FURNITURE, "SURFACES GRABBABLE MOVABLE", "", 2, True),
    "trashcan": ("Props", "CAN_OPEN CONTAINERS MOVABLE", "CLOSED", 2, True),
    "tvstand": (_FURNITURE, "SURFACES", "", 2, True),
    "wall_clock": (_ELECTRONICS, "GRABBABLE HAS_SWITCH LOOKABLE HAS_PLUG MOVABLE", "", 0, False),
    "washing_machine": (
        _APPLIANCES,
        "RECIPIENT CAN_OPEN HAS_SWITCH CONTAINERS HAS_PLUG",
        "CLOSED OFF PLUGGED_IN",
        3,
        True,
    ),
    "window": ("Windows", "CAN_OPEN", "CLOSED", 0, True),
}

_DIRTY = {
    **{"table": 0.25, "kitchen_counter": 0.25, "coffee_table": 0.2, "desk": 0.15, "sink": 0.2, "toilet": 0.2},
    **{"oven": 0.2, "stove": 0.2, "microwave": 0.2, "bathtub": 0.2, "mirror": 0.2, "window": 0.15, "fridge": 0.1},
    **{"bathroom_counter": 0.2, "shower": 0.2, "bookshelf": 0.1, "mat": 0.2},
}
"""Furniture that needs washing now and then."""


@functools.cache
def furniture() -> dict[str, ObjectClass]:
    """Name -> class of furniture, in alphabetical order."""
    return {
        name: ObjectClass(
            category, tuple(properties.split()), tuple(states.split()), room, (), _DIRTY.get(name, 0), small
        )
        for name, (category, properties, states, room, small) in _TABLE.items()
    }
