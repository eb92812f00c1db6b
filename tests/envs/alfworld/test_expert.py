"""The expert with full knowledge: plans that are executed to the letter, from any state, and as short as can be."""

from __future__ import annotations

import random

import pytest

from spa_gym.envs.alfworld.engine import Engine
from spa_gym.envs.alfworld.expert import expert_plan
from spa_gym.envs.alfworld.game import Goal
from spa_gym.envs.alfworld.generated import generated_tasks
from spa_gym.envs.alfworld.world import SIZES, SPLIT_SIZES
from tests.envs.alfworld.kitchen import kitchen, play

NUM_TASKS = 300


def _solve(engine: Engine, where: str) -> list[str]:
    plan = expert_plan(engine)
    assert plan is not None, where
    for command in plan:
        assert not engine.won, where
        assert command in engine.admissible(), (where, command)
        assert engine.act(command)[1], (where, command)
    assert engine.won and expert_plan(engine) == [], where
    return plan


@pytest.mark.parametrize("split", list(SPLIT_SIZES))
@pytest.mark.parametrize("size", SIZES)
def test_generated_tasks_are_solved_in_the_planned_number_of_steps(size: str, split: str) -> None:
    tasks = generated_tasks(0, size, split)
    lengths = []
    for i in range(0, len(tasks), max(1, len(tasks) // NUM_TASKS)):
        engine = Engine(tasks[i].payload, ("2.1.1", "2.1.2")[i % 2])
        assert not engine.won, tasks[i].payload.source
        lengths.append(len(_solve(engine, tasks[i].payload.source)))
    assert len(lengths) >= min(NUM_TASKS, len(tasks)) and min(lengths) >= 2 and max(lengths) <= 20


@pytest.mark.parametrize("size", SIZES)
def test_any_state_can_be_solved_from(size: str) -> None:
    solved = 0
    for split in SPLIT_SIZES:
        tasks = generated_tasks(1, size, split)
        for i in range(60):
            engine, rng = Engine(tasks[i].payload), random.Random(i)
            for _ in range(15):
                if not engine.won:
                    engine.act(rng.choice(engine.admissible()))
            if not engine.won and _can_put_down(engine):
                _solve(engine, tasks[i].payload.source)
                solved += 1
    assert solved > 100


def _can_put_down(engine: Engine) -> bool:
    """Nothing is held, or some place in the room takes it. (Nothing takes a teddy bear: the original's own quirk.)"""
    places = zip(engine.game.can_contain, engine.game.receptacle_location, strict=True)
    return engine.held < 0 or any(at >= 0 and takes >> engine.held & 1 for takes, at in places)


def test_a_plan_changes_nothing() -> None:
    engine = Engine(kitchen())
    before = engine.snapshot()
    assert expert_plan(engine)
    assert engine.snapshot() == before


MUG, KNIFE = (["go to countertop 1", f"take {thing} from countertop 1"] for thing in ("mug 2", "knife 1"))
SHELVE = Goal("pick_and_place_simple", "mug", "shelf")
SHORTEST = {
    "the nearer of two": (SHELVE, [], 4),
    "in hand already": (SHELVE, MUG, 2),
    "hands full of something else": (SHELVE, KNIFE, 4),
    "treated already": (
        Goal("pick_heat_then_place_in_recep", "mug", "shelf"),
        [*MUG, "go to microwave 1", "heat mug 2 with microwave 1"], 2,
    ),
    "lamp on already": (
        Goal("look_at_obj_in_light", "book", "desklamp"), ["go to shelf 1", "use desklamp 1", "go to fridge 1"], 2
    ),
    "one of two there": (
        Goal("pick_two_obj_and_place", "mug", "shelf"), [*MUG, "go to shelf 1", "move mug 2 to shelf 1"], 5
    ),
    "into the appliance": (Goal("pick_cool_then_place_in_recep", "mug", "fridge"), MUG, 4),
}  # fmt: skip


@pytest.mark.parametrize("case", list(SHORTEST))
def test_plans_are_as_short_as_counted_by_hand(case: str) -> None:
    goal, before, steps = SHORTEST[case]
    engine = Engine(kitchen(goal))
    if before:
        assert play(engine, *before)[1]
    assert len(_solve(engine, case)) == steps


def test_what_stands_on_two_burners_is_where_it_belongs_once_it_is_clean() -> None:
    game = kitchen(Goal("pick_clean_then_place_in_recep", "pot", "stoveburner"), extra="cleanable pot_bar_01")
    engine = Engine(game)
    assert len(_solve(engine, "from the start")) == 4
    engine = Engine(game)
    play(engine, "go to stoveburner 2", "take pot 1 from stoveburner 2")
    assert len(_solve(engine, "in hand")) == 2
    engine = Engine(game)
    for n in (1, 2):
        taken = f"go to stoveburner {n}", f"take pot 1 from stoveburner {n}"
        assert play(engine, *taken, "go to countertop 1", "move pot 1 to countertop 1")[1]
    assert len(_solve(engine, "on neither any more")) == 5


@pytest.mark.parametrize("kind", ["pick_and_place_simple", "pick_two_obj_and_place", "look_at_obj_in_light"])
def test_no_plan_with_hands_that_cannot_be_freed(kind: str) -> None:
    target = "desklamp" if kind == "look_at_obj_in_light" else "shelf"
    bear = "objecttype bear_bar_01 beartype\ninreceptacle bear_bar_01 shelf_bar_01\npickupable bear_bar_01"
    engine = Engine(kitchen(Goal(kind, "mug", target), extra=bear))
    assert expert_plan(engine)
    play(engine, "go to shelf 1", "take bear 1 from shelf 1")
    assert expert_plan(engine) is None


def test_what_is_wanted_may_be_in_hands_that_cannot_be_freed() -> None:
    game = kitchen(Goal("look_at_obj_in_light", "bear", "desklamp"), extra="objecttype bear_bar_01 beartype\n"
                   "inreceptacle bear_bar_01 shelf_bar_01\npickupable bear_bar_01")  # fmt: skip
    engine = Engine(game)
    play(engine, "go to shelf 1", "take bear 1 from shelf 1")
    assert expert_plan(engine) == ["use desklamp 1"]
