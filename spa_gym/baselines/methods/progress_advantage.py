"""`progress-advantage`: the log-ratio of a policy that was trained by reinforcement to the one it was trained from.

    A(s_t, a_t) = beta log pi_RL(a_t | s_t) / pi_ref(a_t | s_t)         (Oh et al. 2026, arXiv 2606.26080)

beta is the weight of the KL term of that training. The authors score finished episodes with it: best of several,
uncertainty, where a failure began. Training another policy on it is ours, to see it beside iStar, whose reward is a
log-ratio too, but of a model that learned from preferences:

    r_t = beta log pi_RL/pi_ref + (the environment's own reward)

A share of the budget trains pi_RL from the outcome alone, in the same training that follows (a folder `outcome` beside
its own); its environment steps count. The new policy starts from pi_ref again, not from pi_RL. The logarithm is of the
whole action: a sum over its tokens.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from spa_gym.baselines.device import choose_device
from spa_gym.baselines.methods.groups import check_number
from spa_gym.baselines.methods.log_ratios import log_ratios
from spa_gym.baselines.models.checkpoint import load_checkpoint
from spa_gym.baselines.seam import Batch, Credit, Method, Study
from spa_gym.core.errors import BadArgument

__all__ = ["ProgressAdvantage"]


@dataclass
class ProgressAdvantage(Method):
    """The log-ratio as a step's reward.

    Args:
        outcome: method that trains pi_RL (`ppo`, `rloo`, `grpo`).
        options: its options.
        share: of the budget in environment steps that goes to it; ours.
        scale: beta; None: the training's weight of the KL term.
        outcome_weight: of the environment's own reward; ours.
    """

    outcome: str = "ppo"
    options: dict[str, Any] = field(default_factory=dict)
    share: float = 0.5
    scale: float | None = None
    outcome_weight: float = 1.0
    name = "progress-advantage"
    _trained: Any = field(default=None, init=False, repr=False)
    _beta: float = field(default=0.0, init=False, repr=False)
    _metrics: dict[str, Any] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse what means nothing."""
        check_number("outcome_weight", self.outcome_weight, 0.0)
        if not 0 < self.share < 1 or self.outcome == self.name or (self.scale is not None and self.scale <= 0):
            raise BadArgument(
                "0 < share < 1, scale > 0 or None, and a method that learns from the outcome",
                f"{self.share}, {self.scale}, {self.outcome!r}",
                "correct the options",
            )

    def prepare(self, study: Study) -> int:
        """Train pi_RL, or find it again; returns its environment steps.

        Raises:
            BadArgument: the study does not say how the training is set.
        """
        if study.training is None:
            raise BadArgument("a study with its training's settings", "None", "pass Study(training=config)")
        folder = study.out / "outcome"
        record = study.stages.train(
            folder,
            method=self.outcome,
            label="",
            options=self.options,
            env_steps=max(1, int(self.share * study.training.env_steps)),
            final_splits=(),
        )
        self._trained = load_checkpoint(folder / "checkpoint", device=choose_device(study.device)).model
        self._beta = study.training.kl if self.scale is None else self.scale
        looks = {key: record.curves[key][-1] for key in ("success_sampled", "success_greedy") if record.curves.get(key)}
        self._metrics = {f"outcome/{key}": value for key, value in looks.items()}
        return record.env_steps

    def credit(self, batch: Batch) -> Credit:
        """Beta times the log-ratio, and the environment's reward.

        Raises:
            BadArgument: the method was not prepared.
        """
        if self._trained is None:
            raise BadArgument("a policy trained from the outcome", "credit before prepare", "call prepare(study) first")
        ratios = log_ratios(batch.readings, batch.trajectories, self._trained, batch.readings.reference)
        rewards = [
            self._beta * ratio + self.outcome_weight * np.array([step.reward for step in t.steps])
            for ratio, t in zip(ratios, batch.trajectories, strict=True)
        ]
        return Credit(rewards=rewards, figures={"log_ratio": float(np.concatenate(ratios).mean())})

    def metrics(self) -> dict[str, Any]:
        """How far pi_RL came."""
        return self._metrics
