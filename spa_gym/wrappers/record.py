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
from spa_gym.core.trajectory import Step, Trajectory, TrajectoryBuilder, read_jsonl, write_jsonl

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
        self._episode = TrajectoryBuilder(env)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        """Starts an episode; an unfinished one is forgotten."""
        observation, info = self.env.reset(seed=seed, options=options)
        self._episode.reset(observation, info)
        return observation, info

    def step(self, action: str) -> tuple[str, Any, bool, bool, dict[str, Any]]:
        """Steps, and records."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        text = action if isinstance(action, str) else str(action)
        self._episode.step(text, observation, reward, terminated, truncated, info)
        if self._episode.ended:
            self.trajectories.append(self._episode.finish())
            if len(self.trajectories) - self._written >= self._every:
                self.flush()
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
        return self._episode.observation, tuple(self._episode.steps)

    def restore_wrapper_state(self, state: tuple[str, tuple[Step, ...]]) -> None:
        """Goes back to it."""
        observation, steps = state
        self._episode.reset(observation, {}, steps)  # the next step brings the info
