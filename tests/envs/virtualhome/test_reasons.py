"""Reasons: every kind has a sentence, names come out, and no kind is there that no rule gives."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from spa_gym.envs.virtualhome import rules, simulator
from spa_gym.envs.virtualhome.reasons import REASONS, reason_text
from spa_gym.envs.virtualhome.simulator import Simulator
from spa_gym.envs.virtualhome.verbs import Command
from tests.envs.virtualhome.script import command
from tests.envs.virtualhome.tiny_house import tiny_house

_SOURCES = [*Path(rules.__file__).parent.glob("*.py"), Path(simulator.__file__)]


def test_the_kinds_that_rules_give_are_those_that_have_a_sentence() -> None:
    given = {kind for path in _SOURCES for kind in re.findall(r'Failure\(\s*"(\w+)"', path.read_text(encoding="utf-8"))}
    assert given == set(REASONS)


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (["OPEN fridge"], "you are not close to fridge"),
        (["WALK fridge", "OPEN fridge"], "fridge is on"),
        (["WALK milk", "GRAB milk"], "milk is inside fridge, which is closed"),
        (["WALK table", "GRAB plate", "GRAB knife", "FIND book", "GRAB book"], "both your hands are full"),
        (
            ["WALK plate", "GRAB plate", "PUTBACK plate > plate"],
            "plate cannot go there: plate is part of what you would put",
        ),
        (["WALK television", "SWITCHON television"], "television is unplugged"),
        (["WALK chair", "SIT chair"], "there is no place left on chair"),
        (["SLEEP"], "you are neither sitting nor lying"),
        (["EAT light 2"], "you are not close to light 2"),
    ],
)  # fmt: skip
def test_sentences(lines: list[str], text: str) -> None:
    house = tiny_house()
    living = Simulator(house)
    failures = [living.execute(command(house, line)) for line in lines]
    assert failures[-1] is not None and reason_text(failures[-1], house) == text
    assert not any(failures[:-1])


def test_what_is_no_action_and_no_thing() -> None:
    house = tiny_house()
    for wrong, text in [
        (Command("FLY"), "there is no such action"),
        (Command("SIT"), "the action takes another number of objects"),
        (Command("SIT", (99,)), "there is no such thing in the house"),
        (Command("SIT", (-1,)), "there is no such thing in the house"),
    ]:
        failure = Simulator(house).execute(wrong)
        assert failure is not None and reason_text(failure, house) == text
