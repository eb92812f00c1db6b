"""An environment over a folder in which something is broken: named in a refusal, and all the rest can be played."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest

import spa_gym  # noqa: F401  (registers the ids)
from spa_gym.core.errors import DataCorrupt, DataNotFound
from tests.envs.virtualhome.official.small_data import ACTIVITY, EAI, graph, write_folder, write_tasks

ID = "SPA-VirtualHome-v0"
OTHER = "raw_scenes/TrimmedTestScene2_graph.json"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Scenes 1 and 2 in VirtualHome's own format, and one task in each."""
    monkeypatch.setenv("SPA_GYM_CACHE", str(tmp_path / "cache"))
    folder = write_folder(tmp_path / "virtualhome")
    (folder / "scenes.json").unlink()
    (folder / "raw_scenes").mkdir()
    for path in (folder / "raw_scenes/TrimmedTestScene1_graph.json", folder / OTHER):
        path.write_text(json.dumps(graph()))
    write_tasks(folder / "eai_scene1_tasks.jsonl", [EAI, EAI | {"id": "8_1", "scene": 2}])
    return folder


def make(folder: Path) -> Any:
    return gym.make(ID, source="official", split="eai", data_dir=folder).unwrapped


def _edited(**changes: Any) -> str:
    return json.dumps(graph() | changes)


def _edge(source: int, target: int) -> dict[str, Any]:
    return {"from_id": source, "relation_type": "ON", "to_id": target}


BROKEN = {
    "cut off": (json.dumps(graph())[:999], "a complete JSON file"),
    "class": (_edited(nodes=[*graph()["nodes"], graph()["nodes"][5] | {"id": 99, "class_name": "frigde"}]), "'frigde'"),
    "no character": (_edited(nodes=[n for n in graph()["nodes"] if n["class_name"] != "character"]), "'character'"),
    "dangling edge": (_edited(edges=[*graph()["edges"], _edge(12, 99)]), "no node 99"),
    "id twice": (_edited(nodes=[*graph()["nodes"], graph()["nodes"][5]]), "id 11 twice"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_scene_costs_its_own_tasks_alone(folder: Path, fault: str) -> None:
    content, said = BROKEN[fault]
    (folder / OTHER).write_text(content)
    env = make(folder)
    ((name, reason),) = env.tasks.refused
    assert name == "8_1" and said in reason and "TrimmedTestScene2_graph.json" in reason
    _, info = env.reset(seed=0)
    assert env.task.payload.source == "eai 7_1"
    for action in list(env.expert()):
        *_, info = env.step(action)
    assert info["success"]


def test_a_scene_that_is_missing_and_a_folder_without_any(folder: Path) -> None:
    (folder / OTHER).unlink()
    ((name, reason),) = make(folder).tasks.refused
    assert name == "8_1" and "a scene out of 1" in reason
    (folder / "raw_scenes/TrimmedTestScene1_graph.json").unlink()
    with pytest.raises(DataNotFound, match="none of them usable"):
        make(folder)


def test_broken_default_states_cost_the_activities_alone(folder: Path) -> None:
    (folder / "default_states.json").write_text('{"1": {')
    assert len(make(folder).tasks) == 2
    with pytest.raises(DataNotFound, match=r"none of them usable.*default_states\.json"):
        gym.make(ID, source="official", split="train", data_dir=folder)
    (folder / "default_states.json").unlink()
    with pytest.raises(DataNotFound, match=r"none of them usable.*default_states\.json"):
        gym.make(ID, source="official", split="train", data_dir=folder)


def test_a_task_file_that_is_no_task_file(folder: Path) -> None:
    (folder / "eai_scene1_tasks.jsonl").write_text("")
    with pytest.raises(DataCorrupt, match="an empty file"):
        make(folder)
    write_tasks(folder / "eai_scene1_tasks.jsonl", [ACTIVITY | {"goal_states": [[26, "CLOSED"]], "eai_task": "x"}])
    with pytest.raises(DataNotFound, match="holds at the start"):
        make(folder)


@pytest.mark.parametrize("fidelity", ["repaired", "2.3.0", "eai"])
def test_actions_that_make_no_sense_change_nothing(folder: Path, fidelity: str) -> None:
    env: Any = gym.make(ID, source="official", split="eai", data_dir=folder, fidelity=fidelity).unwrapped
    env.reset(seed=0)
    for action in ("walk to novel", "grab novel"):
        assert env.step(action)[4]["grounded"]
    before = env.clone_state()
    shown = env.step("dance")[4]["admissible_actions"]
    absurd = [
        "open unicorn",
        "put novel in unicorn",
        "put unicorn on table",
        "grab novel and table",
        "open novel table",
    ]
    absurd += [
        "put novel",
        "put on table",
        "pour novel",
        "pour milk into",
        "stand up novel",
        "walk to",
        "[GRAB] <x> (9)",
    ]
    absurd += [
        "",
        " \n",
        "x" * 10_000,
        "grab " + "novel " * 500,
        "ｇｒａｂ ｎｏｖｅｌ",
        "grab nоvel",
        "\ud800",
        "grab\x00novel",
    ]
    absurd += ["[GRAB] <x> (" + "9" * 900 + ")", "[GRAB] <x> (²)", "pour novel into novel"]
    if fidelity == "repaired":  # the original puts things on themselves
        absurd += ["put novel in novel", "put novel on novel", "[PUTBACK] <novel> (1000) <novel> (1000)"]
    for action in absurd:
        env.restore_state(before)
        observation, reward, terminated, _, info = env.step(action)
        assert (observation, reward, terminated, info["grounded"]) == ("Nothing happens.", 0.0, False, False), action
        assert env.reason and info["admissible_actions"] == shown, action
