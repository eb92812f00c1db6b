"""Environments, tasks, task sets and shops go through pickle: small, and the episode goes on as it would have here."""

from __future__ import annotations

import copy
import pickle
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest

from spa_gym.envs.webshop.shops import official_shop
from tests.envs.official_folders import OFFICIAL, Official, every_official
from tests.envs.worlds import World, every_world
from tests.official_data import data_root

ENV_BYTES, TASK_BYTES, SET_BYTES = 20_000, 100_000, 100_000
OFFICIAL_KWARGS: dict[str, dict[str, Any]] = {
    "alfworld": {"split": "valid_seen"},
    "webshop": {"human_goals": False, "split": "valid"},
    "virtualhome": {"split": "eai"},
}
official_data = pytest.mark.skipif(data_root() is None, reason="no official data: set SPA_GYM_DATA")


def go_on(env: Any, info: dict[str, Any]) -> list[Any]:
    """Some further steps, the last listed action each time, and the next two episodes' beginnings."""
    seen: list[Any] = [info]
    for number in range(4):
        if not info["admissible_actions"]:
            break
        seen.append(env.step(info["admissible_actions"][-1 - number % 2]))
        info = seen[-1][-1]
        if seen[-1][2] or seen[-1][3]:
            break
    return [*seen, env.reset(), env.reset(), env.action_space.sample()]


def elsewhere(data: bytes, info: dict[str, Any]) -> list[Any]:
    """The same in a process that was started anew."""
    return go_on(pickle.loads(data), info)


def check(make: Any, *, spawned: bool = False) -> None:
    """Pickle and copy an environment before its first episode and within one."""
    env = make()
    env.action_space.seed(3)
    assert env.unwrapped.np_random is not None  # drawn before the first reset: it travels too
    data = pickle.dumps(env)
    assert len(data) < ENV_BYTES
    for other in (pickle.loads(data), copy.deepcopy(env)):
        assert other.unwrapped.tasks is env.unwrapped.tasks
        assert other.reset(seed=5) == env.reset(seed=5) and other.spec == env.spec
    _, info = env.reset(seed=1)
    for number in (0, -1):
        *_, info = env.step(info["admissible_actions"][number])
    data = pickle.dumps(env)
    assert len(data) < ENV_BYTES
    others = [pickle.loads(data), copy.deepcopy(env), pickle.loads(pickle.dumps(pickle.loads(data)))]
    expected = go_on(env, info)
    for other in others:
        assert go_on(other, info) == expected
    if spawned:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            assert pool.submit(elsewhere, data, info).result() == expected
    tasks = make().unwrapped.tasks
    assert len(pickle.dumps(tasks)) < SET_BYTES
    for task in (tasks[0], tasks[len(tasks) - 1]):
        sent = pickle.dumps(task)
        assert len(sent) < TASK_BYTES
        back = pickle.loads(sent)
        assert (back.id, back.task_type, back.goal) == (task.id, task.task_type, task.goal)
        assert pickle.loads(pickle.dumps(tasks))[0].id == tasks[0].id


@every_world
def test_a_generated_world_goes_on_in_another_process(world: World) -> None:
    check(lambda: gym.make(world.id, size="small", progress=True), spawned=True)


@every_official
def test_official_data_of_our_own_making(official: Official, tmp_path: Path) -> None:
    official.write(tmp_path)
    check(lambda: gym.make(official.id, data_dir=tmp_path, **official.kwargs))


@pytest.mark.data
@official_data
@pytest.mark.parametrize("name", OFFICIAL)
def test_official_data(name: str) -> None:
    kwargs = {"data_dir": str(data_root()), **OFFICIAL_KWARGS[name]}
    check(lambda: gym.make(OFFICIAL[name].id, **kwargs), spawned=True)


@pytest.mark.parametrize("name", ["SPA-ALFWorld-Dense-v0", "SPA-WebShop-Dense-v0", "SPA-VirtualHome-Dense-v0"])
def test_the_dense_ids_travel_with_their_truth(name: str) -> None:
    check(lambda: gym.make(name, size="small"))


@every_world
def test_an_episode_that_has_ended_stays_ended(world: World) -> None:
    env: Any = gym.make(world.id, size="small")
    env.reset(seed=0)
    for action in list(env.unwrapped.expert()):
        env.step(action)
    other = pickle.loads(pickle.dumps(env))
    here, there = env.unwrapped.clone_state(), other.unwrapped.clone_state()
    assert (there.task_id, there.observation, there.score) == (here.task_id, here.observation, 1.0)
    with pytest.raises(gym.error.ResetNeeded):
        other.step("look")


def test_a_task_of_a_house_is_the_same_after_pickling() -> None:
    env: Any = gym.make("SPA-VirtualHome-v0", size="small")
    env.reset(seed=0)
    wanted, back = env.unwrapped.task.payload, pickle.loads(pickle.dumps(env.unwrapped.task.payload))
    assert wanted.house.derived and not back.house.derived
    for name in wanted.house.__slots__:
        if name != "derived":
            assert getattr(back.house, name) == getattr(wanted.house, name), name
    assert (back.goal, back.source, back.program) == (wanted.goal, wanted.source, wanted.program)


def test_shops_travel(tmp_path: Path) -> None:
    OFFICIAL["webshop"].write(tmp_path)
    official, _ = official_shop(tmp_path, None, 42, False, "all", True)
    for shop in (gym.make("SPA-WebShop-v0", size="small").unwrapped.shop, official):  # type: ignore[attr-defined]
        back = pickle.loads(pickle.dumps(shop))
        assert back.catalogue is shop.catalogue and back.show_attrs == shop.show_attrs
        title = shop.catalogue[0].title
        assert back.search(title.lower()) == shop.search(title.lower()) != ()
        assert back.price_of(shop.catalogue.asins[0]) == shop.price_of(shop.catalogue.asins[0])
        assert sys.getsizeof(pickle.dumps(back)) < SET_BYTES
