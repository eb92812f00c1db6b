"""Generated tasks of every environment: the same for everybody, in splits of the promised sizes that share no task."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys

import pytest

from spa_gym.core.errors import TaskNotFound
from spa_gym.core.generated_tasks import GeneratedTaskSet
from tests.envs.worlds import SIZES, WORLDS, World, every_world, every_world_and_size


@pytest.mark.parametrize("name", WORLDS)
def test_tasks_are_those_of_version_0_under_any_hash_seed(name: str) -> None:
    code = f"from tests.envs.worlds import WORLDS\nprint(WORLDS[{name!r}].digest())"
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        assert done.stdout.strip() == WORLDS[name].frozen[1]


@every_world
def test_a_task_depends_on_its_name_alone(world: World) -> None:
    forwards, backwards = (world.fresh(7, "small", "train") for _ in range(2))
    one = [forwards[index] for index in range(5)]
    other = [backwards[index] for index in reversed(range(5))][::-1]
    shared = world.tasks(7)
    assert [(task.id, task.goal) for task in one] == [(task.id, task.goal) for task in other]
    assert [(task.id, task.goal) for task in one] == [(shared[index].id, shared[index].goal) for index in range(5)]


@every_world
def test_worlds_and_sizes_differ(world: World) -> None:
    sets = [world.tasks(seed, size) for seed in (0, 1) for size in SIZES]
    assert len({tasks[0].id for tasks in sets}) == 4
    assert len({tuple(tasks[index].task_type for index in range(30)) for tasks in sets}) == 4, "also what is asked for"


@every_world_and_size
def test_splits_have_their_sizes_and_share_no_task(world: World, size: str) -> None:
    splits = world.split_sizes[size]
    sets = {split: world.tasks(0, size, split) for split in splits}
    assert {split: len(tasks) for split, tasks in sets.items()} == splits
    assert len({tasks[index].id for tasks in sets.values() for index in range(200)}) == 200 * len(splits)


@every_world
def test_a_set_is_one_object_a_process_and_travels_by_name(world: World) -> None:
    split = list(world.split_sizes["small"])[1]
    tasks = world.tasks(4, "small", split)
    assert tasks is world.tasks(4, "small", split) is not world.tasks(4, "small")
    tasks[3]
    sent = pickle.dumps(tasks)
    received = pickle.loads(sent)
    assert len(sent) < 400, "by name, not as tasks"
    if isinstance(tasks, GeneratedTaskSet):
        assert received is tasks and len(sent) < 200
    assert (received[13].id, received[13].goal, len(received)) == (tasks[13].id, tasks[13].goal, len(tasks))


@every_world
def test_tasks_are_found_by_position_and_by_id(world: World) -> None:
    tasks = world.tasks(0, "small", list(world.split_sizes["small"])[1])
    assert tasks[-1].id == tasks[len(tasks) - 1].id
    assert tasks.index_of(tasks[13].id) == 13 and tasks.find(tasks[3].id).id == tasks.find(3).id == tasks[3].id
    for unknown in ("0" * 16, "no such id", len(tasks), -1):
        with pytest.raises(TaskNotFound):
            tasks.find(unknown)
    with pytest.raises(IndexError):
        tasks[len(tasks)]
