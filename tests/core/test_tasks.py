"""Tasks are named by content; sets find them by position or id and say what they have when they cannot."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from spa_gym.core.errors import BadArgument, TaskNotFound
from spa_gym.core.tasks import FixedTaskSet, Task, TaskSet, content_hash, spread
from tests.toy import toy_tasks

CONTENT = {"rooms": 3, "name": "Küche 🗝", "share": 0.5, "items": ["a", None, True]}


def test_content_hash_is_pinned() -> None:
    # SHA-256 of the canonical JSON written out by hand: results of other machines and years name tasks by this.
    assert content_hash(CONTENT) == "df125b52e8f06c2f"


def test_content_hash_ignores_order_and_container_but_nothing_else() -> None:
    assert content_hash(dict(reversed(CONTENT.items()))) == content_hash(CONTENT)
    assert content_hash({**CONTENT, "items": ("a", None, True)}) == content_hash(CONTENT)
    assert content_hash({**CONTENT, "rooms": 4}) != content_hash(CONTENT)
    with pytest.raises(ValueError, match="JSON"):
        content_hash(float("nan"))


def test_content_hash_does_not_depend_on_pythonhashseed() -> None:
    code = "from spa_gym.core.tasks import content_hash; import sys; sys.stdout.write(content_hash({'a': 1, 'b': 2}))"
    run = [sys.executable, "-c", code]
    hashes = {subprocess.run(run, env={"PYTHONHASHSEED": seed}, capture_output=True).stdout for seed in ("1", "2")}
    assert hashes == {content_hash({"b": 2, "a": 1}).encode()}


def test_find_by_position_and_id() -> None:
    tasks = toy_tasks()
    assert len(tasks) == 6 and [task.id for task in tasks] == [tasks[i].id for i in range(6)]
    for index, task in enumerate(tasks):
        assert tasks.index_of(task.id) == index
        assert tasks.find(index) is tasks.find(task.id) is task
    assert "toy" in repr(tasks) and "6 tasks" in repr(tasks)
    with pytest.raises(TaskNotFound, match="0 to 5"):
        tasks.index_of("zzz")


def test_no_task_is_in_two_splits() -> None:
    assert not {task.id for task in toy_tasks("train")} & {task.id for task in toy_tasks("test")}


def test_lazy_set_builds_only_what_is_asked_for() -> None:
    built = []

    class Endless(TaskSet):
        def __len__(self) -> int:
            return 10**9

        def __getitem__(self, index: int) -> Task:
            built.append(index)
            return Task(content_hash(index), "any", "count", index)

    assert Endless("numbers", "train").find(123_456_789).payload == 123_456_789
    assert built == [123_456_789]


def test_tasks_are_frozen_and_sets_are_checked() -> None:
    task = Task("a", "b", "c")
    with pytest.raises(FrozenInstanceError):
        task.goal = "d"  # type: ignore[misc]
    for bad in ([], [task, task]):
        with pytest.raises(BadArgument, match="all of different ids"):
            FixedTaskSet("toy", "train", bad)


@pytest.mark.parametrize("wrong", [(0, None), (-1, 3), (10, 0), (10, -1), (10, True), (10, 2.0), ("10", 3)])
def test_a_part_of_a_split_is_at_least_one_task(wrong: tuple[Any, Any]) -> None:
    """Zero tasks are not all tasks, and minus one is not an empty result."""
    with pytest.raises(BadArgument, match="integer from 1"):
        spread(*wrong)
