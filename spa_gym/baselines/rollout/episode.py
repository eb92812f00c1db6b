"""One running episode: steps its environment and keeps what becomes the trajectory. All engines use it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium

from spa_gym.baselines.rollout.protocol import EpisodeSpec
from spa_gym.core.cloning import restore
from spa_gym.core.trajectory import Step, Trajectory, TrajectoryBuilder

__all__ = ["Episode"]


class Episode:
    """An environment in the middle of an episode.

    Args:
        env: the environment; it is reset (or restored) here.
        spec: the episode.

    Attributes:
        done: the environment has ended the episode, or it has had the steps that it was to have.
    """

    __slots__ = ("_builder", "_last", "done", "env")

    def __init__(self, env: gymnasium.Env[str, str], spec: EpisodeSpec) -> None:
        self.env = env
        self._builder = TrajectoryBuilder(env)
        if spec.state is not None:
            self._builder.reset(*restore(env, spec.state), spec.history)
        else:
            options = None if spec.task_id is None else {"task_id": spec.task_id}
            self._builder.reset(*env.reset(seed=spec.seed, options=options), spec.history)
        self._last = None if spec.max_steps is None else len(spec.history) + spec.max_steps
        self.done = False

    @property
    def observation(self) -> str:
        """What is seen now."""
        return self._builder.observation

    @property
    def info(self) -> dict[str, Any]:
        """The environment's last info."""
        return self._builder.info

    @property
    def steps(self) -> list[Step]:
        """What has happened so far."""
        return self._builder.steps

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
        self._builder.step(action, *self.env.step(action), action_ids=action_ids, logprobs=logprobs)
        self.done = self._builder.ended or len(self.steps) == self._last
        return not self.done

    def finish(self) -> Trajectory:
        """Returns the trajectory; one that the environment has not ended (it was left, or had no room) is truncated."""
        return self._builder.finish(left=True)
