"""A key-value cache with one row per episode: rows of different length, grown in place, refilled in place.

A row takes a chunk of any length and is used up to its own length; what lies behind that is masked and overwritten
later. To give a row to the next episode, its length is set to 0: nothing is copied, paged or padded on the left.
:class:`SlotCache` is all that an unmodified Hugging Face model needs as ``past_key_values``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

__all__ = ["HFCachedLM", "SlotCache"]


class SlotCache:
    """Keys and values of every layer: [L] tensors [B, H, T, D], and the length of every row.

    Args:
        layers: number of layers.
        rows: number of rows B.
        kv_heads: number of key-value heads H.
        head_dim: width D of a head.
        max_length: longest row.
        dtype: type of keys and values.
        device: where they lie.
        chunk: T grows by multiples of this.

    Attributes:
        keys: keys of each layer.
        values: values of each layer.
        lengths: [B] int64 on the CPU, how much of each row is in use.
    """

    is_compileable = False

    def __init__(
        self,
        layers: int,
        rows: int,
        kv_heads: int,
        head_dim: int,
        max_length: int,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str = "cpu",
        chunk: int = 64,
    ) -> None:
        self.max_length = max_length
        self._chunk = chunk
        shape = (rows, kv_heads, 0, head_dim)
        self.keys = [torch.empty(shape, dtype=dtype, device=device) for _ in range(layers)]
        self.values = [torch.empty(shape, dtype=dtype, device=device) for _ in range(layers)]
        self.lengths = torch.zeros(rows, dtype=torch.long)
        self._rows = torch.arange(rows, device=device)[:, None]
        self._positions = torch.zeros(rows, 0, dtype=torch.long, device=device)
        self._visible = 0

    @property
    def capacity(self) -> int:
        """How long rows can get before the cache grows."""
        return self.keys[0].shape[2]

    def grow(self, length: int) -> None:
        """Makes room for rows of this length."""
        if length <= self.capacity:
            return
        length = -(-length // self._chunk) * self._chunk
        for tensors in (self.keys, self.values):
            for index, old in enumerate(tensors):
                new = old.new_zeros(old.shape[0], old.shape[1], length, old.shape[3])
                new[:, :, : old.shape[2]] = old
                tensors[index] = new

    @torch.inference_mode()
    def copy(self, copies: Sequence[tuple[int, int, int]]) -> None:
        """Makes rows hold the beginnings of others, or of themselves, and nothing else.

        Args:
            copies: (source, target, how many ids); each target once, and none of them the source of another.
        """
        moved = [copy for copy in copies if copy[0] != copy[1]]
        if len(moved) == 1:
            source, target, length = moved[0]
            for tensor in (*self.keys, *self.values):
                tensor[target, :, :length] = tensor[source, :, :length]
        elif moved:
            # All of them up to the longest: what is behind a row's length is not looked at.
            sources, targets, _ = torch.tensor(moved).t().to(self._rows.device)
            longest = max(length for *_, length in moved)
            for tensor in (*self.keys, *self.values):
                tensor[targets, :, :longest] = tensor[sources, :, :longest]
        for _, target, length in copies:
            self.lengths[target] = length

    def widen(self, rows: int) -> None:
        """Makes room for this many rows; those that are there stay as they are."""
        more = rows - len(self.lengths)
        if more <= 0:
            return
        for tensors in (self.keys, self.values):
            for index, old in enumerate(tensors):
                tensors[index] = torch.cat([old, old.new_zeros(more, *old.shape[1:])])
        self.lengths = torch.cat([self.lengths, torch.zeros(more, dtype=torch.long)])
        self._rows = torch.arange(rows, device=self._rows.device)[:, None]

    def begin(self, width: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Announces a right-padded chunk [B, width] to be written behind each row's length.

        Returns:
            Positions [B, width] int64 and the boolean attention mask [B, 1, width, visible].
        """
        self.grow(int(self.lengths.max()) + width)
        lengths = self.lengths.to(self._rows.device)
        self._positions = lengths[:, None] + torch.arange(width, device=self._rows.device)
        self._visible = int(self.lengths.max()) + width
        visible = torch.arange(self._visible, device=self._rows.device)
        return self._positions, (visible <= self._positions[:, :, None])[:, None]

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, layer_idx: int, *_: Any, **__: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Writes a chunk [B, H, width, D] of one layer and returns all that may be looked at (Hugging Face's call)."""
        keys, values = self.keys[layer_idx], self.values[layer_idx]
        keys[self._rows, :, self._positions] = key_states.transpose(1, 2).to(keys.dtype)
        values[self._rows, :, self._positions] = value_states.transpose(1, 2).to(values.dtype)
        return (
            keys[:, :, : self._visible].to(key_states.dtype),
            values[:, :, : self._visible].to(value_states.dtype),
        )

    def get_seq_length(self, layer_idx: int = 0) -> int:
        """Returns how much is visible (Hugging Face's call)."""
        del layer_idx
        return self._visible


class HFCachedLM:
    """An unmodified Hugging Face causal model that reads chunks into the rows of a :class:`SlotCache`.

    Args:
        model: the causal language model.
        rows: number of rows.
        max_length: longest row.
    """

    ragged = False
    """Whether rows of very different chunk length cost no padding: here they do, so the engine groups them."""

    def __init__(self, model: nn.Module, rows: int, max_length: int) -> None:
        config: Any = model.config
        config = config.get_text_config() if hasattr(config, "get_text_config") else config
        self.model = model
        self._kinds = bool(getattr(config, "layer_types", None))
        """Layers may differ in kind (Qwen3), and masks go by it; a Llama takes the mask itself."""
        parameter = next(model.parameters())
        heads = config.num_attention_heads
        self.cache = SlotCache(
            config.num_hidden_layers,
            rows,
            getattr(config, "num_key_value_heads", None) or heads,
            getattr(config, "head_dim", None) or config.hidden_size // heads,
            max_length,
            parameter.dtype,
            parameter.device,
        )

    @torch.inference_mode()
    def __call__(self, rows: Sequence[int], chunks: Sequence[Sequence[int]]) -> torch.Tensor:
        """Reads one chunk into each of the given rows.

        Args:
            rows: different rows.
            chunks: their new ids, each at least one.

        Returns:
            [len(rows), vocab] float32 logits after the last id of each chunk, on the model's device.
        """
        cache = self.cache
        device = cache.keys[0].device
        width = max(map(len, chunks))
        ids = torch.zeros(len(cache.lengths), width, dtype=torch.long)
        for row, chunk in zip(rows, chunks, strict=True):
            ids[row, : len(chunk)] = torch.tensor(chunk)
        positions, mask = cache.begin(width)
        model: Any = self.model
        states = _body(model)(
            input_ids=ids.to(device),
            attention_mask={"full_attention": mask, "sliding_attention": mask} if self._kinds else mask,
            position_ids=positions,
            past_key_values=cache,
            use_cache=True,
        ).last_hidden_state
        index = torch.tensor(rows, device=device)
        counts = torch.tensor([len(chunk) for chunk in chunks])
        cache.lengths[torch.tensor(rows)] += counts
        return model.get_output_embeddings()(states[index, counts.to(device) - 1]).float()


def _body(model: Any) -> Any:
    """Returns the model without its language-model head, also below a LoRA adapter."""
    if hasattr(model, "get_base_model"):
        model = model.get_base_model()
    return getattr(model, model.base_model_prefix, model)
