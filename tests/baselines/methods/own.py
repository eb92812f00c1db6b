"""A method as somebody else would write it: advantages of its own, from the simulator's progress."""

from __future__ import annotations

from typing import Any

import numpy as np

from spa_gym.baselines.seam import Batch, Credit, Method, Needs


class Own(Method):
    name = "own"

    def __init__(self) -> None:
        self.saw_progress = False

    @property
    def needs(self) -> Needs:
        return Needs(progress=True)

    def credit(self, batch: Batch) -> Credit:
        self.saw_progress = all(step.progress is not None for t in batch.trajectories for step in t.steps)
        return Credit(advantages=[np.linspace(-1.0, 1.0, t.num_steps) for t in batch.trajectories])

    def metrics(self) -> dict[str, Any]:
        return {"saw_progress": self.saw_progress}
