"""Attention over the cache in two kernels a layer, for a GPU: with a small model it is launches that take the time.

One kernel turns queries and keys by their positions and puts keys and values in their places in the cache; the other
lets every query look at its row up to itself. Rows of any length share both: nothing is padded but the last few
queries of a chunk. Written out in torch the same takes some fifty launches a layer (`attention_torch.py`).
Triton comes with torch's CUDA builds; `TRITON_INTERPRET=1` runs the kernels on a CPU, slowly, for tests.
"""

from __future__ import annotations

from typing import Any, cast

import torch
import triton  # pyright: ignore[reportMissingImports]
import triton.language as tl  # pyright: ignore[reportMissingImports]

from spa_gym.baselines.rollout.ragged import Ragged, Shape
from spa_gym.baselines.rollout.slot_cache import SlotCache

__all__ = ["TritonAttention"]

_QUERIES = 16
"""Queries of one program, all of one row; a matrix product on the GPU has at least so many rows."""
_KEYS = 32
"""Keys that a program looks at at a time: with twice as many, heads of 64 in float32 take most of an SM's registers."""


# These are parts of a packed copy, which begin anywhere: no version of the kernel for each way they happen to lie.
@triton.jit(do_not_specialize_on_alignment=["rows", "positions"])
def _turn_and_store(
    qkv,
    gains,
    cos,
    sin,
    rows,
    positions,
    queries,
    keys,
    values,
    eps,
    heads,
    kv_heads,
    per_row,
    per_head,
    per_position,
    dim: tl.constexpr,
    half: tl.constexpr,
    has_gains: tl.constexpr,
):
    """One head of one id: norm, rotation (the halves of a head turn against each other), and its place."""
    token, head = tl.program_id(0).to(tl.int64), tl.program_id(1)
    i = tl.arange(0, half)
    inside = i < dim // 2
    source = qkv + (token * (heads + 2 * kv_heads) + head) * dim + i
    first = tl.load(source, mask=inside, other=0.0).to(tl.float32)
    second = tl.load(source + dim // 2, mask=inside, other=0.0).to(tl.float32)
    row, position = tl.load(rows + token), tl.load(positions + token)
    if head < heads + kv_heads:
        if has_gains:
            scale = tl.rsqrt((tl.sum(first * first) + tl.sum(second * second)) / dim + eps)
            gain = gains + head * dim + i
            first = first * scale * tl.load(gain, mask=inside, other=0.0)
            second = second * scale * tl.load(gain + dim // 2, mask=inside, other=0.0)
        c = tl.load(cos + position * dim + i, mask=inside, other=0.0)
        s = tl.load(sin + position * dim + i, mask=inside, other=0.0)
        turned = first * c - second * s
        second = second * c + first * s
        first = turned
    place = row * per_row + position * per_position + i
    first, second = first.to(keys.dtype.element_ty), second.to(keys.dtype.element_ty)
    if head < heads:
        target = queries + (token * heads + head) * dim + i
        tl.store(target, first, mask=inside)
        tl.store(target + dim // 2, second, mask=inside)
    elif head < heads + kv_heads:
        target = keys + (head - heads) * per_head + place
        tl.store(target, first, mask=inside)
        tl.store(target + dim // 2, second, mask=inside)
    else:
        target = values + (head - heads - kv_heads) * per_head + place
        tl.store(target, first, mask=inside)
        tl.store(target + dim // 2, second, mask=inside)


@triton.jit
def _attend(
    queries,
    keys,
    values,
    out,
    tiles,
    heads,
    group,
    scale,
    per_row,
    per_head,
    per_position,
    dim: tl.constexpr,
    width: tl.constexpr,
    num_queries: tl.constexpr,
    num_keys: tl.constexpr,
):
    """Some neighbouring queries of a row, in one head, over all positions up to each (sums as FlashAttention's)."""
    tile, head = tiles + 4 * tl.program_id(0), tl.program_id(1)
    row, flat = tl.load(tile), tl.load(tile + 1)
    start, count = tl.load(tile + 2), tl.load(tile + 3)
    m, d = tl.arange(0, num_queries), tl.arange(0, width)
    mine = (m < count)[:, None] & (d < dim)[None, :]
    place = ((flat + m)[:, None] * heads + head) * dim + d[None, :]
    q = tl.load(queries + place, mask=mine, other=0.0)
    base = row * per_row + (head // group) * per_head
    top = tl.full([num_queries], float("-inf"), tl.float32)
    total = tl.zeros([num_queries], tl.float32)
    mixed = tl.zeros([num_queries, width], tl.float32)
    end = start + count
    for begin in range(0, end, num_keys):
        t = begin + tl.arange(0, num_keys)
        there = (t < end)[:, None] & (d < dim)[None, :]
        at = base + t[:, None] * per_position + d[None, :]
        k = tl.load(keys + at, mask=there, other=0.0)
        v = tl.load(values + at, mask=there, other=0.0)
        score = tl.dot(q, tl.trans(k), input_precision="ieee") * scale
        seen = (t[None, :] <= (start + m)[:, None]) & (t < end)[None, :]
        score = tl.where(seen, score, float("-inf"))
        higher = tl.maximum(top, tl.max(score, 1))
        fade = tl.exp(top - higher)
        weight = tl.exp(score - higher[:, None])
        total = total * fade + tl.sum(weight, 1)
        mixed = mixed * fade[:, None] + tl.dot(weight.to(v.dtype), v, input_precision="ieee")
        top = higher
    tl.store(out + place, (mixed / total[:, None]).to(out.dtype.element_ty), mask=mine)


class TritonAttention:
    """What one forward reads, met with the cache by the two kernels.

    Args:
        read: rows, chunks and places of the forward.
        cache: what was read before; it is written to.
        shape: heads and rotary positions of the model.
    """

    def __init__(self, read: Ragged, cache: SlotCache, shape: Shape) -> None:
        self._read, self._cache, self._shape = read, cache, shape
        parts = (read.counts + _QUERIES - 1) // _QUERIES
        chunk = torch.arange(len(parts)).repeat_interleave(parts)
        behind = (torch.arange(len(chunk)) - (parts.cumsum(0) - parts)[chunk]) * _QUERIES
        firsts = read.counts.cumsum(0) - read.counts
        tiles = (
            read.rows[chunk],
            firsts[chunk] + behind,
            read.starts[chunk] + behind,
            (read.counts[chunk] - behind).clamp_max(_QUERIES),
        )
        self._tiles = torch.stack(tiles, dim=1).to(read.positions.device)

    def layer(self, number: int, qkv: torch.Tensor, gains: torch.Tensor | None) -> torch.Tensor:
        """Puts keys and values of a layer into the cache and lets the queries look.

        Args:
            number: the layer.
            qkv: [N, (heads + 2 kv_heads) dim] queries, keys and values.
            gains: [heads + kv_heads, dim] weights of the norms of queries and keys; None: there are none.

        Returns:
            [N, heads dim] in the cache's type.
        """
        shape, read = self._shape, self._read
        keys, values = self._cache.keys[number], self._cache.values[number]
        heads, kv_heads, dim = shape.heads, shape.kv_heads, shape.dim
        strides = keys.stride(0), keys.stride(1), keys.stride(2)
        queries = torch.empty(len(qkv), heads * dim, dtype=keys.dtype, device=qkv.device)
        out = torch.empty_like(queries)
        with torch.cuda.device_of(qkv):  # Triton starts kernels on the present device, wherever their arguments lie
            cast(Any, _turn_and_store)[(len(qkv), heads + 2 * kv_heads)](
                qkv,
                gains if gains is not None else qkv,
                shape.cos,
                shape.sin,
                read.flat_rows,
                read.positions,
                queries,
                keys,
                values,
                shape.eps,
                heads,
                kv_heads,
                *strides,
                dim=dim,
                half=triton.next_power_of_2(dim // 2),
                has_gains=gains is not None,
            )
            cast(Any, _attend)[(len(self._tiles), heads)](
                queries,
                keys,
                values,
                out,
                self._tiles,
                heads,
                heads // kv_heads,
                dim**-0.5,
                *strides,
                dim=dim,
                width=max(16, triton.next_power_of_2(dim)),
                num_queries=_QUERIES,
                num_keys=_KEYS,
                num_stages=2,
            )
        return out
