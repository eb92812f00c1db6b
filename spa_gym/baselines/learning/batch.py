"""From played episodes and their credit to what PPO's updates read: log-probabilities, advantages, values, targets."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional as F

from spa_gym.baselines.credit import Credit
from spa_gym.baselines.device import compute_dtype
from spa_gym.baselines.distributed import gather, share
from spa_gym.baselines.learning.advantages import gae, gae_over_sequence, whiten
from spa_gym.baselines.learning.readings import action_logprobs, tokens_before_steps, tokens_per_step
from spa_gym.baselines.models.fast_forward import features, logits_at
from spa_gym.baselines.models.heads import ScalarHead
from spa_gym.baselines.models.tokens import Codec, EncodedTrajectory, collate, encode, similar_lengths
from spa_gym.baselines.train_config import TrainConfig
from spa_gym.core.trajectory import Trajectory

__all__ = ["Critic", "Episode", "prepare", "token_advantages"]


@dataclass(slots=True)
class Episode:
    """An episode ready for updates; tensors over its N action tokens."""

    task_id: str
    encoded: EncodedTrajectory
    old: torch.Tensor
    """Log-probabilities under the policy that acted."""
    reference: torch.Tensor
    """Log-probabilities under the imitated policy."""
    values: torch.Tensor
    """The critic's, before each token."""
    advantages: torch.Tensor
    """Whitened over the batch, but for a method's own that are to be taken as they are."""
    targets: torch.Tensor
    """What the critic is to say."""
    states: torch.Tensor
    """[N, hidden] hidden states before each token, where the critic is fitted to them again (`critic_fit.py`)."""
    returns: torch.Tensor
    """Discounted rewards from each token on, for that; both are empty where it is not."""


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

    def forward(
        self, ids: torch.Tensor, before: tuple[torch.Tensor, torch.Tensor], policy_states: torch.Tensor
    ) -> torch.Tensor:
        """Values before N action tokens.

        Args:
            ids: [B, T].
            before: rows and positions of the ids before those tokens, [N] each.
            policy_states: [B, T, hidden] of the policy, read only by a critic without a body.

        Returns:
            [N] float32.
        """
        states = policy_states.detach()
        if self.body is not None:
            states = features(self.body, ids, dtype=compute_dtype(ids.device))
        return self.head(states[before])

    @torch.no_grad()
    def after(
        self, rows: Sequence[EncodedTrajectory], policy: nn.Module, codec: Codec, device: torch.device
    ) -> torch.Tensor:
        """[B] values of the states that episodes ended in, as if another action were to follow."""
        longer = []
        for row in rows:
            ids = [*row.ids, *codec.act_ids, codec.eoa_id]
            longer.append(EncodedTrajectory(ids, [False] * (len(ids) - 1) + [True], [], []))
        batch = collate(longer, codec.pad_id)
        before, _ = batch.actions(device)
        ids = batch.ids.to(device)
        return self(ids, before, features(policy, ids, dtype=compute_dtype(device)))


def prepare(
    played: Sequence[Trajectory],
    credit: Credit,
    policy: nn.Module,
    reference: nn.Module,
    critic: Critic,
    codec: Codec,
    config: TrainConfig,
    device: torch.device,
) -> list[Episode]:
    """Make a batch of played episodes ready for updates; advantages from rewards are whitened over all its tokens.

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
    ref = action_logprobs(encoded, reference, codec.pad_id, device, batch=config.rows or config.minibatch)
    acted = _acted(share(encoded), share(played), policy, critic, codec, config, device)
    old, values, following, states = zip(*gather(acted, len(played)), strict=True)
    episodes = []
    for i, row in enumerate(encoded):
        counts, gaps = tokens_per_step(row), tokens_before_steps(row)
        known = values[i].double().numpy()
        advantages, targets = token_advantages(i, credit, counts, gaps, known, following[i], config)
        tensors = torch.from_numpy(advantages).float(), torch.from_numpy(targets).float()
        returns = torch.zeros(0)
        if config.critic_epochs and credit.rewards is not None:
            returns = torch.from_numpy(_returns(i, credit, counts, gaps, following[i], config)).float()
        episodes.append(Episode(played[i].task_id, row, old[i], ref[i], values[i], *tensors, states[i], returns))
    taught = [True] * len(episodes) if credit.teaches is None else credit.teaches
    if credit.rewards is not None or credit.whiten:
        _whiten([episode for episode, teaches in zip(episodes, taught, strict=True) if teaches])
    for episode, teaches in zip(episodes, taught, strict=True):
        if not teaches:
            episode.advantages = torch.zeros_like(episode.advantages)
    return episodes


def _whiten(episodes: Sequence[Episode]) -> None:
    """Whiten the advantages of all tokens together."""
    sizes = [len(episode.advantages) for episode in episodes]
    flat = torch.cat([episode.advantages.double() for episode in episodes] or [torch.zeros(0)])
    whitened = torch.from_numpy(whiten(flat.numpy())).float()
    for episode, advantages in zip(episodes, whitened.split(sizes), strict=True):
        episode.advantages = advantages.clone()


@torch.no_grad()
def _acted(
    encoded: Sequence[EncodedTrajectory],
    played: Sequence[Trajectory],
    policy: nn.Module,
    critic: Critic,
    codec: Codec,
    config: TrainConfig,
    device: torch.device,
) -> list[tuple[torch.Tensor, torch.Tensor, float, torch.Tensor]]:
    """Of each episode: log-probabilities and values of the action tokens, value after it (0: it is over), states."""
    old, values, kept = ([torch.zeros(0)] * len(played) for _ in range(3))
    following = [0.0] * len(played)
    dtype = compute_dtype(device)
    for part in similar_lengths([len(row.ids) for row in encoded], config.rows or config.minibatch, device):
        rows = collate([encoded[i] for i in part], codec.pad_id)
        before, chosen = rows.actions(device)
        ids = rows.ids.to(device)
        counts = [sum(encoded[i].action_mask) for i in part]
        states = features(policy, ids, dtype=dtype)
        logits = logits_at(policy, states, before, dtype=dtype)
        flats = [
            (old, -F.cross_entropy(logits, chosen, reduction="none")),
            (values, critic(ids, before, states)),
        ]
        if config.critic_epochs:
            flats.append((kept, states[before].float()))
        for store, flat in flats:
            for i, piece in zip(part, flat.cpu().split(counts), strict=True):
                store[i] = piece.clone()
        cut = [i for i in part if config.bootstrap_truncated and played[i].truncated]
        if cut:
            after = critic.after([encoded[i] for i in cut], policy, codec, device)
            for i, value in zip(cut, after.tolist(), strict=True):
                following[i] = value
    return list(zip(old, values, following, kept, strict=True))


def _returns(
    index: int, credit: Credit, counts: Sequence[int], gaps: Sequence[int], following: float, config: TrainConfig
) -> npt.NDArray[np.float64]:
    """Discounted rewards from each action token of an episode on: its targets, were lambda 1."""
    unbiased = dataclasses.replace(config, lam=1.0)
    return token_advantages(index, credit, counts, gaps, np.zeros(sum(counts)), following, unbiased)[1]


def token_advantages(
    index: int,
    credit: Credit,
    counts: Sequence[int],
    gaps: Sequence[int],
    values: npt.NDArray[np.float64],
    following: float,
    config: TrainConfig,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Advantage and value target of each action token of an episode.

    Over steps, the tokens of an action share their step's advantage, and the state of a step is the one before its
    first token.

    Args:
        index: the episode's place in the credit.
        credit: what the batch earned.
        counts: [T] action tokens of each step.
        gaps: [T] tokens between each step's action and the one before.
        values: [sum(counts)] the critic's value before each token.
        following: value of the state after the last step: 0 where the episode is over.
        config: discount, lambda, and what GAE runs over.
    """
    if credit.advantages is not None:
        return np.repeat(credit.advantages[index], counts), values
    rewards = (credit.rewards or [])[index]
    over, settings = credit.over or config.gae_over, {"gamma": config.gamma, "lam": config.lam, "bootstrap": following}
    if over == "steps":
        by_step = values[np.cumsum([0, *counts[:-1]])]
        advantages = gae(rewards, by_step, **settings)
        return np.repeat(advantages, counts), np.repeat(advantages + by_step, counts)
    between = [0] * len(counts) if over == "tokens" else gaps
    advantages = gae_over_sequence(rewards, counts, between, values, **settings)
    return advantages, advantages + values
