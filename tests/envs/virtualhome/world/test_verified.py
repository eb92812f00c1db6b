"""Generated tasks can be solved: by the expert, by our simulator, and from a written file by the real one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from gymnasium.error import DependencyNotInstalled

from spa_gym.envs.virtualhome.official.scene_file import read_scene_file
from spa_gym.envs.virtualhome.original import load_original
from spa_gym.envs.virtualhome.verbs import Command
from spa_gym.envs.virtualhome.world.generated import generated_tasks
from spa_gym.envs.virtualhome.world.layout import SIZES
from spa_gym.envs.virtualhome.world.tasks import SPLIT_SIZES
from spa_gym.envs.virtualhome.world.verification import (
    LENGTHS,
    expert_program,
    problem_in_original,
    problem_in_ours,
)
from spa_gym.envs.virtualhome.world.writer import program_lines, scene_text, write_scene


@pytest.mark.parametrize("split", list(SPLIT_SIZES))
@pytest.mark.parametrize("size", SIZES)
def test_the_expert_solves_tasks_in_4_to_30_steps(size: str, split: str) -> None:
    for i in range(60):
        task = generated_tasks(2, size, split)[i]
        program = expert_program(task)
        assert len(program) in LENGTHS, (i, task.goal)
        assert problem_in_ours(task, program) is None, (i, task.goal)


@pytest.mark.parametrize(("size", "count"), [("small", 50), ("official", 25)])
def test_the_real_simulator_reaches_the_goal_from_the_file(size: str, count: int) -> None:
    try:
        load_original()
    except DependencyNotInstalled as reason:
        pytest.skip(str(reason))
    for i in range(count):
        task = generated_tasks(6, size, "valid_unseen")[i]
        assert problem_in_original(task, expert_program(task)) is None, (i, task.goal)


def test_a_wrong_program_is_found_out() -> None:
    task = next(t for t in generated_tasks(0, "small") if len(t.payload.goal) > 1)
    program = expert_program(task)
    assert "does not hold" in (problem_in_ours(task, program[:-1]) or "")
    assert "is not executed" in (problem_in_ours(task, [Command("STANDUP"), *program]) or "")


@pytest.mark.parametrize("size", SIZES)
def test_a_written_house_reads_back_the_same(size: str, tmp_path: Path) -> None:
    for i in range(5):
        house = generated_tasks(0, size)[i].payload.house
        path = write_scene(house, tmp_path / f"{i}.json")
        again = read_scene_file(path)
        assert again.to_dict() == house.to_dict() and again.names == house.names
        assert path.read_text() == scene_text(again)
        graph = json.loads(path.read_text())
        assert set(graph) == {"nodes", "edges"}
        assert [node["id"] for node in graph["nodes"]] == list(range(1, len(house) + 1))


def test_programs_are_written_as_virtualhome_does() -> None:
    task = generated_tasks(0, "small")[0]
    house = task.payload.house
    table = house.names.index("kitchen_counter")
    lines = program_lines([Command("WALK", (table,)), Command("PUTBACK", (0, table)), Command("SLEEP")], house)
    number = house.ids[table]
    assert lines == [
        f"[WALK] <kitchen_counter> ({number})",
        f"[PUTBACK] <kitchen> (1) <kitchen_counter> ({number})",
        "[SLEEP]",
    ]
