"""PPO's updates of policy and critic on a prepared batch of episodes."""

from __future__ import annotations

import random

import torch
from torch import nn

from spa_gym.baselines.device import compute_dtype
from spa_gym.baselines.distributed import add_gradients, share
from spa_gym.baselines.learning.advantages import explained_variance
from spa_gym.baselines.learning.batch import Critic, Episode
from spa_gym.baselines.learning.divergence import refuse_nan
from spa_gym.baselines.learning.losses import clipped_policy_loss, clipped_value_loss, kl_estimate
from spa_gym.baselines.models.fast_forward import features, logits_at
from spa_gym.baselines.models.optimizers import Optimizers
from spa_gym.baselines.models.tokens import Codec, collate, similar_lengths
from spa_gym.baselines.train_config import TrainConfig

__all__ = ["update"]


def update(
    episodes: list[Episode],
    policy: nn.Module,
    critic: Critic,
    policy_optimizer: Optimizers,
    critic_optimizer: Optimizers,
    codec: Codec,
    config: TrainConfig,
    rng: random.Random,
    device: torch.device,
    *,
    learn_policy: bool,
    learn_critic: bool = True,
) -> dict[str, float]:
    """PPO's epochs over a batch of episodes.

    Args:
        episodes: the batch.
        policy: the policy.
        critic: the critic.
        policy_optimizer: the policy's optimiser.
        critic_optimizer: the critic's.
        codec: their codec.
        config: the training's settings.
        rng: order of the episodes.
        device: where to compute.
        learn_policy: False while only the critic learns.
        learn_critic: False for advantages that no critic takes part in.

    Returns:
        Means over the updates of `policy_loss`, `value_loss`, `kl`, `entropy` (nats), `clipped` (share of tokens),
        `grad_norm` and `critic_grad_norm`; `explained_variance` of the critic before the updates; `updates`,
        their number.
    """
    sums: dict[str, float] = {}
    updates = 0
    for _ in range(config.epochs):
        order = list(range(len(episodes)))
        rng.shuffle(order)
        for start in range(0, len(order), config.minibatch):
            chosen = [episodes[i] for i in order[start : start + config.minibatch]]
            figures = _one_update(chosen, policy, critic, codec, config, device, learn_policy, learn_critic)
            tasks = [episode.task_id for episode in chosen]
            stepping = [*(policy_optimizer.parameters() if learn_policy else ())]
            stepping += critic_optimizer.parameters() if learn_critic else ()
            add_gradients(stepping, figures)
            refuse_nan(figures, tasks)
            if learn_policy:
                figures["grad_norm"] = policy_optimizer.step()
            if learn_critic:
                figures["critic_grad_norm"] = critic_optimizer.step()
            refuse_nan(figures, tasks)
            updates += 1
            for key, value in figures.items():
                sums[key] = sums.get(key, 0.0) + value
    means = {key: value / updates for key, value in sums.items()}
    means["explained_variance"] = explained_variance(
        torch.cat([e.values for e in episodes]).numpy(), torch.cat([e.targets for e in episodes]).numpy()
    )
    return {"grad_norm": 0.0, **means, "updates": updates}


def _one_update(
    chosen: list[Episode],
    policy: nn.Module,
    critic: Critic,
    codec: Codec,
    config: TrainConfig,
    device: torch.device,
    learn_policy: bool,
    learn_critic: bool,
) -> dict[str, float]:
    """Gradients of this process's part of a minibatch, read in parts of like length so that little is padding."""
    total = sum(len(e.old) for e in chosen)
    chosen = share(sorted(chosen, key=lambda e: len(e.encoded.ids)))
    at_once = config.rows or -(-len(chosen) // 2)
    figures: dict[str, float] = dict.fromkeys(("policy_loss", "value_loss", "kl", "entropy", "clipped"), 0.0)
    for group in similar_lengths([len(e.encoded.ids) for e in chosen], at_once, device):
        part = [chosen[i] for i in group]
        rows = collate([e.encoded for e in part], codec.pad_id)
        before, actions = rows.actions(device)
        ids = rows.ids.to(device)
        old, reference, values, advantages, targets = (
            torch.cat([getattr(e, name) for e in part]).to(device)
            for name in ("old", "reference", "values", "advantages", "targets")
        )
        part_of_it = len(old) / total
        with torch.set_grad_enabled(learn_policy):
            states = features(policy, ids, dtype=compute_dtype(device))
        value_loss = torch.zeros((), device=device)
        if learn_critic:
            predicted = critic(ids, before, states)
            value_loss = clipped_value_loss(predicted, values, targets, clip=config.value_clip)
            (config.value_weight * value_loss * part_of_it).backward()
        with torch.set_grad_enabled(learn_policy):
            logits = logits_at(policy, states, before, dtype=compute_dtype(device))
            log_p = torch.log_softmax(logits, dim=-1)
            logprobs = log_p.gather(1, actions[:, None])[:, 0]
            entropy = -(log_p.exp() * log_p).sum(-1).mean()
            policy_loss, clipped = clipped_policy_loss(logprobs, old, advantages, clip=config.clip)
            divergence = kl_estimate(logprobs, reference)
            if learn_policy:
                ((policy_loss + config.kl * divergence - config.entropy * entropy) * part_of_it).backward()
        found = (policy_loss, value_loss, divergence, entropy, clipped)
        # In one look: each makes the CPU wait for the GPU.
        for key, value in zip(figures, torch.stack([x.detach() for x in found]).tolist(), strict=True):
            figures[key] += value * part_of_it
    return figures
