"""The explorer: executable actions, and errands of its own."""

from __future__ import annotations

import random

import gymnasium as gym
import pytest

import spa_gym  # noqa: F401  (registers the ids)


def _episode(env, task: int, seed: int) -> tuple[list[str], list[bool], bool]:
    observation, info = env.reset(options={"task_id": task})
    explorer = env.unwrapped.explorer(random.Random(seed))
    actions, grounded, done = [], [], False
    while not done:
        action = explorer.act(info["admissible_actions"])
        observation, _, terminated, truncated, info = env.step(action)
        explorer.observe(action, observation)
        actions.append(action)
        grounded.append(info["grounded"])
        done = terminated or truncated
    return actions, grounded, info["success"]


@pytest.mark.parametrize("size", ["official", "small"])
def test_it_explores(size: str) -> None:
    env = gym.make("SPA-WebShop-v0", size=size, split="train")
    episodes = [_episode(env, task, task) for task in range(120)]
    executed = [ok for _, grounded, _ in episodes for ok in grounded]
    assert sum(executed) > 0.98 * len(executed)
    assert sum(success for _, _, success in episodes) < 0.05 * len(episodes)
    done = {
        action.partition("[")[0] if "search" in action else action for actions, _, _ in episodes for action in actions
    }
    assert {"search", "click[Features]", "click[Description]", "click[< Prev]", "click[Next >]", "click[Buy Now]",
            "click[Back to Search]"} <= done  # fmt: skip
    assert len({action for actions, _, _ in episodes for action in actions if action.startswith("search")}) > 100


def test_clicks_are_written_as_the_page_shows_them() -> None:
    env = gym.make("SPA-WebShop-v0", size="small", split="train")
    ids = {asin.lower() for asin in env.unwrapped.shop.catalogue.asins}
    for task in range(40):
        assert not {action[len("click[") : -1] for action in _episode(env, task, task)[0]} & ids
