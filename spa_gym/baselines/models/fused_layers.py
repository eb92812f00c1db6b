"""Transformer layers for training on a CPU, with their gradients written by hand.

Small models spend more time on passes over activations than on matrix products. Autograd keeps and re-reads every
intermediate; here a layer is two functions (attention, MLP) that keep only what their gradients need, in the type of
the matrix products (float32 or bf16), and fold the weight of each norm into the matrix behind it. The residual stream,
norms and softmax sums stay float32. `fast_forward.features` uses them on CPUs; everything else goes through plain
autograd.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional as F

from spa_gym.baselines.models.causal_attention import causal_attention, causal_attention_backward

__all__ = ["AttentionBlock", "MlpBlock", "run_layer"]


def run_layer(
    x: torch.Tensor,
    layer: Any,
    shape: tuple[int, int],
    cos: torch.Tensor,
    sin: torch.Tensor,
    eps: float,
    head_dim: int,
    dtype: torch.dtype,
) -> torch.Tensor:
    """Runs one Qwen3 or Llama layer.

    Args:
        x: [B * T, hidden] float32 residual stream.
        layer: the Hugging Face layer.
        shape: (B, T), right-padded rows.
        cos: [T, head_dim] table of the rotary positions.
        sin: [T, head_dim].
        eps: of the norms.
        head_dim: width of a head.
        dtype: type of the matrix products, and of what is kept for the gradients.

    Returns:
        [B * T, hidden] float32.
    """
    attention, mlp = layer.self_attn, layer.mlp
    norms = (attention.q_norm.weight, attention.k_norm.weight) if hasattr(attention, "q_norm") else (None, None)
    x = x + AttentionBlock.apply(
        x,
        layer.input_layernorm.weight,
        attention.q_proj.weight,
        attention.k_proj.weight,
        attention.v_proj.weight,
        *norms,
        attention.o_proj.weight,
        (*shape, eps, head_dim, cos[:, : head_dim // 2], sin[:, : head_dim // 2], dtype),
    )
    return x + MlpBlock.apply(
        x,
        layer.post_attention_layernorm.weight,
        mlp.gate_proj.weight,
        mlp.up_proj.weight,
        mlp.down_proj.weight,
        eps,
        dtype,
    )


class AttentionBlock(torch.autograd.Function):
    """Norm, query-key-value projection, head norms, rotary positions, causal attention, output projection."""

    @staticmethod
    def forward(  # type: ignore[override]
        ctx: Any,
        x: torch.Tensor,
        norm: torch.Tensor,
        wq: torch.Tensor,
        wk: torch.Tensor,
        wv: torch.Tensor,
        q_norm: torch.Tensor | None,
        k_norm: torch.Tensor | None,
        wo: torch.Tensor,
        static: tuple[int, int, float, int, torch.Tensor, torch.Tensor, torch.dtype],
    ) -> torch.Tensor:
        """Returns what is to be added to the residual stream, in the type of the products."""
        batch, length, eps, dim, cos, sin, dtype = static
        kv_heads = len(wk) // dim
        heads = len(wq) // dim
        hat, scale = _normalise(x, eps, dtype)
        weight = (torch.cat([wq, wk, wv]) * norm).to(dtype)
        qkv = F.linear(hat, weight).view(batch, length, heads + 2 * kv_heads, dim)
        qk, v = qkv[:, :, : heads + kv_heads], qkv[:, :, heads + kv_heads :].transpose(1, 2).contiguous()
        gains = None
        if q_norm is not None and k_norm is not None:
            gains = torch.cat([q_norm.expand(heads, dim), k_norm.expand(kv_heads, dim)]).to(dtype)
            qk_scale = torch.rsqrt(
                torch.linalg.vector_norm(qk, dim=-1, keepdim=True, dtype=torch.float32).square_().div_(dim).add_(eps)
            ).to(dtype)
            qk = qk * qk_scale
            turned = _turn(qk * gains, cos, sin)
        else:
            qk_scale = None
            turned = _turn(qk, cos, sin)
        q, k = turned[:, :heads], turned[:, heads:]
        out = _heads_to_rows(causal_attention(q, k, v))
        w_out = wo.to(dtype)
        ctx.save_for_backward(
            hat, scale, weight, norm, wq, wk, wv, qk, qk_scale, gains, turned, v, out, w_out, cos, sin
        )
        ctx.sizes = (batch, length, heads, kv_heads, dim)
        return F.linear(out, w_out)

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> Any:  # type: ignore[override]
        """Returns the gradients of the inputs of `forward`."""
        hat, scale, weight, norm, wq, wk, wv, qk, qk_scale, gains, turned, v, out, w_out, cos, sin = ctx.saved_tensors
        batch, length, heads, kv_heads, dim = ctx.sizes
        grad = grad.to(hat.dtype)
        grad_wo = (grad.t() @ out).float()
        grad_out = (grad @ w_out).view(batch, length, heads, dim).transpose(1, 2)
        q, k = turned[:, :heads], turned[:, heads:]
        grad_q, grad_k, grad_v = causal_attention_backward(grad_out, q, k, v)
        grad_turned = torch.cat([grad_q, grad_k.to(hat.dtype)], dim=1)
        grad_qkv = torch.empty(batch, length, heads + 2 * kv_heads, dim, dtype=hat.dtype)
        grad_qkv[:, :, heads + kv_heads :] = grad_v.transpose(1, 2)
        grad_qk = _turn_back(grad_turned, cos, sin)
        grad_gain_q = grad_gain_k = None
        if gains is not None:
            per_gain = (grad_qk * qk).view(batch * length, -1).sum(0, dtype=torch.float32).view(-1, dim)
            grad_gain_q, grad_gain_k = per_gain[:heads].sum(0), per_gain[heads:].sum(0)
            grad_qk.mul_(gains)
            inner = torch.linalg.vecdot(grad_qk, qk).unsqueeze(-1).div_(dim)
            torch.mul(grad_qk.addcmul_(qk, inner, value=-1), qk_scale, out=grad_qkv[:, :, : heads + kv_heads])
        else:
            grad_qkv[:, :, : heads + kv_heads] = grad_qk
        flat = grad_qkv.view(batch * length, -1)
        grad_x, grad_norm, grad_w = _linear_backward(flat, hat, scale, weight, norm, torch.cat([wq, wk, wv]))
        grad_q, grad_k, grad_v = grad_w.split([len(wq), len(wk), len(wv)])
        return grad_x, grad_norm, grad_q, grad_k, grad_v, grad_gain_q, grad_gain_k, grad_wo, None


class MlpBlock(torch.autograd.Function):
    """Norm, gate and up projection, SiLU, down projection."""

    @staticmethod
    def forward(  # type: ignore[override]
        ctx: Any,
        x: torch.Tensor,
        norm: torch.Tensor,
        w_gate: torch.Tensor,
        w_up: torch.Tensor,
        w_down: torch.Tensor,
        eps: float,
        dtype: torch.dtype,
    ) -> torch.Tensor:
        """Returns what is to be added to the residual stream, in the type of the products."""
        hat, scale = _normalise(x, eps, dtype)
        weight = (torch.cat([w_gate, w_up]) * norm).to(dtype)
        gate_up = F.linear(hat, weight)
        gate, up = gate_up.chunk(2, dim=-1)
        active = F.silu(gate)
        hidden = active * up
        down_weight = w_down.to(dtype)
        ctx.save_for_backward(hat, scale, weight, norm, w_gate, w_up, gate_up, active, hidden, down_weight)
        return F.linear(hidden, down_weight)

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> Any:  # type: ignore[override]
        """Returns the gradients of the inputs of `forward`."""
        hat, scale, weight, norm, w_gate, w_up, gate_up, active, hidden, down_weight = ctx.saved_tensors
        grad = grad.to(hat.dtype)
        gate, up = gate_up.chunk(2, dim=-1)
        grad_down = (grad.t() @ hidden).float()
        grad_hidden = grad @ down_weight
        grad_gate_up = torch.empty_like(gate_up)
        grad_gate, grad_up = grad_gate_up.chunk(2, dim=-1)
        torch.mul(grad_hidden, active, out=grad_up)
        grad_gate.copy_(torch.ops.aten.silu_backward(grad_hidden.mul_(up), gate))
        grad_x, grad_norm, grad_w = _linear_backward(grad_gate_up, hat, scale, weight, norm, torch.cat([w_gate, w_up]))
        grad_gate_w, grad_up_w = grad_w.split([len(w_gate), len(w_up)])
        return grad_x, grad_norm, grad_gate_w, grad_up_w, grad_down, None, None


def _normalise(x: torch.Tensor, eps: float, dtype: torch.dtype) -> tuple[torch.Tensor, torch.Tensor]:
    """Returns rows of root mean square 1 in `dtype`, and the factor [N, 1] that made them so."""
    scale = torch.linalg.vector_norm(x, dim=-1, keepdim=True).square_().div_(x.shape[-1]).add_(eps).rsqrt_()
    return (x * scale).to(dtype), scale


def _linear_backward(
    grad: torch.Tensor,
    hat: torch.Tensor,
    scale: torch.Tensor,
    weight: torch.Tensor,
    norm: torch.Tensor,
    plain: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Gradients of `linear(normalised x, plain * norm)`: of x (float32), of norm, of plain."""
    grad_folded = (grad.t() @ hat).float()
    grad_hat = grad @ weight
    inner = torch.linalg.vecdot(grad_hat, hat).unsqueeze(-1).div_(hat.shape[-1])
    grad_x = grad_hat.addcmul_(hat, inner, value=-1) * scale
    return grad_x, (grad_folded * plain).sum(0), grad_folded * norm


def _turn(x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    """Rotates [B, T, H, D] by the positions' angles [T, D / 2] and returns [B, H, T, D]."""
    batch, length, heads, dim = x.shape
    out = torch.empty(batch, heads, length, dim, dtype=x.dtype)
    (first, second), (a, b) = out.transpose(1, 2).chunk(2, dim=-1), x.chunk(2, dim=-1)
    cos, sin = cos[:, None].to(x.dtype), sin[:, None].to(x.dtype)
    torch.mul(a, cos, out=first).addcmul_(b, sin, value=-1)
    torch.mul(b, cos, out=second).addcmul_(a, sin)
    return out


def _turn_back(grad: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    """Rotates [B, H, T, D] back and returns [B, T, H, D]."""
    batch, heads, length, dim = grad.shape
    out = torch.empty(batch, length, heads, dim, dtype=grad.dtype)
    (a, b), (first, second) = grad.transpose(1, 2).chunk(2, dim=-1), out.chunk(2, dim=-1)
    cos, sin = cos[:, None].to(grad.dtype), sin[:, None].to(grad.dtype)
    torch.mul(a, cos, out=first).addcmul_(b, sin)
    torch.mul(b, cos, out=second).addcmul_(a, sin, value=-1)
    return out


def _heads_to_rows(x: torch.Tensor) -> torch.Tensor:
    batch, heads, length, dim = x.shape
    return x.transpose(1, 2).reshape(batch * length, heads * dim)
