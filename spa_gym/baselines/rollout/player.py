"""`EnginePlayer`: lets the present policy play tasks, or play on from places in episodes, and counts the steps.

Monte-Carlo credit stands on it: every method that asks what would have happened pays for it in environment steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium

from spa_gym.baselines.rollout.place import Place
from spa_gym.baselines.rollout.protocol import EpisodeSpec, MakeEnv, RolloutEngine
from spa_gym.core.cloning import clone
from spa_gym.core.errors import TrajectoryMismatch
from spa_gym.core.trajectory import Trajectory

__all__ = ["EnginePlayer"]


class EnginePlayer:
    """Plays with an engine's policy.

    Args:
        engine: the engine; its policy is read anew for each call.
        make_env: makes one environment of the training split.
        num_envs: episodes played at once.
        seed: seed of environments and noise.
        noise: distinguishes the noise of this player from others' (the number of the batch, for example).

    Attributes:
        env_steps: environment steps so far, without those of histories.
        tokens: action tokens emitted in them.
    """

    def __init__(self, engine: RolloutEngine, make_env: MakeEnv, *, num_envs: int, seed: int, noise: int = 0) -> None:
        self.env_steps = self.tokens = 0
        self._engine, self._make_env, self._num_envs, self._seed = engine, make_env, num_envs, seed
        self._noise, self._calls = noise, 0
        self._env: gymnasium.Env[Any, Any] | None = None

    def play(self, tasks: Sequence[int | str], *, temperature: float = 1.0) -> list[Trajectory]:
        """One episode for each task (position in the training split, or id)."""
        specs = [EpisodeSpec(task_id=task, seed=self._seed, sample=i) for i, task in enumerate(tasks)]
        return self._run(specs, temperature)

    def play_on(
        self, places: Sequence[Place], *, temperature: float = 1.0, max_steps: int | None = None
    ) -> list[Trajectory]:
        """One episode from each place, a place being as often there as it is wanted; they begin with its history.

        Args:
            places: where to go on from.
            temperature: of the policy.
            max_steps: new steps after which an episode is left, as if truncated; None: to its end.
        """
        specs = [
            EpisodeSpec(state=p.state, history=p.history, sample=i, max_steps=max_steps) for i, p in enumerate(places)
        ]
        return self._run(specs, temperature)

    def places(self, trajectory: Trajectory) -> list[Place]:
        """The place before each step, and the one after the last where the episode could go on: T or T + 1 of them.

        Raises:
            TrajectoryMismatch: the environment answers otherwise than it did when the episode was played.
        """
        env = self._env = self._env or self._make_env()
        seen, _ = env.reset(seed=self._seed, options={"task_id": trajectory.task_id})
        places, ended = [], False
        for t, step in enumerate(trajectory.steps):
            if seen != step.observation or ended:
                raise TrajectoryMismatch(
                    f"the observation of step {t} of {trajectory.task_id}", repr(seen[:80]), "play the episode again"
                )
            places.append(Place(clone(env), trajectory.steps[:t]))
            seen, _, terminated, truncated, _ = env.step(step.action)
            ended = bool(terminated or truncated)
        if not ended:
            places.append(Place(clone(env), trajectory.steps))
        return places

    def close(self) -> None:
        """Close the environment that `places` used."""
        if self._env is not None:
            self._env.close()
            self._env = None

    def _run(self, specs: list[EpisodeSpec], temperature: float) -> list[Trajectory]:
        if not specs:
            return []
        self._calls += 1
        played = self._engine.run(
            self._make_env,
            specs,
            num_envs=self._num_envs,
            temperature=temperature,
            seed=(self._noise * 1009 + self._calls) * 1_000_003 + self._seed,
        )
        for spec, trajectory in zip(specs, played, strict=True):
            new = trajectory.steps[len(spec.history) :]
            self.env_steps += len(new)
            self.tokens += sum(len(step.action_ids or ()) for step in new)
        return played
