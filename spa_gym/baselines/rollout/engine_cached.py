"""The fast engine: many episodes at once on one growing key-value cache.

Every row of the cache is an episode with an environment of its own. Each forward reads, for every row, what is new to
it: the last token of a half-written action, or the observation that its finished action led to, or the first
observation of the next episode. Then every row that was read draws its next token. Nothing is ever read twice: where
an episode begins like one that is in the cache (continuations of a step, a group of episodes of a task), the cache's
row is copied (`prefixes.py`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from spa_gym.baselines.models.fast_forward import supports
from spa_gym.baselines.models.tokens import Codec, Reader, history_ids
from spa_gym.baselines.rollout.episode import Episode
from spa_gym.baselines.rollout.fast_lm import FastLM
from spa_gym.baselines.rollout.prefixes import Prefixes
from spa_gym.baselines.rollout.protocol import EpisodeSpec, MakeEnv, RolloutEngine, RolloutSettings, noise_generators
from spa_gym.baselines.rollout.slot_cache import HFCachedLM
from spa_gym.core.errors import BadArgument
from spa_gym.core.trajectory import Trajectory

__all__ = ["CachedEngine", "draw"]


class CachedEngine(RolloutEngine):
    """Plays episodes with a causal language model on one growing cache.

    Args:
        model: the causal language model; its weights are read anew at the start of each run.
        codec: its codec.
        max_length: longest episode in tokens, its last observation not counted (it is not read); by default what the
            model's positions allow. Episodes that would not fit are ended as truncated.
        dtype: type of weights and cache of the fast forward; ``torch.bfloat16`` is faster, and its log-probabilities
            are off by some hundredths. None: the model's own.
        fast: use the package's own forward where it supports the model.
        share: read a beginning that episodes have in common once, and copy it; what is played is the same up to the
            rounding of floating-point sums.
    """

    def __init__(
        self,
        model: nn.Module,
        codec: Codec,
        *,
        max_length: int | None = None,
        dtype: torch.dtype | None = None,
        fast: bool = True,
        share: bool = True,
    ) -> None:
        config: Any = model.config
        self.model, self.codec = model, codec
        self.max_length = max_length or int(config.max_position_embeddings)
        self.dtype, self.share = dtype, share
        self.fast = fast and supports(model)

    def _load(self, rows: int) -> FastLM | HFCachedLM:
        if self.fast:
            dtype = self.dtype or next(self.model.parameters()).dtype
            return FastLM(self.model, rows, self.max_length, dtype)
        return HFCachedLM(self.model, rows, self.max_length)

    def _stream(
        self, make_env: MakeEnv, episodes: Sequence[EpisodeSpec], settings: RolloutSettings
    ) -> Iterator[tuple[int, Trajectory]]:
        was_training = self.model.training
        self.model.eval()
        num_rows = min(settings.num_envs, len(episodes))
        envs = [make_env() for _ in range(num_rows)]
        try:
            if num_rows:
                yield from _Run(self._load(num_rows), self, envs, episodes, settings).play()
        finally:
            self.model.train(was_training)
            for env in envs:
                env.close()


class _Row:
    """An episode on a row of the cache, with the action that is being written."""

    __slots__ = ("episode", "follows", "ids", "index", "logprobs", "noise", "pending", "reader", "uniforms")

    def __init__(
        self, index: int, episode: Episode, noise: np.random.Generator, reader: Reader, pending: list[int]
    ) -> None:
        self.index, self.episode, self.noise, self.reader, self.pending = index, episode, noise, reader, pending
        self.follows: tuple[int, int] | None = None
        """Row whose beginning this one takes when that row has read it, and how many ids of it."""
        self.ids: list[int] = []
        self.logprobs: list[float] = []
        self.uniforms: list[float] = []


class _Run:
    """One call of the engine."""

    def __init__(
        self,
        lm: FastLM | HFCachedLM,
        engine: CachedEngine,
        envs: Sequence[Any],
        episodes: Sequence[EpisodeSpec],
        settings: RolloutSettings,
    ) -> None:
        self._lm, self._codec, self._settings = lm, engine.codec, settings
        self._room = engine.max_length - settings.max_action_tokens - 1
        self._envs, self._episodes = envs, episodes
        self._noise = noise_generators(episodes, settings.seed)
        self._waiting = deque(range(len(episodes)))
        self._rows: dict[int, _Row] = {}
        self._prefixes = Prefixes(len(envs), share=engine.share)

    def play(self) -> Iterator[tuple[int, Trajectory]]:
        """Plays everything; yields episodes as they end."""
        for number in range(len(self._envs)):
            yield from self._refill(number)
        while self._rows:
            numbers = self._ready()
            rows = [self._rows[number] for number in numbers]
            logits = self._lm(numbers, [row.pending for row in rows])
            for number, row in zip(numbers, rows, strict=True):
                self._prefixes.read(number, row.pending)
            self._follow(set(numbers))
            tokens, logprobs = draw(logits, [self._uniform(row) for row in rows], self._settings.temperature)
            for number, row, token, logprob in zip(numbers, rows, tokens, logprobs, strict=True):
                row.ids.append(token)
                row.logprobs.append(logprob)
                if token == self._codec.eoa_id or len(row.ids) == self._settings.max_action_tokens:
                    yield from self._end_action(number, row)
                else:
                    row.pending = [token]

    def _ready(self) -> list[int]:
        """Which rows the next forward reads: all, or where padding costs, those in the middle of an action first."""
        numbers = [number for number, row in self._rows.items() if row.follows is None]
        if self._lm.ragged:
            return numbers
        return [number for number in numbers if self._rows[number].ids] or numbers

    def _follow(self, have_read: set[int]) -> None:
        """Rows that waited for one that has now been read take their beginning from it."""
        copies: list[tuple[int, int, int]] = []
        for number, row in self._rows.items():
            if row.follows is not None and row.follows[0] in have_read:
                source, length = row.follows
                copies.append((source, number, length))
                self._begin(number, row, row.pending, length)
                row.follows = None
        self._lm.cache.copy(copies)

    def _begin(self, number: int, row: _Row, ids: list[int], length: int) -> None:
        """A row begins with what another has read of `ids`; the rest is read next."""
        row.pending = ids[length:]
        self._prefixes.begin(number, ids[:length], row.pending)

    def _uniform(self, row: _Row) -> float:
        if not self._settings.temperature:
            return 0.0
        if not row.uniforms:
            row.uniforms = row.noise.random(32).tolist()
        return row.uniforms.pop()

    def _end_action(self, number: int, row: _Row) -> Iterator[tuple[int, Trajectory]]:
        codec, lengths = self._codec, self._lm.cache.lengths
        goes_on = row.episode.act(codec.decode_action(row.ids), row.ids, row.logprobs)
        pending = [row.ids[-1]] if row.ids[-1] == codec.eoa_id else [row.ids[-1], codec.eoa_id]
        row.pending = [*pending, *row.reader.read(row.episode.observation), *codec.act_ids]
        row.ids, row.logprobs = [], []
        if not goes_on or int(lengths[number]) + len(row.pending) > self._room:
            yield row.index, row.episode.finish()
            del self._rows[number]
            yield from self._refill(number)

    def _refill(self, number: int) -> Iterator[tuple[int, Trajectory]]:
        """Gives a row to the next episode that fits."""
        codec = self._codec
        while self._waiting:
            index = self._waiting.popleft()
            episode = Episode(self._envs[number], self._episodes[index])
            reader = codec.reader()
            pending = [*codec.bos_ids, *history_ids(self._episodes[index].history, codec, reader)]
            pending += [*reader.read(episode.observation), *codec.act_ids]
            if len(pending) <= self._room:
                row = self._rows[number] = _Row(index, episode, self._noise[index], reader, pending)
                length, source, read = self._prefixes.place(number, pending)
                if read:
                    self._lm.cache.copy([(source, number, length)])
                    self._begin(number, row, pending, length)
                else:
                    row.follows = (source, length)
                    self._lm.cache.lengths[number] = 0
                    self._prefixes.begin(number, [], None)
                return
            if not episode.steps:
                raise BadArgument(
                    f"a first observation of at most {self._room} tokens",
                    f"{len(pending)} tokens for task {episode.info['task_id']}",
                    "use a model with more positions (make_tiny(max_positions=...)) or a smaller world",
                )
            yield index, episode.finish()


@torch.inference_mode()
def draw(logits: torch.Tensor, uniforms: Sequence[float], temperature: float) -> tuple[list[int], list[float]]:
    """Draws one token for each row by inverting its cumulative distribution.

    Args:
        logits: [B, vocab] float32.
        uniforms: one number in [0, 1) for each row.
        temperature: 0 takes the most probable token.

    Returns:
        Tokens, and their log-probabilities at temperature 1.
    """
    logprobs = torch.log_softmax(logits, dim=-1)
    if temperature == 0:
        tokens = logits.argmax(-1)
    else:
        scaled = logprobs if temperature == 1 else torch.log_softmax(logits / temperature, dim=-1)
        cumulative = scaled.double().exp_().cumsum(-1)
        points = torch.tensor(uniforms, dtype=torch.float64, device=logits.device)[:, None] * cumulative[:, -1:]
        tokens = torch.searchsorted(cumulative, points, right=True)[:, 0].clamp_(max=logits.shape[-1] - 1)
    chosen = logprobs.gather(1, tokens[:, None])[:, 0]
    # In one copy: each makes the CPU wait for a GPU. A double holds both exactly.
    drawn, found = torch.stack([tokens.double(), chosen.double()]).tolist()
    return [int(token) for token in drawn], found
