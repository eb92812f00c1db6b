"""Official splits by name, tasks and their ids."""

from __future__ import annotations

import pickle
import random

import pytest

from spa_gym.core.errors import BadArgument, TaskNotFound
from spa_gym.envs.webshop.catalogue import MemoryCatalogue
from spa_gym.envs.webshop.goal_tasks import OFFICIAL_SPLITS, GoalTaskSet, official_positions, official_tasks
from spa_gym.envs.webshop.goals import GoalSet, official_goals
from spa_gym.envs.webshop.official.catalogue import official_catalogue
from spa_gym.envs.webshop.prices import draw_prices
from tests.envs.webshop.tiny_shop import tiny_product
from tests.official_data import webshop_folder

WANTED = {"instruction": "find me a lamp", "instruction_attributes": ("warm light",)}


def some_goals() -> GoalSet:
    sizes = {"size": ("s", "m", "s"), "color": ("red",)}
    catalogue = MemoryCatalogue(tiny_product(number, options=sizes, **WANTED) for number in range(5))
    rng = random.Random(42)
    return official_goals(catalogue, draw_prices(catalogue, rng), False, rng)


def test_splits_of_the_full_human_goals() -> None:
    positions = {split: official_positions(split, 12_087, human=True) for split in OFFICIAL_SPLITS}
    assert (positions["test"], positions["valid"]) == (range(500), range(500, 1500))
    assert (positions["train"], positions["all"]) == (range(1500, 12_087), range(12_087))
    assert [len(positions[split]) for split in ("spa_train", "spa_test", "spa_test_500")] == [1624, 200, 500]


@pytest.mark.parametrize(
    ("split", "num_goals", "human"),
    [
        ("test", 499, False),
        ("test", 13, True),
        ("valid", 1499, False),
        ("train", 1500, False),
        ("spa_test", 6910, False),
        ("spa_test", 12_087, False),
        ("spa_train", 13, True),
        ("spa_test_500", 12_000, True),
    ],
)
def test_too_few_goals(split: str, num_goals: int, human: bool) -> None:
    kind = "human" if human else "synthetic"
    with pytest.raises(BadArgument, match=f"'{split}'; got {num_goals:,} {kind} goals.*split='all'"):
        official_positions(split, num_goals, human)


def test_unknown_split() -> None:
    with pytest.raises(BadArgument, match="train, valid, test, spa_train, spa_test, spa_test_500, all; got 'eval'"):
        official_positions("eval", 6910, human=False)


def test_tasks_and_ids() -> None:
    goals = some_goals()
    tasks = official_tasks(goals, "all")
    assert len(tasks) == len(goals) == 15 and len({task.id for task in tasks}) == 15
    for index, task in enumerate(tasks):
        assert task.payload == goals[index]
        assert (task.task_type, task.goal) == (goals[index].category, goals[index].instruction_text)
        assert tasks.index_of(task.id) == index
        assert tasks.find(task.id) == tasks.find(index) == task
    assert pickle.loads(pickle.dumps(tasks)).index_of(tasks[7].id) == 7


def test_ids_do_not_depend_on_the_split() -> None:
    goals = some_goals()
    some = GoalTaskSet("webshop/official", "some", goals, (3, 11, 5))
    everything = official_tasks(goals, "all")
    assert [everything.index_of(task.id) for task in some] == [3, 11, 5]
    assert some.index_of(everything[11].id) == 1
    with pytest.raises(TaskNotFound, match="split 'some'"):
        some.index_of(everything[4].id)


@pytest.mark.parametrize("key", ["", "x", "0", "-1", "f" * 16, "f" * 17, "0x1", " 1", "1_0"])
def test_no_such_id(key: str) -> None:
    with pytest.raises(TaskNotFound):
        official_tasks(some_goals(), "all").index_of(key)


def test_an_id_in_another_spelling_is_another_id() -> None:
    tasks = official_tasks(some_goals(), "all")
    task_id = next(task.id for task in tasks if task.id != task.id.upper())
    for spelling in (task_id.upper(), f" {task_id}", f"{task_id[:4]}_{task_id[4:]}", f"0x{task_id}"):
        with pytest.raises(TaskNotFound):
            tasks.index_of(spelling)


def test_no_goal_at_all() -> None:
    with pytest.raises(BadArgument, match="at least one goal in split 'none'"):
        GoalTaskSet("webshop/official", "none", some_goals(), ())


@pytest.mark.skipif(webshop_folder() is None, reason="no official data: set SPA_GYM_DATA")
def test_the_synthetic_goals_of_the_official_thousand() -> None:
    catalogue, rng = official_catalogue(webshop_folder()), random.Random(42)
    goals = official_goals(catalogue, draw_prices(catalogue, rng), False, rng)
    splits = {split: official_tasks(goals, split) for split in ("test", "valid", "train", "all")}
    assert {split: len(tasks) for split, tasks in splits.items()} == {
        "test": 500,
        "valid": 1000,
        "train": 5410,
        "all": 6910,
    }
    assert len({task.id for task in splits["all"]}) == 6910
    assert sum(goals.occurrence(index) > 0 for index in range(len(goals))) == 9  # option values listed twice
    assert splits["valid"][3] == splits["all"][503]
