"""The toy corridor with a policy that half the time does what the expert would, else draws: its values are known."""

from __future__ import annotations

import functools
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gymnasium

from spa_gym.baselines.attribution.store import Node, Truth, value_task
from spa_gym.baselines.attribution.truth import assess
from spa_gym.baselines.models.checkpoint import save_checkpoint
from spa_gym.baselines.rollout.episode import Episode
from spa_gym.baselines.rollout.protocol import EpisodeSpec
from spa_gym.baselines.seam import Place
from spa_gym.core.cloning import clone
from spa_gym.core.trajectory import Trajectory, from_record, to_record
from tests.baselines.language import toy_codec, toy_model
from tests.toy import Toy

__all__ = ["KWARGS", "DrawingPlayer", "exact_values", "toy_checkpoint", "toy_truth"]

KWARGS: dict[str, Any] = {"max_episode_steps": 10}
KNOWS = 0.5


class DrawingPlayer:
    """Does what the expert would do with probability KNOWS, else draws uniformly among the admissible actions."""

    def __init__(self, seed: int = 0) -> None:
        self.env_steps = self.tokens = 0
        self.asked: list[int] = []
        self._rng = random.Random(seed)

    def play(self, tasks: Sequence[int | str], *, temperature: float = 1.0) -> list[Trajectory]:
        return [self._play(EpisodeSpec(task_id=task, seed=0)) for task in tasks]

    def play_on(
        self, places: Sequence[Place], *, temperature: float = 1.0, max_steps: int | None = None
    ) -> list[Trajectory]:
        self.asked.append(len(places))
        return [self._play(EpisodeSpec(state=place.state, history=place.history)) for place in places]

    def places(self, trajectory: Trajectory) -> list[Place]:
        env, made = _make(), []
        env.reset(seed=0, options={"task_id": trajectory.task_id})
        for t, step in enumerate(trajectory.steps):
            made.append(Place(clone(env), trajectory.steps[:t]))
            env.step(step.action)
        return made

    def _play(self, spec: EpisodeSpec) -> Trajectory:
        episode = Episode(_make(), spec)
        going = True
        while going:
            bare: Any = episode.env.unwrapped
            choices = episode.info["admissible_actions"]
            going = episode.act(next(bare.expert()) if self._rng.random() < KNOWS else self._rng.choice(choices))
            self.env_steps += 1
        return episode.finish()


def _make() -> gymnasium.Env[str, str]:
    return gymnasium.make("SPA-Toy-v0", progress=True, **KWARGS)


def exact_values(trajectory: Trajectory) -> list[float]:
    """V before each step of an episode, by trying everything that can happen until the step limit."""
    env: Any = Toy()

    @functools.cache
    def value(snapshot: Any, left: int) -> float:
        env._restore(snapshot)
        if env._result is not None:
            return env._result
        if not left:
            return 0.0
        actions, known = env._admissible(), next(env.expert())
        total = 0.0
        for action in actions:
            env._restore(snapshot)
            env._act(action)
            weight = (1 - KNOWS) / len(actions) + KNOWS * (action == known)
            total += weight * value(env._snapshot(), left - 1)
        return total

    env.reset(seed=0, options={"task_id": trajectory.task_id})
    snapshots = []
    for step in trajectory.steps:
        snapshots.append(env._snapshot())
        env._act(step.action)
    return [value(snapshot, KWARGS["max_episode_steps"] - t) for t, snapshot in enumerate(snapshots)]


@functools.cache
def toy_truth(tasks: int = 4, group: int = 4, continuations: int = 100) -> Truth:
    """A truth of the drawing policy."""
    episodes = []
    for task in range(tasks):
        player = DrawingPlayer(task)
        record = assess(player, player.play([task] * group), continuations)
        table = [Node(*row) for row in record["table"]]
        played = [from_record({**entry, "steps": [dict(s) for s in entry["steps"]]}) for entry in record["episodes"]]
        assert [to_record(t) for t in played] == record["episodes"]
        episodes += value_task(played, record["nodes"], table, record["task_id"])
    settings = {
        "env_id": "SPA-Toy-v0",
        "env_kwargs": KWARGS,
        "start": "nowhere",
        "tasks": tasks,
        "group": group,
        "continuations": continuations,
    }
    return Truth(settings, episodes, 0)


def toy_checkpoint(folder: Path) -> Path:
    """The untrained toy model as a checkpoint."""
    return save_checkpoint(folder / "checkpoint", toy_model(), toy_codec(), recipe={"stage": "none"})
