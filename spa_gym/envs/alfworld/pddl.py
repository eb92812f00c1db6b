"""Reading a game from its PDDL problem text and its goal line.

Only two parts of an official `game.tw-pddl` are read: the `:init` and `:goal` of the problem, and the one sentence of
the grammar that states the task. The grammar itself is Python expressions that the real engine evaluates; here it is
never run, only searched for that sentence.
"""

from __future__ import annotations

import re

from spa_gym.core.errors import DataCorrupt
from spa_gym.core.strict_json import parse_json_object
from spa_gym.envs.alfworld.game import Fact, Game, Goal

__all__ = ["parse_game", "parse_goal", "read_game_json"]

_ATOM = re.compile(r"\(([a-z_]+)((?: [^\s()]+)+)\)")
_TASK_RULE = re.compile(r'"task"\s*:\s*\[\s*\{\s*"rhs"\s*:\s*"((?:[^"\\]|\\.)*)"')
_TASK_PREFIX = "Your task is to: "
_STATE_OF_KIND = {
    "isclean": "pick_clean_then_place_in_recep",
    "ishot": "pick_heat_then_place_in_recep",
    "iscool": "pick_cool_then_place_in_recep",
}


def _corrupt(source: str, expected: str, got: str) -> DataCorrupt:
    return DataCorrupt(
        f"{expected} in {source or 'the game'}",
        got,
        "restore the file, for instance with `alfworld-download --force`; the other games stay usable",
    )


def parse_goal(text: str, source: str = "") -> Goal:
    """The goal of a problem's `(:goal ...)` text, one of the six forms of ALFRED.

    Raises:
        DataCorrupt: the text is none of the six forms.
    """
    lowered = text.lower()
    atoms = re.findall(r"\(([a-z]+) ([^()]*)\)", " ".join(lowered.split()))
    object_types = [a.split()[-1].removesuffix("type") for name, a in atoms if name == "objecttype"]
    receptacle_types = {a.split()[-1].removesuffix("type") for name, a in atoms if name == "receptacletype"}
    predicates = {name for name, _ in atoms}
    if "istoggled" in predicates and "holds" in predicates and len(object_types) == 2:
        return Goal("look_at_obj_in_light", object_type=object_types[1], target_type=object_types[0])
    if len(receptacle_types) != 1 or "inreceptacle" not in predicates or not object_types:
        raise _corrupt(source, "a goal of one of ALFRED's six task types", repr(text[:80]))
    target = receptacle_types.pop()
    states = predicates & set(_STATE_OF_KIND)
    if len(states) == 1 and len(object_types) == 1:
        return Goal(_STATE_OF_KIND[states.pop()], object_types[0], target)
    if not states and len(object_types) == 1:
        return Goal("pick_and_place_simple", object_types[0], target)
    if not states and len(object_types) == 2 and object_types[0] == object_types[1]:
        return Goal("pick_two_obj_and_place", object_types[0], target)
    raise _corrupt(source, "a goal of one of ALFRED's six task types", repr(text[:80]))


def parse_game(problem: str, goal_text: str, source: str = "") -> Game:
    """A `Game` from the text of a PDDL problem and the instruction.

    Args:
        problem: the whole `(define (problem ...) ...)`.
        goal_text: the instruction without "Your task is to: ".
        source: the file it comes from, for error messages.

    Raises:
        DataCorrupt: the text is cut off or has no init or goal that can be read.
        UnsolvableTask: the goal cannot be reached in this room.
    """
    text = " ".join(problem.lower().split())
    init, goal = text.find("(:init"), text.find("(:goal")
    if init < 0 or goal < init:
        raise _corrupt(
            source, "a PDDL problem with (:init ...) and then (:goal ...)", f"{len(problem)} characters without"
        )
    if text.count("(") > text.count(")"):
        raise _corrupt(source, "balanced parentheses", "a text that ends early")
    facts: list[Fact] = [(m[1], *m[2].split()) for m in _ATOM.finditer(text, init, goal)]
    return Game.from_facts(facts, parse_goal(text[goal:], source), goal_text, source)


def read_game_json(text: str | bytes, source: str = "") -> tuple[str, str, bool]:
    """Problem text, instruction and the `solvable` flag of a `game.tw-pddl`.

    Raises:
        DataCorrupt: not JSON, or without a problem or a task sentence.
    """
    try:
        data = parse_json_object(text)
    except ValueError as error:
        raise _corrupt(source, "a JSON file", f"{error}") from error
    if not isinstance(data.get("pddl_problem"), str):
        raise _corrupt(source, "a key 'pddl_problem'", "none")
    found = _TASK_RULE.search(str(data.get("grammar", "")))
    if found is None:
        raise _corrupt(source, 'a rule "task" in the grammar', "none")
    sentence = found[1]
    return data["pddl_problem"], sentence.removeprefix(_TASK_PREFIX), bool(data.get("solvable", False))
