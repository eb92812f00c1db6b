"""RandomAgent: uniform over the admissible actions, the floor of every table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["RandomAgent"]


class RandomAgent:
    """Draws each action uniformly from `info["admissible_actions"]`.

    Every episode has its own generator, seeded by (seed, task id): what it does on a task depends neither on its slot,
    nor on the number of slots, nor on whether the evaluation was stopped.

    >>> agent = RandomAgent(seed=1)
    >>> agent.act(["You are in a room."], [{"task_id": "00ff", "admissible_actions": ("look",)}])
    ['look']
    """

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        self._generators: dict[int, tuple[str, np.random.Generator]] = {}

    def settings(self) -> dict[str, Any]:
        """What goes into the run record."""
        return {"seed": self.seed}

    def act(self, observations: Sequence[str], infos: Sequence[dict[str, Any]]) -> list[str]:
        """One admissible action per observation; "" where there is none."""
        return [self._draw(info.get("slot", place), info) for place, info in enumerate(infos)]

    def _draw(self, slot: int, info: dict[str, Any]) -> str:
        task_id = str(info["task_id"])
        held = self._generators.get(slot)
        if held is None or held[0] != task_id or info.get("episode_step") == 0:
            held = (task_id, np.random.default_rng([self.seed, *task_id.encode()]))
            self._generators[slot] = held
        actions = info["admissible_actions"]
        return actions[int(held[1].integers(len(actions)))] if actions else ""
