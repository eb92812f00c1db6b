"""A small kitchen, made by hand so that every answer of the rules can be worked out by reading."""

from __future__ import annotations

from spa_gym.envs.alfworld.engine import Engine
from spa_gym.envs.alfworld.game import Fact, Game, Goal

__all__ = ["CLEAN_MUG", "FACTS", "INTRO", "atoms", "in_dialect", "kitchen", "play"]


def atoms(text: str) -> list[Fact]:
    """One ground atom a line."""
    return [tuple(line.split()) for line in text.strip().splitlines()]


def _things(predicate: str, names: str) -> list[Fact]:
    return [(predicate, name) for name in names.split()]


FACTS: list[Fact] = [
    *atoms(
        """
        atlocation agent1 loc_bar_00
        receptacletype fridge_bar_01 fridgetype
        receptacletype microwave_bar_01 microwavetype
        receptacletype sink_bar_01_bar_sinkbasin sinkbasintype
        receptacletype countertop_bar_01 countertoptype
        receptacletype cabinet_bar_01 cabinettype
        receptacletype cabinet_bar_02 cabinettype
        receptacletype diningtable_bar_01 diningtabletype
        receptacletype shelf_bar_01 shelftype
        receptacletype stoveburner_bar_01 stoveburnertype
        receptacletype stoveburner_bar_02 stoveburnertype
        receptacletype garbagecan_bar_01 garbagecantype
        receptacleatlocation fridge_bar_01 loc_bar_01
        receptacleatlocation microwave_bar_01 loc_bar_02
        receptacleatlocation sink_bar_01_bar_sinkbasin loc_bar_03
        receptacleatlocation countertop_bar_01 loc_bar_04
        receptacleatlocation cabinet_bar_01 loc_bar_04
        receptacleatlocation cabinet_bar_02 loc_bar_05
        receptacleatlocation diningtable_bar_01 loc_bar_06
        receptacleatlocation shelf_bar_01 loc_bar_06
        receptacleatlocation stoveburner_bar_01 loc_bar_07
        receptacleatlocation stoveburner_bar_02 loc_bar_08
        inreceptacle mug_bar_01 countertop_bar_01
        inreceptacle knife_bar_01 countertop_bar_01
        inreceptacle pan_bar_01 countertop_bar_01
        inreceptacle mug_bar_02 cabinet_bar_01
        inreceptacle apple_bar_01 diningtable_bar_01
        inreceptacle book_bar_01 diningtable_bar_01
        inreceptacle desklamp_bar_01 shelf_bar_01
        inreceptacle statue_bar_01 shelf_bar_01
        inreceptacle pot_bar_01 stoveburner_bar_01
        inreceptacle pot_bar_01 stoveburner_bar_02
        inreceptacleobject egg_bar_01 pan_bar_01
        objectatlocation mug_bar_01 loc_bar_04
        objectatlocation knife_bar_01 loc_bar_04
        objectatlocation pan_bar_01 loc_bar_04
        objectatlocation mug_bar_02 loc_bar_04
        objectatlocation apple_bar_01 loc_bar_06
        objectatlocation book_bar_01 loc_bar_06
        objectatlocation desklamp_bar_01 loc_bar_06
        objectatlocation statue_bar_01 loc_bar_06
        objectatlocation pot_bar_01 loc_bar_07
        """
    ),
    *_things("openable", "fridge_bar_01 microwave_bar_01 cabinet_bar_01 cabinet_bar_02"),
    *[
        ("objecttype", f"{kind}_bar_0{n}", f"{kind}type")
        for kind, n in [
            ("mug", 1),
            ("mug", 2),
            *((k, 1) for k in "knife pan apple book desklamp statue pot egg".split()),
        ]
    ],
    *_things("pickupable", "mug_bar_01 mug_bar_02 knife_bar_01 pan_bar_01 apple_bar_01 book_bar_01 pot_bar_01"),
    *_things("cleanable", "mug_bar_01 mug_bar_02 knife_bar_01 pan_bar_01 apple_bar_01"),
    *_things("heatable", "mug_bar_01 mug_bar_02 apple_bar_01"),
    *_things("coolable", "mug_bar_01 mug_bar_02 apple_bar_01"),
    *_things("sliceable", "apple_bar_01"),
    *_things("toggleable", "desklamp_bar_01"),
    *_things("isreceptacleobject", "pan_bar_01 pot_bar_01"),
    *[
        ("cancontain", f"{place}type", f"{kind}type")
        for place, kinds in {
            "countertop": "mug knife pan apple book pot",
            "cabinet": "mug pan",
            "fridge": "mug apple",
            "microwave": "mug apple",
            "sinkbasin": "mug knife apple",
            "diningtable": "mug knife apple book",
            "shelf": "book mug",
            "stoveburner": "pan pot",
            "garbagecan": "apple",
        }.items()
        for kind in kinds.split()
    ],
]

CLEAN_MUG = Goal("pick_clean_then_place_in_recep", "mug", "shelf")
INTRO = (
    "-= Welcome to TextWorld, ALFRED! =-\n\n"
    "You are in the middle of a room. Looking quickly around you, you see a cabinet 2, a cabinet 1, a countertop 1, "
    "a diningtable 1, a fridge 1, a microwave 1, a shelf 1, a sinkbasin 1, a stoveburner 2, and a stoveburner 1.\n\n"
    "Your task is to: put a clean mug in shelf."
)


def kitchen(
    goal: Goal = CLEAN_MUG, *, without: str = "", extra: str = "", text: str = "put a clean mug in shelf."
) -> Game:
    """The kitchen with a goal.

    Args:
        goal: what has to hold.
        without: facts that have this word among their arguments or as predicate are left out.
        extra: further atoms, one a line.
        text: the instruction.
    """
    facts = [fact for fact in FACTS if not without or without not in fact]
    return Game.from_facts([*facts, *(atoms(extra) if extra else [])], goal, text, "kitchen")


def in_dialect(text: str, grammar: str) -> str:
    """A command or reply of 2.1.2 as 2.1.1 has it."""
    if grammar == "2.1.2":
        return text
    if text.startswith("move "):
        return text.replace("move ", "put ", 1).replace(" to ", " in/on ", 1)
    if text.startswith("You move the "):
        return text.replace("You move the ", "You put the ", 1).replace(" to the ", " in/on the ", 1)
    if text.startswith("You arrive at "):
        return text.partition(". ")[2]
    return text


def play(engine: Engine, *commands: str) -> tuple[str, bool]:
    """Play commands of 2.1.2 in the engine's dialect; the answer to the last, all others must be executed."""
    grammar = engine.lexicon.dialect.name
    for command in commands[:-1]:
        reply, grounded = engine.act(in_dialect(command, grammar))
        if not grounded:
            raise AssertionError(f"{command!r} was not executed: {reply!r}")
    return engine.act(in_dialect(commands[-1], grammar))
