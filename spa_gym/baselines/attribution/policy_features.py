"""What the frozen policy's own network says of each step: the state before an action, and the gradient of its choice.

The first is what a critic reads. The second lets credit be judged by the update that it would cause: sum_t c_t g_t.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from spa_gym.baselines.device import compute_dtype
from spa_gym.baselines.learning.advantages import gae
from spa_gym.baselines.models.fast_forward import features, logits_at
from spa_gym.baselines.models.tokens import Codec, collate, encode, similar_lengths
from spa_gym.core.trajectory import Trajectory

__all__ = ["critic_advantages", "read_policy"]

Array = npt.NDArray[np.float64]


@torch.no_grad()
def read_policy(
    model: nn.Module, codec: Codec, trajectories: Sequence[Trajectory], *, width: int = 512, seed: int = 0
) -> tuple[list[Array], list[Array]]:
    """States and gradients of all steps, in one pass.

    The gradient is that of the action's log-probability in the weights of the output layer, G = sum over its tokens of
    (onehot - p) h^T, kept as `width` random projections u^T G v with signs u and v, whose inner products are those of
    the gradients on average. Other layers are left out: what is compared is credit, under one metric for all.

    Args:
        model: the policy.
        codec: its codec.
        trajectories: the episodes.
        width: number of projections.
        seed: of the projections.

    Returns:
        For each episode [T, hidden] states and [T, width] gradients.
    """
    device = next(model.parameters()).device
    encoded = [encode(t, codec) for t in trajectories]
    states: list[Array] = [np.zeros((0, 0))] * len(encoded)
    gradients: list[Array] = [np.zeros((0, 0))] * len(encoded)
    generator = torch.Generator().manual_seed(seed)
    size = int(model.config.hidden_size)  # pyright: ignore
    right = _signs(size, width, generator).to(device)
    left: torch.Tensor | None = None
    for part in similar_lengths([len(row.ids) for row in encoded], 16, device):
        rows = collate([encoded[i] for i in part], codec.pad_id).to(device)
        hidden = features(model, rows.ids, dtype=compute_dtype(device))[:, :-1]
        mask = rows.action_mask[:, 1:]
        logits = logits_at(model, hidden, mask, dtype=compute_dtype(device))
        if left is None:
            left = _signs(logits.shape[-1], width, generator).to(device)
        chosen = rows.ids[:, 1:][mask]
        difference = left[chosen] - logits.softmax(-1) @ left
        token = torch.zeros(*mask.shape, width, device=device)
        token[mask] = difference * (hidden[mask].float() @ right) / width**0.5
        for row, i in enumerate(part):
            begin = [p - 1 for p in encoded[i].step_starts]
            states[i] = hidden[row, begin].double().cpu().numpy()
            ends = zip(begin, encoded[i].step_ends, strict=True)
            gradients[i] = torch.stack([token[row, a:b].sum(0) for a, b in ends]).double().cpu().numpy()
    return states, gradients


def critic_advantages(
    rewards: Sequence[Array],
    states: Sequence[Array],
    tasks: Sequence[str],
    *,
    gamma: float = 0.99,
    lam: float = 0.95,
    ridge: float = 10.0,
    folds: int = 5,
) -> list[Array]:
    """What the loss would see of rewards: GAE with a critic that has read other tasks.

    The critic is a ridge regression of the discounted rewards to go on the policy's states, fitted on the other folds
    of tasks, as the training's critic is a head on these states that has seen other episodes.

    Args:
        rewards: [T] of each episode.
        states: [T, hidden] of each episode.
        tasks: task of each episode.
        gamma: discount per step (the training's).
        lam: GAE's lambda (the training's).
        ridge: weight of the penalty, on standardised states.
        folds: parts that the tasks are split into, in order of appearance.
    """
    number = {task: i for i, task in enumerate(dict.fromkeys(tasks))}
    fold = np.array([number[task] % folds for task in tasks])
    to_go = [gae(r, np.zeros(len(r)), gamma=gamma, lam=1.0) for r in rewards]
    made: list[Array] = [np.zeros(0)] * len(rewards)
    for part in sorted(set(fold.tolist())):
        others = [i for i in range(len(rewards)) if fold[i] != part] or list(range(len(rewards)))
        x, y = np.concatenate([states[i] for i in others]), np.concatenate([to_go[i] for i in others])
        mean, deviation = x.mean(0), x.std(0) + 1e-6
        z = (x - mean) / deviation
        weights = np.linalg.solve(z.T @ z + ridge * np.eye(z.shape[1]), z.T @ (y - y.mean()))
        for i in np.flatnonzero(fold == part).tolist():
            values = (states[i] - mean) / deviation @ weights + y.mean()
            made[i] = gae(rewards[i], values, gamma=gamma, lam=lam)
    return made


def _signs(rows: int, columns: int, generator: torch.Generator) -> torch.Tensor:
    return torch.randint(0, 2, (rows, columns), generator=generator).float() * 2 - 1
