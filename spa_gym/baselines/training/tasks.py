"""Which training tasks a batch plays: drawn at random, a method's group of episodes for each."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import gymnasium

from spa_gym.baselines.rollout.protocol import EpisodeSpec
from spa_gym.baselines.seam import Needs
from spa_gym.baselines.train_config import TrainConfig
from spa_gym.core.arguments import given_once
from spa_gym.core.errors import BadArgument

__all__ = ["Tasks"]


class Tasks:
    """Draws the tasks of each batch.

    Args:
        config: the training's settings.
        needs: what the method asks for.
        demonstrated: ids of the demonstrated tasks, read where the method asks for those.

    Raises:
        BadArgument: a batch has not room for a single group, or there is no demonstrated task to draw from.
    """

    def __init__(self, config: TrainConfig, needs: Needs, demonstrated: Sequence[str] = ()) -> None:
        self._episodes = min(config.episodes, needs.episodes or config.episodes)
        if needs.group < 1 or self._episodes < needs.group:
            raise BadArgument(
                f"episodes of a batch for at least one group of {needs.group}",
                f"{self._episodes} episodes",
                f"pass --episodes {max(1, needs.group)} or more",
            )
        if needs.demonstrated and not demonstrated:
            raise BadArgument(
                f"demonstrated tasks, which the method {config.method} draws from",
                f"none of {config.demonstrations} demonstrations",
                "pass --demonstrations 150",
            )
        self._config, self._needs = config, needs
        env = self.make_env()
        unwrapped: Any = env.unwrapped
        self._among: Sequence[int | str] = demonstrated if needs.demonstrated else range(len(unwrapped.tasks))
        env.close()

    def make_env(self) -> gymnasium.Env[str, str]:
        """An environment of the training split."""
        config = self._config
        return gymnasium.make(
            config.env_id, **given_once(config.env_kwargs, split="train", progress=self._needs.progress)
        )

    def draw(self, rng: random.Random) -> list[EpisodeSpec]:
        """The episodes of a batch, those of one task side by side."""
        group, seed = self._needs.group, self._config.seed
        specs: list[EpisodeSpec] = []
        for _ in range(self._episodes // group):
            task = self._among[int(rng.random() * len(self._among))]
            specs += [EpisodeSpec(task_id=task, seed=seed, sample=len(specs) + i) for i in range(group)]
        return specs
