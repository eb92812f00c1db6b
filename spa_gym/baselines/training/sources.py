"""Where transcripts come from: mixtures of worlds and players, the same stream for the same seed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import gymnasium

from spa_gym.baselines.learning.transcripts import Transcript, play_transcript
from spa_gym.baselines.models.tokens import Codec
from spa_gym.baselines.models.view import View
from spa_gym.core.arguments import given_once
from spa_gym.core.players import playable

__all__ = ["FIRST_TRAINING_WORLD", "Source", "TranscriptPlayer", "world_texts"]

FIRST_TRAINING_WORLD = 1000
"""World seeds from here on are for pretraining; those below are for studies and are never pretrained on."""


@dataclass(frozen=True, slots=True)
class Source:
    """One ingredient of a mixture.

    Args:
        env_id: the environment.
        env_kwargs: its arguments.
        weight: share of the transcripts, relative to the other sources.
        worlds: number of generated worlds, seeds `FIRST_TRAINING_WORLD` on; 0 leaves `env_kwargs` as they are.
        explore: share of transcripts by the explorer, who does not know the task.
        noise: share of slipped-in random actions in the demonstrator's transcripts ...
        noisy: ... in this share of them.
    """

    env_id: str = "SPA-ALFWorld-v0"
    env_kwargs: dict[str, Any] = field(default_factory=dict)
    weight: float = 1.0
    worlds: int = 40
    explore: float = 0.0
    noise: float = 0.1
    noisy: float = 0.7


class TranscriptPlayer:
    """Makes transcripts from a mixture; environments are made when first needed.

    Args:
        sources: the mixture.
        codec: turns text into ids.
        text_weight: mean weight of observation tokens in the loss.
    """

    def __init__(self, sources: Sequence[Source], codec: Codec, text_weight: float = 0.1) -> None:
        self._sources, self._codec, self._text_weight = list(sources), codec, text_weight
        self._envs: dict[tuple[int, int], gymnasium.Env[str, str]] = {}

    def __call__(self, rng: random.Random) -> Transcript:
        """The next transcript; all chance comes from `rng`."""
        point = rng.random() * sum(source.weight for source in self._sources)
        which = 0
        while which < len(self._sources) - 1 and point >= self._sources[which].weight:
            point -= self._sources[which].weight
            which += 1
        source = self._sources[which]
        env = make_env(self._envs, which, source, int(rng.random() * source.worlds) if source.worlds else 0)
        task = int(rng.random() * len(playable(env).tasks))
        noise = source.noise if rng.random() < source.noisy else 0.0
        explore = rng.random() < source.explore
        return play_transcript(env, task, self._codec, rng, noise=noise, explore=explore, text_weight=self._text_weight)


def make_env(
    envs: dict[tuple[int, int], gymnasium.Env[str, str]], which: int, source: Source, world: int
) -> gymnasium.Env[str, str]:
    """The environment of a source and world, made once."""
    env = envs.get((which, world))
    if env is None:
        extra: dict[str, Any] = {"world_seed": FIRST_TRAINING_WORLD + world} if source.worlds else {}
        env = envs[which, world] = gymnasium.make(source.env_id, **given_once(source.env_kwargs, **extra))
    return env


def world_texts(sources: Sequence[Source], episodes: int, seed: int = 0, view: View | None = None) -> list[str]:
    """Observations and actions of half-random episodes of all sources, as a view shows them, to train a tokenizer."""
    view = view or View()
    envs: dict[tuple[int, int], gymnasium.Env[str, str]] = {}
    texts: list[str] = []
    for number in range(episodes):
        rng = random.Random(f"texts/{seed}/{number}")
        which = number % len(sources)
        source = sources[which]
        env = make_env(envs, which, source, int(rng.random() * source.worlds) if source.worlds else 0)
        bare = playable(env)
        observation, info = env.reset(options={"task_id": int(rng.random() * len(bare.tasks))})
        player = bare.demonstrator()
        texts.append(view.of(observation))
        done = False
        while not done:
            admissible = info["admissible_actions"]
            action = player.act() if rng.random() < 0.6 else admissible[int(rng.random() * len(admissible))]
            observation, _, terminated, truncated, info = env.step(action)
            player.observe(action, observation)
            texts += [view.action(action), view.of(observation)]
            done = terminated or truncated
    return texts
