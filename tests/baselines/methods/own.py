"""A method as somebody else would write it: advantages of its own, from the simulator's progress."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from spa_gym.baselines.methods.seam import Credit, Study
from spa_gym.core.trajectory import Trajectory


class Own:
    name = "own"
    needs_progress = True

    def __init__(self) -> None:
        self.saw_progress = False

    def prepare(self, study: Study) -> int:
        del study
        return 0

    def credit(self, trajectories: Sequence[Trajectory]) -> Credit:
        self.saw_progress = all(step.progress is not None for t in trajectories for step in t.steps)
        return Credit(advantages=[np.linspace(-1.0, 1.0, t.num_steps) for t in trajectories])

    def metrics(self) -> dict[str, Any]:
        return {"saw_progress": self.saw_progress}
