"""`istar`: implicit step rewards (Liu et al. 2025, arXiv 2509.19199), from a reward model that is a language model.

The reward model pi_phi starts as a copy of the imitated policy and learns online, by DPO over pairs of whole episodes
of a task, the better one preferred. Its reference is the policy that played them, so it moves along:

    J = -E log sigmoid(beta log pi_phi(w)/pi_old(w) - beta log pi_phi(l)/pi_old(l))
    r_phi(t) = beta log pi_phi(a_t | o_{1:t}) / pi_old(a_t | o_{1:t})
    A = A^E + alpha A^S

A^E is the episode's reward, standardised within its task's group; A^S is r_phi(t), standardised over all steps of the
group. Probabilities of episodes are products over steps and tokens, so both logarithms are sums over tokens, as in the
paper; the released code takes a mean over steps. In the released code no gradient reaches the reward model (the tensor
is detached before the loss); here it does.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from torch import nn

from spa_gym.baselines.device import choose_device
from spa_gym.baselines.learning.preference import learn_preferences
from spa_gym.baselines.methods.groups import (
    GroupMethod,
    by_task,
    check_choice,
    check_number,
    episode_advantages,
    steps_within_tasks,
)
from spa_gym.baselines.methods.log_ratios import log_ratios
from spa_gym.baselines.models.checkpoint import load_checkpoint
from spa_gym.baselines.models.optimizers import Optimizers, adamw
from spa_gym.baselines.models.shipped import resolve_start
from spa_gym.baselines.seam import Batch, Credit, Pair, Span, Study
from spa_gym.baselines.train_config import TrainConfig
from spa_gym.core.errors import BadArgument
from spa_gym.core.trajectory import Trajectory

__all__ = ["ImplicitStepReward", "ranked_pairs"]


def ranked_pairs(played: Sequence[Trajectory], rng: random.Random, *, each_once: bool = False) -> list[Pair]:
    """The better over the worse of the episodes of each task.

    Args:
        played: the batch.
        rng: who meets whom, where each episode is in one pair at most.
        each_once: draw disjoint pairs instead of taking all.
    """
    pairs = []
    for group in by_task(played):
        order = [played[i] for i in group]
        rng.shuffle(order)
        used: set[int] = set()
        for i, better in enumerate(order):
            for j, worse in enumerate(order):
                if better.reward > worse.reward and not (each_once and used & {i, j}):
                    pairs.append(Pair(Span(better), Span(worse)))
                    used |= {i, j}
    return pairs


@dataclass
class ImplicitStepReward(GroupMethod):
    """iStar.

    Args:
        group: episodes of each task (the paper's 8).
        alpha: weight of the step's advantage (the paper's).
        beta: of reward and DPO loss (the paper's).
        update: `"before"`: the reward model learns from a batch and then rewards it, as the paper has it; `"after"`: it
            rewards first, as the released code does.
        pairs: `"all"` pairs of a better and a worse episode of a task (the released code), or `"disjoint"` ones (what
            its docstring says).
        scale: `"std"`, as the paper, or `"mean"`, not divided (the released code's default for steps).
        lr: AdamW's rate of the reward model; None: twice the policy's, the ratio of the released scripts (1e-6 to
            5e-7).
        epochs: times that each pair is used; ours.
        minibatch: episodes of an update, two to a pair; ours.
    """

    alpha: float = 1.0
    beta: float = 0.05
    update: str = "before"
    pairs: str = "all"
    scale: str = "std"
    lr: float | None = None
    epochs: int = 1
    minibatch: int = 24
    _model: Any = field(default=None, init=False, repr=False)
    _optimizer: Any = field(default=None, init=False, repr=False)
    name = "istar"

    def __post_init__(self) -> None:
        """Refuse unknown forms."""
        super().__post_init__()
        check_choice("update", self.update, ("before", "after"))
        check_choice("pairs", self.pairs, ("all", "disjoint"))
        check_choice("scale", self.scale, ("std", "mean"))
        check_number("alpha", self.alpha, 0.0)
        if self.beta <= 0 or (self.lr is not None and self.lr <= 0) or self.epochs < 1 or self.minibatch < 2:
            raise BadArgument(
                "beta > 0, lr > 0 or None, epochs >= 1, minibatch >= 2",
                f"{self.beta}, {self.lr}, {self.epochs}, {self.minibatch}",
                "correct the options",
            )

    def prepare(self, study: Study) -> int:
        """Copy the imitated policy.

        Raises:
            BadArgument: there is neither a rate nor a training to take it from.
        """
        rate = self.lr
        if rate is None:
            if study.training is None:
                raise BadArgument("a rate of the reward model", "None, and no training", "pass lr=1e-3")
            rate = 2.0 * study.training.lr
        self._model = load_checkpoint(resolve_start(study.start), device=choose_device(study.device)).model
        self._optimizer = Optimizers([adamw(self._model.parameters(), rate)])
        return 0

    def credit(self, batch: Batch) -> Credit:
        """A^E + alpha A^S; the reward model learns on the way.

        Raises:
            BadArgument: the method was not prepared, or no task has two episodes.
            TrainingDiverged: the reward model's loss or gradient is not finite.
        """
        if self._model is None:
            raise BadArgument("a reward model", "credit before prepare", "call prepare(study) first")
        figures = self._learn(batch) if self.update == "before" else {}
        ratios = log_ratios(batch.readings, batch.trajectories, self._model, batch.readings.policy)
        rewards = [self.beta * ratio for ratio in ratios]
        if self.update == "after":
            figures = self._learn(batch)
        episodes = episode_advantages(batch.trajectories, scale=self.scale)
        steps = steps_within_tasks(rewards, batch.trajectories, scale=self.scale)
        advantages = [e + self.alpha * s for e, s in zip(episodes, steps, strict=True)]
        figures["step_reward_deviation"] = float(np.concatenate(rewards).std())
        return Credit(advantages=advantages, figures=figures)

    def _learn(self, batch: Batch) -> dict[str, float]:
        """DPO on the batch's pairs; what it came to."""
        rng = random.Random(f"{self.name}/{batch.seed}/{batch.iteration}")
        pairs = ranked_pairs(batch.trajectories, rng, each_once=self.pairs == "disjoint")
        figures = {"reward_pairs": float(len(pairs))}
        if pairs:
            readings = batch.readings
            learned = learn_preferences(
                Credit(pairs=pairs, dpo_beta=self.beta),
                self._model,
                readings.policy,
                self._optimizer,
                readings.codec,
                TrainConfig(epochs=self.epochs, minibatch=self.minibatch),
                rng,
                readings.device,
            )
            figures |= {f"reward_{key}": learned[key] for key in ("dpo_loss", "dpo_accuracy", "grad_norm")}
        return figures

    def modules(self) -> dict[str, nn.Module]:
        """The reward model."""
        return {} if self._model is None else {"reward_model": self._model}

    def optimizers(self) -> dict[str, Optimizers]:
        """Its optimiser."""
        return {} if self._optimizer is None else {"reward_model": self._optimizer}
