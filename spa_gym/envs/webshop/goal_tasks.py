"""Goals as tasks: the official splits by name, and ids that stay the same when a split grows or is reordered."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spa_gym.core.arguments import one_of
from spa_gym.core.errors import BadArgument
from spa_gym.core.tasks import Task, TaskSet
from spa_gym.envs.webshop.goals import Goals, GoalSet
from spa_gym.envs.webshop.official.spa_splits import HUMAN_GOALS, SPA_SPLITS, spa_positions

__all__ = ["OFFICIAL_SPLITS", "GoalTaskSet", "official_positions", "official_tasks"]

_RANGES = {"train": (1500, None), "valid": (500, 1500), "test": (0, 500)}
"""The WebShop paper's split of the shuffled goals (`baseline_models/env.py` of the original)."""

OFFICIAL_SPLITS = (*_RANGES, *SPA_SPLITS, "all")
"""Names of the splits of official data."""


class GoalTaskSet(TaskSet):
    """Some goals of a set, as tasks; a task is built when it is asked for.

    A task's payload is its `Goal`, its type the goal's category, its id `Goal.id`.

    Args:
        name: Where the goals come from, such as "webshop/official".
        split: Which split it is.
        goals: All goals.
        positions: Which of them, in order, none twice.
        data_hash: Hash of the data that the goals were read from; None if they are generated.

    Raises:
        BadArgument: There is no position.
    """

    def __init__(
        self, name: str, split: str, goals: Goals, positions: Sequence[int], data_hash: str | None = None
    ) -> None:
        super().__init__(name, split)
        self._data_hash = data_hash
        if not len(positions):
            raise BadArgument(f"at least one goal in split {split!r}", "none", "choose another split or other data")
        self.goals, self.positions = goals, positions
        self._index: tuple[np.ndarray, np.ndarray] | None = None

    @property
    def data_hash(self) -> str | None:
        """Hash of the products behind the goals; None if they are generated."""
        return self._data_hash

    def __len__(self) -> int:
        """Return the number of tasks."""
        return len(self.positions)

    def __getitem__(self, index: int) -> Task:
        """Build the task at a position."""
        position = self.positions[index]
        goal = self.goals[position]
        return Task(goal.id(self.goals.occurrence(position)), goal.category, goal.instruction_text, goal)

    def index_of(self, task_id: str) -> int:
        """Return the position of a task; the first call hashes every goal of the split once.

        Raises:
            TaskNotFound: No task of this set has that id.
        """
        if self._index is None:
            ids = np.fromiter((int(task.id, 16) for task in self), dtype=np.uint64, count=len(self))
            order = np.argsort(ids, kind="stable")
            self._index = ids[order], order
        ids, order = self._index
        try:
            wanted = np.uint64(int(task_id, 16))
        except (ValueError, OverflowError):
            raise self.not_found(task_id) from None
        place = int(np.searchsorted(ids, wanted))
        if place == len(ids) or ids[place] != wanted or f"{wanted:016x}" != task_id:
            raise self.not_found(task_id)
        return int(order[place])


def official_tasks(goals: GoalSet, split: str) -> GoalTaskSet:
    """Return a split of the official goals.

    Args:
        goals: The goals, in the original's order.
        split: One of `OFFICIAL_SPLITS`.

    Raises:
        BadArgument: There is no such split, or these goals are too few for it.
    """
    positions = official_positions(split, len(goals), goals.human)
    return GoalTaskSet("webshop/official", split, goals, positions, goals.catalogue.content_hash)


def official_positions(split: str, num_goals: int, human: bool) -> Sequence[int]:
    """Return which goals belong to a split.

    `test` is goals 0-499, `valid` 500-1499, `train` all from 1500 on, `all` everything; also for the 6,910 synthetic
    goals of the 1,000 products, where the original has no split. `spa_train`, `spa_test` and `spa_test_500` are SPA's
    lists, defined on the 12,087 human goals of the full data only.

    Args:
        split: One of `OFFICIAL_SPLITS`.
        num_goals: How many goals there are.
        human: Whether people wrote them.

    Raises:
        BadArgument: There is no such split, or these goals are too few for it.
    """
    one_of("split", split, OFFICIAL_SPLITS)
    if split in SPA_SPLITS:
        if not human or num_goals != HUMAN_GOALS:
            raise _too_few(f"the {HUMAN_GOALS:,} human goals of the full data for split {split!r}", num_goals, human)
        return spa_positions(split)
    if split == "all":
        return range(num_goals)
    start, stop = _RANGES[split]
    needed = start + 1 if stop is None else stop
    if num_goals < needed:
        raise _too_few(f"at least {needed:,} goals for split {split!r}", num_goals, human)
    return range(start, num_goals if stop is None else stop)


def _too_few(expected: str, num_goals: int, human: bool) -> BadArgument:
    return BadArgument(
        expected,
        f"{num_goals:,} {'human' if human else 'synthetic'} goals",
        "pass split='all', or human_goals=False (6,910 goals of the 1,000 products), or human_goals=True with the full "
        "data (items_shuffle.json, items_ins_v2.json, items_human_ins.json) as data_dir",
    )
