"""What a progress estimator learns: the losses of its three objectives, one update, and a refit on further episodes.

With c_t or g_t the reading at step t of an episode of T steps and R its final reward:

- `sum` (SPA, arXiv 2505.20732, L_PE): (sum_t c_t - R)^2.
- `prefix` (RUDDER, arXiv 1806.07857, and the authors' demonstration code): (g_T - R)^2 + w mean_t (g_t - R)^2, w = 0.5.
  Every reading predicts the return from what has happened so far; contributions are its differences.
- `bag` (RLBR, Tang et al., TMLR 2025): (sum_t c_t - R)^2 + w L_next with the bag being the whole episode, since that is
  the only reward there is, and w = 1. L_next predicts the next state; here it is the mean cross entropy of the tokens
  of the observations that follow the actions, where RLBR has the squared error of a state vector.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

import torch
from torch.nn import functional as F

from spa_gym.baselines.device import compute_dtype
from spa_gym.baselines.distributed import add_gradients, share
from spa_gym.baselines.learning.divergence import refuse_nan
from spa_gym.baselines.learning.estimator_inference import ProgressModel
from spa_gym.baselines.models.fast_forward import features, logits_at
from spa_gym.baselines.models.optimizers import Optimizers
from spa_gym.baselines.models.tokens import EncodedTrajectory, collate, encode, similar_lengths
from spa_gym.core.trajectory import Trajectory

__all__ = ["OBJECTIVES", "answer_mask", "episode_losses", "refit", "train_step"]

OBJECTIVES: dict[str, float] = {"sum": 0.0, "prefix": 0.5, "bag": 1.0}
"""Objective -> published weight w of its second term (`sum` has none)."""


def answer_mask(row: EncodedTrajectory, delimiter: int) -> list[bool]:
    """True on the ids of the observations that follow an action: what the world answered.

    Args:
        row: the episode.
        delimiter: number of ids between an observation and the next action.
    """
    mask = [False] * len(row.ids)
    following = [start - delimiter for start in row.step_starts[1:]] + [len(row.ids)]
    for end, until in zip(row.step_ends, following, strict=True):
        mask[end + 1 : until] = [True] * (until - end - 1)
    return mask


def episode_losses(
    model: ProgressModel,
    rows: Sequence[EncodedTrajectory],
    scores: Sequence[float],
    device: torch.device,
    *,
    objective: str = "sum",
    weight: float | None = None,
) -> torch.Tensor:
    """[B] losses of B episodes.

    Args:
        model: the estimator.
        rows: the episodes, at least one step each.
        scores: their final rewards R.
        device: where to compute.
        objective: one of `OBJECTIVES`.
        weight: w, weight of the second term; None: the published one.
    """
    w = OBJECTIVES[objective] if weight is None else weight
    batch = collate(rows, model.codec.pad_id).to(device)
    states = features(model.model, batch.ids, dtype=compute_dtype(device))
    said, target = model.readings(states, batch), torch.tensor(scores, device=device)
    if objective == "prefix":
        steps = (batch.step_ends >= 0).sum(1)
        errors = (said - target[:, None]).square() * (batch.step_ends >= 0)
        return errors.gather(1, steps[:, None] - 1)[:, 0] + w * errors.sum(1) / steps
    losses = (said.sum(1) - target).square()
    if objective == "bag" and w:
        losses = losses + w * _next_observation(model, rows, states, batch.ids)
    return losses


def _next_observation(
    model: ProgressModel, rows: Sequence[EncodedTrajectory], states: torch.Tensor, ids: torch.Tensor
) -> torch.Tensor:
    """[B] mean cross entropy of each row's answers; 0 for a row without any."""
    mask = torch.zeros_like(ids, dtype=torch.bool)
    for i, row in enumerate(rows):
        mask[i, : len(row.ids)] = torch.tensor(answer_mask(row, len(model.codec.act_ids)), device=ids.device)
    asked = mask[:, 1:]
    logits = logits_at(model.model, states[:, :-1], asked, dtype=compute_dtype(ids.device))
    losses = F.cross_entropy(logits, ids[:, 1:][asked], reduction="none")
    total = torch.zeros(len(rows), device=ids.device).index_add(0, asked.nonzero()[:, 0], losses)
    return total / asked.sum(1).clamp(min=1)


def train_step(
    model: ProgressModel,
    optimizers: Optimizers,
    rows: Sequence[EncodedTrajectory],
    scores: Sequence[float],
    factor: float,
    device: torch.device,
    *,
    objective: str = "sum",
    weight: float | None = None,
    tasks: Sequence[str] = (),
    at_once: int = 0,
) -> float:
    """One step on a batch of mixed lengths, read in groups of similar length; returns the mean loss.

    Each process reads its share.

    Args:
        model: the estimator.
        optimizers: its optimisers.
        rows: the episodes.
        scores: their final rewards.
        factor: on the peak rates.
        device: where to compute.
        objective: one of `OBJECTIVES`.
        weight: weight of the objective's second term; None: the published one.
        tasks: ids of the episodes' tasks, for the error.
        at_once: episodes of a forward at most; 0: half of them.

    Raises:
        TrainingDiverged: loss or gradient is not finite; the weights are as they were.
    """
    order = share(sorted(range(len(rows)), key=lambda i: len(rows[i].ids)))
    at_once = at_once or -(-len(order) // 2)
    figures = {"estimator_loss": 0.0}
    for group in similar_lengths([len(rows[i].ids) for i in order], at_once, device):
        part = [order[i] for i in group]
        losses = episode_losses(
            model, [rows[i] for i in part], [scores[i] for i in part], device, objective=objective, weight=weight
        )
        loss = losses.sum() / len(rows)
        loss.backward()
        figures["estimator_loss"] += float(loss.detach())
    add_gradients(optimizers.parameters(), figures)
    refuse_nan(figures, tasks)
    refuse_nan({"estimator_gradient": optimizers.step(factor)}, tasks)
    return figures["estimator_loss"]


def refit(
    model: ProgressModel,
    optimizers: Optimizers,
    trajectories: Sequence[Trajectory],
    rng: random.Random,
    *,
    epochs: int,
    batch_episodes: int = 32,
    objective: str = "sum",
    weight: float | None = None,
) -> float:
    """Fit an estimator further, on episodes that it was not fitted to before; returns the mean loss of the last epoch.

    Args:
        model: the estimator, changed in place and left in evaluation mode.
        optimizers: its optimisers, which keep their moments from one refit to the next.
        trajectories: the episodes, at least one step each.
        rng: order of the episodes.
        epochs: times that each is read.
        batch_episodes: episodes of a batch.
        objective: one of `OBJECTIVES`.
        weight: weight of the objective's second term; None: the published one.

    Raises:
        TrainingDiverged: a loss or gradient is not finite.
    """
    device = next(model.parameters()).device
    encoded = [encode(t, model.codec) for t in trajectories]
    order, losses = list(range(len(encoded))), [0.0]
    model.train()
    for _ in range(epochs):
        rng.shuffle(order)
        losses = []
        for start in range(0, len(order), batch_episodes):
            chosen = order[start : start + batch_episodes]
            loss = train_step(
                model,
                optimizers,
                [encoded[i] for i in chosen],
                [trajectories[i].score for i in chosen],
                1.0,
                device,
                objective=objective,
                weight=weight,
                tasks=[trajectories[i].task_id for i in chosen],
            )
            losses += [loss] * len(chosen)
    model.eval()
    return sum(losses) / len(losses)
