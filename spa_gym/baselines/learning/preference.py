"""Learning from preferences and from episodes worth imitating: DPO over spans of actions, and weighted likelihood.

DPO (Rafailov et al. 2023, eq. 7) over the action tokens of two spans, as ETO (arXiv 2403.02502, eq. 5) takes it over
whole trajectories and IPR (arXiv 2406.11176) over what follows a step:

    L = -log sigmoid(beta (log pi(w)/pi_ref(w) - log pi(l)/pi_ref(l)))

Imitation is the mean negative log-likelihood of the spans' action tokens, times the spans' weights.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

from spa_gym.baselines.credit import Credit, Span
from spa_gym.baselines.device import compute_dtype
from spa_gym.baselines.distributed import add_gradients, share
from spa_gym.baselines.learning.divergence import refuse_nan
from spa_gym.baselines.learning.readings import action_logprobs
from spa_gym.baselines.models.fast_forward import token_logprobs
from spa_gym.baselines.models.optimizers import Optimizers
from spa_gym.baselines.models.tokens import Codec, EncodedTrajectory, collate, encode
from spa_gym.baselines.train_config import TrainConfig

__all__ = ["dpo_loss", "encode_span", "learn_preferences"]


def dpo_loss(
    chosen: torch.Tensor,
    rejected: torch.Tensor,
    reference_chosen: torch.Tensor,
    reference_rejected: torch.Tensor,
    *,
    beta: float,
) -> torch.Tensor:
    """[P] losses of P pairs.

    Args:
        chosen: [P] log-probability of the chosen actions under the policy that is trained.
        rejected: [P] of the rejected ones.
        reference_chosen: [P] of the chosen ones under the reference.
        reference_rejected: [P] of the rejected ones under it.
        beta: how far the policy may go from the reference.

    Examples:
        >>> zero = torch.zeros(1)
        >>> round(float(dpo_loss(zero, zero, zero, zero, beta=0.1)), 4)
        0.6931
    """
    return -F.logsigmoid(beta * ((chosen - reference_chosen) - (rejected - reference_rejected)))


def encode_span(span: Span, codec: Codec) -> EncodedTrajectory:
    """The ids of a trajectory up to the end of a span, with a mask on the span's actions alone."""
    whole = encode(span.trajectory, codec)
    starts, ends = whole.step_starts[: span.end], whole.step_ends[: span.end]
    ids = whole.ids[: ends[-1] + 1]
    begin = starts[span.first]
    mask = [m and i >= begin for i, m in enumerate(whole.action_mask[: len(ids)])]
    return EncodedTrajectory(ids=ids, action_mask=mask, step_ends=ends, step_starts=starts)


@dataclass(slots=True)
class _Item:
    """A pair (two rows) or something to imitate (one row)."""

    rows: list[EncodedTrajectory]
    reference: list[float]
    weight: float
    task_id: str


def learn_preferences(
    credit: Credit,
    policy: nn.Module,
    reference: nn.Module,
    optimizer: Optimizers,
    codec: Codec,
    config: TrainConfig,
    rng: random.Random,
    device: torch.device,
) -> dict[str, float]:
    """The training's epochs over a credit's pairs and imitations, mixed at random.

    Args:
        credit: the pairs and spans; `dpo_reference` says which policy the reference log-probabilities are of.
        policy: the policy; at the start it is the one that played the batch.
        reference: the imitated policy.
        optimizer: the policy's optimiser.
        codec: their codec.
        config: the training's settings: `epochs`, `minibatch` (rows of an update; a pair has two).
        rng: order.
        device: where to compute.

    Returns:
        Means over the updates of `dpo_loss`, `dpo_accuracy` (share of pairs in the right order, relative to the
        reference), `imitation_loss`, `grad_norm`; `updates`, their number, and `tokens` read.

    Raises:
        TrainingDiverged: a loss or gradient is not finite.
    """
    items = _items(credit, policy if credit.dpo_reference == "acting" else reference, codec, config, device)
    sums: dict[str, list[float]] = {}
    updates = tokens = 0
    for _ in range(config.epochs):
        rng.shuffle(items)
        for chosen in _minibatches(items, config.minibatch):
            figures = _gradients(chosen, policy, credit.dpo_beta, codec, config, device)
            add_gradients(optimizer.parameters(), figures)
            tasks = [item.task_id for item in chosen]
            refuse_nan(figures, tasks)
            figures["grad_norm"] = optimizer.step()
            refuse_nan(figures, tasks)
            updates += 1
            tokens += sum(len(row.ids) for item in chosen for row in item.rows)
            for key, value in figures.items():
                sums.setdefault(key, []).append(value)
    means = {key: sum(values) / len(values) for key, values in sums.items()}
    return {"grad_norm": 0.0, **means, "updates": updates, "tokens": tokens}


def _items(
    credit: Credit, reference: nn.Module, codec: Codec, config: TrainConfig, device: torch.device
) -> list[_Item]:
    pairs = [[encode_span(p.chosen, codec), encode_span(p.rejected, codec)] for p in credit.pairs]
    flat = [row for rows in pairs for row in rows]
    at_once = config.rows or config.minibatch
    sums = [float(t.sum()) for t in action_logprobs(flat, reference, codec.pad_id, device, batch=at_once)]
    items = [
        _Item(rows, sums[2 * i : 2 * i + 2], 1.0, pair.chosen.trajectory.task_id)
        for i, (rows, pair) in enumerate(zip(pairs, credit.pairs, strict=True))
    ]
    return items + [
        _Item([encode_span(s, codec)], [], s.weight, s.trajectory.task_id) for s in credit.imitation if s.weight
    ]


def _minibatches(items: Sequence[_Item], rows: int) -> list[list[_Item]]:
    batches: list[list[_Item]] = [[]]
    room = rows
    for item in items:
        if batches[-1] and len(item.rows) > room:
            batches.append([])
            room = rows
        batches[-1].append(item)
        room -= len(item.rows)
    return [batch for batch in batches if batch]


def _gradients(
    chosen: Sequence[_Item], policy: nn.Module, beta: float, codec: Codec, config: TrainConfig, device: torch.device
) -> dict[str, float]:
    """Gradient of the mean loss over pairs plus the mean loss over imitations; of this process's part of it."""
    pairs = sum(len(item.rows) == 2 for item in chosen)
    counts = pairs, len(chosen) - pairs
    figures: dict[str, float] = {}
    for part in _minibatches(share(chosen), config.rows or config.minibatch):
        for key, value in _gradient(part, counts, policy, beta, codec, device).items():
            figures[key] = figures.get(key, 0.0) + value
    return figures


def _gradient(
    part: Sequence[_Item], counts: tuple[int, int], policy: nn.Module, beta: float, codec: Codec, device: torch.device
) -> dict[str, float]:
    """A part's gradients, in one forward; `counts` are the pairs and the imitations that the whole means are over."""
    rows = [row for item in part for row in item.rows]
    batch = collate(rows, codec.pad_id).to(device)
    flat = token_logprobs(policy, batch.ids, batch.action_mask, dtype=compute_dtype(device))
    by_row = flat.split([sum(row.action_mask) for row in rows])
    pairs: list[tuple[torch.Tensor, torch.Tensor]] = []
    references: list[list[float]] = []
    likelihoods: list[torch.Tensor] = []
    at = 0
    for item in part:
        if len(item.rows) == 2:
            pairs.append((by_row[at].sum(), by_row[at + 1].sum()))
            references.append(item.reference)
        else:
            likelihoods.append(-by_row[at].mean() * item.weight)
        at += len(item.rows)
    loss = torch.zeros((), device=device)
    figures: dict[str, float] = {}
    if pairs:
        better, worse = torch.stack([w for w, _ in pairs]), torch.stack([v for _, v in pairs])
        known = torch.tensor(references, device=device)
        mean = dpo_loss(better, worse, known[:, 0], known[:, 1], beta=beta).sum() / counts[0]
        loss = loss + mean
        figures["dpo_loss"] = float(mean.detach())
        margin = (better - known[:, 0]) - (worse - known[:, 1])
        figures["dpo_accuracy"] = float((margin.detach() > 0).float().sum()) / counts[0]
    if likelihoods:
        imitation = torch.stack(likelihoods).sum() / counts[1]
        loss = loss + imitation
        figures["imitation_loss"] = float(imitation.detach())
    loss.backward()
    return figures
