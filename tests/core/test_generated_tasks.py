"""Generated sets: one object for everybody, drawn when asked for, kept for a while, and sent by name."""

from __future__ import annotations

import pickle
from typing import Any, ClassVar

import numpy as np
import pytest

from spa_gym.core import generated_tasks
from spa_gym.core.errors import BadArgument, TaskNotFound
from spa_gym.core.generated_tasks import GeneratedTaskSet
from spa_gym.core.tasks import Task


class Sums(GeneratedTaskSet):
    """Tasks without a world behind them, which note what is drawn."""

    world, sizes, split_sizes = "sums", ("official", "small"), {"train": 2000, "test": 10}  # noqa: RUF012
    drawn: ClassVar[list[int]] = []

    def draw(self, index: int) -> Task:
        """Draw a sum."""
        Sums.drawn.append(index)
        return Task(f"{self.world_seed}/{self.size}/{self.split}/{index}", "sum", f"add {index}")


class Products(Sums):
    """Another world with the same names."""

    world = "products"


@pytest.fixture(autouse=True)
def _nothing_shared() -> None:
    generated_tasks._shared.cache_clear()
    Sums.drawn.clear()


def test_a_set_is_named_by_its_arguments_and_draws_nothing_by_itself() -> None:
    tasks = Sums.shared(3, "small", "test")
    assert (tasks.name, tasks.split, tasks.size, tasks.world_seed) == ("sums/generated/small/3", "test", "small", 3)
    assert len(tasks) == 10 and Sums.drawn == []


def test_everybody_gets_the_same_object() -> None:
    assert Sums.shared() is Sums.shared(0, "official", "train") is Sums.shared(world_seed=np.int64(0))  # type: ignore[arg-type]
    others = [Sums.shared(1), Sums.shared(0, "small"), Sums.shared(split="test"), Products.shared()]
    assert len({id(tasks) for tasks in [Sums.shared(), *others]}) == 5


def test_a_task_is_drawn_once_while_it_is_kept() -> None:
    tasks = Sums.shared()
    assert tasks[4] is tasks[4] and tasks[-1].id == tasks[1999].id
    assert Sums.drawn == [4, 1999]
    in_use = tasks[7]
    for index in range(2000):
        Sums.shared(1)[index]
    Sums.drawn.clear()
    assert tasks[4].id == "0/official/train/4" and Sums.drawn == [4], "no more than 1,024 of all sets are kept"
    assert tasks[7] is in_use and Sums.drawn == [4], "but what is in use is not drawn again"


def test_a_set_travels_by_name() -> None:
    tasks = Sums.shared(2, "small", "test")
    tasks[3]
    sent = pickle.dumps(tasks)
    assert len(sent) < 200 and pickle.loads(sent) is tasks
    generated_tasks._shared.cache_clear()
    assert pickle.loads(sent)[3] == tasks[3], "as in another process"


def test_positions_end_where_the_split_ends() -> None:
    tasks = Sums.shared(split="test")
    assert [task.goal for task in tasks] == [f"add {index}" for index in range(10)]
    with pytest.raises(IndexError):
        tasks[10]
    with pytest.raises(TaskNotFound, match="0 to 9"):
        tasks.find(10)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"split": "valid"}, "a split out of train, test; got 'valid'"),
        ({"size": "tiny"}, "a size out of official, small; got 'tiny'"),
        ({"size": ["small"]}, "a size out of"),
        ({"world_seed": -1}, "a world_seed that is an integer from 0; got -1"),
        ({"world_seed": True}, "got True"),
        ({"world_seed": "0"}, "got '0'"),
    ],
    ids=str,
)
def test_names_of_nothing_are_refused(arguments: dict[str, Any], named: str) -> None:
    Sums.shared(1)  # True must not be taken for this one
    with pytest.raises(BadArgument, match=named):
        Sums.shared(**arguments)
