"""What every rollout engine does: play episodes with a language model and hand back trajectories.

An engine is asked for episodes and streams them back as they end, so that finished ones can be journaled at once;
:meth:`RolloutEngine.run` puts them into the order in which they were asked for.
"""

from __future__ import annotations

import abc
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zlib import crc32

import gymnasium
import numpy as np

from spa_gym.baselines import distributed
from spa_gym.core.errors import BadArgument

if TYPE_CHECKING:
    from spa_gym.core.cloning import EnvState
    from spa_gym.core.trajectory import Step, Trajectory

__all__ = ["EpisodeSpec", "MakeEnv", "Progress", "RolloutEngine", "RolloutSettings", "noise_generators"]

MakeEnv = Callable[[], gymnasium.Env[str, str]]
Progress = Callable[[int, "Trajectory"], None]


@dataclass(frozen=True, slots=True)
class EpisodeSpec:
    """An episode to be played.

    Attributes:
        task_id: position in the split, or the task's id; None lets the environment choose by ``seed``.
        seed: seed of the environment's reset.
        sample: which of several samples of the same task this is; it changes the policy's noise only.
        state: where the episode starts instead of a reset, from ``spa_gym.core.cloning.clone``.
        history: the steps that led to ``state``; the policy reads them, the trajectory begins with them.
        max_steps: steps after which the episode is left, without those of ``history``; None: only where it ends.
    """

    task_id: int | str | None = None
    seed: int | None = None
    sample: int = 0
    state: EnvState | None = None
    history: tuple[Step, ...] = ()
    max_steps: int | None = None

    def __post_init__(self) -> None:
        """Refuses an episode without a step."""
        if self.max_steps is not None and self.max_steps < 1:
            raise BadArgument("max_steps >= 1, or None", repr(self.max_steps), "pass max_steps=1")


@dataclass(frozen=True, slots=True)
class RolloutSettings:
    """How episodes are played; see :meth:`RolloutEngine.run`."""

    num_envs: int = 64
    temperature: float = 1.0
    seed: int = 0
    max_action_tokens: int = 32

    def __post_init__(self) -> None:
        """Refuses settings that cannot work."""
        if self.num_envs < 1 or self.max_action_tokens < 1 or self.temperature < 0 or self.seed < 0:
            raise BadArgument(
                "num_envs >= 1, max_action_tokens >= 1, temperature >= 0 and seed >= 0", f"{self}", "change the setting"
            )


class RolloutEngine(abc.ABC):
    """Plays episodes of text environments with a language model."""

    @abc.abstractmethod
    def _stream(
        self, make_env: MakeEnv, episodes: Sequence[EpisodeSpec], settings: RolloutSettings
    ) -> Iterator[tuple[int, Trajectory]]:
        """Plays the episodes; yields each with its position in ``episodes`` when it ends."""

    def stream(
        self, make_env: MakeEnv, episodes: Sequence[EpisodeSpec], **settings: Any
    ) -> Iterator[tuple[int, Trajectory]]:
        """Plays episodes and yields ``(position in episodes, trajectory)`` as they end.

        Args:
            make_env: makes one environment; called at most ``num_envs`` times.
            episodes: what is to be played.
            **settings: fields of :class:`RolloutSettings`.
        """
        return self._stream(make_env, episodes, RolloutSettings(**settings))

    def run(
        self,
        make_env: MakeEnv,
        episodes: Sequence[EpisodeSpec],
        *,
        num_envs: int = 64,
        temperature: float = 1.0,
        seed: int = 0,
        max_action_tokens: int = 32,
        progress: Progress | None = None,
    ) -> list[Trajectory]:
        """Plays episodes, each process its share of them, all of which all get.

        Args:
            make_env: makes one environment; called at most ``num_envs`` times.
            episodes: what is to be played.
            num_envs: how many episodes are played at once.
            temperature: 0 takes the most probable token; recorded log-probabilities are always those of temperature 1.
            seed: seed of the policy's noise. Each episode has its own stream of noise, made from this seed and its
                spec, so that its actions do not depend on what is played beside it.
            max_action_tokens: an action that is longer is cut there.
            progress: called with position (in this process's share) and trajectory whenever an episode ends.

        Returns:
            One trajectory for each episode, in the order of ``episodes``.
        """
        done: dict[int, Trajectory] = {}
        mine = distributed.share(episodes)
        for index, trajectory in self.stream(
            make_env,
            mine,
            num_envs=num_envs,
            temperature=temperature,
            seed=seed,
            max_action_tokens=max_action_tokens,
        ):
            done[index] = trajectory
            if progress is not None:
                progress(index, trajectory)
        return distributed.gather([done[index] for index in range(len(mine))], len(episodes))


def noise_generators(episodes: Sequence[EpisodeSpec], seed: int) -> list[np.random.Generator]:
    """Returns one noise generator for each episode, from the seed and the spec, not from its position.

    Specs that are equal get different noise, in order of appearance.
    """
    seen: Counter[tuple[str, int, int]] = Counter()
    generators = []
    for spec in episodes:
        key = (str(spec.task_id), -1 if spec.seed is None else spec.seed, spec.sample)
        entropy = [seed, crc32(key[0].encode()), key[1] + 1, key[2], seen[key]]
        generators.append(np.random.default_rng(entropy))
        seen[key] += 1
    return generators
