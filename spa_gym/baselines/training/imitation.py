"""Supervised training on transcripts: the loop that `pretrain` and `sft` share."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from spa_gym.baselines.models.fast_forward import features
from spa_gym.baselines.models.tokens import collate
from spa_gym.baselines.training.optimizers import Optimizers
from spa_gym.baselines.training.transcripts import Transcript

__all__ = ["compute_dtype", "imitation_loss", "schedule", "train_on"]


def compute_dtype(device: torch.device | str) -> torch.dtype:
    """bf16 for the matrix products, on CPU (AMX, AVX512) and CUDA alike; weights and sums stay float32."""
    del device
    return torch.bfloat16


def schedule(done: float, *, warmup: float = 0.02, floor: float = 0.02) -> float:
    """Factor on the peak rate: linear warm-up, then linear decay; `done` is the share of the training in [0, 1]."""
    if done < warmup:
        return max(done / warmup, 1e-3)
    return floor + (1 - floor) * max(0.0, 1 - (done - warmup) / (1 - warmup))


def imitation_loss(
    model: nn.Module, batch: Sequence[Transcript], pad_id: int, device: torch.device | str = "cpu"
) -> tuple[torch.Tensor, dict[str, float]]:
    """Weighted cross entropy of a batch of transcripts.

    Args:
        model: the causal language model.
        batch: transcripts of like length.
        pad_id: id that fills the rows up.
        device: where to compute.

    Returns:
        Loss (weighted mean over tokens), and `loss_actions` (mean over the action tokens, nats), `accuracy` (share of
        action tokens that are the most probable ones), `tokens`.
    """
    rows = collate([t.encoded for t in batch], pad_id).to(device)
    width = rows.ids.shape[1]
    weights = torch.tensor([[*t.weights, *[0.0] * (width - len(t.weights))] for t in batch], device=device)[:, 1:]
    states = features(model, rows.ids, dtype=compute_dtype(device))
    asked = weights > 0
    head: Any = model.get_output_embeddings()  # pyright: ignore
    dtype = compute_dtype(device)
    logits = F.linear(states[:, :-1][asked].to(dtype), head.weight.to(dtype)).float()
    target, weight = rows.ids[:, 1:][asked], weights[asked]
    losses = F.cross_entropy(logits, target, reduction="none")
    loss = (losses * weight).sum() / weight.sum()
    with torch.no_grad():
        action = rows.action_mask[:, 1:][asked]
        accuracy = (logits[action].argmax(-1) == target[action]).float().mean()
        figures = {
            "loss_actions": float(losses[action].mean()),
            "accuracy": float(accuracy),
            "tokens": float(rows.lengths.sum()),
        }
    return loss, figures


def train_on(
    model: nn.Module,
    batches: Iterator[list[Transcript]],
    optimizers: Optimizers,
    pad_id: int,
    factor: float,
    device: torch.device | str = "cpu",
) -> dict[str, float]:
    """One step on the next batch; returns the figures of `imitation_loss` with `loss`, `seconds` and `norm`."""
    started = time.perf_counter()
    model.train()
    loss, figures = imitation_loss(model, next(batches), pad_id, device)
    loss.backward()
    norm = optimizers.step(factor)
    return figures | {"loss": float(loss.detach()), "norm": norm, "seconds": time.perf_counter() - started}
