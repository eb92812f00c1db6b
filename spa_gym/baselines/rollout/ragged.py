"""What one forward of the fast engine reads: chunks of different length, each into a row of the cache."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

__all__ = ["Ragged", "Shape"]


@dataclass(frozen=True)
class Shape:
    """What attention must know of a model."""

    heads: int
    """Query heads of a layer."""
    kv_heads: int
    """Heads of keys and values, each shared by neighbouring query heads."""
    dim: int
    """Width of a head."""
    eps: float
    """Of the norms of queries and keys."""
    cos: torch.Tensor
    """[positions, dim] float32 table of the rotary positions."""
    sin: torch.Tensor
    """[positions, dim] float32."""


@dataclass(frozen=True)
class Ragged:
    """B chunks, N new ids in all."""

    rows: torch.Tensor
    """[B] different rows of the cache (int64, as all here; on the CPU)."""
    counts: torch.Tensor
    """[B] ids of each chunk (on the CPU)."""
    starts: torch.Tensor
    """[B] what each row held before (on the CPU)."""
    ids: torch.Tensor
    """[N] the new ids, chunk by chunk (on the device)."""
    flat_rows: torch.Tensor
    """[N] row of each (on the device)."""
    positions: torch.Tensor
    """[N] its position in that row (on the device)."""
    last: torch.Tensor
    """[B] which of the N is the last of each chunk (on the device)."""

    @classmethod
    def of(
        cls, rows: Sequence[int], chunks: Sequence[Sequence[int]], lengths: torch.Tensor, device: torch.device
    ) -> Ragged:
        """Lays chunks behind what their rows hold.

        Args:
            rows: different rows.
            chunks: their new ids, each at least one.
            lengths: length of every row of the cache.
            device: where the model is.
        """
        counts = torch.tensor([len(chunk) for chunk in chunks])
        index = torch.tensor(rows)
        starts = lengths[index]
        last = counts.cumsum(0) - 1
        offset = torch.arange(int(counts.sum())) - (last + 1 - counts).repeat_interleave(counts)
        ids = torch.tensor([token for chunk in chunks for token in chunk])
        # One copy to the device instead of four: each makes the CPU wait.
        parts = (ids, index.repeat_interleave(counts), starts.repeat_interleave(counts) + offset, last)
        packed = torch.cat(parts).to(device)
        return cls(index, counts, starts, *packed.split([len(part) for part in parts]))
