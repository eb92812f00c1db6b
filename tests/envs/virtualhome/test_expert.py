"""Plans with full knowledge in the tiny house: each kind of goal, with the plan that must come out."""

from __future__ import annotations

import pytest

from spa_gym.envs.virtualhome.expert import expert_plan
from spa_gym.envs.virtualhome.goal import ActionGoal, Condition, Goal
from spa_gym.envs.virtualhome.house import House
from spa_gym.envs.virtualhome.parser import text_of
from spa_gym.envs.virtualhome.simulator import Simulator
from spa_gym.envs.virtualhome.verbs import Command
from spa_gym.envs.virtualhome.vocabulary import State
from tests.envs.virtualhome.tiny_house import at, tiny_house


@pytest.fixture(scope="module")
def house() -> House:
    return tiny_house()


def nodes(house: House, *names: str) -> int:
    return sum(1 << at(house, name) for name in names)


def plan_of(sim: Simulator, goal: Goal, done: int = 0) -> list[str]:
    plan = expert_plan(sim, goal, done)
    assert plan is not None
    return [text_of(command, sim.house) for command in plan]


def play(sim: Simulator, *commands: tuple[str, ...]) -> None:
    for verb, *names in commands:
        assert sim.execute(Command(verb, tuple(at(sim.house, name) for name in names))) is None, (verb, names)


def place(house: House, thing: str, relation: str, target: str, states: int = 0) -> Condition:
    return Condition(nodes(house, thing), states, relation, nodes(house, target))


def has(house: House, thing: str, states: int) -> Condition:
    return Condition(nodes(house, thing), states)


def did(house: House, verb: str, *names: str) -> ActionGoal:
    return ActionGoal(frozenset({verb}), nodes(house, *names))


def test_a_fridge_that_is_on_is_switched_off_to_open_it(house: House) -> None:
    goal = Goal((place(house, "apple", "INSIDE", "fridge"),))
    assert plan_of(Simulator(house), goal) == [
        "walk to apple", "grab apple", "walk to fridge", "switch off fridge", "open fridge", "put apple in fridge",
    ]  # fmt: skip


def test_a_fridge_that_must_end_closed_and_on(house: House) -> None:
    goal = Goal((place(house, "apple", "INSIDE", "fridge"), has(house, "fridge", State.ON | State.CLOSED)))
    plan = plan_of(Simulator(house), goal)
    assert plan[-3:] == ["put apple in fridge", "close fridge", "switch on fridge"]
    assert len(plan) == 8


def test_two_things_are_carried_at_once(house: House) -> None:
    goal = Goal((place(house, "plate", "ON", "bed"), place(house, "knife", "ON", "bed")))
    assert len(plan_of(Simulator(house), goal)) == 6


def test_two_of_a_class_of_three(house: House) -> None:
    things = nodes(house, "pillow", "coat", "remote_control")
    goal = Goal((Condition(things, 0, "INSIDE", nodes(house, "wardrobe"), 2),))
    plan = plan_of(Simulator(house), goal)
    assert sum(action.startswith("put ") for action in plan) == 2
    assert len(plan) == 8


def test_dirty_things_are_washed_and_clean_ones_are_not(house: House) -> None:
    for thing, washes in (("plate", 1), ("knife", 0)):
        goal = Goal((place(house, thing, "ON", "bed", State.CLEAN),))
        assert plan_of(Simulator(house), goal).count(f"wash {thing}") == washes


def test_an_unplugged_television_is_plugged_in(house: House) -> None:
    goal = Goal((has(house, "television", State.ON),))
    assert plan_of(Simulator(house), goal) == ["walk to television", "plug in television", "switch on television"]


def test_sitting_comes_last_and_a_taken_chair_is_cleared(house: House) -> None:
    character = nodes(house, "character")
    goal = Goal((Condition(character, State.SITTING, "ON", nodes(house, "chair")), has(house, "light 2", State.ON)))
    plan = plan_of(Simulator(house), goal)
    assert "grab book" in plan
    assert plan[-1] == "sit on chair"


def test_posture_is_left_before_walking(house: House) -> None:
    sim = Simulator(house)
    play(sim, ("WALK", "bed"), ("GRAB", "pillow"), ("LIE", "bed"))
    assert plan_of(sim, Goal((has(house, "light 1", State.OFF),)))[0] == "stand up"


def test_full_hands_are_freed(house: House) -> None:
    sim = Simulator(house)
    play(sim, ("WALK", "plate"), ("GRAB", "plate"), ("GRAB", "knife"))
    plan = plan_of(sim, Goal((place(house, "milk", "ON", "table"),)))
    assert any(action.startswith(("put plate", "put knife", "drop")) for action in plan)


def test_clothes_are_worn_and_taken_off(house: House) -> None:
    character = nodes(house, "character")
    wear = Goal((Condition(nodes(house, "coat"), 0, "ON", character),))
    assert plan_of(Simulator(house), wear) == ["walk to coat", "grab coat", "put on coat"]
    sim = Simulator(house)
    play(sim, ("WALK", "coat"), ("GRAB", "coat"), ("PUTON", "coat"))
    assert plan_of(sim, Goal((), (did(house, "PUTOFF", "coat"),))) == ["take off coat"]
    away = plan_of(sim, Goal((place(house, "coat", "INSIDE", "wardrobe"),)))
    assert "take off coat" in away


def test_actions_without_trace(house: House) -> None:
    goal = Goal((), (did(house, "CUT", "apple"), did(house, "EAT", "apple")), ordered=True)
    assert plan_of(Simulator(house), goal) == [
        "walk to knife", "grab knife", "walk to apple", "cut apple", "eat apple",
    ]  # fmt: skip
    assert plan_of(Simulator(house), Goal((), (did(house, "READ"), did(house, "SLEEP"))))[-1] in ("sleep", "read book")
    watched = plan_of(Simulator(house), Goal((), (did(house, "WATCH", "television"),)))
    assert watched == ["walk to television", "turn to television", "watch television"]


def test_actions_that_are_done_are_not_planned_again(house: House) -> None:
    goal = Goal((), (did(house, "TOUCH", "apple"), did(house, "EAT", "apple")))
    assert "touch apple" not in plan_of(Simulator(house), goal, done=1)
    assert expert_plan(Simulator(house), goal, done=3) == []


def test_what_is_wanted_in_one_hand(house: House) -> None:
    character = nodes(house, "character")
    for relation in ("HOLDS_RH", "HOLDS_LH"):
        sim = Simulator(house)
        goal = Goal((Condition(character, 0, relation, nodes(house, "knife")),))
        for command in expert_plan(sim, goal) or ():
            assert sim.execute(command) is None
        assert goal.holds(sim.state, 0)


def test_a_seat_that_was_carried_away_is_brought_back(house: House) -> None:
    sim = Simulator(house)
    play(sim, ("WALK", "chair"), ("GRAB", "chair"), ("WALK", "bed"), ("DROP", "chair"))
    character = nodes(house, "character")
    goal = Goal((place(house, "character", "INSIDE", "kitchen"), Condition(character, 0, "ON", nodes(house, "chair"))))
    assert expert_plan(sim, goal)


def test_what_cannot_be_is_not_planned(house: House) -> None:
    for condition in (
        place(house, "table", "ON", "bed"),
        place(house, "plate", "ON", "plate"),
        has(house, "knife", State.DIRTY),
        has(house, "bed", State.OPEN),
    ):
        assert expert_plan(Simulator(house), Goal((condition,))) is None


def test_with_full_hands_the_knife_is_kept_to_cut(house: House) -> None:
    sim = Simulator(house)
    play(sim, ("WALK", "chair"), ("GRAB", "chair"), ("WALK", "plate"), ("GRAB", "plate"))
    plan = plan_of(sim, Goal((), (did(house, "CUT", "apple"),)))
    assert plan.count("grab knife") == 1
    assert plan[-1] == "cut apple"


def test_what_is_to_be_cut_is_put_down_for_it(house: House) -> None:
    sim = Simulator(house)
    play(sim, ("WALK", "apple"), ("GRAB", "apple"))
    plan = plan_of(sim, Goal((), (did(house, "CUT", "apple"),)))
    assert plan == ["walk to knife", "grab knife", "put apple on table", "cut apple"]
