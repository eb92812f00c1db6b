"""Transcripts to imitate: the demonstrator's and the explorer's episodes, encoded, endless and the same by seed.

A transcript carries a weight for every token: 1 on the actions that are worth imitating, little on the text around
them, 0 on actions that somebody else slipped in. Slipped-in actions ("noise") show the model how to go on from states
that the demonstrator would never reach by itself.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from spa_gym.baselines.models.tokens import Codec, EncodedTrajectory, encode
from spa_gym.core.players import playable
from spa_gym.core.trajectory import Trajectory, TrajectoryBuilder

__all__ = ["Transcript", "TranscriptPools", "TranscriptStream", "play_demonstrator", "play_transcript"]


@dataclass(frozen=True, slots=True)
class Transcript:
    """An encoded episode and the weight of each of its tokens in the loss, `len(weights) == len(encoded.ids)`.

    Attributes:
        weight: sum of the weights that the loss is a mean by; nothing foretells the first token.
        actions: number of action tokens in the loss.
    """

    encoded: EncodedTrajectory
    weights: list[float]
    success: bool
    num_steps: int
    task_id: str = ""
    weight: float = field(init=False)
    actions: int = field(init=False)

    def __post_init__(self) -> None:
        """Sum up once what each batch asks for."""
        object.__setattr__(self, "weight", sum(self.weights[1:]))
        known = zip(self.encoded.action_mask[1:], self.weights[1:], strict=True)
        object.__setattr__(self, "actions", sum(m and w > 0 for m, w in known))


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
    episode = TrajectoryBuilder(env)
    episode.reset(*env.reset(options={"task_id": task}))
    player: Any = playable(env).explorer(rng) if explore else playable(env).demonstrator()
    imitate: list[bool] = []
    while not episode.ended:
        admissible = episode.info["admissible_actions"]
        slip = not explore and rng.random() < noise
        if slip:
            action = admissible[int(rng.random() * len(admissible))]
        else:
            action = player.act(admissible) if explore else player.act()
        episode.step(action, *env.step(action))
        player.observe(action, episode.observation)
        imitate.append(not slip)
    return episode.finish(), imitate


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


@dataclass(frozen=True)
class TranscriptPools:
    """Makes batches of transcripts of like length, a pool at a time; all of a pool comes from its number.

    Args:
        play: makes a transcript with the generator it is given.
        seed: seed of the stream.
        size: transcripts made at a time and sorted by length.
        tokens: about how many tokens a batch holds.
        limit: transcripts with more tokens are left out.
    """

    play: Callable[[random.Random], Transcript]
    seed: int
    size: int
    tokens: int
    limit: int

    def __call__(self, number: int) -> list[list[Transcript]]:
        """The batches of a pool."""
        rng = random.Random(f"transcripts/{self.seed}/{number}")
        made = [self.play(rng) for _ in range(self.size)]
        made = sorted((t for t in made if len(t.encoded.ids) <= self.limit), key=lambda t: len(t.encoded.ids))
        batches = list(_pack(made, self.tokens))
        rng.shuffle(batches)
        return batches


class TranscriptStream:
    """Endless batches of transcripts of like length.

    Args:
        pools: where they come from, by the pool's number.
        start: number of the first pool, for resuming.
        read: batches of it that have been read before.

    Attributes:
        number: the pool that the next batch comes from.
        read: batches of it that have been read.
    """

    def __init__(self, pools: Callable[[int], list[list[Transcript]]], *, start: int = 0, read: int = 0) -> None:
        self.number, self.read = start, read
        self._pools = pools
        self._left: list[list[Transcript]] = []

    def __next__(self) -> list[Transcript]:
        """The next batch."""
        while not self._left:
            self._left = self._pools(self.number)
            del self._left[len(self._left) - self.read :]  # batches are read from the end
            self._leave_if_read()
        batch = self._left.pop()
        self.read += 1
        self._leave_if_read()
        return batch

    def _leave_if_read(self) -> None:
        """Stand before the next pool, where nothing is left of this one."""
        if not self._left:
            self.number, self.read = self.number + 1, 0

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
