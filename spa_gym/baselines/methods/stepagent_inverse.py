"""`stepagent-inverse`: a discriminator of the expert's steps from the policy's rewards them (arXiv 2411.03817).

Inverse reinforcement learning in the manner of GAIL (Ho and Ermon 2016). D(s_t, a_t) = sigmoid(z_t), z_t read at the
action's end by a head on a copy of the imitated policy, is the probability that the expert did a_t. In every iteration
it learns first, on the policy's episodes and the expert's of the same tasks,

    L_D = -1/2 E_expert log D - 1/2 E_policy log(1 - D)

and then rewards the policy's steps, which critic, GAE and PPO's loss take further. The outcome is never looked at.

StepAgent's own discriminator loss, reward and update were not at hand: all of this form is ours. There are three forms
of the reward: `log-d`, log D, which is negative, so that a step always costs something and ending soon pays; `gail`,
-log(1 - D), which is positive and pays for staying in the episode; `logit`, log D - log(1 - D), which has either sign.
The tasks here end when they are solved, therefore `log-d` is the default.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from spa_gym.baselines.device import choose_device
from spa_gym.baselines.learning.divergence import refuse_nan
from spa_gym.baselines.learning.estimator_inference import ProgressModel
from spa_gym.baselines.methods.experts import ExpertMethod
from spa_gym.baselines.methods.groups import check_choice
from spa_gym.baselines.models.checkpoint import load_checkpoint
from spa_gym.baselines.models.optimizers import Optimizers, adamw
from spa_gym.baselines.models.shipped import resolve_start
from spa_gym.baselines.models.tokens import collate, encode
from spa_gym.baselines.seam import Array, Batch, Credit, Study
from spa_gym.core.errors import BadArgument
from spa_gym.core.trajectory import Trajectory

__all__ = ["ExpertDiscriminator", "discriminator_loss", "step_rewards"]


def step_rewards(logits: Array, form: str, bound: float) -> Array:
    """Rewards of steps.

    Args:
        logits: [T] z of each step; beyond +-bound they count as at it.
        form: `"log-d"`, `"gail"` or `"logit"`.
        bound: keeps a discriminator that is sure of itself from drowning everything else.

    Examples:
        >>> step_rewards(np.array([0.0]), "log-d", 5.0).round(4).tolist()
        [-0.6931]
    """
    z = np.clip(logits, -bound, bound)
    if form == "log-d":
        return -np.logaddexp(0.0, -z)
    return np.logaddexp(0.0, z) if form == "gail" else z


def discriminator_loss(logits: torch.Tensor, experts: torch.Tensor, steps: torch.Tensor) -> torch.Tensor:
    """-1/2 E_expert log D - 1/2 E_policy log(1 - D); a side without steps counts 0.

    Args:
        logits: [B, S].
        experts: [B] bool, the row is an expert's episode.
        steps: [B, S] bool, the row has such a step.
    """
    signs = experts[:, None] * 2.0 - 1.0
    losses = F.softplus(-signs * logits)
    total = losses.new_zeros(())
    for side in (experts, ~experts):
        of_side = steps & side[:, None]
        if bool(of_side.any()):
            total = total + 0.5 * losses[of_side].mean()
    return total


@dataclass
class ExpertDiscriminator(ExpertMethod):
    """StepAgent with inverse reinforcement learning.

    Args:
        reward: `"log-d"`, `"gail"` or `"logit"`; ours.
        bound: greatest |z| that is rewarded; ours.
        lr: AdamW's rate of the discriminator; ours, the critic's default.
        epochs: times that each episode is used in an iteration; ours.
        minibatch: episodes of an update; ours.
    """

    reward: str = "log-d"
    bound: float = 5.0
    lr: float = 1e-3
    epochs: int = 1
    minibatch: int = 24
    name: str = "stepagent-inverse"
    _discriminator: Any = field(default=None, init=False, repr=False)
    _optimizer: Any = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse what means nothing."""
        check_choice("reward", self.reward, ("log-d", "gail", "logit"))
        if self.bound <= 0 or self.lr <= 0 or self.epochs < 1 or self.minibatch < 1:
            raise BadArgument(
                "bound > 0, lr > 0, epochs >= 1, minibatch >= 1",
                f"{self.bound}, {self.lr}, {self.epochs}, {self.minibatch}",
                "correct the options",
            )

    def prepare(self, study: Study) -> int:
        """Take the demonstrations, and make a discriminator of the imitated policy."""
        super().prepare(study)
        loaded = load_checkpoint(resolve_start(study.start), device=choose_device(study.device))
        self._discriminator = ProgressModel(loaded.model, loaded.codec, read="action", seed=study.seed)
        self._optimizer = Optimizers([adamw(self._discriminator.parameters(), self.lr)])
        return 0

    def credit(self, batch: Batch) -> Credit:
        """Rewards of the policy's steps; the discriminator learns first.

        Raises:
            BadArgument: the method was not prepared, or a task has no expert's episode.
            TrainingDiverged: the discriminator's loss or gradient is not finite.
        """
        if self._discriminator is None:
            raise BadArgument("a discriminator", "credit before prepare", "call prepare(study) first")
        played = batch.trajectories
        experts = [self._experts.of(task) for task in dict.fromkeys(t.task_id for t in played)]
        figures = self._learn(played, experts, random.Random(f"{self.name}/{batch.seed}/{batch.iteration}"))
        logits = self._discriminator.contributions_of(played)
        figures["expert_like"] = float((np.concatenate(logits) > 0).mean())
        return Credit(rewards=[step_rewards(z, self.reward, self.bound) for z in logits], figures=figures)

    def _learn(
        self, played: Sequence[Trajectory], experts: Sequence[Trajectory], rng: random.Random
    ) -> dict[str, float]:
        """The discriminator's epochs; mean loss and accuracy (over steps, before each update)."""
        model = self._discriminator
        device, codec = next(model.parameters()).device, model.codec
        rows = [
            (encode(t, codec), is_expert, t.task_id) for ts, is_expert in ((played, False), (experts, True)) for t in ts
        ]
        losses: list[float] = []
        right: list[float] = []
        for _ in range(self.epochs):
            rng.shuffle(rows)
            for start in range(0, len(rows), self.minibatch):
                part = rows[start : start + self.minibatch]
                batch = collate([row for row, _, _ in part], codec.pad_id).to(device)
                labels = torch.tensor([is_expert for _, is_expert, _ in part], device=device)
                logits, steps = model(batch), batch.step_ends >= 0
                loss = discriminator_loss(logits, labels, steps)
                loss.backward()
                tasks = [task for _, _, task in part]
                losses.append(float(loss.detach()))
                refuse_nan({"discriminator_loss": losses[-1]}, tasks)
                refuse_nan({"discriminator_gradient": self._optimizer.step()}, tasks)
                right.append(float(((logits > 0) == labels[:, None])[steps].float().mean()))
        return {"discriminator_loss": float(np.mean(losses)), "discriminator_accuracy": float(np.mean(right))}

    def modules(self) -> dict[str, nn.Module]:
        """The discriminator."""
        return {} if self._discriminator is None else {"discriminator": self._discriminator}

    def optimizers(self) -> dict[str, Optimizers]:
        """Its optimiser."""
        return {} if self._optimizer is None else {"discriminator": self._optimizer}
