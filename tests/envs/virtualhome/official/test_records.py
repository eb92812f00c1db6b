"""Records of the three forms: told apart, checked to their end, refused by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from spa_gym.core.errors import DataCorrupt
from spa_gym.envs.virtualhome.house import Node
from spa_gym.envs.virtualhome.official.data_folder import DataFolder
from spa_gym.envs.virtualhome.official.house_patch import patched_house
from spa_gym.envs.virtualhome.official.library import Library, Prepared
from spa_gym.envs.virtualhome.official.record import record_name
from spa_gym.envs.virtualhome.official.script import parse_line
from spa_gym.envs.virtualhome.official.spa_rule import spa_rule_holds
from spa_gym.envs.virtualhome.official.task_file import TaskFile
from spa_gym.envs.virtualhome.simulator import Simulator
from spa_gym.envs.virtualhome.vocabulary import State
from tests.envs.virtualhome.official.small_data import ACTIVITY, EAI, SPA, graph, write_folder, write_tasks
from tests.envs.virtualhome.tiny_house import tiny_house


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(DataFolder(write_folder(tmp_path)))


def prepare(library: Library, value: Any) -> Prepared:
    return library.prepare(value, "file: record", record_name(value, 3))


def test_a_patched_house_is_the_one_that_would_be_built() -> None:
    base = tiny_house()
    novel, states = Node(1000, "light", "Decor", ("READABLE",), ("CLEAN",)), {26: ("OPEN",)}
    added, removed = [(1000, "ON", 13), (13, "CLOSE", 1000)], [(12, "INSIDE", 11), (12, "INSIDE", 1)]
    for node in (novel, novel._replace(id=5)):  # in the middle, all positions after it shift
        edges = [(node.id if a == 1000 else a, r, node.id if b == 1000 else b) for a, r, b in added]
        house = patched_house(base, "patched", [node], states, edges, removed)
        assert set(house.edges()) == set(base.edges()) - set(removed) | set(edges)
        assert [one for one in house.nodes() if one.id != 26] == sorted(
            [node, *(one for one in base.nodes() if one.id != 26)]
        )
        assert house.states[house.position_of[26]] == State.OPEN
        assert sorted(name for name in house.names if "light" in name) == ["light 1", "light 2", "light 3"]
    assert base.rows == tiny_house().rows


def test_the_keys_tell_the_form(library: Library) -> None:
    no_goal = {key: value for key, value in EAI.items() if not key.startswith(("goal", "tl_", "eai_"))}
    forms = [prepare(library, value).form for value in (ACTIVITY, EAI, no_goal, SPA)]
    assert forms == ["activity", "eai", "eai", "spa"]
    assert prepare(library, no_goal).goal is None
    # Default states lie under activities only.
    houses = [prepare(library, value).house for value in (ACTIVITY, no_goal)]
    closets = [house.states[house.position_of[26]] for house in houses]
    assert closets[0] != closets[1]


def test_a_record_in_words_and_as_a_task(library: Library) -> None:
    prepared = prepare(library, EAI)
    assert prepared.record.text == "The task is Read (read the novel)."
    assert prepared.record.family == "Read book" and prepare(library, ACTIVITY).record.family == "Open"
    assert prepared.goal is not None and len(prepared.goal) == 2 and prepared.goal.ordered
    assert [command.verb for command in prepared.program] == ["WALK", "GRAB", "READ"]
    ids = {prepared.record.task_id(prepared.start, rule) for rule in ("recorded", "repaired", "recorded")}
    assert len(ids) == 2


FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "no scene": ({"scene": 9}, "scene 9"),
    "scene in words": ({"scene": "one"}, "number of its scene"),
    "program": ({"prog": []}, "a program"),
    "verb": ({"prog": ["[JUMP] <chair> (16)"]}, "line 1: one of the 42 verbs"),
    "objects": ({"prog": ["[POUR] <milk> (12)"]}, "POUR with 2 objects"),
    "line": ({"prog": ["walk to the chair"]}, "a line such as"),
    "absent in program": ({"prog": ["[WALK] <sofa> (99)"]}, "no node 99"),
    "absent in goal": ({"goal_states": [[99, "OPEN"]]}, "no node 99"),
    "absent in goal relation": ({"goal_rels": [[10, "ON", 99]]}, "no node 99"),
    "goal state": ({"goal_states": [[26, "AJAR"]]}, "goal states"),
    "goal relation": ({"goal_rels": [[10, "UNDER", 16]]}, "a relation out of"),
    "absent in states": ({"states": {"99": ["OPEN"]}}, "no node '99'"),
    "absent in edges": ({"edges_del": [[99, "ON", 13]]}, "no node 99"),
    "edge": ({"edges_add": [[12, 13]]}, "edges as"),
    "taken id": ({"new_nodes": [[12, "novel", "", [], []]]}, "id 12 twice"),
    "class": ({"new_nodes": [[99, "unicorn", "", [], []]]}, "node 99 of a class"),
    "title": ({"title": 7}, "a text as its title"),
    "action": ({"goal_actions": ["FLY|READ"]}, "FLY"),
    "no program": ({"prog": None}, "a program"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_refused_by_name(library: Library, fault: str) -> None:
    change, said = FAULTS[fault]
    with pytest.raises(DataCorrupt) as caught:
        prepare(library, ACTIVITY | change)
    assert said in str(caught.value) and ("file: record" in str(caught.value) or fault == "no scene")


@pytest.mark.parametrize("value", [[], "text", 3, None, {}, {"id": "x", "prog": ["[SLEEP]"]}])
def test_what_is_no_record_is_refused(library: Library, value: Any) -> None:
    with pytest.raises(DataCorrupt):
        prepare(library, value)


def test_ids_of_lines_may_be_dotted_and_case_does_not_matter() -> None:
    assert parse_line(" [walk] <home_office> (1.319) ", "x").ids == (319,)
    assert str(parse_line("[POUR]<milk>(12) <cup> ( 13 )", "x")) == "[POUR] <milk> (12) <cup> (13)"


def test_spa_records_start_where_the_eai_record_does(library: Library) -> None:
    prepared = prepare(library, SPA)
    assert prepared.spa is not None and prepared.goal is not None
    assert len(prepared.goal) == 1, "CLOSE edges belong to SPA's rule, not to the goal"
    simulator = Simulator(prepared.house, "eai")
    for command in prepared.program:
        assert not spa_rule_holds(prepared.spa, simulator.state)
        assert simulator.execute(command) is None
        if command.verb == "GRAB":
            break
    assert spa_rule_holds(prepared.spa, simulator.state), "READ leaves no trace"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"new_program_lines": ["[SLEEP]"]}, "no EAI record with the same program"),
        ({"object_id_dict": {"book": 1000}}, "7_1 with the same program are other houses"),
        ({"revised_graph": {"nodes": [], "revised_nodes": []}}, "other houses"),
        ({"revised_graph": None}, "other houses"),
        ({"object_id_dict": []}, None),
        ({"task": 3}, "texts as task"),
    ],
)
def test_spa_records_without_a_start_are_refused(library: Library, change: dict[str, Any], said: str | None) -> None:
    if said is None:
        assert prepare(library, SPA | change).form == "spa"
        return
    with pytest.raises(DataCorrupt, match=said):
        prepare(library, SPA | change)


def test_spa_records_start_in_the_published_graphs(library: Library) -> None:
    own = "TrimmedTestScene1_graph/results/file9_1"
    path = library.folder.initial_graphs / f"{own}.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"init_graph": graph(), "final_graph": {}}))
    lines = ["[WALK] <closet> (26)", "[OPEN] <closet> (26)"]
    closet = next(node for node in graph()["nodes"] if node["id"] == 26) | {"states": ["CLEAN", "OPEN"]}
    end = {"nodes": [closet], "revised_nodes": [], "revised_add_edges": []}
    record = {"id": "1", "task": "Open", "path": f"/home/x/executable_programs/{own}.txt", "new_program_lines": lines}
    prepared = prepare(library, record | {"revised_graph": end})
    assert prepared.start == "results/file9_1.json"
    simulator = Simulator(prepared.house)
    assert [simulator.execute(command) for command in prepared.program] == [None, None]
    assert prepared.spa is not None and spa_rule_holds(prepared.spa, simulator.state)
    with pytest.raises(DataCorrupt, match="its initial graph"):
        prepare(library, record | {"revised_graph": end, "path": "/x/TrimmedTestScene1_graph/../../../y.txt"})


def test_a_task_file_is_packed_by_its_first_bytes(tmp_path: Path) -> None:
    packed = write_tasks(tmp_path / "tasks.jsonl.gz", [ACTIVITY, "", "{broken", EAI])
    named_otherwise = packed.rename(tmp_path / "tasks.txt")
    file = TaskFile(named_otherwise)
    assert (len(file), file.numbers, file.fault) == (3, (1, 3, 4), None)
    assert [number for number, _ in file] == [1, 4]
    with pytest.raises(DataCorrupt, match="line 3"):
        file.read(3)


def test_of_a_file_that_is_cut_off_the_rest_is_used(tmp_path: Path) -> None:
    path = write_tasks(tmp_path / "tasks.jsonl.gz", [ACTIVITY | {"id": str(i), "desc": "x" * i} for i in range(300)])
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    file = TaskFile(path)
    assert file.fault is not None and "cut off" in file.fault.reason
    assert 10 < len(list(file)) < 300
    path.write_bytes(content[:10])
    with pytest.raises(DataCorrupt):
        TaskFile(path)
