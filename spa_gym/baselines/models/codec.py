"""Text to token ids and back, segment by segment, and the delimiters between the segments.

Control tokens come from delimiters and from the policy alone: where an observation or an action to imitate holds the
name of one ("<|eot_id|>"), it is read as text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

from transformers import PreTrainedTokenizerBase

from spa_gym.baselines.models.tokenizer import ACT, BOS, EOA, decode_ids
from spa_gym.baselines.models.view import View
from spa_gym.core.errors import BadArgument

__all__ = ["LAYOUTS", "LLAMA_CHAT_LAYOUT", "TEXT_LAYOUT", "TINY_LAYOUT", "Codec", "Layout", "Reader", "choose_layout"]


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

LAYOUTS = ("tiny", "llama-chat", "text", "text-eos")
"""Names of layouts: our special tokens, Llama-3's turns, plain text with an action that ends with its line, and plain
text with an action that ends with the tokenizer's own end-of-text token."""


def choose_layout(tokenizer: PreTrainedTokenizerBase, name: str | None = None) -> Layout:
    """Return the layout of a name, or the one that suits a tokenizer.

    Args:
        tokenizer: a Hugging Face tokenizer.
        name: one of `LAYOUTS`; None: our special tokens or Llama-3's turns if the tokenizer has them, else plain text,
            whose actions end with the end-of-text token if a line break is no token of its own.

    Raises:
        BadArgument: there is no such layout, or the tokenizer has no end-of-text token.
    """
    eos: Any = tokenizer.eos_token
    if name is None:
        known = tokenizer.get_vocab().keys()
        if {BOS, ACT, EOA} <= known:
            return TINY_LAYOUT
        if {"<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"} <= known:
            return LLAMA_CHAT_LAYOUT
        name = "text" if eos is None or _single_id(tokenizer, TEXT_LAYOUT.eoa) is not None else "text-eos"
    named = {"tiny": TINY_LAYOUT, "llama-chat": LLAMA_CHAT_LAYOUT, "text": TEXT_LAYOUT}
    if eos is not None:
        named["text-eos"] = replace(TEXT_LAYOUT, eoa=str(eos))
    if name not in named:
        mend = (
            "pass another, or set `eos_token` in its tokenizer_config.json" if name in LAYOUTS else "pass one of them"
        )
        raise BadArgument(f"a layout out of {', '.join(named)} for this tokenizer", repr(name), mend)
    return named[name]


class Codec:
    """Text to ids and back, segment by segment.

    Args:
        tokenizer: a Hugging Face tokenizer.
        layout: the delimiters, or their name; by default those that suit the tokenizer (`choose_layout`).
        view: what is read of an observation; by default all of it.
        cache_size: how many observations and actions are remembered.

    Raises:
        BadArgument: the layout does not suit the tokenizer.

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
        layout: Layout | str | None = None,
        view: View | None = None,
        *,
        cache_size: int = 100_000,
    ) -> None:
        if not isinstance(layout, Layout):
            layout = choose_layout(tokenizer, layout)
        backend = getattr(tokenizer, "_tokenizer", None)
        if backend is not None:  # whatever its file says, an observation is read to its end
            backend.no_truncation()
            backend.no_padding()
        self.tokenizer = tokenizer
        self.layout = layout
        self.view = view or View()
        self.bos_ids = self._delimiter(layout.bos)
        bos: Any = tokenizer.bos_token_id
        if not layout.special and not layout.bos and bos is not None:
            self.bos_ids = (int(bos),)
        self.act_ids = self._delimiter(layout.act)
        eoa = _single_id(tokenizer, layout.eoa)
        if eoa is None or not self.act_ids:
            raise BadArgument(
                "an end of an action that is one token, and a beginning of at least one",
                f"{layout.eoa!r} = {self._delimiter(layout.eoa)} and {layout.act!r} = {self.act_ids}",
                "name a layout that the tokenizer suits, such as text-eos: --layout text-eos in the stage `sft`, "
                "--agent-arg layout=text-eos in `spa-gym evaluate`, layout= in Python",
            )
        self.eoa_id = eoa
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
            return _ids(self.tokenizer, text)
        index = self.tokenizer.get_vocab().get(text)
        if index is None:
            raise BadArgument(
                f"a tokenizer that knows {text!r}", "one that does not", "pass layout='text' for a general tokenizer"
            )
        return (index,)

    def _segment_ids(self, delimiter: str, text: str) -> tuple[int, ...]:
        """Ids of a text behind its delimiter; control tokens are those of the delimiter only."""
        text = text.encode("utf-8", "replace").decode("utf-8")  # lone surrogates cannot be encoded
        if self._controls is None or not self._controls.search(text):
            return _ids(self.tokenizer, delimiter + text)
        ends = [match.end() for match in self._controls.finditer(delimiter)]
        cut = ends[-1] if ends else 0  # behind it delimiter and text may share a token, as in other texts
        return _ids(self.tokenizer, delimiter[:cut]) + self._plain_ids(delimiter[cut:] + text)

    @cached_property
    def _controls(self) -> re.Pattern[str] | None:
        """Finds the names of control tokens in a text."""
        added = self.tokenizer.added_tokens_decoder.values()
        names = {*map(str, self.tokenizer.all_special_tokens), *(token.content for token in added if token.special)}
        return re.compile("|".join(map(re.escape, sorted(names)))) if names else None

    def _plain_ids(self, text: str) -> tuple[int, ...]:
        if self._plain_backend is None:
            return tuple(self.tokenizer.encode(text, add_special_tokens=False, split_special_tokens=True))
        return tuple(self._plain_backend.encode(text, add_special_tokens=False).ids)

    @cached_property
    def _plain_backend(self) -> Any:
        """A copy of the tokenizer that knows no control tokens; most policies never need it."""
        backend = getattr(self.tokenizer, "_tokenizer", None)
        if backend is None:
            return None
        copy = type(backend).from_str(backend.to_str())
        copy.encode_special_tokens = True
        return copy

    def _encode_observation(self, text: str) -> tuple[int, ...]:
        """Returns the ids of one observation, with the delimiter before it."""
        return self._observation_ids(self.view.of(text))

    def _encode_repeated(self, text: str) -> tuple[int, ...]:
        """Returns the ids of an observation that was read before in its episode."""
        return self._observation_ids(self.view.again(text))

    def _observation_ids(self, text: str) -> tuple[int, ...]:
        return self._segment_ids("" if self.layout.special else self.layout.observation, text)

    def _encode_action(self, text: str) -> tuple[int, ...]:
        """Returns the ids of one action without its end."""
        return self._segment_ids("" if self.layout.special else self.layout.action, self.view.action(text))

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


def _ids(tokenizer: PreTrainedTokenizerBase, text: str) -> tuple[int, ...]:
    backend = getattr(tokenizer, "_tokenizer", None)
    if backend is not None:  # a third of the time of the tokenizer's own __call__
        return tuple(backend.encode(text, add_special_tokens=False).ids)
    return tuple(tokenizer.encode(text, add_special_tokens=False))


def _single_id(tokenizer: PreTrainedTokenizerBase, text: str) -> int | None:
    """The one token that writes a text, if there is one.

    SentencePiece writes a space before a text (a line break is "▁", "<0x0A>"): its last token alone is meant.
    """
    named = tokenizer.get_vocab().get(text)
    if named is not None:
        return named
    ids = _ids(tokenizer, text)
    last = ids[-1:]
    if last in ((), (tokenizer.unk_token_id,)) or (last != ids and decode_ids(tokenizer, last) != text):
        return None
    return last[0]


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
