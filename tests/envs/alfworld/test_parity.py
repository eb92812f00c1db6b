"""The real engine and ours, step by step: the same texts, the same admissible commands, the same end."""

from __future__ import annotations

import gzip
import importlib.util
import json
import random
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spa_gym.core.errors import ParityError
from spa_gym.envs.alfworld.engine import Engine
from spa_gym.envs.alfworld.game import TASK_TYPES, Game
from spa_gym.envs.alfworld.generated import generated_tasks
from spa_gym.envs.alfworld.official import OfficialTaskSet, official_tasks
from spa_gym.envs.alfworld.parity import compare_game
from spa_gym.envs.alfworld.pddl import parse_game, read_game_json
from tests.official_data import alfworld_archive, alfworld_expert_file

real_engine = pytest.mark.skipif(
    importlib.util.find_spec("alfworld") is None or sys.version_info >= (3, 13),
    reason='the real engine is not here: pip install "spa-gym[alfworld]" on Python < 3.13',
)
official_data = pytest.mark.skipif(
    alfworld_archive() is None, reason="no official games: set SPA_GYM_DATA to a folder with alfworld/ in it"
)
Record = Callable[[str, object], None]


def _one_of_each_type(size: str, skip: int = 0) -> list[Game]:
    """The first generated valid_unseen game of each task type, after `skip` tasks."""
    found: dict[str, Game] = {}
    tasks = generated_tasks(0, size, "valid_unseen")
    for index in range(skip, len(tasks)):
        task = tasks[index]
        found.setdefault(task.task_type, task.payload)
        if len(found) == len(TASK_TYPES):
            break
    return list(found.values())


@real_engine
@pytest.mark.parametrize("grammar", ["2.1.2", "2.1.1"])
def test_small_generated_games_are_played_alike(grammar: str, record_property: Record) -> None:
    rng = random.Random(1)
    compared = sum(compare_game(game, rng, grammar=grammar, steps=80) for game in _one_of_each_type("small"))
    record_property("steps_compared", compared)
    assert compared > 500


@real_engine
def test_generated_games_of_official_size_are_played_alike(record_property: Record) -> None:
    rng = random.Random(2)
    games = _one_of_each_type("official", skip=50)
    compared = sum(
        compare_game(game, rng, grammar=grammar, steps=60)
        for game, grammar in zip(games, ["2.1.2", "2.1.1"] * 3, strict=True)
    )
    record_property("steps_compared", compared)
    assert compared > 380


def _official_sample(count: int) -> list[tuple[str, dict[str, Any]]]:
    """(path, content) of the first `count` game files in the archive, of different task types."""
    archive = alfworld_archive()
    assert archive is not None
    found: dict[str, tuple[str, dict[str, Any]]] = {}
    with tarfile.open(archive, "r|*") as stream:
        for member in stream:
            kind = member.name.split("/")[2].split("-")[0] if member.name.count("/") == 4 else ""
            if member.name.endswith("game.tw-pddl") and kind not in found and "valid_train" not in member.name:
                file = stream.extractfile(member)
                assert file is not None
                found[kind] = (member.name, json.loads(file.read()))
                if len(found) == count:
                    break
    return list(found.values())


@real_engine
@official_data
def test_official_game_files_are_played_alike(record_property: Record) -> None:
    rng, compared = random.Random(3), 0
    for path, data in _official_sample(5):
        problem, goal_text, _ = read_game_json(json.dumps(data), path)
        game = parse_game(problem, goal_text, path)
        compared += compare_game(game, rng, data=data, steps=60)  # the file as it is
        compared += compare_game(game, rng, grammar="2.1.1", steps=40)  # and as we write it
    record_property("steps_compared", compared)
    assert compared > 450


@real_engine
def test_remembering_what_is_parsed_changes_nothing(record_property: Record) -> None:
    """The unaltered real engine, without anything remembered, against ours."""
    game = min(_one_of_each_type("small"), key=lambda game: len(game.receptacle_names))
    compared = compare_game(game, random.Random(4), steps=40, remember=False)
    record_property("steps_compared", compared)
    assert compared > 40


@real_engine
def test_names_are_those_of_alfworlds_demangler(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ALFWORLD_DATA", str(tmp_path))  # importing alfworld creates this folder
    monkeypatch.setenv("HOME", str(tmp_path))
    from alfworld.agents.utils.misc import Demangler

    from spa_gym.envs.alfworld.writer import _identifiers

    class Info:
        def __init__(self, identifier: str) -> None:
            self.id = identifier

    for game in _one_of_each_type("official"):
        names = (*game.receptacle_names, *game.object_names)
        ids = [*_identifiers(game.receptacle_names), *_identifiers(game.object_names)]
        demangler = Demangler(game_infos={identifier: Info(identifier) for identifier in ids})
        assert tuple(map(demangler.demangle_alfred_name, ids)) == names


@real_engine
def test_a_difference_is_found() -> None:
    """The comparison can fail: a game whose real twin has another placement is told apart."""
    one, other = _one_of_each_type("small")[0], _one_of_each_type("small", skip=20)[0]
    from spa_gym.envs.alfworld.writer import game_data

    with pytest.raises(ParityError, match="intro"):
        compare_game(one, random.Random(5), data=game_data(other))


@official_data
def test_every_recorded_expert_dialogue_is_reproduced(record_property: Record) -> None:
    """3,553 dialogues of the original expert with the original engine (recorded by others, dialect 2.1.1)."""
    path = alfworld_expert_file()
    if path is None:
        pytest.skip("no expert_train.jsonl.gz beside the official games")
    tasks = official_tasks("train", alfworld_archive())
    assert isinstance(tasks, OfficialTaskSet)
    position = {game_file: i for i, game_file in enumerate(tasks.game_files)}
    dialogues = steps = 0
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            turns = [turn["value"] for turn in record["conversation"]]
            engine = Engine(tasks[position[record["game_file"]]].payload, "2.1.1")
            assert engine.intro() == turns[0]
            for command, reply in zip(turns[1::2], turns[2::2], strict=True):
                assert not engine.won
                observed, executed = engine.act(command)
                steps += 1
                assert executed
                assert observed == reply, f"{record['game_file']}: {command}"
            assert engine.won
            dialogues += 1
    record_property("dialogues", dialogues)
    record_property("steps_compared", steps)
    assert (dialogues, len(position)) == (3553, 3553)
