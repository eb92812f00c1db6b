"""The tables of classes: VirtualHome's properties, places that exist, one closed vocabulary for small worlds."""

from __future__ import annotations

import json

import pytest

from spa_gym.envs.virtualhome.vocabulary import PROPERTIES, STATES
from spa_gym.envs.virtualhome.world.class_table import object_class
from spa_gym.envs.virtualhome.world.draft import astray_places
from spa_gym.envs.virtualhome.world.furniture import FACES, furniture
from spa_gym.envs.virtualhome.world.rooms import ROOMS
from spa_gym.envs.virtualhome.world.things import things
from tests.official_data import data_root

OF_SCENES_ONLY = {"tvstand"}
"""Classes that VirtualHome's scenes have, but not its table of properties."""


def test_classes_have_the_properties_that_virtualhome_gives_them() -> None:
    root = data_root()
    path = root / "virtualhome" / "resources" / "properties_data.json" if root else None
    if path is None or not path.exists():
        pytest.skip("VirtualHome's table of properties is not here")
    official = json.loads(path.read_text())
    classes = {**furniture(), **things()}
    differing = {
        name
        for name, kind in classes.items()
        if set(official.get(name, ())) != set(kind.properties) and name not in OF_SCENES_ONLY
    }
    assert not differing
    assert len(classes) == len(furniture()) + len(things()) > 150


def test_states_and_properties_are_words_of_the_graph() -> None:
    for name, kind in {**furniture(), **things()}.items():
        assert set(kind.properties) <= set(PROPERTIES) and len(set(kind.properties)) == len(kind.properties), name
        assert set(kind.states) <= set(STATES), name
        assert "CAN_OPEN" in kind.properties or not {"OPEN", "CLOSED"} & set(kind.states), name
        assert "HAS_SWITCH" in kind.properties or not {"ON", "OFF"} & set(kind.states), name
        assert "HAS_PLUG" in kind.properties or not {"PLUGGED_IN", "PLUGGED_OUT"} & set(kind.states), name
        assert object_class(name) is kind


def test_things_lie_where_things_can_lie() -> None:
    for name, kind in things().items():
        assert "GRABBABLE" in kind.properties and kind.places
        for place in (*kind.places, *astray_places(name)):
            carrier = furniture()[place.carrier]
            assert carrier.room_for, (name, place)
            needed = {"SURFACES"} if place.relation == "ON" else {"CONTAINERS", "RECIPIENT"}
            assert needed & set(carrier.properties), (name, place)


def test_rooms_hold_known_furniture() -> None:
    named = {name for slots in ROOMS.values() for slot in slots for name in slot.classes}
    assert named <= furniture().keys() and {name for seen in FACES.values() for name in seen} <= named
    for slots in ROOMS.values():
        here = {name for slot in slots for name in slot.classes}
        for slot in slots:
            assert 0 <= slot.small <= 1 and 0 <= slot.official <= 1
            assert all(anchor in here for anchor in (slot.near, slot.on) if anchor), slot


def test_small_worlds_have_about_ninety_classes() -> None:
    small = {name for name, kind in {**furniture(), **things()}.items() if kind.small}
    placed = {name for slots in ROOMS.values() for slot in slots if slot.small for name in slot.classes}
    assert placed <= small
    assert 80 <= len(small) <= 95
