"""The expert with full knowledge solves every task of every split, with the last action of its plan."""

from __future__ import annotations

import random

import gymnasium as gym
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
            assert not engine.won, f"task {position} of {tasks!r} is won before {command!r}"
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


@pytest.mark.data
@pytest.mark.skipif(alfworld_archive() is None, reason="the official games are not here: set SPA_GYM_DATA")
@pytest.mark.parametrize("split", SPLITS)
def test_every_official_task_from_somewhere_on_the_way(split: str) -> None:
    """Half of the actions are the expert's: things are carried about, and lie in two receptacles more often."""
    stuck = 0
    for position, task in enumerate(official_tasks(split, alfworld_archive())):
        engine, rng = Engine(task.payload), random.Random(position)
        for _ in range(rng.randrange(20)):
            plan = expert_plan(engine)
            before = engine.snapshot()
            engine.act(plan[0] if plan and rng.random() < 0.5 else rng.choice(engine.admissible()))
            if engine.won:
                engine.restore(before)
                break
        plan = expert_plan(engine)
        stuck += plan is None  # what is held can be put nowhere in this room
        for command in plan or ():
            assert not engine.won, f"task {position} of {split} is won before {command!r} of {plan}"
            assert engine.act(command)[1], f"{command!r} was not executed in task {position} of {split}"
        assert engine.won or plan is None, f"task {position} of {split} is not solved by {plan}"
    assert stuck <= 20


TWICE = {
    "train": (1511, 1513, 1514, 1516, 1517, 1518, 1519, 2084, 2086, 2090, 2091, 2094, 2095),
    "valid_seen": (89,),
}
"""The games whose pan stands on two burners: treated in the hand, it still is on the other one."""


@pytest.mark.data
@pytest.mark.skipif(alfworld_archive() is None, reason="the official games are not here: set SPA_GYM_DATA")
@pytest.mark.parametrize("split", list(TWICE))
def test_a_thing_in_two_receptacles_needs_no_way_back(split: str) -> None:
    env = gym.make("SPA-ALFWorld-v0", data_dir=alfworld_archive(), split=split, progress=True)
    for position in TWICE[split]:
        _, info = env.reset(options={"task_id": position})
        progress = [info["progress"]]
        for action in list(env.unwrapped.expert()):  # type: ignore[attr-defined]
            *_, info = env.step(action)
            progress.append(info["progress"])
        assert progress == [0.0, 0.25, 0.5, 0.75, 1.0] and info["success"], position
