"""`Learner`: what a policy learns with, and one iteration's learning from a credit, whatever form the credit has."""

from __future__ import annotations

import copy
import random
from collections.abc import Sequence

import torch
from torch import nn

from spa_gym.baselines.credit import Credit
from spa_gym.baselines.learning.batch import Critic, prepare
from spa_gym.baselines.learning.critic_fit import fit_critic
from spa_gym.baselines.learning.preference import learn_preferences
from spa_gym.baselines.learning.updates import update
from spa_gym.baselines.models.lora import add_lora
from spa_gym.baselines.models.optimizers import Optimizers, adamw
from spa_gym.baselines.models.tokens import Codec
from spa_gym.baselines.train_config import TrainConfig
from spa_gym.core.trajectory import Trajectory

__all__ = ["Learner"]


class Learner:
    """Policy, imitated policy, critic and their optimisers.

    Args:
        model: the imitated policy; it is what learns.
        codec: its codec.
        config: the training's settings.
        device: where to compute.
    """

    def __init__(self, model: nn.Module, codec: Codec, config: TrainConfig, device: torch.device) -> None:
        self.codec, self.config, self.device = codec, config, device
        self.reference = copy.deepcopy(model).eval().requires_grad_(False)
        body = copy.deepcopy(model) if config.critic == "model" else None
        hidden = int(model.config.hidden_size)  # pyright: ignore
        self.policy = add_lora(model, config.lora_rank, alpha=config.lora_alpha, seed=config.seed)
        self.critic = Critic(hidden, config.seed, body).to(device)
        trained = [p for p in self.policy.parameters() if p.requires_grad]
        self.policy_optimizer = Optimizers([adamw(trained, config.lr)], warmup=config.lr_warmup)
        self.critic_optimizer = Optimizers([adamw(self.critic.parameters(), config.critic_lr)])

    def learn(
        self, played: Sequence[Trajectory], credit: Credit, rng: random.Random, *, iteration: int
    ) -> dict[str, float]:
        """One iteration's updates.

        Args:
            played: the batch, at least one step each.
            credit: what it earned; rewards and advantages go to PPO's updates, pairs and imitations to the others.
            rng: order of the updates.
            iteration: number of the batch; in the first `critic_warmup` of them only the critic learns from rewards.

        Returns:
            Figures of the updates by name, with `updates`, their number, and `tokens` read by them once.

        Raises:
            TrainingDiverged: a loss or gradient is not finite.
        """
        figures: dict[str, float] = {}
        updates = tokens = 0.0
        if credit.rewards is not None or credit.advantages is not None:
            episodes = prepare(
                played, credit, self.policy, self.reference, self.critic, self.codec, self.config, self.device
            )
            figures |= update(
                episodes,
                self.policy,
                self.critic,
                self.policy_optimizer,
                self.critic_optimizer,
                self.codec,
                self.config,
                rng,
                self.device,
                learn_policy=credit.rewards is None or iteration >= self.config.critic_warmup,
                learn_critic=credit.rewards is not None,
            )
            if credit.rewards is not None and self.config.critic_epochs:
                epochs = self.config.critic_epochs
                figures["critic_fit"] = fit_critic(
                    self.critic,
                    episodes,
                    self.critic_optimizer,
                    epochs=epochs,
                    rng=rng,
                    minibatch=self.config.minibatch,
                )
            updates += figures["updates"]
            tokens += sum(len(episode.encoded.ids) for episode in episodes)
        if credit.pairs or credit.imitation:
            figures |= learn_preferences(
                credit, self.policy, self.reference, self.policy_optimizer, self.codec, self.config, rng, self.device
            )
            updates, tokens = updates + figures["updates"], tokens + figures["tokens"] / self.config.epochs
        return {**figures, "updates": updates, "tokens": tokens}
