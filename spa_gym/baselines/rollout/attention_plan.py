"""How the queries of one forward meet the cache: which rows share a call, and what each of them may see.

Rows that decode (one new id) share calls over the cache as it lies. Rows that read a chunk are of any length, and each
has a call over its own: on a CPU every position costs. On a GPU every call does, and `attention_triton.py` has two.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch.nn import functional as F

__all__ = ["AttentionPlan"]

_BLOCK = 16
"""Neighbouring rows of the cache that decode in one call on a CPU, up to the longest of them: one call over all reads
far behind the end of most. Measured with 128 episodes: 1.1 to 1.3 times the steps a second in the three worlds."""


class AttentionPlan:
    """The calls of one forward, the same in every layer.

    Args:
        rows: [B] different rows of the cache.
        counts: [B] ids that each of them reads.
        starts: [B] length of each before that.
        lengths: length of every row of the cache afterwards.
        capacity: positions of the cache.
        dtype: type of queries, keys and values.
        device: where they lie.
    """

    def __init__(
        self,
        rows: torch.Tensor,
        counts: torch.Tensor,
        starts: torch.Tensor,
        lengths: torch.Tensor,
        capacity: int,
        dtype: torch.dtype,
        device: torch.device,
    ) -> None:
        cpu = device.type == "cpu"
        last = counts.cumsum(0) - 1
        # Matrix products in bf16 on a CPU are several times slower on a slice: look at the whole cache, masked.
        whole = capacity if dtype == torch.bfloat16 and cpu else 0
        positions = torch.arange(max(whole, int((starts + counts).max())), device=device)
        single = counts == 1
        chunked = torch.stack([part[~single] for part in (rows, starts, counts, last + 1 - counts)])
        self._blocks = list(
            _decoding(
                torch.stack([part[single] for part in (rows, last, starts)]),
                lengths,
                positions,
                whole,
                neighbours=_BLOCK if cpu else len(lengths),
            )
        )
        self._chunks = list(_alone(chunked, positions, whole))

    def attend(self, q: torch.Tensor, keys: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
        """Returns attention outputs [N, H, D] for queries [N, H, D] over keys and values [B, KV, T, D]."""
        out = torch.empty_like(q)
        for rows, flat, own, mask in self._blocks:
            visible, every = mask.shape[-1], len(own) == len(mask)
            if every:
                single = q[flat, :, None]
            else:
                single = q.new_zeros(len(mask), q.shape[1], 1, q.shape[2])
                single[own, :, 0] = q[flat]
            result = _attention(single, keys[rows, :, :visible], values[rows, :, :visible], mask)[:, :, 0]
            out[flat] = result if every else result[own]
        for own, mine, mask in self._chunks:
            visible, chunk = mask.shape[-1], q[None, mine].transpose(1, 2)
            result = _attention(chunk, keys[own, :, :visible], values[own, :, :visible], mask)
            out[mine] = result[0].transpose(0, 1)
        return out


def _decoding(
    decoding: torch.Tensor, lengths: torch.Tensor, positions: torch.Tensor, whole: int, *, neighbours: int
) -> Iterator[tuple[slice, torch.Tensor, torch.Tensor, torch.Tensor]]:
    """Calls for columns of [3, R] (row, query, start): rows, queries, which of the rows they are of, the mask."""
    device = positions.device
    decoding = decoding[:, torch.argsort(decoding[0])]
    for block in decoding.split(torch.bincount(decoding[0] // neighbours).tolist(), dim=1):
        if block.shape[1]:
            low, high = int(block[0, 0]), int(block[0, -1]) + 1
            hidden = positions[: whole or int(block[2].max()) + 1] >= lengths[low:high, None].to(device)
            flat, own = block[1].to(device), (block[0] - low).to(device)
            yield slice(low, high), flat, own, _additive(hidden)[:, None, None]


def _alone(chunked: torch.Tensor, positions: torch.Tensor, whole: int) -> Iterator[tuple[slice, slice, torch.Tensor]]:
    """Calls for columns of [4, R] (row, start, count, first query): the row, its queries, and the mask."""
    for row, start, count, first in chunked.t().tolist():
        hidden = positions[: whole or start + count] > positions[start : start + count, None]
        yield slice(row, row + 1), slice(first, first + count), _additive(hidden)[None, None]


def _additive(hidden: torch.Tensor) -> torch.Tensor:
    return torch.zeros(hidden.shape, device=hidden.device).masked_fill_(hidden, float("-inf"))


def _attention(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Attention of q [B, H, S, D] over k, v [B, KV, T, D] with an additive mask [B, 1, S, T].

    The queries that share a key-value head are read as one longer query, so that keys are passed over once. On a CPU
    in bf16 it is written out: the fused kernel is three to seven times slower there for single queries.
    """
    batch, heads, length, dim = q.shape
    groups = heads // k.shape[1]
    if groups > 1:
        q = q.reshape(batch, k.shape[1], groups * length, dim)
        mask = mask.repeat(1, 1, groups, 1) if length > 1 else mask
    if q.dtype == torch.bfloat16 and q.device.type == "cpu":
        scores = torch.matmul(q, k.transpose(-1, -2)).float().mul_(dim**-0.5).add_(mask)
        out = torch.matmul(torch.softmax(scores, dim=-1).to(v.dtype), v)
    else:
        mask = mask.to(q.dtype).expand(-1, -1, q.shape[2], -1)
        out = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
    return out.reshape(batch, heads, length, dim)
