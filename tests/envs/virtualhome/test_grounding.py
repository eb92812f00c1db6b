"""Which node a name means."""

from __future__ import annotations

import pytest

from spa_gym.envs.virtualhome.grounding import Grounding
from spa_gym.envs.virtualhome.house import Node, build_house
from tests.envs.virtualhome.tiny_house import at, tiny_house


def test_every_name_means_its_own_node() -> None:
    house = tiny_house()
    grounding = Grounding(house)
    for node, name in enumerate(house.names):
        assert grounding.exact[name] == node
        assert grounding.nodes_of(name.split()) == 1 << node


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("the fridge", "fridge"),
        ("FRIDGE", "fridge"),
        ("fridge 1", "fridge"),
        ("remote control", "remote_control"),
        ("a Remote Control 1", "remote_control"),
        ("light_2", "light 2"),
    ],
)
def test_other_ways_to_write_a_name(words: str, name: str) -> None:
    house = tiny_house()
    assert Grounding(house).nodes_of(words.split()) == 1 << at(house, name)


@pytest.mark.parametrize(
    "words",
    ["", "the", "unicorn", "light 0", "light 3", "light ²", "light ٢", "light -1", "fridge 2", "1", "light 99999"],
)
def test_what_is_not_there_means_nothing(words: str) -> None:
    assert Grounding(tiny_house()).nodes_of(words.split()) == 0


def test_a_bare_class_name_means_all_its_nodes_and_one_is_chosen() -> None:
    house = tiny_house()
    first, second = at(house, "light 1"), at(house, "light 2")
    assert Grounding(house).nodes_of(["light"]) == 1 << first | 1 << second
    both = 1 << first | 1 << second
    assert Grounding.choose(both, (0, 0)) == first
    assert Grounding.choose(both, (0, 1 << second)) == second, "what is near before the lowest number"
    assert Grounding.choose(both, (1 << first, 1 << second)) == first, "what is held before what is near"


def test_a_class_whose_name_ends_like_a_number() -> None:
    nodes = [Node(1, "character"), Node(2, "shelf"), Node(3, "shelf"), Node(4, "shelf_2"), Node(5, "kitchen cabinet")]
    grounding = Grounding(build_house("odd", nodes, []))
    assert grounding.exact["shelf 2"] == 2
    assert grounding.nodes_of(["shelf_2"]) == 1 << 3
    assert grounding.nodes_of(["kitchen_cabinet"]) == 1 << 4
