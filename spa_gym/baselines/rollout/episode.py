"""One running episode: steps its environment and keeps what becomes the trajectory. All engines use it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium

from spa_gym.baselines.rollout.protocol import EpisodeSpec
from spa_gym.core.cloning import restore
from spa_gym.core.trajectory import Step, Trajectory

__all__ = ["Episode"]


class Episode:
    """An environment in the middle of an episode.

    Args:
        env: the environment; it is reset (or restored) here.
        spec: the episode.

    Attributes:
        observation: what is seen now.
        info: the environment's last info.
        steps: what has happened so far.
        done: the environment has ended the episode, or it has had the steps that it was to have.
    """

    __slots__ = ("_last", "_terminated", "_truncated", "done", "env", "info", "observation", "steps")

    def __init__(self, env: gymnasium.Env[str, str], spec: EpisodeSpec) -> None:
        self.env = env
        self.observation: str
        self.info: dict[str, Any]
        if spec.state is not None:
            self.observation, self.info = restore(env, spec.state)
        else:
            options = None if spec.task_id is None else {"task_id": spec.task_id}
            self.observation, self.info = env.reset(seed=spec.seed, options=options)
        self.steps: list[Step] = list(spec.history)
        self._last = None if spec.max_steps is None else len(spec.history) + spec.max_steps
        self._terminated = self._truncated = self.done = False

    def act(
        self, action: str, action_ids: Sequence[int] | None = None, logprobs: Sequence[float] | None = None
    ) -> bool:
        """Takes one action.

        Args:
            action: its text.
            action_ids: the ids that the policy emitted.
            logprobs: their log-probabilities.

        Returns:
            Whether the episode goes on.
        """
        seen = self.observation
        self.observation, reward, self._terminated, self._truncated, self.info = self.env.step(action)
        self.steps.append(
            Step(
                observation=seen,
                action=action,
                reward=float(reward),
                grounded=bool(self.info["grounded"]),
                progress=self.info.get("progress"),
                action_ids=None if action_ids is None else tuple(action_ids),
                logprobs=None if logprobs is None else tuple(logprobs),
            )
        )
        self.done = self._terminated or self._truncated or len(self.steps) == self._last
        return not self.done

    def finish(self) -> Trajectory:
        """Returns the trajectory; one that the environment has not ended (it was left, or had no room) is truncated."""
        spec = self.env.spec
        return Trajectory(
            env_id=spec.id if spec is not None else type(self.env.unwrapped).__name__,
            task_id=self.info["task_id"],
            task_type=self.info["task_type"],
            goal=self.info["goal"],
            steps=tuple(self.steps),
            final_observation=self.observation,
            terminated=self._terminated,
            truncated=not self._terminated,
            score=float(self.info["score"]),
            success=bool(self.info["success"]),
        )
