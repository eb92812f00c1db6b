"""How long the expert needs for each task of a split: what tables of success by task length are grouped by."""

from __future__ import annotations

from typing import Any

import gymnasium

from spa_gym.core.errors import UnsolvableTask

__all__ = ["expert_lengths"]


def expert_lengths(env_id: str, env_kwargs: dict[str, Any], split: str) -> list[int | None] | None:
    """Length of the expert's plan from the start of each task.

    Args:
        env_id: the environment.
        env_kwargs: its arguments without `split`.
        split: the split.

    Returns:
        Steps in task order, None for a task that the expert cannot solve; None instead of a list where the environment
        has no expert.
    """
    env = gymnasium.make(env_id, split=split, **env_kwargs)
    bare: Any = env.unwrapped
    if not hasattr(bare, "expert"):
        env.close()
        return None
    lengths: list[int | None] = []
    for task in range(len(bare.tasks)):
        env.reset(seed=0, options={"task_id": task})
        try:
            lengths.append(sum(1 for _ in bare.expert()))
        except UnsolvableTask:
            lengths.append(None)
    env.close()
    return lengths
