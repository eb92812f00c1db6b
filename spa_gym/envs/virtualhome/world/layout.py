"""`Layout`: a house without its things: rooms and furniture, the same for all tasks that are set there."""

from __future__ import annotations

import functools
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from spa_gym.core.draws import choice
from spa_gym.envs.virtualhome.world.furniture import FACES
from spa_gym.envs.virtualhome.world.rooms import HOUSE_PLANS, ROOMS, Slot

__all__ = ["NUM_HOUSES", "SIZES", "Layout", "Piece", "draw_layout"]

NUM_HOUSES: Final = {"train": 60, "valid_unseen": 30}
"""Houses of a world; `valid_seen` uses those of `train`."""

SIZES: Final = tuple(sorted(HOUSE_PLANS))

_PIECES: Final = {"official": (38, 78), "small": (17, 26)}
"""Fewest and most pieces of furniture of a house."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of furniture; others are named by their position in `Layout.pieces`."""

    class_name: str
    room: int
    """Position in `Layout.rooms`."""
    on: int = -1
    """What it stands on, or -1."""
    beside: int = -1
    """What it stands next to, or -1."""
    faces: tuple[int, ...] = ()
    """What one sees from it."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Rooms and furniture of a house."""

    rooms: tuple[str, ...]
    pieces: tuple[Piece, ...]
    structure: bool
    """Whether floors, walls, ceilings and doors are part of it."""

    def of_class(self, class_name: str) -> list[int]:
        """The pieces of a class, ascending."""
        return [i for i, piece in enumerate(self.pieces) if piece.class_name == class_name]


@functools.lru_cache(maxsize=1024)
def draw_layout(world_seed: int, size: str, group: str, index: int) -> Layout:
    """House `index` of a group (`"train"` or `"valid_unseen"`); none of the second is like one of the first."""
    low, high = _PIECES[size]
    layout = Layout((), (), False)
    for attempt in range(1000):
        rng = random.Random(f"spa-gym/virtualhome/{world_seed}/{size}/{group}/house/{index}/{attempt}")
        layout = _draw_layout(rng, size)
        if low <= len(layout.pieces) <= high and not (group != "train" and layout in _train_layouts(world_seed, size)):
            break
    return layout


@functools.lru_cache(maxsize=64)
def _train_layouts(world_seed: int, size: str) -> frozenset[Layout]:
    return frozenset(draw_layout(world_seed, size, "train", index) for index in range(NUM_HOUSES["train"]))


def _draw_layout(rng: random.Random, size: str) -> Layout:
    rooms: list[str] = []
    while len(rooms) < (5 if size == "official" else 1):
        rooms = [kind for kind, chance in HOUSE_PLANS[size] if rng.random() < chance]
    pieces: list[Piece] = []
    for room, kind in enumerate(rooms):
        here: list[int] = []
        for slot in ROOMS[kind]:
            if rng.random() < (slot.official if size == "official" else slot.small):
                piece = _place(rng, slot, room, here, pieces)
                if piece is not None:
                    here.append(len(pieces))
                    pieces.append(piece)
    return Layout(tuple(rooms), tuple(_facing(piece, pieces) for piece in pieces), size == "official")


def _place(rng: random.Random, slot: Slot, room: int, here: Sequence[int], pieces: Sequence[Piece]) -> Piece | None:
    """The piece of a slot, or None where what it stands on (or a chair's desk) is not there."""
    name = choice(rng, slot.classes)
    found = [i for i in here if pieces[i].class_name == slot.on]
    if slot.on:
        return Piece(name, room, on=choice(rng, found)) if found else None
    found = [i for i in here if pieces[i].class_name == slot.near]
    if not found and slot.near in ("desk", "window"):
        return None
    beside = found[-1] if found else choice(rng, here) if here else -1
    return Piece(name, room, beside=beside)


def _facing(piece: Piece, pieces: Sequence[Piece]) -> Piece:
    wanted = FACES.get(piece.class_name, ())
    seen = tuple(i for i, other in enumerate(pieces) if other.room == piece.room and other.class_name in wanted)
    return Piece(piece.class_name, piece.room, piece.on, piece.beside, seen) if seen else piece
