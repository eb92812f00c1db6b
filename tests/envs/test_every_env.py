"""What holds for every environment as users make it: progress, step limit, clones, tasks by name, refusals.

`check_text_env` is run in each environment's own test, with the arguments that only it has.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest

import spa_gym  # noqa: F401  (registers the ids)
from spa_gym.core.cloning import clone, restore
from spa_gym.core.errors import BadArgument, DataNotFound, TaskNotFound
from spa_gym.core.text_env import TextEnv
from tests.envs.worlds import WORLDS, World, every_world

TASKS = range(12)


def _make(world: World, **kwargs: Any) -> tuple[gym.Env[str, str], TextEnv]:
    """The environment with small worlds, and the bare one in it."""
    env = gym.make(world.id, size="small", **kwargs)
    bare = env.unwrapped
    assert isinstance(bare, TextEnv)
    return env, bare


@every_world
def test_progress_leads_an_expert_to_one(world: World) -> None:
    env, bare = _make(world, progress=True)
    for task in TASKS:
        _, info = env.reset(options={"task_id": task})
        plan = list(bare.expert())
        assert info["progress"] == 0.0 and info["goal_share"] < 1.0
        for taken, action in enumerate(plan, start=1):
            _, reward, terminated, _, info = env.step(action)
            assert (info["progress"] == 1.0) == info["success"] == (reward == 1.0) == terminated == (taken == len(plan))
            assert info["progress"] >= taken / len(plan) - 1e-9, "with full knowledge no step is lost"
            if world.shortest_plans:
                assert info["progress"] == pytest.approx(taken / len(plan))
            if world.goal_is_success:
                assert (info["goal_share"] == 1.0) == info["success"]
        assert info["success"] and info["goal_share"] == 1.0


@every_world
def test_progress_is_one_only_when_solved(world: World) -> None:
    env, _ = _make(world, progress=True)
    for task in TASKS:
        rng = random.Random(task)
        _, info = env.reset(options={"task_id": task})
        done = False
        while not done:
            _, reward, terminated, truncated, info = env.step(rng.choice(info["admissible_actions"]))
            assert 0.0 <= info["progress"] <= 1.0 and 0.0 <= info["goal_share"] <= 1.0
            assert (info["progress"] == 1.0) == info["success"] == (reward == 1.0)
            if world.goal_is_success:
                assert (info["goal_share"] == 1.0) == info["success"]
            done = terminated or truncated


@every_world
def test_the_step_limit_truncates_and_is_no_success(world: World) -> None:
    env, _ = _make(world)
    env.reset(seed=0)
    info: dict[str, Any] = {}
    for step in range(1, world.step_limit + 1):
        _, reward, terminated, truncated, info = env.step(world.idle)
        assert (terminated, truncated, reward) == (False, step == world.step_limit, 0.0)
    assert not info["success"] and info["score"] == 0.0


@every_world
def test_a_clone_goes_on_alike_in_another_environment(world: World) -> None:
    (first, _), (second, _) = (_make(world, progress=True) for _ in range(2))
    _, info = first.reset(options={"task_id": 3})
    rng = random.Random(0)
    for _ in range(world.walk):
        info = first.step(rng.choice(info["admissible_actions"]))[4]
    restore(second, clone(first))
    for _ in range(20):
        action = rng.choice(info["admissible_actions"])
        a, b = first.step(action), second.step(action)
        assert a == b
        info = a[4]
        if a[2] or a[3]:
            break


@every_world
def test_tasks_are_asked_for_by_position_and_by_id(world: World) -> None:
    split = list(world.split_sizes["small"])[-1]
    env, bare = _make(world, split=split)
    _, info = env.reset(options={"task_id": 7})
    _, again = env.reset(options={"task_id": info["task_id"]})
    assert bare.tasks[7].id == info["task_id"] == again["task_id"]
    assert bare.tasks[7].goal == info["goal"] == again["goal"] and info["task_type"] == again["task_type"]


@pytest.mark.parametrize("task_id", [10**6, -1, -4001, "0123456789abcdef"])
@every_world
def test_an_unknown_task_is_refused(world: World, task_id: object) -> None:
    split = list(world.split_sizes["small"])[1]
    env, bare = _make(world, split=split)
    with pytest.raises(TaskNotFound):
        env.reset(options={"task_id": task_id})
    with pytest.raises(TaskNotFound):
        env.reset(options={"task_id": len(bare.tasks)})


@every_world
def test_a_negative_seed_is_refused(world: World) -> None:
    with pytest.raises(gym.error.Error):
        _make(world)[0].reset(seed=-1)


@pytest.mark.parametrize(
    ("kwargs", "named"),
    [
        ({"source": "internet"}, "source out of generated, official"),
        ({"split": "nowhere"}, "split out of "),
        ({"size": "huge"}, "size out of official, small"),
        ({"world_seed": -1}, "world_seed that is an integer from 0"),
        ({"world_seed": "0"}, "world_seed that is an integer from 0"),
        ({"world_seed": True}, "world_seed that is an integer from 0"),
        ({"world_seed": 0.0}, "world_seed that is an integer from 0"),
        ({"render_mode": "human"}, "ansi"),
    ],
    ids=str,
)
@every_world
def test_what_does_not_exist_is_refused_with_what_does(world: World, kwargs: dict[str, Any], named: str) -> None:
    for world_seed in (0, 1):
        world.tasks(world_seed)  # neither True nor "0" nor 0.0 must be taken for these
    with pytest.raises(BadArgument) as refused:
        world.env(**{"size": "small", **kwargs})
    assert named in str(refused.value) and "To mend it" in str(refused.value)
    if "split" in kwargs:
        assert all(split in str(refused.value) for split in world.split_sizes["small"])


@every_world
def test_official_data_that_are_not_there(world: World, tmp_path: Path) -> None:
    with pytest.raises(DataNotFound, match=world.official) as refused:
        world.env(source="official", data_dir=tmp_path)
    assert str(tmp_path) in str(refused.value) and "SPA_GYM_DATA" in str(refused.value)


def test_the_step_limits_are_those_of_the_table() -> None:
    limits = {name: gym.spec(world.id).max_episode_steps for name, world in WORLDS.items()}
    assert limits == {name: world.step_limit for name, world in WORLDS.items()}
