"""An inference forward for Qwen3 and Llama weights in which ragged chunks cost no padding.

All new ids of all rows lie in one flat list: projections and MLPs work on exactly these. Only attention sees rows, and
there decoding rows (one id) share calls over the cache as it lies. Rows that read a chunk are called one by one over
their own length on a CPU, where every position costs, and by a few padded calls on a GPU, where every call does
(`attention_plan.py`). Weights are copied once (fused, in ``dtype``), so the engine takes a new copy per run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from spa_gym.baselines.models.fast_forward import rope_tables
from spa_gym.baselines.rollout.attention_plan import AttentionPlan
from spa_gym.baselines.rollout.slot_cache import SlotCache

__all__ = ["FastLM"]


class FastLM:
    """A causal language model that reads chunks into the rows of a :class:`SlotCache`.

    Args:
        model: a model that ``fast_forward.supports``.
        rows: number of rows.
        max_length: longest row.
        dtype: type of weights, keys and values.
        padded: rows that read a chunk share padded calls of the attention; None: on a GPU.
    """

    ragged = True
    """Rows of very different chunk length cost no padding."""

    def __init__(
        self,
        model: nn.Module,
        rows: int,
        max_length: int,
        dtype: torch.dtype = torch.float32,
        *,
        padded: bool | None = None,
    ) -> None:
        config: Any = model.config
        self._heads, self._kv_heads = config.num_attention_heads, config.num_key_value_heads
        self._head_dim = getattr(config, "head_dim", None) or config.hidden_size // self._heads
        self._eps, self._dtype = config.rms_norm_eps, dtype
        body: Any = model.model
        device = body.embed_tokens.weight.device
        self._padded = device.type != "cpu" if padded is None else padded
        self._embedding = body.embed_tokens.weight.detach()
        self._out = model.get_output_embeddings().weight.detach().to(dtype)  # pyright: ignore
        self._final_norm = body.norm.weight.detach()
        self._layers = [_fuse(layer, dtype) for layer in body.layers]
        self._cos, self._sin = (table[:, None] for table in rope_tables(model, max_length + 1, device))
        self.cache = SlotCache(
            len(self._layers), rows, self._kv_heads, self._head_dim, max_length, dtype=dtype, device=device
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
        cache, device = self.cache, self._embedding.device
        counts = torch.tensor([len(chunk) for chunk in chunks])
        index = torch.tensor(rows)
        starts = cache.lengths[index]
        ends = starts + counts
        cache.grow(int(ends.max()))
        cache.lengths[index] = ends
        last = counts.cumsum(0) - 1
        flat_row = index.repeat_interleave(counts).to(device)
        offset = torch.arange(int(counts.sum())) - (last + 1 - counts).repeat_interleave(counts)
        position = (starts.repeat_interleave(counts) + offset).to(device)
        ids = torch.tensor([token for chunk in chunks for token in chunk], device=device)
        plan = AttentionPlan(
            index, counts, starts, cache.lengths, cache.capacity, self._dtype, device, padded=self._padded
        )

        cos, sin = self._cos[position], self._sin[position]
        x = F.embedding(ids, self._embedding).float()
        heads, kv_heads, dim, eps = self._heads, self._kv_heads, self._head_dim, self._eps
        for number, layer in enumerate(self._layers):
            h = _norm(x, layer["norm1"], eps).to(self._dtype)
            qkv = F.linear(h, layer["qkv"]).float().view(-1, heads + 2 * kv_heads, dim)
            q, k, v = qkv.split([heads, kv_heads, kv_heads], dim=1)
            if layer["q_norm"] is not None:
                q, k = _norm(q, layer["q_norm"], eps), _norm(k, layer["k_norm"], eps)
            q, k = _rotate(q, cos, sin).to(self._dtype), _rotate(k, cos, sin).to(self._dtype)
            keys, values = cache.keys[number], cache.values[number]
            keys[flat_row, :, position] = k
            values[flat_row, :, position] = v.to(self._dtype)
            out = plan.attend(q, keys, values)
            x = x + F.linear(out.flatten(1), layer["o"])
            h = _norm(x, layer["norm2"], eps).to(self._dtype)
            gate, up = F.linear(h, layer["gate_up"]).chunk(2, dim=-1)
            x = x + F.linear(F.silu(gate) * up, layer["down"])
        x = _norm(x[last.to(device)], self._final_norm, eps)
        return F.linear(x.to(self._dtype), self._out).float()


def _fuse(layer: Any, dtype: torch.dtype) -> dict[str, Any]:
    attention, mlp = layer.self_attn, layer.mlp
    return {
        "qkv": torch.cat([attention.q_proj.weight, attention.k_proj.weight, attention.v_proj.weight])
        .detach()
        .to(dtype),
        "o": attention.o_proj.weight.detach().to(dtype),
        "gate_up": torch.cat([mlp.gate_proj.weight, mlp.up_proj.weight]).detach().to(dtype),
        "down": mlp.down_proj.weight.detach().to(dtype),
        "norm1": layer.input_layernorm.weight.detach(),
        "norm2": layer.post_attention_layernorm.weight.detach(),
        "q_norm": attention.q_norm.weight.detach() if hasattr(attention, "q_norm") else None,
        "k_norm": attention.k_norm.weight.detach() if hasattr(attention, "k_norm") else None,
    }


def _norm(x: torch.Tensor, weight: torch.Tensor, eps: float) -> torch.Tensor:
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + eps) * weight


def _rotate(x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    half = x.shape[-1] // 2
    return x * cos + torch.cat([-x[..., half:], x[..., :half]], dim=-1) * sin
