"""The simulator by hand: one short life after the other, with what must be true after each."""

from __future__ import annotations

import pytest

from spa_gym.envs.virtualhome.house import Edge, Node, build_house
from spa_gym.envs.virtualhome.rules import RULES
from spa_gym.envs.virtualhome.simulator import Simulator
from spa_gym.envs.virtualhome.verbs import VERBS, Command
from spa_gym.envs.virtualhome.vocabulary import State, bits
from tests.envs.virtualhome.full_house import full_house
from tests.envs.virtualhome.script import do
from tests.envs.virtualhome.tiny_house import at, tiny_house

YES = "yes"


@pytest.fixture
def living() -> Simulator:
    return Simulator(full_house())


def names(simulator: Simulator, mask: int) -> set[str]:
    return {simulator.house.names[node] for node in bits(mask)}


def test_every_verb_has_a_rule_with_as_many_objects() -> None:
    assert {verb: rule.arity for verb, rule in RULES.items()} == {verb: one.arity for verb, one in VERBS.items()}
    assert list(RULES) == list(VERBS)


def test_milk_from_the_fridge_into_the_cup(living: Simulator) -> None:
    answers = do(living, "WALK fridge", "OPEN fridge", "GRAB milk", "GRAB cup", "CLOSE fridge", "POUR milk > cup")
    assert answers == [YES] * 6
    state, house = living.state, living.house
    assert state.states[at(house, "fridge")] & State.CLOSED
    assert names(living, state.right_hand) == {"milk"} and names(living, state.left_hand) == {"cup"}
    assert state.row("HOLDS", house.character) == state.held
    assert names(living, state.contents[at(house, "cup")]) == {"milk"}
    assert do(living, "OPEN fridge", "DRINK cup") == ["hands_full", YES]


def test_a_tray_is_carried_with_what_is_on_it(living: Simulator) -> None:
    assert do(living, "WALK tray", "GRAB tray", "WALK bed", "PUTBACK tray > bed") == [YES] * 4
    state, house = living.state, living.house
    assert state.room_of(at(house, "glass")) == at(house, "bedroom")
    assert names(living, state.upon[at(house, "tray")]) == {"glass"}
    assert not state.near >> at(house, "table") & 1
    assert do(living, "GRAB glass", "TOUCH tray") == [YES, YES]


def test_what_is_worn_comes_along_with_its_pockets(living: Simulator) -> None:
    do(living, "WALK closet", "OPEN closet", "WALK clothes_jacket", "GRAB clothes_jacket", "PUTON clothes_jacket")
    assert do(living, "WALK fridge", "TOUCH keys") == [YES, YES]
    house, state = living.house, living.state
    for name in ("clothes_jacket", "keys", "clothes_hat", "hands_both"):
        assert state.room_of(at(house, name)) == at(house, "kitchen")
    assert do(living, "GRAB clothes_jacket", "PUTOFF clothes_jacket", "GRAB clothes_jacket") == ["worn", YES, YES]


def test_a_mat_does_not_take_the_table_along(living: Simulator) -> None:
    assert do(living, "WALK mat", "GRAB mat", "WALK bed") == [YES] * 3
    house = living.house
    assert living.state.room_of(at(house, "table")) == at(house, "kitchen")
    assert not living.state.on[at(house, "table")]
    assert do(living, "WALK table", "TOUCH apple") == [YES, YES]


def test_one_cannot_carry_what_one_sits_on(living: Simulator) -> None:
    assert do(living, "WALK chair", "SIT chair", "GRAB chair", "WALK bed") == [YES, YES, "in_use", "seated"]
    assert do(living, "STANDUP", "GRAB chair", "SIT chair") == [YES, YES, "already_held"]


def test_things_in_a_bag_in_a_closed_closet_are_shut_in(living: Simulator) -> None:
    house = living.house
    assert living.state.shut_in(at(house, "clothes_socks")) == at(house, "basket_for_clothes")
    assert living.state.shut_in(at(house, "keys")) == at(house, "closet")  # in the jacket in there
    assert living.state.shut_in(at(house, "food_egg")) == -1
    assert do(living, "WALK keys", "TOUCH keys", "OPEN closet", "TOUCH keys") == [YES, "shut_in", YES, YES]


def test_put_back_returns_a_thing_and_without_a_place_drops_it(living: Simulator) -> None:
    assert do(living, "WALK knife", "GRAB knife", "WALK kitchen_counter", "PUTOBJBACK knife") == [YES] * 4
    assert names(living, living.state.on[at(living.house, "knife")]) == {"kitchen_counter"}
    assert do(living, "PUTOBJBACK knife") == ["not_held"]
    assert (
        do(living, "WALK clothes_hat", "PUTOFF clothes_hat", "GRAB clothes_hat", "PUTOBJBACK clothes_hat") == [YES] * 4
    )
    assert not living.state.held


def test_a_thing_without_any_room_cannot_be_walked_to() -> None:
    nodes = [Node(1, "kitchen", "Rooms"), Node(2, "character"), Node(3, "apple"), Node(4, "pear"), Node(5, "plate")]
    edges: list[Edge] = [(2, "INSIDE", 1), (4, "ON", 5), (5, "INSIDE", 1)]
    living = Simulator(build_house("loose", nodes, edges))
    assert do(living, "WALK apple", "WALK pear", "FIND apple") == ["in_no_room", YES, "in_no_room"]


@pytest.mark.parametrize("fidelity", ["repaired", "2.3.0", "eai"])
def test_edges_of_files_that_nobody_expects(fidelity: str) -> None:
    """One-way CLOSE edges, things inside each other, and hands of somebody else."""
    nodes = [Node(1, "kitchen", "Rooms"), Node(2, "character"), Node(3, "apple", "", ("GRABBABLE",)), Node(4, "box")]
    nodes += [Node(5, "bag"), Node(6, "character"), Node(7, "pear", "", ("GRABBABLE",))]
    edges: list[Edge] = [(node, "INSIDE", 1) for node in (2, 3, 6, 7)]
    edges += [(4, "INSIDE", 5), (5, "INSIDE", 4), (6, "HOLDS_RH", 7), (3, "CLOSE", 2), (7, "CLOSE", 2), (2, "CLOSE", 7)]
    living = Simulator(build_house("odd", nodes, edges), fidelity)
    assert do(living, "WALK box", "GRAB apple") == ["in_no_room", "not_near"]
    assert living.state.row("HOLDS_RH", 5) == 1 << 6
    assert do(living, "GRAB pear") == ["in_other_hands" if fidelity == "repaired" else YES]
    assert do(living, "WALK kitchen", "FIND pear") == [
        YES,
        YES if fidelity == "repaired" else do(living, "FIND pear")[0],
    ]
    assert not living.state.close[2] >> 1 & 1  # walking ended the apple's one-way edge


def test_resets_are_the_start(living: Simulator) -> None:
    start = living.state.to_dict()
    do(living, "WALK apple", "GRAB apple", "WALK bed", "SIT bed")
    assert living.state.to_dict() != start
    living.reset()
    assert living.state.to_dict() == start == living.house.to_dict()


def test_the_house_itself_never_changes() -> None:
    house = tiny_house()
    before = house.to_dict()
    living = Simulator(house)
    do(living, "WALK table", "GRAB plate", "WALK bed", "PUTBACK plate > bed", "WASH plate")
    assert house.to_dict() == before
    assert Simulator(house).check(Command("WASH", (at(house, "plate"),))) is not None
