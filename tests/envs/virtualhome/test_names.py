"""The names for tokenizers: everything that generated houses call by name."""

from __future__ import annotations

import pytest

from spa_gym.envs.virtualhome.names import entity_names
from spa_gym.envs.virtualhome.observation import structure_of
from spa_gym.envs.virtualhome.world.tasks import draw_task

_SCENERY = ("character", "door")


@pytest.mark.parametrize(("size", "count"), [("small", 60), ("official", 25)])
def test_every_name_of_a_house_is_there(size: str, count: int) -> None:
    """Numbered ones too, in houses of both kinds."""
    known = set(entity_names())
    for split in ("train", "valid_unseen"):
        for index in range(count):
            house = draw_task(0, size, split, index).payload.house
            structure = structure_of(house)
            names = {name for node, name in enumerate(house.names) if not structure >> node & 1}
            assert {name for name in names if not name.startswith(_SCENERY)} <= known


def test_names_are_plain_and_different() -> None:
    """Printable, without doubles, no number without its class before it."""
    names = entity_names()
    assert len(names) == len(set(names)) > 100
    assert all(name.isascii() and name.isprintable() for name in names)
    assert all(name.partition(" ")[0] in names[:i] for i, name in enumerate(names) if " " in name)
