"""Each rule of the game and each quirk of the original, on a hand-made kitchen and in both dialects."""

from __future__ import annotations

import itertools
import random

import pytest

from spa_gym.envs.alfworld import lexicon
from spa_gym.envs.alfworld.engine import Engine
from spa_gym.envs.alfworld.game import Game, Goal
from spa_gym.envs.alfworld.generated import generated_tasks
from tests.envs.alfworld.kitchen import FACTS, INTRO, atoms, in_dialect, kitchen, play

GRAMMARS = ("2.1.2", "2.1.1")
NOTHING = "Nothing happens."
COUNTERTOP = "On the countertop 1, you see a knife 1, a mug 2, and a pan 1."
MUG = ["go to countertop 1", "take mug 2 from countertop 1"]
KNIFE = ["go to countertop 1", "take knife 1 from countertop 1"]
BOOK = ["go to diningtable 1", "take book 1 from diningtable 1"]
COOL = ["go to fridge 1", "cool mug 2 with fridge 1"]
HEAT = ["go to microwave 1", "heat mug 2 with microwave 1"]
CLEAN = ["go to sinkbasin 1", "clean mug 2 with sinkbasin 1"]
SLICE = ["go to diningtable 1", "slice apple 1 with knife 1"]

# What is done first, the command, and its answer in the words of 2.1.2; NOTHING is a command that is not executed.
RULES: dict[str, tuple[list[str], str, str]] = {
    "go": ([], "go to countertop 1", f"You arrive at countertop 1. {COUNTERTOP}"),
    "go to a closed one": ([], "go to fridge 1", "You arrive at fridge 1. The fridge 1 is closed."),
    "go to two things": ([], "go to diningtable 1",
        "You arrive at diningtable 1. On the diningtable 1, you see a apple 1, and a book 1."),
    "go to nothing": ([], "go to sinkbasin 1", "You arrive at sinkbasin 1. On the sinkbasin 1, you see nothing."),
    "go where one is": (["go to countertop 1"], "go to countertop 1", NOTHING),
    "go to a neighbour": (["go to countertop 1"], "go to cabinet 2", NOTHING),
    "go where nothing stands": ([], "go to garbagecan 1", NOTHING),
    "go to an object": ([], "go to mug 1", NOTHING),
    "open": (["go to cabinet 2"], "open cabinet 2",
        "You open the cabinet 2. The cabinet 2 is open. In it, you see a mug 1."),
    "open from the neighbour": (["go to countertop 1"], "open cabinet 2",
        "You open the cabinet 2. The cabinet 2 is open. In it, you see a mug 1."),
    "open an empty one": (["go to cabinet 1"], "open cabinet 1",
        "You open the cabinet 1. The cabinet 1 is open. In it, you see nothing."),
    "open from afar": ([], "open cabinet 2", NOTHING),
    "open what is open": (["go to cabinet 1", "open cabinet 1"], "open cabinet 1", NOTHING),
    "open what has no door": (["go to countertop 1"], "open countertop 1", NOTHING),
    "close": (["go to cabinet 1", "open cabinet 1"], "close cabinet 1", "You close the cabinet 1."),
    "close what is closed": (["go to cabinet 1"], "close cabinet 1", NOTHING),
    "close from afar": (["go to cabinet 1", "open cabinet 1", "go to fridge 1"], "close cabinet 1", NOTHING),
    "see a closed one again": (["go to cabinet 2", "open cabinet 2", "close cabinet 2"], "examine cabinet 2",
        "The cabinet 2 is closed."),
    "take": (["go to countertop 1"], "take mug 2 from countertop 1", "You pick up the mug 2 from the countertop 1."),
    "take from a neighbour": (["go to countertop 1", "open cabinet 2"], "take mug 1 from cabinet 2",
        "You pick up the mug 1 from the cabinet 2."),
    "take from a closed one": (["go to cabinet 2"], "take mug 1 from cabinet 2", NOTHING),
    "take from afar": ([], "take mug 2 from countertop 1", NOTHING),
    "take what is elsewhere": (["go to countertop 1"], "take mug 1 from countertop 1", NOTHING),
    "take with full hands": (MUG, "take pan 1 from countertop 1", NOTHING),
    "take what is fixed": (["go to shelf 1"], "take statue 1 from shelf 1", NOTHING),
    "move": ([*MUG, "go to shelf 1"], "move mug 2 to shelf 1", "You move the mug 2 to the shelf 1."),
    "move into an open one": ([*MUG, "open cabinet 2"], "move mug 2 to cabinet 2",
        "You move the mug 2 to the cabinet 2."),
    "move into a closed one": (MUG, "move mug 2 to cabinet 2", NOTHING),
    "move where it does not belong": ([*MUG, "go to stoveburner 1"], "move mug 2 to stoveburner 1", NOTHING),
    "move what is not held": (["go to countertop 1"], "move mug 2 to countertop 1", NOTHING),
    "move from afar": (MUG, "move mug 2 to shelf 1", NOTHING),
    "heat, closed": ([*MUG, "go to microwave 1"], "heat mug 2 with microwave 1",
        "You heat the mug 2 using the microwave 1."),
    "heat, open": ([*MUG, "go to microwave 1", "open microwave 1"], "heat mug 2 with microwave 1",
        "You heat the mug 2 using the microwave 1."),
    "heat with another": ([*MUG, "go to fridge 1"], "heat mug 2 with fridge 1", NOTHING),
    "heat from afar": (MUG, "heat mug 2 with microwave 1", NOTHING),
    "heat what cannot be": ([*KNIFE, "go to microwave 1"], "heat knife 1 with microwave 1", NOTHING),
    "heat what is not held": (["go to microwave 1"], "heat mug 2 with microwave 1", NOTHING),
    "cool, closed": ([*MUG, "go to fridge 1"], "cool mug 2 with fridge 1", "You cool the mug 2 using the fridge 1."),
    "clean": ([*MUG, "go to sinkbasin 1"], "clean mug 2 with sinkbasin 1",
        "You clean the mug 2 using the sinkbasin 1."),
    "use": (["go to shelf 1"], "use desklamp 1", "You turn on the desklamp 1."),
    "use again": (["go to shelf 1", "use desklamp 1"], "use desklamp 1", "You turn on the desklamp 1."),
    "use at the neighbour": (["go to diningtable 1"], "use desklamp 1", "You turn on the desklamp 1."),
    "use from afar": ([], "use desklamp 1", NOTHING),
    "use what has no switch": (["go to shelf 1"], "use statue 1", NOTHING),
    "slice": ([*KNIFE, "go to diningtable 1"], "slice apple 1 with knife 1",
        "You sliced the apple 1 with the knife 1."),
    "slice again": ([*KNIFE, *SLICE], "slice apple 1 with knife 1", "You sliced the apple 1 with the knife 1."),
    "slice from afar": (KNIFE, "slice apple 1 with knife 1", NOTHING),
    "slice without": (["go to diningtable 1"], "slice apple 1 with knife 1", NOTHING),
    "slice what cannot be": (KNIFE, "slice mug 2 with knife 1", NOTHING),
    "slice with a mug": ([*MUG, "go to diningtable 1"], "slice apple 1 with mug 2", NOTHING),
    "examine a place": (["go to diningtable 1"], "examine shelf 1",
        "On the shelf 1, you see a desklamp 1, and a statue 1."),
    "examine a place from afar": ([], "examine shelf 1", NOTHING),
    "examine what is not held": (["go to countertop 1"], "examine mug 2", NOTHING),
    "examine what is held": (MUG, "examine mug 2", "There's nothing special about mug 2."),
    "examine a full container": (["go to countertop 1", "take pan 1 from countertop 1"], "examine pan 1",
        "This is a normal pan 1. In it, you see a egg 1."),
    "examine an empty container": (["go to stoveburner 1", "take pot 1 from stoveburner 1"], "examine pot 1",
        "This is a normal pot 1. In it, you see nothing."),
    "examine clean": ([*MUG, *CLEAN], "examine mug 2", "This is a clean mug 2."),
    "examine hot": ([*MUG, *HEAT], "examine mug 2", "This is a hot mug 2."),
    "examine cool": ([*MUG, *COOL], "examine mug 2", "This is a cold mug 2."),
    "examine cool and clean": ([*MUG, *CLEAN, *COOL], "examine mug 2", "This is a cool and clean mug 2."),
    "examine hot, clean and sliced": (
        [*KNIFE, *SLICE, "move knife 1 to diningtable 1", "take apple 1 from diningtable 1",
         "go to sinkbasin 1", "clean apple 1 with sinkbasin 1", "go to microwave 1", "heat apple 1 with microwave 1"],
        "examine apple 1", "This is a hot and clean sliced apple 1.",
    ),
    "heating undoes cooling": ([*MUG, *COOL, *HEAT], "examine mug 2", "This is a hot mug 2."),
    "cooling undoes heating": ([*MUG, *HEAT, *COOL], "examine mug 2", "This is a cold mug 2."),
    "look in the middle": ([], "look", "You are in the middle of a room. Looking quickly around you, you see nothing."),
    "look at one": (["go to fridge 1"], "look", "You are facing the fridge 1. Next to it, you see nothing."),
    "look at two": (["go to countertop 1"], "look",
        "You are facing the cabinet 2, and countertop 1. Next to it, you see nothing."),
    "look after moving to the neighbour": ([*BOOK, "move book 1 to shelf 1"], "look",
        "You are facing the diningtable 1, and shelf 1. Next to it, you see a book 1."),
    "look after moving back": ([*BOOK, "move book 1 to diningtable 1"], "look",
        "You are facing the diningtable 1, and shelf 1. Next to it, you see nothing."),
    "look while holding": (BOOK, "look", "You are facing the diningtable 1, and shelf 1. Next to it, you see nothing."),
    "inventory, empty": ([], "inventory", "You are not carrying anything."),
    "inventory": (MUG, "inventory", "You are carrying: a mug 2."),
    "in two places, the one": (["go to stoveburner 1"], "take pot 1 from stoveburner 1",
        "You pick up the pot 1 from the stoveburner 1."),
    "in two places, the other stays": (["go to stoveburner 1", "take pot 1 from stoveburner 1"], "go to stoveburner 2",
        "You arrive at stoveburner 2. On the stoveburner 2, you see a pot 1."),
    "no place is ever full": (
        [*MUG, "go to shelf 1", "move mug 2 to shelf 1",
         "go to cabinet 2", "open cabinet 2", "take mug 1 from cabinet 2", "go to shelf 1"],
        "move mug 1 to shelf 1", "You move the mug 1 to the shelf 1.",
    ),
    "in the order of the ids": ([*BOOK, "go to countertop 1", "move book 1 to countertop 1"], "examine countertop 1",
        "On the countertop 1, you see a book 1, a knife 1, a mug 2, and a pan 1."),
    "words in another case": ([], "Go to countertop 1", NOTHING),
    "two spaces": ([], "go  to countertop 1", NOTHING),
    "half a command": ([], "go to", NOTHING),
    "nothing at all": ([], "", NOTHING),
}  # fmt: skip


@pytest.mark.parametrize("grammar", GRAMMARS)
@pytest.mark.parametrize("rule", list(RULES))
def test_rule(rule: str, grammar: str) -> None:
    before, command, answer = RULES[rule]
    engine = Engine(
        kitchen(Goal("pick_and_place_simple", "book", "cabinet"), extra="cancontain cabinettype booktype"), grammar
    )
    if before:
        assert play(engine, *before)[1]
    state, command = engine.snapshot(), in_dialect(command, grammar)
    listed = engine.admissible()
    assert engine.act(command) == (in_dialect(answer, grammar), answer != NOTHING)
    assert (command in listed) == (answer != NOTHING)
    if answer == NOTHING or command.startswith(("look", "inventory", "examine")):
        assert engine.snapshot() == state


@pytest.mark.parametrize("grammar", GRAMMARS)
def test_introduction_lists_what_can_be_reached_in_the_order_of_the_ids(grammar: str) -> None:
    assert Engine(kitchen(), grammar).intro() == INTRO


def test_white_space_around_a_command_is_forgiven() -> None:
    assert Engine(kitchen()).act("  go to countertop 1\n")[1]


def test_help_exists_in_the_later_dialect_only() -> None:
    later, earlier = Engine(kitchen(), "2.1.2", list_help=True), Engine(kitchen(), "2.1.1", list_help=True)
    reply, grounded = later.act("help")
    assert grounded and reply.startswith("Available commands:\n  look:") and reply.endswith("\n")
    assert reply.count("\n") == 14
    assert "help" in later.admissible() and "help" not in Engine(kitchen()).admissible()
    assert earlier.act("help") == (NOTHING, False) and "help" not in earlier.admissible()


@pytest.mark.parametrize("grammar", GRAMMARS)
def test_the_other_dialects_put_is_not_understood(grammar: str) -> None:
    other = {"2.1.2": "put mug 2 in/on countertop 1", "2.1.1": "move mug 2 to countertop 1"}[grammar]
    engine = Engine(kitchen(), grammar)
    play(engine, "go to countertop 1", "take mug 2 from countertop 1")
    assert engine.act(other) == (NOTHING, False)


def test_listed_commands_are_in_alphabetical_order_and_complete() -> None:
    engine = Engine(kitchen())
    play(engine, "go to countertop 1")
    assert engine.admissible() == (
        "examine cabinet 2", "examine countertop 1", "go to cabinet 1", "go to diningtable 1", "go to fridge 1",
        "go to microwave 1", "go to shelf 1", "go to sinkbasin 1", "go to stoveburner 1", "go to stoveburner 2",
        "inventory", "look", "open cabinet 2", "take knife 1 from countertop 1", "take mug 2 from countertop 1",
        "take pan 1 from countertop 1",
    )  # fmt: skip


def _all_commands(engine: Engine) -> list[str]:
    """Everything that can be said with the names of a game."""
    rs, os = engine.game.receptacle_names, engine.game.object_names
    put = engine.lexicon.dialect.put_command
    return [
        "look", "inventory",
        *(f"{verb} {r}" for verb in ("go to", "open", "close", "examine") for r in rs),
        *(f"{verb} {o}" for verb in ("use", "examine") for o in os),
        *(f"take {o} from {r}" for o in os for r in rs),
        *(put.format(o=o, r=r) for o in os for r in rs),
        *(f"{verb} {o} with {r}" for verb in ("heat", "cool", "clean") for o in os for r in rs),
        *(f"slice {a} with {b}" for a, b in itertools.product(os, os)),
    ]  # fmt: skip


@pytest.mark.parametrize("grammar", GRAMMARS)
def test_what_is_listed_is_exactly_what_is_executed(grammar: str) -> None:
    """In every state of random walks, over every command that the names allow."""
    games = [kitchen(), *(generated_tasks(3, "small", "train")[i].payload for i in range(6))]
    for number, game in enumerate(games):
        engine, rng = Engine(game, grammar), random.Random(number)
        commands = _all_commands(engine)
        for _ in range(25):
            before, listed = engine.snapshot(), engine.admissible()
            executed = []
            for command in commands:
                if engine.act(command)[1]:
                    executed.append(command)
                    engine.restore(before)
            assert engine.snapshot() == before
            assert sorted(set(executed)) == sorted(listed)
            engine.act(rng.choice(listed))


def test_memos_that_overflow_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def walk() -> list[object]:
        engine, rng, seen = Engine(kitchen()), random.Random(0), []
        for _ in range(120):
            listed = engine.admissible()
            seen += [listed, engine.act(rng.choice(listed))]
        return seen

    expected = walk()
    monkeypatch.setattr(lexicon, "_MEMO_LIMIT", 2)
    assert walk() == expected


def test_a_game_can_start_inside_a_story() -> None:
    """Facts may say that something is open, held or hot already, and that the agent stands somewhere."""
    moved = [
        fact
        for fact in FACTS
        if fact[0] != "atlocation" and fact != ("inreceptacle", "mug_bar_01", "countertop_bar_01")
    ]
    now = "atlocation agent1 loc_bar_01\nopened fridge_bar_01\nholds agent1 mug_bar_01\nishot mug_bar_01"
    facts = [*moved, *atoms(now)]
    engine = Engine(
        Game.from_facts(facts, Goal("pick_heat_then_place_in_recep", "mug", "fridge"), "put a hot mug in fridge.")
    )
    assert engine.intro().split("\n\n")[1] == "You are facing the fridge 1. Next to it, you see nothing."
    assert engine.act("examine mug 2") == ("This is a hot mug 2.", True)
    assert engine.act("move mug 2 to fridge 1")[1] and engine.won
