"""The expert with full knowledge solves every task of every split."""

from __future__ import annotations

import pytest

from spa_gym.core.tasks import TaskSet
from spa_gym.envs.alfworld.engine import Engine
from spa_gym.envs.alfworld.expert import expert_plan, goal_share
from spa_gym.envs.alfworld.generated import generated_tasks
from spa_gym.envs.alfworld.official import official_tasks
from tests.official_data import alfworld_archive

SPLITS = ("train", "valid_seen", "valid_unseen")


def _solve_all(tasks: TaskSet) -> int:
    for position in range(len(tasks)):
        engine = Engine(tasks[position].payload)
        plan = expert_plan(engine)
        assert plan, f"no plan for task {position} of {tasks!r}"
        for command in plan:
            if engine.won:  # one official pot stands on two burners: treated, it is in its place already
                break
            assert engine.act(command)[1], f"{command!r} was not executed in task {position} of {tasks!r}"
        assert engine.won and goal_share(engine) == 1.0, f"task {position} of {tasks!r} is not solved by {plan}"
    return len(tasks)


@pytest.mark.parametrize("size", ["official", "small"])
@pytest.mark.parametrize("split", SPLITS)
def test_every_generated_task(size: str, split: str) -> None:
    assert _solve_all(generated_tasks(0, size, split)) == {"train": 4000}.get(split, 200)


@pytest.mark.data
@pytest.mark.skipif(alfworld_archive() is None, reason="the official games are not here: set SPA_GYM_DATA")
@pytest.mark.parametrize("split", SPLITS)
def test_every_official_task(split: str) -> None:
    tasks = official_tasks(split, alfworld_archive())
    assert _solve_all(tasks) == {"train": 3553, "valid_seen": 140, "valid_unseen": 134}[split]
