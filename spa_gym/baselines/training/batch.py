"""From played episodes to what PPO's updates read: log-probabilities, values, advantages and targets of every token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional as F

from spa_gym.baselines.methods.seam import Credit
from spa_gym.baselines.models.fast_forward import features, logits_at, token_logprobs
from spa_gym.baselines.models.heads import ScalarHead
from spa_gym.baselines.models.tokens import Codec, EncodedTrajectory, collate, encode
from spa_gym.baselines.training.advantages import gae, gae_over_tokens
from spa_gym.baselines.training.imitation import compute_dtype
from spa_gym.baselines.training.ppo_config import PPOConfig
from spa_gym.core.trajectory import Trajectory

__all__ = ["Critic", "Episode", "prepare", "token_advantages"]


@dataclass(slots=True)
class Episode:
    """An episode ready for updates; tensors over its N action tokens."""

    encoded: EncodedTrajectory
    old: torch.Tensor
    """Log-probabilities under the policy that acted."""
    reference: torch.Tensor
    """Log-probabilities under the imitated policy."""
    values: torch.Tensor
    """The critic's, before each token."""
    advantages: torch.Tensor
    """Normalised over the batch."""
    targets: torch.Tensor
    """What the critic is to say."""


class Critic(nn.Module):
    """Value of the state before each action token: a head that starts at zero, on a body of its own or the policy's.

    Args:
        hidden: width of the hidden states.
        seed: seed of the head.
        body: a causal language model that is trained along; None: the head reads the policy's hidden states, and no
            gradient goes back into them.
    """

    def __init__(self, hidden: int, seed: int, body: nn.Module | None = None) -> None:
        super().__init__()
        self.body, self.head = body, ScalarHead(hidden, seed=seed)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor, policy_states: torch.Tensor) -> torch.Tensor:
        """Values before the N masked tokens.

        Args:
            ids: [B, T].
            mask: [B, T] bool, True on N ids.
            policy_states: [B, T, hidden] of the policy, read only by a critic without a body.

        Returns:
            [N] float32.
        """
        states = policy_states.detach()
        if self.body is not None:
            states = features(self.body, ids, dtype=compute_dtype(ids.device))
        return self.head(states[:, :-1][mask[:, 1:]])

    @torch.no_grad()
    def after(
        self, rows: Sequence[EncodedTrajectory], policy: nn.Module, codec: Codec, device: torch.device
    ) -> torch.Tensor:
        """[B] values of the states that episodes ended in, as if another action were to follow."""
        longer = []
        for row in rows:
            ids = [*row.ids, *codec.act_ids, codec.eoa_id]
            longer.append(EncodedTrajectory(ids, [False] * (len(ids) - 1) + [True], [], []))
        batch = collate(longer, codec.pad_id).to(device)
        return self(batch.ids, batch.action_mask, features(policy, batch.ids, dtype=compute_dtype(device)))


def prepare(
    played: Sequence[Trajectory],
    credit: Credit,
    policy: nn.Module,
    reference: nn.Module,
    critic: Critic,
    codec: Codec,
    config: PPOConfig,
    device: torch.device,
) -> list[Episode]:
    """Make a batch of played episodes ready for updates; advantages are normalised over all its tokens.

    Args:
        played: the episodes, at least one step each.
        credit: what they earned.
        policy: the policy that played them.
        reference: the imitated policy.
        critic: the critic.
        codec: their codec.
        config: the training's settings.
        device: where to compute.
    """
    encoded = [encode(t, codec) for t in played]
    old, ref, values = [torch.zeros(0)] * len(played), [torch.zeros(0)] * len(played), [torch.zeros(0)] * len(played)
    following = [0.0] * len(played)
    order = sorted(range(len(played)), key=lambda i: len(encoded[i].ids))
    dtype = compute_dtype(device)
    with torch.no_grad():
        for start in range(0, len(order), config.minibatch):
            part = order[start : start + config.minibatch]
            rows = collate([encoded[i] for i in part], codec.pad_id).to(device)
            counts = [sum(encoded[i].action_mask) for i in part]
            states = features(policy, rows.ids, dtype=dtype)
            logits = logits_at(policy, states[:, :-1], rows.action_mask[:, 1:], dtype=dtype)
            chosen = rows.ids[:, 1:][rows.action_mask[:, 1:]]
            for store, flat in (
                (old, -F.cross_entropy(logits, chosen, reduction="none")),
                (ref, token_logprobs(reference, rows.ids, rows.action_mask, dtype=dtype)),
                (values, critic(rows.ids, rows.action_mask, states)),
            ):
                for i, piece in zip(part, flat.cpu().split(counts), strict=True):
                    store[i] = piece
            cut = [i for i in part if config.bootstrap_truncated and played[i].truncated]
            if cut:
                after = critic.after([encoded[i] for i in cut], policy, codec, device)
                for i, value in zip(cut, after.tolist(), strict=True):
                    following[i] = value
    episodes = []
    for i in range(len(played)):
        counts = _tokens_per_step(encoded[i])
        advantages, targets = token_advantages(i, credit, counts, values[i].double().numpy(), following[i], config)
        tensors = torch.from_numpy(advantages).float(), torch.from_numpy(targets).float()
        episodes.append(Episode(encoded[i], old[i], ref[i], values[i], *tensors))
    flat = torch.cat([e.advantages for e in episodes])
    mean, deviation = flat.mean(), flat.std() + 1e-8
    for episode in episodes:
        episode.advantages = (episode.advantages - mean) / deviation
    return episodes


def _tokens_per_step(encoded: EncodedTrajectory) -> list[int]:
    return [sum(encoded.action_mask[a : b + 1]) for a, b in zip(encoded.step_starts, encoded.step_ends, strict=True)]


def token_advantages(
    index: int,
    credit: Credit,
    counts: Sequence[int],
    values: npt.NDArray[np.float64],
    following: float,
    config: PPOConfig,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Advantage and value target of each action token of an episode.

    Over steps, the tokens of an action share their step's advantage, and the state of a step is the one before its
    first token.

    Args:
        index: the episode's place in the credit.
        credit: what the batch earned.
        counts: [T] action tokens of each step.
        values: [sum(counts)] the critic's value before each token.
        following: value of the state after the last step: 0 where the episode is over.
        config: discount, lambda, and what GAE runs over.
    """
    if credit.advantages is not None:
        return np.repeat(credit.advantages[index], counts), values
    rewards = (credit.rewards or [])[index]
    if config.gae_over == "tokens":
        advantages = gae_over_tokens(rewards, counts, values, gamma=config.gamma, lam=config.lam, bootstrap=following)
        return advantages, advantages + values
    by_step = values[np.cumsum([0, *counts[:-1]])]
    advantages = gae(rewards, by_step, gamma=config.gamma, lam=config.lam, bootstrap=following)
    return np.repeat(advantages, counts), np.repeat(advantages + by_step, counts)
