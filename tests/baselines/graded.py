"""Any method, on episodes with grades: an untrained policy solves nothing, and then most methods have nothing to learn.

`--method tests.baselines.graded:graded --options '{"method": "istar"}'`. Processes import it from here.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from spa_gym.baselines.methods.registry import make_method
from spa_gym.baselines.seam import Batch, Credit, Method
from spa_gym.core.trajectory import Trajectory


def grade(trajectory: Trajectory) -> Trajectory:
    """The episode with a score out of 0, 0.5 and 1 that its actions determine, paid on the last step."""
    score = zlib.crc32("\n".join(step.action for step in trajectory.steps).encode()) % 3 / 2
    *steps, last = [replace(step, reward=0.0) for step in trajectory.steps]
    return replace(trajectory, steps=(*steps, replace(last, reward=score)), score=score, success=score == 1.0)


class _GradedPlayer:
    """A player whose episodes have grades."""

    def __init__(self, player: Any) -> None:
        self._player = player

    def play(self, *args: Any, **kwargs: Any) -> list[Trajectory]:
        return _graded(self._player.play(*args, **kwargs))

    def play_on(self, *args: Any, **kwargs: Any) -> list[Trajectory]:
        return _graded(self._player.play_on(*args, **kwargs))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._player, name)


def _graded(played: Sequence[Trajectory]) -> list[Trajectory]:
    return [grade(t) if t.steps else t for t in played]


def graded(method: str, **options: Any) -> Method:
    """A method that sees the grades of its batch, and of what its players play."""
    made = make_method(method, options)
    credit = made.credit

    def credit_grades(batch: Batch) -> Credit:
        player, scorer = _GradedPlayer(batch.player), _GradedPlayer(batch.scorer)
        return credit(replace(batch, trajectories=_graded(batch.trajectories), player=player, scorer=scorer))

    made.credit = credit_grades
    return made
