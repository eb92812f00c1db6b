"""Scene files in both forms: read alike, and refused by name where something is wrong."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spa_gym.core.errors import DataCorrupt, DataNotFound
from spa_gym.envs.virtualhome.house import build_house
from spa_gym.envs.virtualhome.official.data_folder import DataFolder, find_folder
from spa_gym.envs.virtualhome.official.scene_file import read_compact_scenes, read_scene_file
from spa_gym.envs.virtualhome.official.scenes import Scenes
from tests.envs.virtualhome.official.small_data import compact, graph, write_folder
from tests.envs.virtualhome.tiny_house import tiny_house
from tests.official_data import virtualhome_folder


def _write(path: Path, value: Any) -> Path:
    path.write_text(json.dumps(value))
    return path


def test_a_graph_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = _write(tmp_path / "TrimmedTestScene1_graph.json", graph())
    house, wanted = read_scene_file(path), tiny_house()
    assert (house.name, house.ids, house.states) == ("TrimmedTestScene1_graph", wanted.ids, wanted.states)
    assert house.rows == wanted.rows
    packed = tmp_path / "no_matter.json"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert read_scene_file(packed).rows == house.rows
    initial = _write(tmp_path / "initial.json", {"init_graph": graph(), "final_graph": {}})
    assert read_scene_file(initial).rows == house.rows


def test_what_virtualhome_leaves_open_is_left_open(tmp_path: Path) -> None:
    value = graph()
    value["nodes"][5] |= {"states": ["closed", "On"], "prefab_name": None, "bounding_box": {}}
    del value["nodes"][9]["category"]
    first = value["edges"][0]
    value["edges"] += [first, first | {"relation_type": first["relation_type"].lower()}]
    house = read_scene_file(_write(tmp_path / "scene.json", value))
    assert house.nodes()[5].states == ("CLOSED", "ON") and house.categories[9] == ""
    assert house.rows == tiny_house().rows


def _node(**changes: Any) -> Callable[[dict[str, Any]], object]:
    return lambda value: value["nodes"][5].update(changes)


def _without(key: str) -> Callable[[dict[str, Any]], object]:
    return lambda value: value["nodes"][5].pop(key)


def _edge(*edge: Any) -> Callable[[dict[str, Any]], object]:
    keys = ("from_id", "relation_type", "to_id")
    return lambda value: value["edges"].append(dict(zip(keys, edge, strict=False)))


FAULTS: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "class": (_node(class_name="frige"), "node 11 of a class of VirtualHome (alike: fridge"),
    "class without a name": (_node(class_name=None), "node 11 of a class"),
    "property": (_node(properties=["CAN_FLY"]), "node 11 (fridge) with properties"),
    "state": (_node(states=["AJAR"]), "node 11 (fridge) with states"),
    "states no list": (_node(states="OPEN"), "node 11 (fridge) with a list of states"),
    "id": (_node(id="11"), "node '11' with a whole number"),
    "category": (_node(category=7), "node 11 (fridge) with a text as its category"),
    "id twice": (_node(id=12), "id 12 twice (fridge, milk)"),
    "key": (_without("properties"), "every node with properties"),
    "relation": (_edge(12, "UNDER", 11), "edge 12 'UNDER' 11"),
    "dangling edge": (_edge(12, "ON", 99), "no node 99"),
    "edge without end": (_edge(12, "ON"), "every edge with from_id, relation_type, to_id"),
    "no character": (lambda value: value["nodes"][4].update(class_name="man"), "class 'character'"),
    "no room": (lambda value: [node.update(category="") for node in value["nodes"]], "category 'Rooms'"),
    "no edges": (lambda value: value.pop("edges"), "lists `nodes` and `edges`"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_refused_by_name(tmp_path: Path, fault: str) -> None:
    value, (spoil, said) = graph(), FAULTS[fault]
    spoil(value)
    path = _write(tmp_path / "scene.json", value)
    with pytest.raises(DataCorrupt) as caught:
        read_scene_file(path)
    assert said in str(caught.value) and str(path) in str(caught.value)


@pytest.mark.parametrize("packed", [False, True])
def test_a_file_that_is_cut_off_is_refused(tmp_path: Path, packed: bool) -> None:
    content = json.dumps(graph()).encode()
    content = gzip.compress(content) if packed else content
    path = tmp_path / "scene.json"
    for length in (0, 1, 100, len(content) - 1):
        path.write_bytes(content[:length])
        with pytest.raises(DataCorrupt, match="a complete JSON file"):
            read_scene_file(path)


def test_a_broken_scene_does_not_take_the_others_with_it(tmp_path: Path) -> None:
    broken = compact(graph())
    broken["edges"]["ON"].append([12, 99])
    (tmp_path / "scenes.json").write_text(json.dumps({"1": compact(graph()), "2": broken, "3": []}))
    builders = read_compact_scenes(tmp_path / "scenes.json")
    assert builders[1]().rows == tiny_house().rows
    scenes = Scenes(DataFolder(tmp_path))
    for _ in range(2):
        with pytest.raises(DataCorrupt, match="scene 2: edge 12 'ON' 99"):
            scenes.scene(2)
    for number in (3, 4):
        with pytest.raises(DataCorrupt, match=f"scene {number}"):
            scenes.scene(number)
    with pytest.raises(DataNotFound, match="default_states"):
        scenes.scene(1, default_states=True)
    assert scenes.scene(1).house is scenes.scene(1).house


def test_default_states_must_be_of_nodes_that_are_there(tmp_path: Path) -> None:
    folder = write_folder(tmp_path)
    assert Scenes(DataFolder(folder)).scene(1, default_states=True).nodes[-2].states == ("CLOSED", "DIRTY")
    (folder / "default_states.json").write_text(json.dumps({"1": {"99": ["OPEN"]}}))
    with pytest.raises(DataCorrupt, match="no node '99'"):
        Scenes(DataFolder(folder)).scene(1, default_states=True)


def test_the_folder_is_found_where_people_keep_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_folder(tmp_path / "data" / "virtualhome")
    assert find_folder(folder) == find_folder(tmp_path / "data") == DataFolder(folder.resolve())
    monkeypatch.setenv("SPA_GYM_DATA", str(tmp_path / "data"))
    assert find_folder() == DataFolder(folder.resolve())
    monkeypatch.delenv("SPA_GYM_DATA")
    for data_dir in (None, tmp_path, tmp_path / "nowhere"):
        with pytest.raises(DataNotFound, match="SPA_GYM_DATA"):
            find_folder(data_dir)
    with pytest.raises(DataNotFound, match=r"new_unseen_test\.jsonl"):
        DataFolder(folder).task_file("new_unseen_test.jsonl", "spa_test")


@pytest.mark.data
def test_both_forms_of_the_official_scenes_are_the_same() -> None:
    folder = virtualhome_folder()
    if folder is None:
        pytest.skip("no official VirtualHome data (SPA_GYM_DATA)")
    scenes = Scenes(DataFolder(folder))
    assert scenes.numbers == tuple(range(1, 8))
    for number, nodes in zip(scenes.numbers, (275, 220, 259, 219, 232, 229, 220), strict=True):
        house, raw = scenes.scene(number).house, read_scene_file(DataFolder(folder).raw_scene(number))
        assert len(house) == nodes
        assert (house.nodes(), house.rows, house.names) == (raw.nodes(), raw.rows, raw.names)
        assert build_house("again", house.nodes(), house.edges()).rows == house.rows
