"""The expert scores 1.0 on every task of every split of generated shops, within the step limit."""

from __future__ import annotations

import gymnasium as gym
import pytest

from spa_gym.envs.webshop.env import WebShopEnv

SPLITS = ("train", "valid", "test")


@pytest.mark.slow
@pytest.mark.parametrize("size", ["official", "small"])
def test_the_expert_solves_every_generated_task(size: str) -> None:
    for split in SPLITS:
        env = gym.make("SPA-WebShop-v0", size=size, split=split)
        unwrapped = env.unwrapped
        assert isinstance(unwrapped, WebShopEnv)
        failed = []
        for position in range(len(unwrapped.tasks)):
            env.reset(options={"task_id": position})
            score = 0.0
            for action in unwrapped.expert():
                _, score, terminated, truncated, info = env.step(action)
                if not info["grounded"] or terminated or truncated:
                    break
            if score != 1.0:
                failed.append(position)
        assert failed == [], split
