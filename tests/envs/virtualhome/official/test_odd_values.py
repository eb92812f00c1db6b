"""Values of every odd kind at every place of scene and task files: used or refused by name, never another error."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from spa_gym.core.errors import DataCorrupt, SpaGymError, UnsolvableTask
from spa_gym.core.strict_json import parse_json
from spa_gym.envs.virtualhome.official.data_folder import DataFolder
from spa_gym.envs.virtualhome.official.library import Library
from spa_gym.envs.virtualhome.official.playable import playable_goal
from spa_gym.envs.virtualhome.official.record import record_name
from spa_gym.envs.virtualhome.official.scene_file import read_compact_scenes, read_scene_file
from spa_gym.envs.virtualhome.official.scenes import Scenes
from spa_gym.envs.virtualhome.official.script import parse_line
from spa_gym.envs.virtualhome.official.task_file import TaskFile
from tests.envs.virtualhome.official.small_data import ACTIVITY, EAI, SPA, compact, graph, write_folder, write_tasks

ODD: tuple[Any, ...] = (
    None, True, -1, 26, 10**30, 1.5, "", "x", "26", "²", "٣", "9" * 5000, " 1 ", "OPEN", [], {}, [None], [[]], [{}],
    {"²": []}, {"9" * 5000: ["OPEN"]}, {"26": [[]]}, [1, 2, 3], [[1], "ON", [2]], ["[WALK] <a> (" + "9" * 5000 + ")"],
    ["[WALK] <a> (1.)"],
)  # fmt: skip
FULL = EAI | {"states": {"26": ["OPEN"]}, "goal_states": [[26, "OPEN"]], "edges_del": [[12, "INSIDE", 11]]}


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*path, key)
        yield from _places(item, (*path, key))


def _spoilt(value: Any, places: Iterator[tuple[Any, ...]]) -> Iterator[Any]:
    """The value with an odd one at each place in turn, and without what is there."""
    for place in places:
        for odd in (*ODD, ...):
            other = copy.deepcopy(value)
            holder = other
            for key in place[:-1]:
                holder = holder[key]
            if odd is ...:
                del holder[place[-1]]
            else:
                holder[place[-1]] = odd
            yield other


@pytest.mark.parametrize("record", [ACTIVITY, FULL, SPA], ids=["activity", "eai", "spa"])
def test_a_record_with_an_odd_value_is_used_or_refused(tmp_path: Path, record: dict[str, Any]) -> None:
    library = Library(DataFolder(write_folder(tmp_path)))
    refused = 0
    for value in _spoilt(record, _places(record)):
        name = record_name(value, 1)
        try:
            prepared = library.prepare(value, f"file: {name}", name)
            playable_goal(prepared, "repaired", "file")
            assert prepared.record.task_id(prepared.start, "repaired")
        except (DataCorrupt, UnsolvableTask) as error:
            refused += "file" in str(error) or "scene" in str(error)
    assert refused > 100


def test_a_scene_with_an_odd_value_is_used_or_refused(tmp_path: Path) -> None:
    path, value = tmp_path / "scene.json", graph()
    places = [place for place in _places(value) if place[1:2] in ((), (5,))]
    for spoilt in _spoilt(value, iter(places)):
        path.write_text(json.dumps(spoilt))
        try:
            read_scene_file(path)
        except SpaGymError as error:
            assert isinstance(error, DataCorrupt) and str(path) in str(error)
    value = {"1": compact(graph())}
    places = [place for place in _places(value) if len(place) < 3 or place[3:4] in ((), (5,))]
    for spoilt in _spoilt(value, iter(places)):
        path.write_text(json.dumps(spoilt))
        try:
            [build() for build in read_compact_scenes(path).values()]
        except SpaGymError as error:
            assert isinstance(error, DataCorrupt) and str(path) in str(error)


@pytest.mark.parametrize("key", ["²", "9" * 5000, "٢٦", "x", "-1", " 26"])
def test_numbers_are_plain_digits(tmp_path: Path, key: str) -> None:
    folder = write_folder(tmp_path)
    (folder / "default_states.json").write_text(json.dumps({"1": {key: ["OPEN"]}}))
    with pytest.raises(DataCorrupt, match="states of nodes of scene 1"):
        Scenes(DataFolder(folder)).scene(1, default_states=True)
    (folder / "scenes.json").write_text(json.dumps({key: compact(graph())}))
    with pytest.raises(DataCorrupt, match="numbers of scenes as keys"):
        Scenes(DataFolder(folder))
    with pytest.raises(DataCorrupt):
        parse_line(f"[WALK] <chair> ({key})", "x") if key != " 26" else parse_line("[WALK] <chair> ()", "x")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"scene": NaN}', "NaN is no finite number"),
        ('{"scene": -Infinity}', "-Infinity is no finite number"),
        ('{"scene": 1e999}', "1e999 is no finite number"),
        ("[" * 100_000, "nested too deeply"),
        (r'{"id": "\ud83d"}', "surrogates not allowed"),
        ('{"id": "x"', "delimiter"),
        ("\x00", "Expecting value"),
    ],
)
def test_json_that_python_would_take_or_choke_on_is_refused_by_line(tmp_path: Path, text: str, said: str) -> None:
    file = TaskFile(write_tasks(tmp_path / "tasks.jsonl", [ACTIVITY, text, EAI]))
    with pytest.raises(DataCorrupt) as caught:
        file.read(2)
    assert "line 2" in str(caught.value) and said in str(caught.value) and len(str(caught.value)) < 400
    assert [number for number, _ in file] == [1, 3]


def test_whole_surrogate_pairs_and_plain_numbers_are_taken() -> None:
    assert parse_json(rb'{"id": "\ud83e\udd16", "n": 1.5}') == {"id": "\U0001f916", "n": 1.5}


@pytest.mark.parametrize("name", ["", "a\nb", "\x1b[31mred", "y" * 100_000, None, ["x"], 1.5])
def test_a_name_that_cannot_be_printed_on_one_line_is_replaced_by_the_line(name: Any) -> None:
    assert record_name({"id": name}, 7) == "line 7"
    assert record_name({"id": 12}, 7) == "12" and record_name({"id": "küche_1"}, 7) == "küche_1"
