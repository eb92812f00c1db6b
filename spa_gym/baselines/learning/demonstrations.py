"""The demonstrations that a policy imitates, and that some methods compare its actions with: the same for all.

They are the demonstrator's episodes on the first tasks of the training split, those that it solves.
"""

from __future__ import annotations

import random
from typing import Any

import gymnasium

from spa_gym.baselines.learning.transcripts import play_demonstrator
from spa_gym.core.arguments import given_once
from spa_gym.core.trajectory import Trajectory

__all__ = ["demonstrations"]


def demonstrations(env_id: str, env_kwargs: dict[str, Any], count: int) -> list[Trajectory]:
    """So many solved episodes of the demonstrator, in the order of their tasks.

    Args:
        env_id: the environment.
        env_kwargs: its arguments, without the split.
        count: how many; all that are solved, where there are fewer.
    """
    env = gymnasium.make(env_id, **given_once(env_kwargs, split="train"))
    made: list[Trajectory] = []
    task = 0
    bare: Any = env.unwrapped
    while len(made) < count and task < len(bare.tasks):
        trajectory, _ = play_demonstrator(env, task, random.Random(f"demonstrations/{task}"))
        if trajectory.success:
            made.append(trajectory)
        task += 1
    env.close()
    return made
