"""How long the expert needs for the tasks of a split: what tables by task length are grouped by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium

from spa_gym.core.arguments import given_once
from spa_gym.core.errors import UnsolvableTask

__all__ = ["expert_lengths"]


def expert_lengths(
    env_id: str, env_kwargs: dict[str, Any], split: str, tasks: Sequence[int | str] | None = None
) -> list[int | None] | None:
    """Length of the expert's plan from the start of each task.

    Args:
        env_id: the environment.
        env_kwargs: its arguments without `split`.
        split: the split.
        tasks: positions or ids of the tasks; None: all of the split, in order.

    Returns:
        Steps in that order, None for a task that the expert cannot solve; None instead of a list where the environment
        has no expert.
    """
    env = gymnasium.make(env_id, **given_once(env_kwargs, split=split))
    bare: Any = env.unwrapped
    if not hasattr(bare, "expert"):
        env.close()
        return None
    lengths: list[int | None] = []
    for task in range(len(bare.tasks)) if tasks is None else tasks:
        env.reset(seed=0, options={"task_id": task})
        try:
            lengths.append(sum(1 for _ in bare.expert()))
        except UnsolvableTask:
            lengths.append(None)
    env.close()
    return lengths
