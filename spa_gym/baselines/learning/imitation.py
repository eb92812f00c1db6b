"""Supervised training on transcripts: the loop that `pretrain` and `sft` share."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from spa_gym.baselines.device import compute_dtype
from spa_gym.baselines.distributed import add_gradients, share
from spa_gym.baselines.learning.divergence import refuse_nan
from spa_gym.baselines.learning.transcripts import Transcript
from spa_gym.baselines.models.fast_forward import features
from spa_gym.baselines.models.optimizers import Optimizers
from spa_gym.baselines.models.tokens import collate, similar_lengths

__all__ = ["imitation_loss", "schedule", "train_on"]


def schedule(done: float, *, warmup: float = 0.02, floor: float = 0.02, decay: str = "linear") -> float:
    """Factor on the peak rate: linear warm-up, then a linear or cosine decay (that to 0).

    Args:
        done: share of the training that is done, in [0, 1].
        warmup: share of it that is warm-up.
        floor: factor at the end of a linear decay.
        decay: `"linear"` or `"cosine"`.
    """
    if done < warmup:
        return max(done / warmup, 1e-3)
    if decay == "cosine":
        return 0.5 * (1 + math.cos(math.pi * min(1.0, (done - warmup) / (1 - warmup))))
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
    *,
    rows: int = 0,
) -> dict[str, float]:
    """One step on the next batch; returns the figures of `imitation_loss` with `loss`, `seconds` and `norm`.

    Args:
        model: the causal language model.
        batches: where the batch comes from.
        optimizers: what takes the step.
        pad_id: id that fills rows up.
        factor: on the peak rates.
        device: where to compute.
        rows: transcripts of a forward; 0: all at once.

    Raises:
        TrainingDiverged: the loss or gradient is not finite; no step was taken.
    """
    started = time.perf_counter()
    model.train()
    batch = next(batches)
    weight, actions = _weight(batch), _actions(batch)
    figures: dict[str, float] = dict.fromkeys(("loss", "loss_actions", "accuracy", "tokens"), 0.0)
    mine = share(batch)
    for group in similar_lengths([len(t.encoded.ids) for t in mine], rows or len(mine), device):
        part = [mine[i] for i in group]
        loss, said = imitation_loss(model, part, pad_id, device)
        loss = loss * (_weight(part) / weight)
        loss.backward()
        figures["loss"] += float(loss.detach())
        figures["tokens"] += said["tokens"]
        for key in ("loss_actions", "accuracy"):
            figures[key] += said[key] * (_actions(part) / actions)
    add_gradients(optimizers.parameters(), figures)
    norm = optimizers.step(factor)
    refuse_nan({"loss": figures["loss"], "norm": norm}, [t.task_id for t in batch])
    return figures | {"norm": norm, "seconds": time.perf_counter() - started}


def _weight(batch: Sequence[Transcript]) -> float:
    """Sum of the weights that the loss is a mean by."""
    return sum(t.weight for t in batch)


def _actions(batch: Sequence[Transcript]) -> int:
    """Number of action tokens in the loss."""
    return sum(t.actions for t in batch)
