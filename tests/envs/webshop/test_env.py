"""`SPA-WebShop-v0` through `gymnasium.make`: the contract, what the info says, what is shared, refusals of its own."""

from __future__ import annotations

import pickle
from typing import Any

import gymnasium as gym
import pytest

from spa_gym.core.errors import BadArgument
from spa_gym.envs.webshop.env import WebShopEnv
from spa_gym.testing import check_text_env
from tests.official_data import webshop_folder

SMALL = {"size": "small"}


def make(**arguments: Any) -> gym.Env[str, str]:
    return gym.make("SPA-WebShop-v0", **{**SMALL, **arguments})


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [{}, {"observation_mode": "html"}, {"progress": True, "split": "test"}], ids=str)
def test_generated_shops_keep_the_contract(arguments: dict[str, Any]) -> None:
    check_text_env(make(**arguments), num_tasks=3, num_steps=12)


@pytest.mark.slow
def test_the_default_shop_keeps_the_contract() -> None:
    check_text_env(gym.make("SPA-WebShop-v0"), num_tasks=2, num_steps=12)


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.skipif(webshop_folder() is None, reason="no official shop: set SPA_GYM_DATA to a folder with webshop_1k/")
def test_the_official_shop_keeps_the_contract() -> None:
    env = gym.make(
        "SPA-WebShop-v0", source="official", data_dir=str(webshop_folder()), human_goals=False, split="valid",
        observation_mode="text_rich", progress=True,
    )  # fmt: skip
    check_text_env(env, num_tasks=2, num_steps=12)


def test_an_episode_by_the_expert() -> None:
    env = make(progress=True)
    _, info = env.reset(options={"task_id": 0})
    unwrapped = env.unwrapped
    assert isinstance(unwrapped, WebShopEnv)
    assert info["admissible_actions"] == (f"search[{info['goal']}]",) and info["progress"] == 0.0
    progress, reward, done = [0.0], 0.0, False
    for action in unwrapped.expert():
        _, reward, done, _, info = env.step(action)
        progress.append(info["progress"])
    assert (reward, done, info["success"], info["score"], info["admissible_actions"]) == (1.0, True, True, 1.0, ())
    assert progress == sorted(progress) and progress[-1] == 1.0 and info["goal_share"] == 1.0
    assert unwrapped.purchase is not None
    assert unwrapped.purchase.components["r_type"] == 1.0 and unwrapped.purchase.components["r_price"] is True


def test_buying_the_wrong_thing_is_worth_less_and_ends_the_episode() -> None:
    env = make(progress=True)
    _, info = env.reset(options={"task_id": 0})
    for _ in range(2):
        _, _, _, _, info = env.step(info["admissible_actions"][-1])
    _, reward, terminated, _, info = env.step("click[buy now]")
    assert terminated and reward == info["score"] < 1.0 and not info["success"]
    assert info["progress"] == info["goal_share"] == reward


def test_environments_of_a_process_share_one_shop() -> None:
    first, second = make().unwrapped, make(split="test", progress=True).unwrapped
    assert isinstance(first, WebShopEnv) and isinstance(second, WebShopEnv)
    assert first.shop is second.shop and first.tasks is not second.tasks
    assert make().unwrapped.tasks is first.tasks  # type: ignore[attr-defined]


def test_a_state_is_small_and_pickled() -> None:
    env = make().unwrapped
    assert isinstance(env, WebShopEnv)
    env.reset(seed=3)
    for action in list(env.expert())[:3]:
        env.step(action)
    state = env.clone_state()
    assert len(pickle.dumps(state)) < 3000
    page, info = env.restore_state(pickle.loads(pickle.dumps(state)))
    assert (page, info["admissible_actions"]) == (state.observation, env._admissible())


def test_the_random_keyword_follows_the_seed() -> None:
    pages = []
    for _ in range(2):
        env = make()
        env.reset(seed=5)
        pages.append([env.step("search[<r>]")[0] for _ in range(2)])
    assert pages[0] == pages[1] and pages[0][0] != pages[0][1]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"observation_mode": "url"}, "observation_mode"),
        ({"backend": "lynx"}, "backend"),
        ({"num_products": 0}, "num_products"),
        ({"human_goals": True}, "human_goals"),
        ({"render_mode": "rgb_array"}, "browser"),
        ({"noun_tagger": "nowhere:nothing"}, "nowhere"),
    ],
    ids=str,
)
def test_bad_arguments_are_refused_by_name(arguments: dict[str, Any], named: str) -> None:
    with pytest.raises(BadArgument, match=named):
        make(**arguments)
