"""Tasks and the sets they come in: a task is named by the hash of its content, never by its place in a list.

`Task` is one thing to solve, `TaskSet` an ordered, read-only split of them, which may build its tasks only when they
are asked for; `FixedTaskSet` holds them in a tuple. Results name tasks by id, so that they still mean the same when
a split is reordered or grows.
"""

from __future__ import annotations

import abc
import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from spa_gym.core.arguments import is_integer
from spa_gym.core.errors import BadArgument, TaskNotFound

__all__ = ["FixedTaskSet", "Task", "TaskSet", "content_hash", "spread"]


def content_hash(content: Any) -> str:
    """Hash content that JSON can hold, the same on every machine and in every process.

    Args:
        content: Any nesting of dict (str keys), list, tuple, str, int, float, bool and None.

    Returns:
        The first 16 hexadecimal characters of the SHA-256 of its canonical JSON (sorted keys, no spaces, ASCII).

    Example:
        >>> content_hash({"b": 1, "a": [True]}) == content_hash({"a": (True,), "b": 1})
        True
    """
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:16]


def spread(split_size: int, max_tasks: int | None) -> list[int]:
    """Return all positions, or `max_tasks` of them at even distances (a split is sorted: the first ones are all alike).

    Raises:
        BadArgument: One of the two is no integer from 1.

    >>> spread(10, 3), spread(2, 9), spread(3, None)
    ([0, 3, 6], [0, 1], [0, 1, 2])
    """
    for name, value in (("split_size", split_size), ("max_tasks", split_size if max_tasks is None else max_tasks)):
        if not is_integer(value) or value < 1:
            raise BadArgument(f"{name} that is an integer from 1", f"{value!r:.60}", f"pass {name}=1 or more")
    count = split_size if max_tasks is None else min(max_tasks, split_size)
    return [place * split_size // count for place in range(count)]


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Task:
    """One thing to solve."""

    id: str
    """`content_hash` of what defines the task."""
    task_type: str
    """The family it belongs to."""
    goal: str
    """The instruction, in words."""
    payload: Any = None
    """Whatever the environment needs to set the task up; read-only, shared by all environments of the process."""


class TaskSet(abc.ABC):
    """An ordered, read-only set of tasks: one split of one source.

    A subclass writes `__len__` and `__getitem__`, and `index_of` where it can do better than going through all tasks
    once. One set serves every environment of a process.

    Args:
        name: Where the tasks come from, such as "alfworld/generated".
        split: Which split of it this is.
    """

    def __init__(self, name: str, split: str) -> None:
        self.name, self.split = name, split
        self._positions: dict[str, int] | None = None

    @property
    def data_hash(self) -> str | None:
        """Hash of the data that the tasks were read from; None if they are generated."""
        return None

    @abc.abstractmethod
    def __len__(self) -> int:
        """Return the number of tasks."""

    @abc.abstractmethod
    def __getitem__(self, index: int) -> Task:
        """Return the task at a position from 0 to `len(self) - 1`; may build it now."""

    def __iter__(self) -> Iterator[Task]:
        """Go through all tasks in order."""
        return (self[index] for index in range(len(self)))

    def index_of(self, task_id: str) -> int:
        """Return the position of a task.

        Args:
            task_id: The task's id.

        Returns:
            Its position.

        Raises:
            TaskNotFound: No task of this set has that id.
        """
        if self._positions is None:
            self._positions = {task.id: index for index, task in enumerate(self)}
        index = self._positions.get(task_id)
        if index is None:
            raise self.not_found(task_id)
        return index

    def find(self, key: int | str) -> Task:
        """Return a task by position or by id.

        Args:
            key: A position (0 to `len(self) - 1`; anything with `__index__`, but no bool) or a task's id.

        Returns:
            The task.

        Raises:
            TaskNotFound: There is no such position or id, or `key` is of neither kind.
        """
        if isinstance(key, str):
            return self[self.index_of(key)]
        if not is_integer(key) or not 0 <= key < len(self):
            raise self.not_found(key)
        return self[key.__index__()]

    def not_found(self, key: object) -> TaskNotFound:
        """Build (not raise) the error that says which keys this set has."""
        return TaskNotFound(
            f"a position from 0 to {len(self) - 1} or the id of a task of {self.name}, split {self.split!r}",
            f"{key!r:.80}",
            "list the ids with [task.id for task in env.unwrapped.tasks], or choose another split",
        )

    def __repr__(self) -> str:
        """Show source, split and size."""
        return f"{type(self).__name__}({self.name!r}, split={self.split!r}, {len(self)} tasks)"


class FixedTaskSet(TaskSet):
    """A task set that holds its tasks in a tuple.

    Args:
        name: Where the tasks come from.
        split: Which split of it this is.
        tasks: The tasks, at least one, no two with the same id.

    Raises:
        BadArgument: There is no task, or an id occurs twice.
    """

    def __init__(self, name: str, split: str, tasks: Iterable[Task]) -> None:
        super().__init__(name, split)
        self._tasks = tuple(tasks)
        distinct = len({task.id for task in self._tasks})
        if not self._tasks or distinct != len(self._tasks):
            raise BadArgument(
                "at least one task, all of different ids",
                f"{len(self._tasks)} tasks, {distinct} ids",
                "make each id the content_hash of everything that defines the task",
            )

    def __len__(self) -> int:
        """Return the number of tasks."""
        return len(self._tasks)

    def __getitem__(self, index: int) -> Task:
        """Return the task at a position."""
        return self._tasks[index]
