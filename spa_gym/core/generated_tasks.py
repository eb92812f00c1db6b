"""`GeneratedTaskSet`: the splits of a generated world, whose tasks are drawn one by one when they are asked for.

A world is named by its seed and a size, and everything in it follows from the names. So a set is the same object for
everybody in a process, travels to another process by name, and keeps only the tasks that were asked for last and those
that are in use. An environment says in a subclass what its worlds are called, which splits and sizes they have, and how
a task is drawn.
"""

from __future__ import annotations

import abc
import functools
import weakref
from collections.abc import Collection, Mapping
from typing import Any, ClassVar, Self, TypeVar

from spa_gym.core.arguments import non_negative_int, one_of
from spa_gym.core.tasks import Task, TaskSet

__all__ = ["GeneratedTaskSet"]

_KEPT_TASKS = 1024
"""Tasks kept in a process, whichever sets they are of: their payloads hold what engines have computed for them."""

_KEPT_SETS = 128

S = TypeVar("S", bound="GeneratedTaskSet")


class GeneratedTaskSet(TaskSet):
    """One split of one generated world; `shared` checks the arguments and returns it.

    A subclass sets the class attributes and writes `draw`.

    Args:
        world_seed: Which world, an integer from 0.
        size: One of `sizes`.
        split: One of `split_sizes`.

    Example:
        >>> class Sums(GeneratedTaskSet):
        ...     world, sizes, split_sizes = "sums", ("small",), {"train": 100, "test": 10}
        ...     def draw(self, index: int) -> Task:
        ...         return Task(f"{self.world_seed}-{self.split}-{index}", "sum", f"add {index} to {self.world_seed}")
        >>> tasks = Sums.shared(world_seed=3, size="small", split="test")
        >>> tasks, tasks[9].goal
        (Sums('sums/generated/small/3', split='test', 10 tasks), 'add 9 to 3')
        >>> tasks is Sums.shared(3, "small", "test")
        True
    """

    world: ClassVar[str]
    """Whose worlds these are, such as "alfworld"; the first part of the set's name."""
    sizes: ClassVar[Collection[str]]
    """Names of the sizes, the default first."""
    split_sizes: ClassVar[Mapping[str, int]]
    """Name of each split, and how many tasks it has in every world."""

    def __init__(self, world_seed: int, size: str, split: str) -> None:
        super().__init__(f"{self.world}/generated/{size}/{world_seed}", split)
        self.world_seed, self.size = world_seed, size
        self._in_use: weakref.WeakValueDictionary[int, Task] = weakref.WeakValueDictionary()

    @classmethod
    def shared(cls, world_seed: int = 0, size: str = "official", split: str = "train") -> Self:
        """Return the set with these arguments, the same object for everybody in this process.

        Raises:
            BadArgument: An unknown split or size, or a world seed that is no integer from 0.
        """
        one_of("split", split, cls.split_sizes)
        one_of("size", size, cls.sizes)
        return _shared(cls, non_negative_int("world_seed", world_seed), size, split)

    @abc.abstractmethod
    def draw(self, index: int) -> Task:
        """Draw the task at a position, from `world_seed`, `size`, `split` and the position alone."""

    def __len__(self) -> int:
        """Return the number of tasks of the split."""
        return self.split_sizes[self.split]

    def __getitem__(self, index: int) -> Task:
        """Return the task at a position."""
        return _task(self, range(len(self))[index])

    def in_use(self, index: int) -> Task:
        """Return the task at a position; drawn now, unless somebody has it."""
        task = self._in_use.get(index)
        if task is None:
            task = self._in_use[index] = self.draw(index)
        return task

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel to another process by name, not as tasks."""
        return type(self).shared, (self.world_seed, self.size, self.split)


@functools.lru_cache(maxsize=_KEPT_TASKS)
def _task(tasks: GeneratedTaskSet, index: int) -> Task:
    return tasks.in_use(index)


@functools.lru_cache(maxsize=_KEPT_SETS)
def _shared(kind: type[S], world_seed: int, size: str, split: str) -> S:
    return kind(world_seed, size, split)
