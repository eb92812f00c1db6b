"""What a game is made of: names, the six goals, and the refusal of what cannot be done or read."""

from __future__ import annotations

import json

import pytest

from spa_gym.core.errors import DataCorrupt, UnsolvableTask
from spa_gym.envs.alfworld.engine import Engine
from spa_gym.envs.alfworld.expert import expert_plan, goal_share
from spa_gym.envs.alfworld.game import TASK_TYPES, Game, Goal
from spa_gym.envs.alfworld.pddl import parse_game, parse_goal, read_game_json
from tests.envs.alfworld.kitchen import FACTS, atoms, kitchen, play

MUG = ["go to countertop 1", "take mug 2 from countertop 1"]
OTHER_MUG = ["open cabinet 2", "take mug 1 from cabinet 2"]
SHELVE = "go to shelf 1"

# Goal, a way to it by hand, and the share of the goal that holds after each command.
WAYS: dict[str, tuple[str, str, list[str], list[float]]] = {
    "pick_and_place_simple": ("mug", "shelf", [*MUG, SHELVE, "move mug 2 to shelf 1"], [0, 0, 0, 1]),
    "look_at_obj_in_light": ("mug", "desklamp", [*MUG, SHELVE, "use desklamp 1"], [0, 0.5, 0.5, 1]),
    "pick_clean_then_place_in_recep": (
        "mug", "shelf",
        [*MUG, "go to sinkbasin 1", "clean mug 2 with sinkbasin 1", SHELVE, "move mug 2 to shelf 1"],
        [0, 0, 0, 0.5, 0.5, 1],
    ),
    "pick_heat_then_place_in_recep": (
        "mug", "shelf",
        [*MUG, "go to microwave 1", "heat mug 2 with microwave 1", SHELVE, "move mug 2 to shelf 1"],
        [0, 0, 0, 0.5, 0.5, 1],
    ),
    "pick_cool_then_place_in_recep": (
        "mug", "shelf",
        [*MUG, "go to fridge 1", "cool mug 2 with fridge 1", SHELVE, "move mug 2 to shelf 1"],
        [0, 0, 0, 0.5, 0.5, 1],
    ),
    "pick_two_obj_and_place": (
        "mug", "shelf",
        [*MUG, SHELVE, "move mug 2 to shelf 1", "go to countertop 1", *OTHER_MUG, SHELVE, "move mug 1 to shelf 1"],
        [0, 0, 0, 0.5, 0.5, 0.5, 0.5, 0.5, 1],
    ),
}  # fmt: skip


def test_names_count_down_in_the_order_of_the_ids() -> None:
    game = kitchen()
    assert game.receptacle_names[:3] == ("cabinet 2", "cabinet 1", "countertop 1")
    assert "sinkbasin 1" in game.receptacle_names
    assert [n for n in game.object_names if n.startswith("mug")] == ["mug 2", "mug 1"]
    assert game.receptacle_location[game.receptacle_names.index("garbagecan 1")] == -1


def test_an_id_without_a_number_is_its_own_name() -> None:
    game = kitchen(extra="objecttype teapot teapottype\ninreceptacle teapot countertop_bar_01")
    assert "teapot" in game.object_names


@pytest.mark.parametrize("kind", TASK_TYPES)
def test_each_goal_holds_at_the_end_of_its_way_and_not_before(kind: str) -> None:
    thing, target, way, shares = WAYS[kind]
    engine = Engine(kitchen(Goal(kind, thing, target)))
    assert not engine.won and goal_share(engine) == 0
    for command, share in zip(way, shares, strict=True):
        assert not engine.won
        assert play(engine, command)[1], command
        assert goal_share(engine) == share, command
    assert engine.won and engine.goal_holds() and expert_plan(engine) == []


@pytest.mark.parametrize("kind", TASK_TYPES)
def test_the_expert_needs_no_more_than_the_way_by_hand(kind: str) -> None:
    thing, target, way, _ = WAYS[kind]
    engine = Engine(kitchen(Goal(kind, thing, target)))
    plan = expert_plan(engine)
    assert plan and len(plan) <= len(way)
    assert play(engine, *plan)[1] and engine.won


def test_light_may_be_turned_on_first() -> None:
    engine = Engine(kitchen(Goal("look_at_obj_in_light", "book", "desklamp")))
    play(engine, "go to shelf 1", "use desklamp 1")
    assert not engine.won and goal_share(engine) == 0.5
    play(engine, "take book 1 from diningtable 1")
    assert engine.won


def test_light_left_behind_does_not_count_until_one_is_back() -> None:
    engine = Engine(kitchen(Goal("look_at_obj_in_light", "mug", "desklamp")))
    play(engine, "go to shelf 1", "use desklamp 1", *MUG)
    assert not engine.won
    play(engine, "go to diningtable 1")
    assert engine.won


def test_two_things_in_two_places_are_not_enough() -> None:
    engine = Engine(kitchen(Goal("pick_two_obj_and_place", "mug", "cabinet")))
    play(engine, *MUG, "go to cabinet 1", "open cabinet 1", "move mug 2 to cabinet 1")
    assert not engine.won and goal_share(engine) == 0.5
    play(engine, "go to cabinet 2", *OTHER_MUG, "go to cabinet 1", "move mug 1 to cabinet 1")
    assert engine.won


def test_a_treated_thing_and_another_in_place_are_not_enough() -> None:
    engine = Engine(kitchen())
    play(engine, *MUG, "go to sinkbasin 1", "clean mug 2 with sinkbasin 1", "move mug 2 to sinkbasin 1")
    play(engine, "go to countertop 1", *OTHER_MUG, SHELVE, "move mug 1 to shelf 1")
    assert not engine.won and goal_share(engine) == 0.5


def test_a_goal_may_hold_from_the_start() -> None:
    """The first step then ends the task, whatever it is."""
    engine = Engine(kitchen(Goal("pick_and_place_simple", "mug", "countertop")))
    assert engine.won and expert_plan(engine) == [] and goal_share(engine) == 1.0
    assert engine.act("dance") == ("Nothing happens.", False)
    assert engine.won


@pytest.mark.parametrize(
    ("goal", "without", "missing"),
    [
        (Goal("pick_and_place_simple", "laptop", "shelf"), "", "1 laptop that can be picked up (found 0 of this type)"),
        (Goal("pick_and_place_simple", "statue", "shelf"), "", "1 statue that can be picked up (found 1 of this type)"),
        (Goal("pick_and_place_simple", "mug", "stoveburner"), "", "a stoveburner that can contain a mug"),
        (Goal("pick_and_place_simple", "apple", "garbagecan"), "", "a garbagecan that can contain a apple"),
        (Goal("pick_and_place_simple", "mug", "sofa"), "", "a sofa that can contain a mug"),
        (Goal("pick_two_obj_and_place", "apple", "fridge"), "", "2 apple that can be picked up (found 1 of this type)"),
        (Goal("look_at_obj_in_light", "mug", "floorlamp"), "", "a floorlamp that stands in a receptacle"),
        (Goal("look_at_obj_in_light", "mug", "desklamp"), "toggleable", "a desklamp that stands in a receptacle"),
        (Goal("pick_heat_then_place_in_recep", "book", "shelf"), "", "1 book that can be picked up (found 0"),
        (Goal("pick_heat_then_place_in_recep", "mug", "shelf"), "microwave_bar_01", "a microwave"),
        (Goal("pick_cool_then_place_in_recep", "mug", "shelf"), "fridge_bar_01", "a fridge"),
        (Goal("pick_clean_then_place_in_recep", "mug", "shelf"), "sink_bar_01_bar_sinkbasin", "a sinkbasin"),
    ],
)  # fmt: skip
def test_a_goal_that_nothing_can_reach_is_refused(goal: Goal, without: str, missing: str) -> None:
    with pytest.raises(UnsolvableTask) as caught:
        kitchen(goal, without=without)
    assert missing in str(caught.value) and "kitchen" in str(caught.value)


def _problem(goal: str, facts: str = "") -> str:
    init = facts or "\n".join(f"({' '.join(fact)})" for fact in FACTS)
    return f"(define (problem p) (:domain alfred) (:objects ) (:init {init}) (:goal {goal}))"


_OBJECT, _PLACE = "(objectType ?o MugType)", "(receptacleType ?r ShelfType)"
_IN = "(inReceptacle ?o ?r)"
_TREATED = "(and (exists (?r ?o) (and ({able} ?o) {o} {r} ({state} ?o) (inReceptacle ?o ?r))))"
GOAL_TEXTS = {
    "pick_and_place_simple": f"(and (exists (?r) (exists (?o) (and {_IN} {_OBJECT} {_PLACE}))))",
    "look_at_obj_in_light": (
        "(and (exists (?ot ?r ?a ?l) (and (objectType ?ot DeskLampType) (toggleable ?ot) (isToggled ?ot) "
        "(receptacleAtLocation ?r ?l) (atLocation ?a ?l) (inReceptacle ?ot ?r))) "
        f"(exists (?o ?a) (and {_OBJECT} (holds ?a ?o))))"
    ),
    "pick_clean_then_place_in_recep": _TREATED.format(able="cleanable", state="isClean", o=_OBJECT, r=_PLACE),
    "pick_heat_then_place_in_recep": _TREATED.format(able="heatable", state="isHot", o=_OBJECT, r=_PLACE),
    "pick_cool_then_place_in_recep": _TREATED.format(able="coolable", state="isCool", o=_OBJECT, r=_PLACE),
    "pick_two_obj_and_place": (
        f"(and (exists (?r) (exists (?o1) (and (objectType ?o1 MugType) {_PLACE} (inReceptacle ?o1 ?r) "
        "(exists (?o2) (and (not (= ?o1 ?o2)) (objectType ?o2 MugType) (inReceptacle ?o2 ?r)))))))"
    ),
}


@pytest.mark.parametrize("kind", TASK_TYPES)
def test_each_goal_is_read_from_pddl(kind: str) -> None:
    target = "desklamp" if kind == "look_at_obj_in_light" else "shelf"
    assert parse_goal(GOAL_TEXTS[kind]) == Goal(kind, "mug", target)
    game = parse_game(_problem(GOAL_TEXTS[kind]), "do it.", "here")
    assert game.goal == Goal(kind, "mug", target) and game.goal_text == "do it." and game.source == "here"
    assert Engine(game).intro().endswith("do it.")
    assert game.contents == kitchen().contents


@pytest.mark.parametrize(
    "goal",
    [
        "(and )",
        f"(and {_OBJECT})",
        f"(and {_IN} {_OBJECT} {_PLACE} (isHot ?o) (isClean ?o))",
        f"(and {_IN} {_OBJECT} {_PLACE} (receptacleType ?s SofaType))",
        f"(and {_IN} {_OBJECT} (objectType ?p AppleType) {_PLACE})",
        f"(and {_IN} {_OBJECT} {_OBJECT} {_OBJECT} {_PLACE})",
    ],
)
def test_a_goal_of_no_known_form_is_corrupt(goal: str) -> None:
    with pytest.raises(DataCorrupt, match="six task types"):
        parse_goal(goal, "some file")


@pytest.mark.parametrize(
    "problem",
    ["", "(define (problem p))", "(:goal (and)) (:init )", _problem(GOAL_TEXTS["pick_and_place_simple"])[:-4]],
)
def test_a_problem_that_ends_early_is_corrupt(problem: str) -> None:
    with pytest.raises(DataCorrupt, match="some file"):
        parse_game(problem, "do it.", "some file")


def test_the_instruction_is_found_in_the_grammar_without_running_it() -> None:
    evil = """{"intro": [{"rhs": "-= {__import__('os').abort()} =-"}],"""
    grammar = f'{evil}\n "task" : [ {{ "rhs": "Your task is to: look." }} ]}}'
    text = json.dumps({"pddl_problem": "p", "grammar": grammar, "solvable": True})
    assert read_game_json(text) == ("p", "look.", True)
    assert read_game_json(text.replace("true", "false"))[2] is False


def test_facts_in_any_order_make_the_same_game() -> None:
    a, b = kitchen(), Game.from_facts([*reversed(FACTS)], Goal("pick_clean_then_place_in_recep", "mug", "shelf"), "")
    for name in ("receptacle_names", "object_names", "contents", "can_contain", "receptacles_at", "object_locations"):
        assert getattr(a, name) == getattr(b, name), name


def test_unknown_predicates_and_things_play_no_part() -> None:
    odd = "checked cabinet_bar_01\ninreceptacle ghost_bar_01 nowhere_bar_01\nopened ghost_bar_01"
    assert Engine(kitchen(extra=odd)).intro() == Engine(kitchen()).intro()
    assert atoms(odd)[0] == ("checked", "cabinet_bar_01")
