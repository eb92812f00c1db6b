"""Transcripts to imitate: the demonstrator's and the explorer's episodes, encoded, endless and the same by seed.

A transcript carries a weight for every token: 1 on the actions that are worth imitating, little on the text around
them, 0 on actions that somebody else slipped in. Slipped-in actions ("noise") show the model how to go on from states
that the demonstrator would never reach by itself.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from spa_gym.baselines.models.tokens import Codec, EncodedTrajectory, encode
from spa_gym.core.players import playable
from spa_gym.core.trajectory import Step, Trajectory

__all__ = ["Transcript", "TranscriptStream", "play_demonstrator", "play_transcript"]


@dataclass(frozen=True, slots=True)
class Transcript:
    """An encoded episode and the weight of each of its tokens in the loss, `len(weights) == len(encoded.ids)`."""

    encoded: EncodedTrajectory
    weights: list[float]
    success: bool
    num_steps: int
    task_id: str = ""


def play_demonstrator(
    env: Any, task: int, rng: random.Random, *, noise: float = 0.0, explore: bool = False
) -> tuple[Trajectory, list[bool]]:
    """The episode of the demonstrator (or the explorer), and which of its actions are worth imitating.

    Args:
        env: an environment as `gymnasium.make` returns it, that brings players along (`core/players.py`).
        task: position in its split.
        rng: decides on noise.
        noise: share of steps on which a random admissible action is done instead; such steps are not imitated.
        explore: let the explorer play; all its actions are imitated.
    """
    observation, info = env.reset(options={"task_id": task})
    player: Any = playable(env).explorer(rng) if explore else playable(env).demonstrator()
    steps: list[Step] = []
    imitate: list[bool] = []
    terminated = truncated = False
    while not (terminated or truncated):
        admissible = info["admissible_actions"]
        slip = not explore and rng.random() < noise
        if slip:
            action = admissible[int(rng.random() * len(admissible))]
        else:
            action = player.act(admissible) if explore else player.act()
        seen = observation
        observation, reward, terminated, truncated, info = env.step(action)
        player.observe(action, observation)
        steps.append(Step(seen, action, float(reward), info["grounded"], None, None, None))
        imitate.append(not slip)
    trajectory = Trajectory(
        env_id=env.spec.id,
        task_id=info["task_id"],
        task_type=info["task_type"],
        goal=info["goal"],
        steps=tuple(steps),
        final_observation=observation,
        terminated=terminated,
        truncated=truncated,
        score=info["score"],
        success=info["success"],
    )
    return trajectory, imitate


def play_transcript(
    env: Any,
    task: int,
    codec: Codec,
    rng: random.Random,
    *,
    noise: float,
    explore: bool = False,
    text_weight: float = 0.1,
    text_share: float = 0.25,
) -> Transcript:
    """Let the demonstrator (or the explorer) play a task.

    Args:
        env: an environment as `gymnasium.make` returns it, that brings players along (`core/players.py`).
        task: position in its split.
        codec: turns text into ids.
        rng: decides on noise.
        noise: share of steps on which a random admissible action is done instead; such steps are not imitated.
        explore: let the explorer play; all its actions are imitated.
        text_weight: mean weight of the tokens of observations.
        text_share: share of these tokens, drawn at random, that carry the weight (the others cost no logits).
    """
    trajectory, imitate = play_demonstrator(env, task, rng, noise=noise, explore=explore)
    encoded = encode(trajectory, codec)
    each = text_weight / text_share
    weights = [each if rng.random() < text_share else 0.0 for _ in encoded.ids]
    for start, end, worth in zip(encoded.step_starts, encoded.step_ends, imitate, strict=True):
        weights[start : end + 1] = [1.0 if worth else 0.0] * (end + 1 - start)
    return Transcript(encoded, weights, trajectory.success, trajectory.num_steps, trajectory.task_id)


class TranscriptStream:
    """Endless batches of transcripts of like length.

    Args:
        play: makes a transcript with the generator it is given.
        seed: seed of the stream.
        start: number of the first pool, for resuming.
        pool: transcripts made at a time and sorted by length.
        tokens: about how many tokens a batch holds.
        limit: transcripts with more tokens are left out.

    Attributes:
        number: the pool that is being read.
    """

    def __init__(
        self, play: Callable[[random.Random], Transcript], seed: int, *, start: int, pool: int, tokens: int, limit: int
    ) -> None:
        self.number = start
        self._play, self._seed, self._pool, self._tokens, self._limit = play, seed, pool, tokens, limit
        self._left: list[list[Transcript]] = []

    def __next__(self) -> list[Transcript]:
        """The next batch."""
        while not self._left:
            rng = random.Random(f"transcripts/{self._seed}/{self.number}")
            made = [self._play(rng) for _ in range(self._pool)]
            made = sorted((t for t in made if len(t.encoded.ids) <= self._limit), key=lambda t: len(t.encoded.ids))
            self._left = list(_pack(made, self._tokens))
            rng.shuffle(self._left)
            self.number += 1
        return self._left.pop()

    def __iter__(self) -> TranscriptStream:
        """The stream itself."""
        return self


def _pack(transcripts: Sequence[Transcript], tokens: int) -> Iterator[list[Transcript]]:
    group: list[Transcript] = []
    for transcript in transcripts:
        if group and (len(group) + 1) * len(transcript.encoded.ids) > tokens:
            yield group
            group = []
        group.append(transcript)
    if group:
        yield group
