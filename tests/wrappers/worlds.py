"""What the wrapper tests share: the toy with a short limit, scripted estimators, a policy that errs now and then."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np

from spa_gym.wrappers.estimators import Texts
from tests.toy import TOY_ID

# Task 0: three rooms, the key in room 0. From room 0 this is the whole solution, with one action that is not executed
# in it. Progress in the toy: 0.396 for the key, 0.396 for the open door, room / 30 on the way, 1 at the end.
ACTIONS = ("take key", "dance", "go right", "go right", "unlock door", "go out")
PROGRESS = (0.396, 0.396, 0.396 + 1 / 30, 0.396 + 2 / 30, 0.792 + 2 / 30, 1.0)
GROUNDED = (True, False, True, True, True, True)


def make_toy(max_episode_steps: int = 40, **kwargs: Any) -> gymnasium.Env[str, str]:
    return gymnasium.make(TOY_ID, max_episode_steps=max_episode_steps, **kwargs)


def reset_to_first_room(env: gymnasium.Env[str, str]) -> tuple[str, dict[str, Any]]:
    """Task 0 from room 0: the toy draws the first room, so seeds are tried until it is room 0."""
    for seed in range(100):
        observation, info = env.reset(seed=seed, options={"task_id": 0})
        if "You are in room 0." in observation:
            return observation, info
    raise AssertionError("no seed starts in room 0")


class FromTexts:
    """A single-episode estimator whose contribution depends on every text it is given and on the step's number."""

    def begin(self, task_text: str) -> None:
        self.base, self.steps = 0.001 * len(task_text), 0

    def contribution(self, observation: str, action: str, next_observation: str) -> float:
        self.steps += 1
        seen = 0.003 * len(next_observation) - 0.002 * len(observation)
        return self.base + 0.1 * self.steps + 0.01 * len(action) + seen


class Scripted:
    """Gives the contributions it is told, in order, whatever happens."""

    def __init__(self, values: Sequence[float]) -> None:
        self.values = list(values)
        self.begun: list[str] = []
        self.calls: list[tuple[str, str, str]] = []

    def begin(self, task_text: str) -> None:
        self.begun.append(task_text)

    def contribution(self, observation: str, action: str, next_observation: str) -> float:
        self.calls.append((observation, action, next_observation))
        return self.values[(len(self.calls) - 1) % len(self.values)]


class CountingBatch:
    """A batched estimator that notes how often it was called and for whom."""

    def __init__(self) -> None:
        self.begins: list[list[int]] = []
        self.calls: list[list[int]] = []

    def begin(self, indices: Sequence[int], task_texts: Sequence[str]) -> None:
        self.begins.append(list(indices))

    def contributions(
        self, indices: Sequence[int], observations: Texts, actions: Texts, next_observations: Texts
    ) -> list[float]:
        self.calls.append(list(indices))
        return [0.25 + i for i in indices]


def choose(infos: dict[str, Any], i: int, rng: np.random.Generator) -> str:
    """Mostly an admissible action, sometimes nonsense."""
    admissible = infos["admissible_actions"][i]
    if not admissible or rng.random() < 0.2:
        return "dance"
    return admissible[int(rng.integers(len(admissible)))]
