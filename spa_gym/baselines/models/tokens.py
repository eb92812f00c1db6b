"""One trajectory, one list of token ids: the layout that policy, estimator and PPO all read.

Every observation and every action is encoded on its own and the ids are concatenated. The ids that a policy emitted are
kept as they are (``Step.action_ids``), never decoded and encoded again: what is trained on is what was sampled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import torch
from transformers import PreTrainedTokenizerBase

from spa_gym.baselines.models.tokenizer import ACT, BOS, EOA

if TYPE_CHECKING:
    from spa_gym.core.trajectory import Trajectory

__all__ = ["TEXT_LAYOUT", "TINY_LAYOUT", "Batch", "Codec", "EncodedTrajectory", "Layout", "collate", "encode"]


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


class Codec:
    """Text to ids and back, segment by segment.

    Args:
        tokenizer: a Hugging Face tokenizer.
        layout: the delimiters; by default the special tokens where the tokenizer has them, else plain text.
        cache_size: how many observations and actions are remembered.

    Attributes:
        tokenizer: the tokenizer.
        layout: the delimiters.
        bos_ids: ids before the first observation.
        act_ids: ids between an observation and an action.
        eoa_id: the id that ends an action.
        pad_id: the id that fills batches up; never attended to.
    """

    def __init__(
        self, tokenizer: PreTrainedTokenizerBase, layout: Layout | None = None, *, cache_size: int = 100_000
    ) -> None:
        if layout is None:
            layout = TINY_LAYOUT if {BOS, ACT, EOA} <= tokenizer.get_vocab().keys() else TEXT_LAYOUT
        self.tokenizer = tokenizer
        self.layout = layout
        self.bos_ids = self._delimiter(layout.bos)
        if not layout.special and not layout.bos and tokenizer.bos_token_id is not None:
            self.bos_ids = (int(tokenizer.bos_token_id),)
        self.act_ids = self._delimiter(layout.act)
        eoa = self._delimiter(layout.eoa)
        if len(eoa) != 1 or not self.act_ids:
            raise ValueError(
                f"the end of an action must be one token and its beginning at least one, got {layout.eoa!r} = {eoa} "
                f"and {layout.act!r} = {self.act_ids}; pass another Layout"
            )
        self.eoa_id = eoa[0]
        pad = tokenizer.pad_token_id
        self.pad_id = self.eoa_id if pad is None else int(pad)
        self.encode_observation = lru_cache(cache_size)(self._encode_observation)
        self.encode_action = lru_cache(cache_size)(self._encode_action)
        self._decode = lru_cache(cache_size)(self._decode_ids)

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
        return self._ids(self.layout.observation + text) if not self.layout.special else self._ids(text)

    def _encode_action(self, text: str) -> tuple[int, ...]:
        """Returns the ids of one action without its end."""
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
        text = self.tokenizer.decode(list(ids), skip_special_tokens=False, clean_up_tokenization_spaces=False)
        return str(text) if self.layout.special else str(text).removeprefix(self.layout.action)

    def to_json(self) -> dict[str, Any]:
        """Returns the layout as plain values, for a checkpoint."""
        return asdict(self.layout)


@dataclass(frozen=True, slots=True)
class EncodedTrajectory:
    """The ids of one trajectory and where its steps lie.

    Attributes:
        ids: all ids: bos, observation 0, act, action 0, eoa, observation 1, ..., last observation.
        action_mask: True on the ids that the policy chose (action and end-of-action).
        step_ends: position of each step's end-of-action id.
        step_starts: position of each step's first action id.
    """

    ids: list[int]
    action_mask: list[bool]
    step_ends: list[int]
    step_starts: list[int]


def encode(trajectory: Trajectory, codec: Codec) -> EncodedTrajectory:
    """Turns a trajectory into ids.

    Where a policy was cut off before it ended its action, the end-of-action id is still there, but unmasked: the
    policy did not choose it.

    Args:
        trajectory: the episode; ``Step.action_ids`` are used where present, else the action text is encoded.
        codec: the codec of the model that reads it.

    Returns:
        Ids, mask and positions.
    """
    ids: list[int] = list(codec.bos_ids)
    mask: list[bool] = [False] * len(ids)
    starts: list[int] = []
    ends: list[int] = []
    for step in trajectory.steps:
        ids += codec.encode_observation(step.observation)
        ids += codec.act_ids
        mask += [False] * (len(ids) - len(mask))
        starts.append(len(ids))
        if step.action_ids is None:
            ids += codec.encode_action(step.action)
            ids.append(codec.eoa_id)
            mask += [True] * (len(ids) - len(mask))
        else:
            ids += step.action_ids
            mask += [True] * (len(ids) - len(mask))
            if not step.action_ids or step.action_ids[-1] != codec.eoa_id:
                ids.append(codec.eoa_id)
                mask.append(False)
        ends.append(len(ids) - 1)
    ids += codec.encode_observation(trajectory.final_observation)
    mask += [False] * (len(ids) - len(mask))
    return EncodedTrajectory(ids=ids, action_mask=mask, step_ends=ends, step_starts=starts)


@dataclass(frozen=True, slots=True)
class Batch:
    """Right-padded tensors of several trajectories (B of them, T ids, S steps at most).

    Attributes:
        ids: [B, T] int64, padded with the pad id.
        lengths: [B] int64, number of ids of each row.
        action_mask: [B, T] bool, True on ids that the policy chose.
        step_starts: [B, S] int64, padded with -1.
        step_ends: [B, S] int64, padded with -1.
    """

    ids: torch.Tensor
    lengths: torch.Tensor
    action_mask: torch.Tensor
    step_starts: torch.Tensor
    step_ends: torch.Tensor

    @property
    def attention_mask(self) -> torch.Tensor:
        """[B, T] bool, True on ids that are not padding."""
        return torch.arange(self.ids.shape[1], device=self.ids.device) < self.lengths[:, None]

    def to(self, device: torch.device | str) -> Batch:
        """Returns the batch on another device."""
        return Batch(
            self.ids.to(device),
            self.lengths.to(device),
            self.action_mask.to(device),
            self.step_starts.to(device),
            self.step_ends.to(device),
        )


def collate(rows: Sequence[EncodedTrajectory], pad_id: int, *, multiple: int = 1) -> Batch:
    """Puts trajectories into right-padded tensors.

    Args:
        rows: encoded trajectories, at least one.
        pad_id: id that fills the rows up.
        multiple: the padded length is a multiple of this.
    """
    longest = -(-max(len(row.ids) for row in rows) // multiple) * multiple
    steps = max(len(row.step_ends) for row in rows)
    return Batch(
        ids=_padded([row.ids for row in rows], longest, pad_id, torch.long),
        lengths=torch.tensor([len(row.ids) for row in rows], dtype=torch.long),
        action_mask=_padded([row.action_mask for row in rows], longest, False, torch.bool),
        step_starts=_padded([row.step_starts for row in rows], steps, -1, torch.long),
        step_ends=_padded([row.step_ends for row in rows], steps, -1, torch.long),
    )


def _padded(rows: Sequence[Sequence[Any]], width: int, fill: Any, dtype: torch.dtype) -> torch.Tensor:
    return torch.tensor([[*row, *[fill] * (width - len(row))] for row in rows], dtype=dtype).reshape(len(rows), width)
