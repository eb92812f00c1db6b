"""Attention over the cache in torch's own operations, for CPUs, and for GPUs without Triton."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from spa_gym.baselines.rollout.attention_plan import AttentionPlan
from spa_gym.baselines.rollout.ragged import Ragged, Shape
from spa_gym.baselines.rollout.slot_cache import SlotCache

__all__ = ["TorchAttention"]


class TorchAttention:
    """What one forward reads, met with the cache.

    Args:
        read: rows, chunks and places of the forward.
        cache: what was read before; it is written to.
        shape: heads and rotary positions of the model.
    """

    def __init__(self, read: Ragged, cache: SlotCache, shape: Shape) -> None:
        self._read, self._cache, self._shape = read, cache, shape
        self._cos, self._sin = shape.cos[read.positions][:, None], shape.sin[read.positions][:, None]
        self._dtype = cache.keys[0].dtype
        self._plan = AttentionPlan(
            read.rows, read.counts, read.starts, cache.lengths, cache.capacity, self._dtype, read.positions.device
        )

    def layer(self, number: int, qkv: torch.Tensor, gains: torch.Tensor | None) -> torch.Tensor:
        """Puts keys and values of a layer into the cache and lets the queries look.

        Args:
            number: the layer.
            qkv: [N, (heads + 2 kv_heads) dim] queries, keys and values.
            gains: [heads + kv_heads, dim] weights of the norms of queries and keys; None: there are none.

        Returns:
            [N, heads dim] in the cache's type.
        """
        read, heads, kv_heads, dim = self._read, self._shape.heads, self._shape.kv_heads, self._shape.dim
        keys, values = self._cache.keys[number], self._cache.values[number]
        qkv = qkv.float().view(-1, heads + 2 * kv_heads, dim)
        q, k, v = qkv.split([heads, kv_heads, kv_heads], dim=1)
        if gains is not None:
            q, k = self._norm(q, gains[:heads]), self._norm(k, gains[heads:])
        q, k = self._rotate(q).to(self._dtype), self._rotate(k).to(self._dtype)
        keys[read.flat_rows, :, read.positions] = k
        values[read.flat_rows, :, read.positions] = v.to(self._dtype)
        return self._plan.attend(q, keys, values).flatten(1)

    def _norm(self, x: torch.Tensor, gains: torch.Tensor) -> torch.Tensor:
        return F.rms_norm(x, x.shape[-1:], eps=self._shape.eps) * gains

    def _rotate(self, x: torch.Tensor) -> torch.Tensor:
        half = x.shape[-1] // 2
        return x * self._cos + torch.cat([-x[..., half:], x[..., :half]], dim=-1) * self._sin
