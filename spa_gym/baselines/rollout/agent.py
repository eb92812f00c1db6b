"""A trained policy as an agent, for `spa-gym evaluate --agent model:PATH`.

It plays through the agent protocol like anybody else's agent, one growing cache row for each slot of the evaluation.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from spa_gym.agents.protocol import AgentUnusable
from spa_gym.baselines.device import choose_device
from spa_gym.baselines.models.checkpoint import load_checkpoint
from spa_gym.baselines.models.codec import Reader
from spa_gym.baselines.models.fast_forward import supports
from spa_gym.baselines.models.shipped import resolve_start
from spa_gym.baselines.rollout.engine_cached import draw
from spa_gym.baselines.rollout.fast_lm import FastLM
from spa_gym.baselines.rollout.slot_cache import HFCachedLM
from spa_gym.core.errors import BadArgument

__all__ = ["ModelAgent", "load_agent"]

_SLOTS = 256
"""Most rows of the cache, which has as many as there are episodes at once."""


class ModelAgent:
    """A language-model policy behind `act`.

    Args:
        path: checkpoint folder, the name of a shipped checkpoint, or a Hugging Face path.
        temperature: 0 takes the most probable token.
        max_action_tokens: an action that is longer is cut there.
        seed: seed of the sampling; each episode has its own stream, named by its task.
        device: where to compute.
        layout: name of the delimiters of a foreign model; by default those that suit its tokenizer.

    Attributes:
        tokens: tokens read and written so far.
    """

    def __init__(
        self,
        path: str,
        *,
        temperature: float = 0.0,
        max_action_tokens: int = 32,
        seed: int = 0,
        device: str = "auto",
        layout: str | None = None,
    ) -> None:
        place = resolve_start(path)
        loaded = load_checkpoint(place, device=choose_device(device), layout=layout)
        self._checkpoint_hash = _hash_of_files(Path(place))
        self._model, self._codec, self._recipe = loaded.model, loaded.codec, loaded.recipe
        self._path, self._temperature, self._seed = path, temperature, seed
        self._max_action_tokens = max_action_tokens
        self._max_length = int(loaded.model.config.max_position_embeddings)
        self._lm: Any = None
        self._pending: dict[int, list[int]] = {}
        self._readers: dict[int, Reader] = {}
        self._noise: dict[int, np.random.Generator] = {}
        self.tokens = 0

    def settings(self) -> dict[str, Any]:
        """What a run record should know."""
        return {
            "model": "/".join(Path(self._path).parts[-2:]),  # what lies before means nothing on another machine
            "checkpoint_hash": self._checkpoint_hash,
            "temperature": self._temperature,
            "max_action_tokens": self._max_action_tokens,
            "seed": self._seed,
            "recipe": self._recipe,
        }

    def use_slots(self, count: int) -> None:
        """Reject more episodes at once than the cache has rows.

        Raises:
            BadArgument: there are more.
        """
        if count > _SLOTS:
            raise BadArgument(f"at most {_SLOTS} episodes at once", count, f"pass --num-envs {_SLOTS}")

    def act(self, observations: Sequence[str], infos: Sequence[dict[str, Any]]) -> list[str]:
        """One action for each observation.

        Raises:
            BadArgument: more episodes run at once than the cache has rows.
            AgentUnusable: the device failed, out of memory for example; the cache is not what it was.
        """
        try:
            return self._act(observations, infos)
        except RuntimeError as error:
            mend = "pass a smaller --num-envs, or --agent-arg device=cpu"
            raise AgentUnusable("an action of the policy", f"{error}", mend) from error

    def _act(self, observations: Sequence[str], infos: Sequence[dict[str, Any]]) -> list[str]:
        if self._lm is None:
            make = FastLM if supports(self._model) else HFCachedLM
            self._lm = make(self._model, 1, self._max_length)
        slots = [int(info["slot"]) for info in infos]
        if max(slots) >= _SLOTS:
            raise BadArgument(f"at most {_SLOTS} episodes at once", f"slot {max(slots)}", f"pass --num-envs {_SLOTS}")
        self._lm.cache.widen(max(slots) + 1)
        for slot, observation, info in zip(slots, observations, infos, strict=True):
            self._read(slot, observation, info)
        actions: dict[int, list[int]] = {slot: [] for slot in slots}
        room = self._max_length - self._max_action_tokens - 1
        lengths = self._lm.cache.lengths
        open_slots = [s for s in slots if int(lengths[s]) + len(self._pending[s]) <= room]
        while open_slots:
            chunks = [self._pending[s] for s in open_slots]
            self.tokens += sum(map(len, chunks))
            logits = self._lm(open_slots, chunks)
            points = [float(self._noise[s].random()) if self._temperature else 0.0 for s in open_slots]
            drawn, _ = draw(logits, points, self._temperature)
            for slot, token in zip(open_slots, drawn, strict=True):
                actions[slot].append(token)
                self._pending[slot] = [token]
            open_slots = [s for s in open_slots if not self._ended(actions[s])]
        return [self._codec.decode_action(actions[slot]) for slot in slots]

    def _read(self, slot: int, observation: str, info: dict[str, Any]) -> None:
        codec = self._codec
        begins = info["episode_step"] == 0
        if begins:
            self._readers[slot] = codec.reader()
        seen = [*self._readers[slot].read(observation), *codec.act_ids]
        if begins:
            self._lm.cache.lengths[slot] = 0
            self._pending[slot] = [*codec.bos_ids, *seen]
            self._noise[slot] = np.random.default_rng([self._seed, zlib.crc32(info["task_id"].encode())])
            return
        last = self._pending[slot]
        self._pending[slot] = [*last, *([] if last[-1:] == [codec.eoa_id] else [codec.eoa_id]), *seen]

    def _ended(self, ids: list[int]) -> bool:
        return ids[-1] == self._codec.eoa_id or len(ids) >= self._max_action_tokens


def _hash_of_files(folder: Path) -> str | None:
    """Names and contents of a checkpoint's files; None for a name that Hugging Face resolves."""
    if not folder.is_dir():
        return None
    found = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        found.update(f"{path.relative_to(folder).as_posix()}\0{content}\n".encode("utf-8", "surrogateescape"))
    return found.hexdigest()[:16]


def load_agent(path: str, **options: Any) -> ModelAgent:
    """A `ModelAgent`; the options are its arguments."""
    return ModelAgent(path, **options)
