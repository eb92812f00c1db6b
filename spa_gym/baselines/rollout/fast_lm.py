"""An inference forward for Qwen3 and Llama weights in which ragged chunks cost no padding.

All new ids of all rows lie in one flat list: projections and MLPs work on exactly these. Only attention sees rows
(`attention_torch.py`; on a GPU `attention_triton.py`). Weights are copied once (fused, in ``dtype``), so the engine
takes a new copy per run.
"""

from __future__ import annotations

import functools
import logging
import os
import shutil
import sysconfig
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn import functional as F

from spa_gym.baselines.models.fast_forward import norm_gains, rope_tables
from spa_gym.baselines.rollout.attention_torch import TorchAttention
from spa_gym.baselines.rollout.ragged import Ragged, Shape
from spa_gym.baselines.rollout.slot_cache import SlotCache

if TYPE_CHECKING:  # Triton is not everywhere
    from spa_gym.baselines.rollout.attention_triton import TritonAttention

__all__ = ["FastLM"]

_log = logging.getLogger(__name__)


class FastLM:
    """A causal language model that reads chunks into the rows of a :class:`SlotCache`.

    Args:
        model: a model that ``fast_forward.supports``.
        rows: number of rows.
        max_length: longest row.
        dtype: type of weights, keys and values.
        kernels: attention in Triton kernels; None: on a CUDA device, where Triton can build them.
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
        kernels: bool | None = None,
    ) -> None:
        config: Any = model.config
        heads, kv_heads = config.num_attention_heads, config.num_key_value_heads
        dim = getattr(config, "head_dim", None) or config.hidden_size // heads
        self._eps, self._dtype = config.rms_norm_eps, dtype
        body: Any = model.model
        device = body.embed_tokens.weight.device
        self._embedding = body.embed_tokens.weight.detach()
        self._out = model.get_output_embeddings().weight.detach().to(dtype)  # pyright: ignore
        self._final_norm = body.norm.weight.detach().float()
        self._layers = [_fuse(layer, dtype, heads, kv_heads) for layer in body.layers]
        self._shape = Shape(heads, kv_heads, dim, self._eps, *rope_tables(model, max_length + 1, device))
        self._attention = _attention(device.type == "cuda" and _kernels_run() if kernels is None else kernels)
        self.cache = SlotCache(len(self._layers), rows, kv_heads, dim, max_length, dtype=dtype, device=device)

    @torch.inference_mode()
    def __call__(self, rows: Sequence[int], chunks: Sequence[Sequence[int]]) -> torch.Tensor:
        """Reads one chunk into each of the given rows.

        Args:
            rows: different rows.
            chunks: their new ids, each at least one.

        Returns:
            [len(rows), vocab] float32 logits after the last id of each chunk, on the model's device.
        """
        cache, dtype = self.cache, self._dtype
        read = Ragged.of(rows, chunks, cache.lengths, self._embedding.device)
        ends = read.starts + read.counts
        cache.grow(int(ends.max()))
        cache.lengths[read.rows] = ends
        attention = self._attention(read, cache, self._shape)
        x = F.embedding(read.ids, self._embedding).float()
        for number, layer in enumerate(self._layers):
            h = self._norm(x, layer["norm1"]).to(dtype)
            out = attention.layer(number, F.linear(h, layer["qkv"]), layer["gains"])
            x = x + F.linear(out, layer["o"])
            h = self._norm(x, layer["norm2"]).to(dtype)
            gate, up = F.linear(h, layer["gate_up"]).chunk(2, dim=-1)
            x = x + F.linear(F.silu(gate) * up, layer["down"])
        x = self._norm(x[read.last], self._final_norm)
        return F.linear(x.to(dtype), self._out).float()

    def _norm(self, x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        return F.rms_norm(x, x.shape[-1:], weight, self._eps)


@functools.cache
def _kernels_run() -> bool:
    """Triton is there, and what it builds its launchers with."""
    needed = {
        "pip install triton": find_spec("triton") is not None,
        "apt-get install gcc": bool(os.environ.get("CC") or shutil.which("gcc") or shutil.which("clang")),
        "apt-get install python3-dev": Path(sysconfig.get_path("include"), "Python.h").is_file(),
    }
    missing = [command for command, there in needed.items() if not there]
    if missing:
        _log.warning("rollouts on this GPU go without Triton's kernels and are slower; %s", " && ".join(missing))
    return not missing


def _attention(kernels: bool) -> type[TorchAttention] | type[TritonAttention]:
    if not kernels:
        return TorchAttention
    from spa_gym.baselines.rollout.attention_triton import TritonAttention

    return TritonAttention


def _fuse(layer: Any, dtype: torch.dtype, heads: int, kv_heads: int) -> dict[str, Any]:
    attention, mlp = layer.self_attn, layer.mlp
    normed = hasattr(attention, "q_norm")
    return {
        "qkv": torch.cat([attention.q_proj.weight, attention.k_proj.weight, attention.v_proj.weight])
        .detach()
        .to(dtype),
        "gains": norm_gains(attention, heads, kv_heads).detach().float() if normed else None,
        "o": attention.o_proj.weight.detach().to(dtype),
        "gate_up": torch.cat([mlp.gate_proj.weight, mlp.up_proj.weight]).detach().to(dtype),
        "down": mlp.down_proj.weight.detach().to(dtype),
        "norm1": layer.input_layernorm.weight.detach().float(),
        "norm2": layer.post_attention_layernorm.weight.detach().float(),
    }
