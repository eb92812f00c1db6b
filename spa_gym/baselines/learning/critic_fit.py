"""The critic's head is fitted to the hidden states of a batch over and over: it costs no forward of the policy.

A head that learns only along with the policy has seen a few dozen updates when a small budget ends. The targets are
the returns themselves: GAE's own rest on what the critic says, which in the first batches is nothing.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

import torch

from spa_gym.baselines.learning.batch import Critic, Episode
from spa_gym.baselines.learning.divergence import refuse_nan
from spa_gym.baselines.models.optimizers import Optimizers

__all__ = ["FEWEST", "TOKENS", "fit_critic"]

TOKENS = 16
"""Action tokens of an update, for each episode of a minibatch of the policy: large batches make no more updates."""
FEWEST = 512
"""Action tokens of an update at least."""


def fit_critic(
    critic: Critic,
    episodes: Sequence[Episode],
    optimizer: Optimizers,
    *,
    epochs: int,
    rng: random.Random,
    minibatch: int,
) -> float:
    """Fit the head to (hidden state, return) of each action token, by half the mean squared error.

    Every process of a distributed training does the same, with the whole batch.

    Args:
        critic: a critic without a body of its own.
        episodes: a batch with `states` and `returns`.
        optimizer: the critic's.
        epochs: passes over the batch.
        rng: order of the tokens.
        minibatch: episodes that the policy reads in an update.

    Returns:
        Share of the returns' variance that the head explains afterwards, on the batch itself; not a number where it is
        a single token.

    Raises:
        TrainingDiverged: a loss or gradient is not finite; that step was not taken.
    """
    device = next(critic.head.parameters()).device
    states = torch.cat([episode.states for episode in episodes]).to(device)
    returns = torch.cat([episode.returns for episode in episodes]).to(device)
    tasks = [episode.task_id for episode in episodes]
    order = list(range(len(returns)))
    tokens = max(FEWEST, TOKENS * minibatch)
    for _ in range(epochs):
        rng.shuffle(order)
        for start in range(0, len(order), tokens):
            chosen = torch.tensor(order[start : start + tokens], device=device)
            loss = 0.5 * (critic.head(states[chosen]) - returns[chosen]).square().mean()
            loss.backward()
            norm = optimizer.step()
            if not math.isfinite(norm):  # the loss is read here only: on a GPU each reading waits
                refuse_nan({"critic_fit_loss": float(loss.detach())}, tasks)
                refuse_nan({"critic_fit_gradient": norm}, tasks)
    if len(returns) < 2:
        return float("nan")
    with torch.no_grad():
        left = (returns - critic.head(states)).var()
    explained = float(1.0 - left / returns.var().clamp_min(1e-12))
    refuse_nan({"critic_fit": explained}, tasks)
    return explained
