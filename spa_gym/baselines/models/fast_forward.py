"""A lean training forward over the weights of a Hugging Face Qwen3 or Llama model.

The same weights, the same function, less work: no mask building, logits only at the positions asked for, and on a CPU
layers with gradients written by hand (`fused_layers`). benchmarks/update_throughput.py measures each way and Hugging
Face's own forward. Gradients land in the model's own parameters.
:func:`supports` says which models qualify; :func:`features` falls back to the model's own forward for all others, so
callers need no second path.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from spa_gym.baselines.models.fused_layers import run_layer

__all__ = ["features", "logits_at", "norm_gains", "rope_tables", "supports", "token_logprobs"]


def supports(model: nn.Module) -> bool:
    """Says whether :func:`features` can run this model by itself (plain Qwen3 or Llama, default rotary positions)."""
    config: Any = getattr(model, "config", None)
    if getattr(config, "model_type", "") not in ("qwen3", "llama") or not hasattr(model, "model"):
        return False
    if getattr(config, "hidden_act", "") != "silu" or "sliding_attention" in (
        getattr(config, "layer_types", None) or ()
    ):
        return False
    rope = getattr(config, "rope_parameters", None) or {}
    plain = rope.get("rope_type", "default") == "default" and not getattr(config, "attention_bias", False)
    first: Any = model.model.layers[0]  # pyright: ignore
    attention, mlp = first.self_attn, first.mlp
    linears = (attention.q_proj, attention.k_proj, attention.v_proj, attention.o_proj)
    linears += (mlp.gate_proj, mlp.up_proj, mlp.down_proj)
    return plain and all(type(linear) is nn.Linear for linear in linears)


def rope_tables(model: nn.Module, length: int, device: torch.device | str = "cpu") -> tuple[torch.Tensor, torch.Tensor]:
    """Returns cos and sin [length, head_dim] float32 of the model's rotary positions."""
    config: Any = model.config
    head_dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    theta = float(config.rope_parameters["rope_theta"])
    inverse = 1.0 / theta ** (torch.arange(0, head_dim, 2, dtype=torch.float32, device=device) / head_dim)
    angles = torch.arange(length, dtype=torch.float32, device=device)[:, None] * inverse
    angles = torch.cat([angles, angles], dim=-1)
    return angles.cos(), angles.sin()


def features(model: nn.Module, ids: torch.Tensor, *, dtype: torch.dtype | None = None) -> torch.Tensor:
    """Runs the body of the model over right-padded rows.

    Rows must be padded on the right: a position then never sees padding before it, and no mask is needed.

    Args:
        model: causal language model.
        ids: [B, T] int64.
        dtype: type of the matrix products (``torch.bfloat16`` to use the CPU's or GPU's bf16 units); weights keep
            theirs. None: that of the weights.

    Returns:
        [B, T, hidden] last hidden states after the final norm.
    """
    if not supports(model):
        body: Any = getattr(model, model.base_model_prefix, model)  # pyright: ignore
        with torch.autocast(ids.device.type, dtype=dtype, enabled=dtype in (torch.bfloat16, torch.float16)):
            return body(input_ids=ids, use_cache=False).last_hidden_state
    config: Any = model.config
    body = model.model
    heads, kv_heads = config.num_attention_heads, config.num_key_value_heads
    head_dim = getattr(config, "head_dim", None) or config.hidden_size // heads
    eps = config.rms_norm_eps
    batch, length = ids.shape
    cos, sin = rope_tables(model, length, ids.device)
    x = F.embedding(ids, body.embed_tokens.weight, padding_idx=body.embed_tokens.padding_idx)
    x = x.reshape(batch * length, -1)
    dtype = dtype or x.dtype
    if _by_hand(x, dtype):
        for layer in body.layers:
            x = run_layer(x, layer, (batch, length), cos, sin, eps, head_dim, dtype)
        return _norm(x, body.norm.weight, eps).view(batch, length, -1)
    cos, sin = cos[:, None], torch.cat([-sin[:, : head_dim // 2], sin[:, head_dim // 2 :]], dim=-1)[:, None]
    for layer in body.layers:
        attention, mlp = layer.self_attn, layer.mlp
        h = _norm(x, layer.input_layernorm.weight, eps).to(dtype)
        weight = torch.cat([attention.q_proj.weight, attention.k_proj.weight, attention.v_proj.weight]).to(dtype)
        qkv = F.linear(h, weight).float().view(batch, length, heads + 2 * kv_heads, head_dim)
        qk, v = qkv[:, :, : heads + kv_heads], qkv[:, :, heads + kv_heads :]
        if hasattr(attention, "q_norm"):
            qk = _norm(qk, None, eps) * norm_gains(attention, heads, kv_heads)
        # Queries and keys in one, and the halves of a head swapped as a whole: on a GPU every launch costs.
        qk = torch.addcmul(qk * cos, qk.roll(head_dim // 2, -1), sin).to(dtype).transpose(1, 2)
        q, k = qk.split([heads, kv_heads], dim=1)
        v = v.transpose(1, 2).to(dtype)
        out = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=heads != kv_heads)
        out = out.transpose(1, 2).reshape(batch * length, heads * head_dim)
        x = x + F.linear(out.to(dtype), attention.o_proj.weight.to(dtype))
        h = _norm(x, layer.post_attention_layernorm.weight, eps).to(dtype)
        gate_up = F.linear(h, torch.cat([mlp.gate_proj.weight, mlp.up_proj.weight]).to(dtype))
        gate, up = gate_up.chunk(2, dim=-1)
        x = x + F.linear(F.silu(gate) * up, mlp.down_proj.weight.to(dtype))
    return _norm(x, body.norm.weight, eps).view(batch, length, -1)


def _by_hand(x: torch.Tensor, dtype: torch.dtype) -> bool:
    """Says whether the layers with gradients written by hand compute this: on a CPU, from float32 weights."""
    return x.device.type == "cpu" and x.dtype == torch.float32 and dtype in (torch.float32, torch.bfloat16)


def norm_gains(attention: Any, heads: int, kv_heads: int) -> torch.Tensor:
    """Returns the weights [heads + kv_heads, head_dim] of the norms of a layer's queries and keys (Qwen3)."""
    return torch.cat([attention.q_norm.weight.expand(heads, -1), attention.k_norm.weight.expand(kv_heads, -1)])


def _norm(x: torch.Tensor, weight: torch.Tensor | None, eps: float) -> torch.Tensor:
    return F.rms_norm(x, x.shape[-1:], weight, eps)


def logits_at(
    model: nn.Module,
    states: torch.Tensor,
    positions: torch.Tensor | tuple[torch.Tensor, torch.Tensor],
    *,
    dtype: torch.dtype | None = None,
) -> torch.Tensor:
    """Returns the logits at chosen positions.

    Args:
        model: the causal language model.
        states: [B, T, hidden] from :func:`features`.
        positions: [B, T] bool; N of them True. Or the N rows and the N positions.
        dtype: type of the matrix product.

    Returns:
        [N, vocab] float32, in row-major order of ``positions``.
    """
    chosen = states[positions]
    head: Any = model.get_output_embeddings()  # pyright: ignore
    dtype = dtype or head.weight.dtype
    return F.linear(chosen.to(dtype), head.weight.to(dtype)).float()


def token_logprobs(
    model: nn.Module, ids: torch.Tensor, mask: torch.Tensor, *, dtype: torch.dtype | None = None
) -> torch.Tensor:
    """Returns the log-probability of each masked id given everything before it.

    Args:
        model: the causal language model.
        ids: [B, T] right-padded.
        mask: [B, T] bool, True on the N ids asked for; never at position 0.
        dtype: type of the matrix products.

    Returns:
        [N] float32.
    """
    states = features(model, ids, dtype=dtype)
    logits = logits_at(model, states[:, :-1], mask[:, 1:], dtype=dtype)
    return -F.cross_entropy(logits, ids[:, 1:][mask[:, 1:]], reduction="none")
