"""How rooms are furnished: which pieces may stand in each kind of room, how often, and beside or on what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

__all__ = ["HOUSE_PLANS", "ROOMS", "Slot"]


@dataclass(frozen=True, slots=True)
class Slot:
    """A piece of furniture that a room may have."""

    classes: tuple[str, ...]
    """One of these, drawn evenly."""
    official: float
    """Chance in an official house."""
    small: float
    """Chance in a small house."""
    near: str = ""
    """Class of the piece that it stands beside (the last of that class in the room); empty: the room's first piece."""
    on: str = ""
    """Class of the piece that it stands on."""


def _slots(text: str) -> tuple[Slot, ...]:
    """Slots from lines of "class|class official small [beside class] [on class]"."""
    slots = []
    for line in text.strip().splitlines():
        classes, official, small, *anchor = line.split()
        places = dict(zip(anchor[::2], anchor[1::2], strict=True))
        slots.append(
            Slot(
                tuple(classes.split("|")), float(official), float(small), places.get("beside", ""), places.get("on", "")
            )
        )
    return tuple(slots)


HOUSE_PLANS: Final[Mapping[str, tuple[tuple[str, float], ...]]] = {
    "small": (("kitchen", 1), ("living_room", 1), ("bedroom", 1), ("bathroom", 1)),
    "official": (
        *(("kitchen", 1), ("living_room", 1), ("bedroom", 1), ("bathroom", 1)),
        *(("dining_room", 0.6), ("home_office", 0.8), ("bedroom", 0.4)),
    ),
}
"""Size -> kinds of rooms and the chance that a house has them; an official house has at least five."""


def _rooms() -> dict[str, tuple[Slot, ...]]:
    return {
        "kitchen": _slots("""
            kitchen_counter 1 1
            sink 1 1 beside kitchen_counter
            faucet 1 0 beside sink
            fridge 1 1 beside kitchen_counter
            freezer 0.4 0
            kitchen_cabinet 1 0.8
            oven|stove 1 0 beside fridge
            oven 0 0.6
            dishwasher 0.6 0.4 beside sink
            microwave 0.7 0.4 on kitchen_counter
            kitchen_counter 0.8 0 beside oven
            toaster 0.6 0.4 on kitchen_counter
            coffe_maker 0.7 0.3 on kitchen_counter
            cupboard 0.7 0.4 beside kitchen_cabinet
            pantry 0.3 0 beside cupboard
            trashcan 0.6 0.2 beside sink
            dishrack 0.3 0 on kitchen_counter
            table 0.7 1 beside kitchen_cabinet
            chair 0.9 0.9 beside table
            chair 0.7 0.4 beside table
            chair 0.4 0 beside table
            radio 0.2 0.2 on kitchen_counter
            window 0.7 0.3 beside table
            light 1 0.3 beside fridge
        """),
        "living_room": _slots("""
            sofa|sofa|couch 1 0
            sofa 0 1
            coffee_table 0.9 0.8 beside sofa
            tvstand 0.9 0.6
            television 0.9 0.9 on tvstand
            bookshelf 0.9 0.7 beside sofa
            love_seat 0.4 0 beside coffee_table
            floor_lamp 0.7 0.6 beside sofa
            radio 0.4 0.3 on bookshelf
            stereo|cd_player 0.5 0 on tvstand
            bench 0.2 0 beside bookshelf
            shoe_rack 0.6 0
            closet 0.3 0 beside shoe_rack
            window 0.9 0.4
            curtain 0.7 0.4 beside window
            light 1 0.4 beside bookshelf
            wall_clock 0.5 0 beside television
        """),
        "bedroom": _slots("""
            bed 1 1
            nightstand 1 0.9 beside bed
            lamp 0.9 0.8 on nightstand
            closet 0.9 0.8 beside bed
            dresser 0.7 0.5 beside closet
            desk 0.3 0.4 beside bed
            computer 0.9 1 on desk
            keyboard 1 1 on desk
            chair 0.9 1 beside desk
            mirror 0.5 0 beside dresser
            bench 0.2 0 beside bed
            window 0.9 0.4
            curtain 0.7 0.5 beside window
            light 1 0.2 beside closet
        """),
        "bathroom": _slots("""
            bathroom_counter 0.8 0.4
            bathroom_cabinet 1 1 beside bathroom_counter
            sink 1 0 beside bathroom_counter
            faucet 0.8 0 beside sink
            mirror 0.7 0 beside sink
            toilet 1 0.5
            bathtub 0.6 0
            shower 0.6 0 beside bathtub
            towel_rack 0.9 0.7 beside bathtub
            washing_machine 0.8 0.7 beside bathroom_cabinet
            basket_for_clothes 0.8 0.6 beside washing_machine
            mat 0.5 0 beside toilet
            light 1 0.3 beside towel_rack
        """),
        "home_office": _slots("""
            desk 1 0
            computer 0.9 0 on desk
            keyboard 1 0 on desk
            mousepad 0.5 0 on desk
            chair 1 0 beside desk
            filing_cabinet 0.8 0 beside desk
            printer 0.6 0 beside filing_cabinet
            bookshelf 0.7 0
            lamp 0.5 0 on desk
            floor_lamp 0.3 0 beside bookshelf
            window 0.8 0
            curtain 0.5 0 beside window
            light 1 0 beside bookshelf
        """),
        "dining_room": _slots("""
            table 1 0
            chair 1 0 beside table
            chair 1 0 beside table
            chair 0.6 0 beside table
            chair 0.4 0 beside table
            cupboard 0.7 0
            bench 0.3 0
            floor_lamp 0.3 0 beside cupboard
            window 0.7 0
            curtain 0.5 0 beside window
            light 1 0 beside cupboard
        """),
    }


ROOMS: Final[Mapping[str, tuple[Slot, ...]]] = _rooms()
"""Kind of room -> what may stand in it, in the order in which it is placed."""
