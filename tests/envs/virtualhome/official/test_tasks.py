"""The official tasks as task sets: which records are tasks, with which goal, and that nothing is built too early."""

from __future__ import annotations

import logging
import pickle
from pathlib import Path
from typing import Any

import pytest

from spa_gym.core.errors import BadArgument, DataNotFound, TaskNotFound, UnsolvableTask
from spa_gym.envs.virtualhome.goal import Condition, Goal
from spa_gym.envs.virtualhome.house import Node
from spa_gym.envs.virtualhome.official import task_index as index_module
from spa_gym.envs.virtualhome.official.house_patch import patched_house
from spa_gym.envs.virtualhome.official.recorded_goal import condition_text, repaired_goal
from spa_gym.envs.virtualhome.official.splits import activity_split
from spa_gym.envs.virtualhome.official.tasks import official_tasks
from spa_gym.envs.virtualhome.simulator import Simulator
from spa_gym.envs.virtualhome.verbs import Command
from tests.envs.virtualhome.official.small_data import ACTIVITY, EAI, SITTER, write_folder, write_tasks
from tests.envs.virtualhome.tiny_house import at, tiny_house
from tests.official_data import virtualhome_folder


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SPA_GYM_CACHE", str(tmp_path / "cache"))
    return write_folder(tmp_path / "virtualhome")


def solve(task: Any, fidelity: str) -> None:
    """The record's own program must solve the task; actions that are not possible are left out."""
    simulator, goal, done = Simulator(task.payload.house, fidelity), task.payload.goal, 0
    assert not goal.holds(simulator.state, 0)
    for command in task.payload.program:
        if simulator.execute(command) is None:
            done = goal.note(done, command.verb, command.objects)
    assert goal.holds(simulator.state, done) and goal.share(simulator.state, done) == 1.0


@pytest.mark.parametrize("fidelity", ["repaired", "eai", "2.3.0"])
def test_every_split_has_its_records(folder: Path, fidelity: str) -> None:
    sets = {name: official_tasks(name, folder, fidelity) for name in ("train", "valid_seen", "valid_unseen", "eai")}
    sources = [{task.payload.source for task in tasks} for tasks in sets.values()]
    assert sum(map(len, sources)) == 44 and len(set.union(*sources)) == 44
    assert all("@7" in source for source in sources[2]) and "@7" not in str(sources[:2])
    assert 0 < len(sources[1]) < 10
    for tasks in sets.values():
        assert not tasks.refused and sum(tasks.task_types.values()) == len(tasks)
        for i, task in enumerate(tasks):
            assert tasks.index_of(task.id) == tasks.index_of(task.payload.source.split()[1]) == i
            solve(task, "repaired" if fidelity == "repaired" else "eai")
    spa = official_tasks("spa_seen", folder, fidelity)
    assert len(spa) == 1 and spa[0].payload.spa is not None
    assert [name for name, _ in spa.refused] == ["13"] and "initial graph" in spa.refused[0].reason


def test_a_goal_that_a_defect_brings_about_is_mended_where_the_defect_is(folder: Path) -> None:
    recorded, repaired = (official_tasks("train", folder, fidelity) for fidelity in ("eai", "repaired"))
    old, new = (tasks[tasks.index_of(SITTER["id"])] for tasks in (recorded, repaired))
    assert (len(old.payload.goal), len(new.payload.goal), old.id == new.id) == (2, 1, False)
    assert condition_text(new.payload.goal.conditions[0], new.payload.house) == "closet.26 OPEN"


def test_rooms_and_hands_are_read_anew() -> None:
    house = patched_house(tiny_house(), "three rooms", [Node(3000, "bathroom", "Rooms")])
    book, bathroom, bedroom = (1 << at(house, name) for name in ("book", "bathroom", "bedroom"))
    me = 1 << house.character
    simulator, start = Simulator(house), Simulator(house).state
    for command in (("WALK", "book"), ("GRAB", "book"), ("WALK", "bed")):
        assert simulator.execute(Command(command[0], (at(house, command[1]),))) is None
    kept = Condition(me, relation="INSIDE", targets=bedroom)
    elsewhere = Condition(book, relation="INSIDE", targets=bathroom)
    hand = Condition(me, relation="HOLDS_LH", targets=book)
    unreached = Condition(1 << at(house, "fridge"), states=2)
    goal = repaired_goal(Goal((kept, elsewhere, hand, unreached)), house, start, simulator.state)
    assert goal.conditions == (
        kept,
        Condition(book, relation="INSIDE", targets=bedroom),
        Condition(me, relation="HOLDS", targets=book),
        unreached,
    )
    # What is again where it was from the start is nothing to be done.
    assert simulator.execute(Command("WALK", (at(house, "fridge"),))) is None
    assert not repaired_goal(Goal((elsewhere,)), house, start, simulator.state).conditions


REFUSED: dict[str, tuple[Any, str]] = {
    "true at start": (ACTIVITY | {"goal_states": [[26, "CLOSED"]]}, "holds at the start"),
    "unsolvable": (ACTIVITY | {"goal_states": [[11, "OPEN"]]}, "missing: fridge.11 OPEN"),
    "no goal": (ACTIVITY | {"goal_states": []}, "none, or an empty one"),
    "only a defect": (SITTER | {"goal_states": []}, "character.10 ON bed.20"),
    "absent": (ACTIVITY | {"prog": ["[WALK] <sofa> (99)"]}, "no node 99"),
    "twice": (EAI | {"id": "good"}, "the same as good"),
    "no JSON": ("{", "one JSON object"),
}


def test_what_is_no_task_is_refused_by_name_and_the_rest_is_used(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    records = [EAI | {"id": "good"}, *(value for value, _ in REFUSED.values())]
    write_tasks(folder / "eai_scene1_tasks.jsonl", records)
    with caplog.at_level(logging.WARNING):
        tasks = official_tasks("eai", folder)
    assert [task.payload.source for task in tasks] == ["eai good"]
    assert f"{len(REFUSED)} records are refused" in caplog.text
    assert len(tasks.refused) == len(REFUSED) and all(name in reason for name, reason in tasks.refused)
    for _, said in REFUSED.values():
        assert any(said in reason for _, reason in tasks.refused), said
    (folder / "eai_scene1_tasks.jsonl").write_text("{\n")
    with pytest.raises(DataNotFound, match="none of them usable"):
        official_tasks("eai", folder)


def test_the_second_opening_checks_nothing_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = official_tasks("train", folder)
    wanted = [task.id for task in first]
    assert official_tasks("train", folder) is first is pickle.loads(pickle.dumps(first))
    other = folder.with_name("other")
    folder.rename(other)  # other paths, other data: the index is made again

    def never(*_: object) -> None:
        raise UnsolvableTask("nothing is checked")

    assert [task.id for task in official_tasks("train", other)] == wanted
    kept = next(Path(str(folder.parent / "cache")).rglob("train-*"))
    monkeypatch.setattr(index_module, "playable_goal", never)
    fresh = type(first)("train", first.folder.__class__(other.resolve()), "repaired", False, _fingerprint(other))
    assert len(fresh) == len(wanted)
    for path in kept.parent.iterdir():
        path.write_bytes(b"not what was kept")
    with pytest.raises(DataNotFound, match="nothing is checked"):
        type(first)("train", fresh.folder, "repaired", False, _fingerprint(other))


def _fingerprint(folder: Path) -> str:
    tasks = official_tasks("train", folder)
    return tasks.folder.fingerprint(tasks.folder.task_file("activity_tasks.jsonl"))


def test_what_does_not_exist_is_refused(folder: Path) -> None:
    with pytest.raises(BadArgument, match="spa_unseen"):
        official_tasks("test", folder)
    with pytest.raises(BadArgument, match="repaired"):
        official_tasks("eai", folder, "perfect")
    with pytest.raises(DataNotFound, match=r"new_unseen_test\.jsonl"):
        official_tasks("spa_unseen", folder)
    with pytest.raises(TaskNotFound):
        official_tasks("eai", folder).find("file99_1")


def test_a_program_of_more_than_forty_actions_belongs_to_no_split() -> None:
    assert activity_split(ACTIVITY | {"prog": ["[SLEEP]"] * 41}, "x") == ""
    assert activity_split([], "x") == ""


@pytest.mark.data
def test_the_official_splits() -> None:
    data = virtualhome_folder()
    if data is None:
        pytest.skip("no official VirtualHome data (SPA_GYM_DATA)")
    tasks = official_tasks("eai", data)
    assert len(tasks) == 337 and len(tasks.refused) == 5
    for i in range(0, len(tasks), 20):
        solve(tasks[i], "repaired")
    assert len(official_tasks("spa_seen", data)) == 25
