"""Three-step toy episodes, and a player and readings that answer from tables: what methods' credit is worked out on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from spa_gym.baselines.seam import Array, Place
from spa_gym.core.trajectory import Step, Trajectory

__all__ = ["ToyPlayer", "ToyReadings", "episode"]


def episode(
    score: float,
    *,
    task: str = "t",
    observations: Sequence[str] = ("s0", "s1", "s2"),
    actions: Sequence[str] = ("a0", "a1", "a2"),
    final: str = "end",
    grounded: Sequence[bool] | None = None,
    progress: Sequence[float | None] | None = None,
    ids: Sequence[tuple[int, ...]] | None = None,
    terminated: bool | None = None,
) -> Trajectory:
    """An episode that earned `score` at its last step; terminated where it scored, unless said otherwise."""
    count = len(actions)
    steps = tuple(
        Step(
            observations[t],
            actions[t],
            score if t == count - 1 else 0.0,
            True if grounded is None else grounded[t],
            None if progress is None else progress[t],
            None if ids is None else ids[t],
            None if ids is None else (0.0,) * len(ids[t]),
        )
        for t in range(count)
    )
    ended = score > 0 if terminated is None else terminated
    return Trajectory("toy", task, "kind", "goal", steps, final, ended, not ended, score, score == 1.0)


class ToyPlayer:
    """Plays on from a place by a table.

    Args:
        answer: the number of the visit to this place (0, 1, ...) and the actions that led there -> the whole episode.

    Attributes:
        env_steps: steps of the answers beyond their histories.
        asked: how often each place was played on from, by the actions that led there.
    """

    def __init__(self, answer: Callable[[int, tuple[str, ...]], Trajectory]) -> None:
        self.env_steps = 0
        self.asked: Counter[tuple[str, ...]] = Counter()
        self._answer = answer

    def play_on(
        self, places: Sequence[Place], *, temperature: float = 1.0, max_steps: int | None = None
    ) -> list[Trajectory]:
        del temperature
        played = []
        for place in places:
            before = tuple(step.action for step in place.history)
            whole = self._answer(self.asked[before], before)
            keep = whole.num_steps if max_steps is None else min(whole.num_steps, len(before) + max_steps)
            played.append(replace(whole, steps=whole.steps[:keep]))
            self.asked[before] += 1
            self.env_steps += played[-1].num_steps - len(before)
        return played

    def places(self, trajectory: Trajectory) -> list[Place]:
        state: Any = None
        count = trajectory.num_steps + (not (trajectory.terminated or trajectory.truncated))
        return [Place(state, trajectory.steps[:t]) for t in range(count)]


class ToyReadings:
    """Log-probabilities by a table.

    Args:
        tables: name of a model -> action text -> log-probability of each of its tokens; for an episode read after a
            text, the name is "<model> after <text>".
    """

    def __init__(self, tables: Mapping[str, Mapping[str, Sequence[float]]]) -> None:
        self.policy: Any = "policy"
        self.reference: Any = "reference"
        self._tables = tables

    def logprobs(
        self, trajectories: Sequence[Trajectory], model: Any, *, before: Sequence[str] | None = None
    ) -> list[list[Array]]:
        names = [model] * len(trajectories) if before is None else [f"{model} after {text}" for text in before]
        return [
            [np.array(self._tables[name][step.action], dtype=np.float64) for step in t.steps]
            for name, t in zip(names, trajectories, strict=True)
        ]
