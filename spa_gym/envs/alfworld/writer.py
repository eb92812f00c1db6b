"""Games as files of the original: `game.tw-pddl` and `traj_data.json`, which alfworld and its `AlfredTWEnv` load.

We write the problem (the room, the goal, the instruction). The rules and the grammar that a game file also has to hold
are alfworld's own and are copied from the installed package when a game is written; without it there is
`DependencyNotInstalled`. The same dictionary feeds `textworld_engine.py` directly, in either dialect.
"""

from __future__ import annotations

import functools
import importlib.util
import json
import re
from pathlib import Path
from typing import Any

from gymnasium.error import DependencyNotInstalled

from spa_gym.core.arguments import one_of
from spa_gym.core.atomic import atomic_write_text
from spa_gym.core.errors import BadArgument
from spa_gym.envs.alfworld.game import Game

__all__ = ["alfworld_rules", "game_data", "problem_text", "trajectory_data", "write_game"]

_SAFE_GOAL = re.compile(r"[A-Za-z0-9 ,.'-]+")
_PLACED = (
    "(exists (?r - receptacle ?o - object) (and (objectType ?o {o}) (receptacleType ?r {r}) %s (inReceptacle ?o ?r)))"
)
_GOALS = {
    "pick_and_place_simple": _PLACED % "",
    "pick_clean_then_place_in_recep": _PLACED % "(cleanable ?o) (isClean ?o)",
    "pick_heat_then_place_in_recep": _PLACED % "(heatable ?o) (isHot ?o)",
    "pick_cool_then_place_in_recep": _PLACED % "(coolable ?o) (isCool ?o)",
    "pick_two_obj_and_place": (
        "(exists (?r - receptacle) (exists (?o1 - object) (and (objectType ?o1 {o}) (receptacleType ?r {r}) "
        "(inReceptacle ?o1 ?r) (exists (?o2 - object) (and (not (= ?o1 ?o2)) (objectType ?o2 {o}) "
        "(receptacleType ?r {r}) (inReceptacle ?o2 ?r))))))"
    ),
    "look_at_obj_in_light": (
        "(exists (?ot - object ?r - receptacle ?a - agent ?l - location) (and (objectType ?ot {r}) (toggleable ?ot) "
        "(isToggled ?ot) (receptacleAtLocation ?r ?l) (atLocation ?a ?l) (inReceptacle ?ot ?r))) "
        "(exists (?o - object ?a - agent) (and (objectType ?o {o}) (holds ?a ?o)))"
    ),
}
_OBJECT_FACTS = {
    "pickupable": "pickupable", "cleanable": "cleanable", "heatable": "heatable", "coolable": "coolable",
    "toggleable": "toggleable", "sliceable": "sliceable", "isReceptacleObject": "container", "isClean": "clean",
    "isHot": "hot", "isCool": "cool", "isToggled": "toggled", "isSliced": "sliced",
}  # fmt: skip
_OLD_DIALECT = (
    ("You arrive at {r.name}. #examineReceptacle.feedback#", "#examineReceptacle.feedback#"),
    ('"You move the {o.name} to the {r.name}."', '"You put the {o.name} in/on the {r.name}."'),
    (
        'action PutObject {\n    template :: "move {o} to {r}"',
        'action PutObject {\n    template :: "put {o} in/on {r}"',
    ),
)


def _folder_of_alfworld() -> Path:
    """The installed package's folder; found without importing it, since the import creates a folder in the home."""
    spec = importlib.util.find_spec("alfworld")
    if spec is None or not spec.submodule_search_locations:
        raise DependencyNotInstalled(
            "expected the package alfworld, whose rules and grammar a game file has to hold; got none. "
            'To mend it: pip install "spa-gym[alfworld]"'
        )
    return Path(next(iter(spec.submodule_search_locations)))


@functools.cache
def alfworld_rules(grammar: str = "2.1.2") -> tuple[str, str]:
    """The PDDL domain and the text grammar of the installed alfworld.

    Args:
        grammar: `"2.1.2"`, what alfworld 0.4 speaks, or `"2.1.1"`: the arrival sentence cut off, `put X in/on Y` for
            `move X to Y`, no `help`.

    Returns:
        Domain and grammar; in the latter the instruction is still `UNKNOWN GOAL`.

    Raises:
        DependencyNotInstalled: alfworld is missing, or of a version whose grammar we do not know.
        BadArgument: Unknown grammar.
    """
    one_of("grammar", grammar, ("2.1.2", "2.1.1"))
    data = _folder_of_alfworld() / "data"
    domain, text = (data / "alfred.pddl").read_text("utf-8"), (data / "alfred.twl2").read_text("utf-8")
    if grammar == "2.1.2":
        return domain, text
    domain, removed = re.subn(r"\(:action help\b.*?\n\)\n", "", domain, flags=re.DOTALL)
    text, removed_too = re.subn(r"\naction help \{.*?\n\}\n", "\n", text, flags=re.DOTALL)
    for new, old in _OLD_DIALECT:
        removed &= text.count(new) == 1
        text = text.replace(new, old)
    if not (removed and removed_too):
        raise DependencyNotInstalled(
            "expected the grammar of alfworld 0.4 to derive the dialect 2.1.1 from; got another one. "
            'To mend it: pip install "alfworld==0.4.2"'
        )
    return domain, text


def _identifiers(names: tuple[str, ...]) -> list[str]:
    """Ids that sort as the things are numbered, and from which the original derives the names that we have.

    The original cuts an id at `_bar_`, and calls a thing "...basin" where that word occurs anywhere in its id.
    """
    ids = []
    for number, name in enumerate(names):
        stem, space, _ = name.rpartition(" ")
        if not space:
            ids.append(name)
        elif stem.endswith("basin"):
            ids.append(f"{stem.removesuffix('basin')}_bar_{number:04d}_bar_{stem}")
        else:
            ids.append(f"{stem}_bar_{number:04d}")
    return ids


def _facts(game: Game, receptacles: list[str], objects: list[str], places: list[str]) -> list[str]:
    """The initial state, but for the agent."""
    facts = []
    for r, identifier in enumerate(receptacles):
        kind, location = game.receptacle_types[r], game.receptacle_location[r]
        facts += [f"(receptacleType {identifier} {kind}Type)"] if kind else []
        facts += [f"(receptacleAtLocation {identifier} {places[location]})"] if location >= 0 else []
        facts += [f"(openable {identifier})"] if game.openable >> r & 1 else []
        facts += [f"(opened {identifier})"] if game.opened >> r & 1 else []
        facts += [f"(inReceptacle {objects[o]} {identifier})" for o in game.contents[r]]
    for o, identifier in enumerate(objects):
        at = game.object_locations[o]
        facts += [f"(objectType {identifier} {game.object_types[o]}Type)"] if game.object_types[o] else []
        facts += [f"({fact} {identifier})" for fact, field in _OBJECT_FACTS.items() if getattr(game, field) >> o & 1]
        facts += [f"(objectAtLocation {identifier} {place})" for i, place in enumerate(places) if at >> i & 1]
        facts += [f"(inReceptacleObject {objects[inner]} {identifier})" for inner in game.inside.get(o, ())]
    allowed = {
        (game.receptacle_types[r], kind)
        for r in range(len(receptacles))
        for o, kind in enumerate(game.object_types)
        if kind and game.receptacle_types[r] and game.can_contain[r] >> o & 1
    }
    return facts + [f"(canContain {r_kind}Type {o_kind}Type)" for r_kind, o_kind in sorted(allowed)]


def problem_text(game: Game, name: str = "generated") -> str:
    """The game as a PDDL problem that alfworld's domain fits.

    Args:
        game: The game.
        name: Name of the problem.
    """
    goal = game.goal
    receptacles, objects = _identifiers(game.receptacle_names), _identifiers(game.object_names)
    places = [f"loc_bar_{i:03d}" for i in range(len(game.receptacles_at))]
    start = places[game.start_location] if game.start_location >= 0 else "loc_bar_start"
    agent = [f"(atLocation agent1 {start})"]
    if game.held >= 0:
        agent += [f"(holds agent1 {objects[game.held]})", "(holdsAny agent1)"]
    # The rules name these types, so that a problem without them does not load.
    object_kinds = {*game.object_types, goal.object_type, "knife", "butterknife"} - {""}
    receptacle_kinds = {*game.receptacle_types, "sinkbasin", "microwave", "fridge"} - {""}
    if goal.kind == "look_at_obj_in_light":
        object_kinds.add(goal.target_type)
    else:
        receptacle_kinds.add(goal.target_type)
    formula = _GOALS[goal.kind].format(o=f"{goal.object_type}Type", r=f"{goal.target_type}Type")
    declared = [
        "agent1 - agent",
        *(f"{identifier} - receptacle" for identifier in receptacles),
        *(f"{identifier} - object" for identifier in objects),
        *(f"{kind}Type - rtype" for kind in sorted(receptacle_kinds)),
        *(f"{kind}Type - otype" for kind in sorted(object_kinds)),
        *(f"{place} - location" for place in dict.fromkeys([*places, start])),
    ]
    things, facts = "\n  ".join(declared), "\n  ".join([*agent, *_facts(game, receptacles, objects, places)])
    return (
        f"(define (problem {name})\n(:domain alfred)\n(:objects\n  {things}\n)\n(:init\n  {facts}\n)\n"
        f"(:goal (and {formula}))\n)\n"
    )


def game_data(game: Game, grammar: str = "2.1.2", walkthrough: list[str] | None = None) -> dict[str, Any]:
    """What a `game.tw-pddl` holds; TextWorld's `PddlEnv.load` takes it as it is.

    Args:
        game: The game.
        grammar: Dialect, `"2.1.2"` or `"2.1.1"`.
        walkthrough: Commands that solve it, if known.

    Raises:
        BadArgument: The instruction has characters that the original would evaluate or cut off.
        DependencyNotInstalled: alfworld is not installed.
    """
    if not _SAFE_GOAL.fullmatch(game.goal_text):
        raise BadArgument(
            "an instruction of letters, digits, space and , . ' - (the original evaluates its grammar)",
            f"{game.goal_text!r:.80}",
            "use engine='fast', or change the instruction",
        )
    domain, text = alfworld_rules(grammar)
    return {
        "pddl_domain": domain,
        "grammar": text.replace("UNKNOWN GOAL.", game.goal_text),
        "pddl_problem": problem_text(game),
        "solvable": True,
        "walkthrough": walkthrough,
    }


@functools.cache
def _camel_case() -> dict[str, str]:
    """`soapbar` -> `SoapBar`, as ALFRED writes types; from the installed package's list of names."""
    source = (_folder_of_alfworld() / "gen" / "constants.py").read_text("utf-8")
    return {name.lower(): name for name in re.findall(r"'([A-Z][A-Za-z]+)'", source)}


def trajectory_data(game: Game) -> dict[str, Any]:
    """What the `traj_data.json` beside a game holds: all that alfworld's loader and its expert read."""
    goal, names = game.goal, _camel_case()
    thing, target = (names.get(kind, kind) for kind in (goal.object_type, goal.target_type))
    light = goal.kind == "look_at_obj_in_light"
    return {
        "task_type": goal.kind,
        "pddl_params": {
            "mrecep_target": "",
            "object_sliced": False,
            "object_target": thing,
            "parent_target": "" if light else target,
            "toggle_target": target if light else "",
        },
        "turk_annotations": {"anns": [{"task_desc": game.goal_text}]},
    }


def write_game(game: Game, folder: Path, walkthrough: list[str] | None = None) -> Path:
    """Write one game into a folder of its own, in alfworld's layout.

    Args:
        game: The game.
        folder: Where to; made where it is missing. alfworld skips a path with "movable" or "Sliced" in it.
        walkthrough: Commands that solve it, if known.

    Returns:
        Path of the `game.tw-pddl`.

    Raises:
        BadArgument: See `game_data`.
        DependencyNotInstalled: alfworld is not installed.
        WriteFailed: The disk is full, or the folder cannot be written to.
    """
    path = folder / "game.tw-pddl"
    atomic_write_text(folder / "traj_data.json", json.dumps(trajectory_data(game), indent=1) + "\n")
    atomic_write_text(path, json.dumps(game_data(game, walkthrough=walkthrough)))
    return path
