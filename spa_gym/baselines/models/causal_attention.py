"""Causal attention on a CPU, forward and backward, without a matrix of all positions by all positions.

Forward is torch's fused kernel, two to six times as fast as the softmax written out (340 and 700 positions, torch
2.13). Its own backward is two to five times slower than matrix products are, so that is written here: over blocks of
queries, each of which sees only the keys up to its own end, with the probabilities computed again (as FlashAttention
does, arXiv 2205.14135). With S = Q K^T / sqrt(D), P = softmax(S) and dP = dO V^T:

    dS = P * (dP - rowsum(P * dP)),  dQ = dS K / sqrt(D),  dK = dS^T Q / sqrt(D),  dV = P^T dO
"""

from __future__ import annotations

import torch
from torch.nn import functional as F

__all__ = ["BLOCK", "causal_attention", "causal_attention_backward"]

BLOCK = 128
"""Queries of a block: more see more of the future for nothing, fewer make the products small."""


def causal_attention(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """Attention of each position over itself and those before it, scaled by D ** -0.5.

    Args:
        q: [B, H, T, D].
        k: [B, KV, T, D]; each of its heads serves H / KV neighbouring heads of the queries.
        v: [B, KV, T, D].

    Returns:
        [B, H, T, D].
    """
    return F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=q.shape[1] != k.shape[1])


def causal_attention_backward(
    grad: torch.Tensor, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, *, block: int = BLOCK
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Gradients of `causal_attention`.

    Args:
        grad: [B, H, T, D] gradient of what it returned.
        q: as it was given.
        k: as it was given.
        v: as it was given.
        block: queries that are taken at a time.

    Returns:
        Gradients of q, k and v; those of k and v in float32.
    """
    length, kv_heads, scale = q.shape[2], k.shape[1], q.shape[3] ** -0.5
    grad_q = torch.empty_like(q)
    grad_k, grad_v = (torch.zeros(k.shape, dtype=torch.float32) for _ in range(2))
    size = min(block, length)
    future = torch.full((size, size), float("-inf"), dtype=q.dtype).triu(1)
    for start in range(0, length, block):
        end = min(start + block, length)
        keys, values, queries, above = k[:, :, :end], v[:, :, :end], q[:, :, start:end], grad[:, :, start:end]
        scores = _matmul(queries, keys.transpose(-1, -2)).mul_(scale)
        scores[..., start:].add_(future[: end - start, : end - start])
        probabilities = torch.softmax(scores, dim=-1)
        grad_p = _matmul(above, values.transpose(-1, -2))
        grad_s = torch.ops.aten._softmax_backward_data(grad_p, probabilities, -1, q.dtype)
        torch.mul(_matmul(grad_s, keys), scale, out=grad_q[:, :, start:end])
        grad_k[:, :, :end].add_(_shared(_matmul(grad_s.transpose(-1, -2), queries), kv_heads), alpha=scale)
        grad_v[:, :, :end].add_(_shared(_matmul(probabilities.transpose(-1, -2), above), kv_heads))
    return grad_q, grad_k, grad_v


def _matmul(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """`a @ b` over [B, H, ., .], where either side may have fewer heads, shared by groups of the other's."""
    if a.shape[1] == b.shape[1]:
        return a @ b
    few = min(a.shape[1], b.shape[1])
    grouped = [x.unflatten(1, (few, -1)) for x in (a, b)]
    return (grouped[0] @ grouped[1]).flatten(1, 2)


def _shared(x: torch.Tensor, kv_heads: int) -> torch.Tensor:
    """Sums [B, H, ., .] over the heads that share a key-value head."""
    return x if x.shape[1] == kv_heads else x.unflatten(1, (kv_heads, -1)).sum(2)
