"""Text to token ids and back, segment by segment, and the delimiters between the segments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

from transformers import PreTrainedTokenizerBase

from spa_gym.baselines.models.tokenizer import ACT, BOS, EOA, decode_ids
from spa_gym.baselines.models.view import View

__all__ = ["LLAMA_CHAT_LAYOUT", "TEXT_LAYOUT", "TINY_LAYOUT", "Codec", "Layout", "Reader"]


@dataclass(frozen=True, slots=True)
class Layout:
    """The delimiters around observations and actions.

    Attributes:
        bos: text before the first observation; "" where there is none.
        observation: text before each observation.
        act: text between an observation and an action.
        action: text before the action that belongs to it (a space, for tokenizers that glue it to the word).
        eoa: text that ends an action; must be one token.
        special: the delimiters are names of special tokens instead of text.
    """

    bos: str
    observation: str
    act: str
    action: str
    eoa: str
    special: bool


TINY_LAYOUT = Layout(bos=BOS, observation="", act=ACT, action="", eoa=EOA, special=True)
TEXT_LAYOUT = Layout(bos="", observation="Observation: ", act="\nAction:", action=" ", eoa="\n", special=False)
LLAMA_CHAT_LAYOUT = Layout(
    bos="",
    observation="<|start_header_id|>user<|end_header_id|>\n\n",
    act="<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
    action="",
    eoa="<|eot_id|>",
    special=False,
)
"""Turns as Llama-3's chat template writes them (Meta's model card): what was seen is the user's, what is done ours."""


class Codec:
    """Text to ids and back, segment by segment.

    Args:
        tokenizer: a Hugging Face tokenizer.
        layout: the delimiters; by default the special tokens where the tokenizer has them, else Llama-3's turns where
            it has those, else plain text.
        view: what is read of an observation; by default all of it.
        cache_size: how many observations and actions are remembered.

    Attributes:
        tokenizer: the tokenizer.
        layout: the delimiters.
        view: what is read of an observation.
        bos_ids: ids before the first observation.
        act_ids: ids between an observation and an action.
        eoa_id: the id that ends an action.
        pad_id: the id that fills batches up; never attended to.
    """

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerBase,
        layout: Layout | None = None,
        view: View | None = None,
        *,
        cache_size: int = 100_000,
    ) -> None:
        if layout is None:
            known = tokenizer.get_vocab().keys()
            llama = {"<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"} <= known
            layout = TINY_LAYOUT if {BOS, ACT, EOA} <= known else LLAMA_CHAT_LAYOUT if llama else TEXT_LAYOUT
        self.tokenizer = tokenizer
        self.layout = layout
        self.view = view or View()
        self.bos_ids = self._delimiter(layout.bos)
        bos: Any = tokenizer.bos_token_id
        if not layout.special and not layout.bos and bos is not None:
            self.bos_ids = (int(bos),)
        self.act_ids = self._delimiter(layout.act)
        eoa = self._delimiter(layout.eoa)
        if len(eoa) != 1 or not self.act_ids:
            raise ValueError(
                f"the end of an action must be one token and its beginning at least one, got {layout.eoa!r} = {eoa} "
                f"and {layout.act!r} = {self.act_ids}; pass another Layout"
            )
        self.eoa_id = eoa[0]
        pad: Any = tokenizer.pad_token_id
        self.pad_id = self.eoa_id if pad is None else int(pad)
        self.encode_observation = lru_cache(cache_size)(self._encode_observation)
        self.encode_repeated = lru_cache(cache_size)(self._encode_repeated)
        self.encode_action = lru_cache(cache_size)(self._encode_action)
        self._decode = lru_cache(cache_size)(self._decode_ids)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.tokenizer, self.layout, self.view)

    def _delimiter(self, text: str) -> tuple[int, ...]:
        if not text:
            return ()
        if not self.layout.special:
            return self._ids(text)
        index = self.tokenizer.get_vocab().get(text)
        if index is None:
            raise ValueError(f"the tokenizer must know {text!r}; use TEXT_LAYOUT for a general tokenizer")
        return (index,)

    def _ids(self, text: str) -> tuple[int, ...]:
        text = text.encode("utf-8", "replace").decode("utf-8")  # lone surrogates cannot be encoded
        backend = getattr(self.tokenizer, "_tokenizer", None)
        if backend is not None:  # a third of the time of the tokenizer's own __call__
            return tuple(backend.encode(text, add_special_tokens=False).ids)
        return tuple(self.tokenizer.encode(text, add_special_tokens=False))

    def _encode_observation(self, text: str) -> tuple[int, ...]:
        """Returns the ids of one observation, with the delimiter before it."""
        return self._observation_ids(self.view.of(text))

    def _encode_repeated(self, text: str) -> tuple[int, ...]:
        """Returns the ids of an observation that was read before in its episode."""
        return self._observation_ids(self.view.again(text))

    def _observation_ids(self, text: str) -> tuple[int, ...]:
        return self._ids(self.layout.observation + text) if not self.layout.special else self._ids(text)

    def _encode_action(self, text: str) -> tuple[int, ...]:
        """Returns the ids of one action without its end."""
        text = self.view.action(text)
        return self._ids(self.layout.action + text) if not self.layout.special else self._ids(text)

    def decode_action(self, ids: Sequence[int]) -> str:
        """Returns the text of an action; a trailing end-of-action id is left out.

        Args:
            ids: ids as the policy emitted them.
        """
        return self._decode(tuple(ids))

    def _decode_ids(self, ids: tuple[int, ...]) -> str:
        if ids and ids[-1] == self.eoa_id:
            ids = ids[:-1]
        if not ids:
            return ""
        text = decode_ids(self.tokenizer, ids)
        return text if self.layout.special else text.removeprefix(self.layout.action)

    def reader(self) -> Reader:
        """Somebody who reads the observations of one episode, from its first."""
        return Reader(self)

    def to_json(self) -> dict[str, Any]:
        """Returns layout and view as plain values, for a checkpoint; a view that leaves nothing out is not named."""
        view = {"view": self.view.to_json()} if self.view != View() else {}
        return {"layout": asdict(self.layout), **view}


class Reader:
    """Reads the observations of one episode in their order, and knows which of them it has read before.

    Args:
        codec: the codec of the policy that reads.
    """

    __slots__ = ("_codec", "_seen")

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self._seen: set[str] = set()

    def read(self, observation: str) -> tuple[int, ...]:
        """Returns the ids of the next observation, with the delimiter before it."""
        if observation in self._seen:
            return self._codec.encode_repeated(observation)
        self._seen.add(observation)
        return self._codec.encode_observation(observation)
