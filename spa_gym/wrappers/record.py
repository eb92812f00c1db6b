"""`RecordTrajectory`: every finished episode, as a `Trajectory` in a versioned JSONL file.

The file is rewritten whole and atomically, every so many episodes and on ``close``: it is readable at any time, and
what was written stays whole whatever happens.
"""

from __future__ import annotations

import os
from typing import Any

import gymnasium
from gymnasium.utils import RecordConstructorArgs

from spa_gym.core.errors import BadArgument
from spa_gym.core.trajectory import Step, Trajectory, read_jsonl, write_jsonl

__all__ = ["RecordTrajectory"]


class RecordTrajectory(gymnasium.Wrapper[str, str, str, str], RecordConstructorArgs):
    """Keeps finished episodes in ``trajectories`` and, with a path, in a file.

    An episode that is reset before its end is not recorded. Put the wrapper outside the step limit, or truncated
    episodes look unfinished to it. Rewards are the environment's own: under credit (``info["reward/env"]``) too.
    One recorder a file: two would overwrite each other. Put `ActionChoice` outside it, so that actions are texts.

    Args:
        env: The environment.
        path: The JSONL file; episodes that it holds already are kept. None records in memory only.
        every: Write after so many further episodes.

    Raises:
        BadArgument: ``every`` is no positive int.
        DataCorrupt, TrajectoryMismatch: The file at ``path`` cannot be gone on with.
    """

    def __init__(self, env: gymnasium.Env[str, str], path: str | None = None, every: int = 100) -> None:
        if isinstance(every, bool) or not isinstance(every, int) or every < 1:
            raise BadArgument("every of at least 1 episode", repr(every), "pass a positive int")
        path = None if path is None else os.fspath(path)
        RecordConstructorArgs.__init__(self, path=path, every=every)
        gymnasium.Wrapper.__init__(self, env)
        self.trajectories: list[Trajectory] = []
        self._path, self._every = path, every
        if path is not None and os.path.exists(path):
            self.trajectories += read_jsonl(path)
        self._written = len(self.trajectories)
        self._observation = ""
        self._steps: list[Step] = []

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        """Starts an episode; an unfinished one is forgotten."""
        observation, info = self.env.reset(seed=seed, options=options)
        self._observation, self._steps = observation, []
        return observation, info

    def step(self, action: str) -> tuple[str, Any, bool, bool, dict[str, Any]]:
        """Steps, and records."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        self._steps.append(
            Step(
                observation=self._observation,
                action=action if isinstance(action, str) else str(action),
                reward=float(info.get("reward/env", reward)),
                grounded=bool(info["grounded"]),
                progress=info.get("progress"),
            )
        )
        self._observation = observation
        if terminated or truncated:
            self._finish(terminated, truncated, info)
        return observation, reward, terminated, truncated, info

    def flush(self) -> None:
        """Writes the file if there is something new.

        Raises:
            WriteFailed: The system refused; the old file is untouched and the episodes stay in memory.
        """
        if self._path is not None and len(self.trajectories) > self._written:
            write_jsonl(self._path, self.trajectories)
            self._written = len(self.trajectories)

    def close(self) -> None:
        """Writes what is new and closes the environment, also when writing fails."""
        try:
            self.flush()
        finally:
            self.env.close()

    def clone_wrapper_state(self) -> tuple[str, tuple[Step, ...]]:
        """The episode so far."""
        return self._observation, tuple(self._steps)

    def restore_wrapper_state(self, state: tuple[str, tuple[Step, ...]]) -> None:
        """Goes back to it."""
        self._observation, steps = state
        self._steps = list(steps)

    def _finish(self, terminated: bool, truncated: bool, info: dict[str, Any]) -> None:
        trajectory = Trajectory(
            env_id=self.env.spec.id if self.env.spec is not None else type(self.unwrapped).__name__,
            task_id=info["task_id"],
            task_type=info["task_type"],
            goal=info["goal"],
            steps=tuple(self._steps),
            final_observation=self._observation,
            terminated=terminated,
            truncated=truncated,
            score=float(info["score"]),
            success=bool(info["success"]),
        )
        self.trajectories.append(trajectory)
        self._steps = []
        if len(self.trajectories) - self._written >= self._every:
            self.flush()
