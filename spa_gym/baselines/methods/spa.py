"""`spa`: stepwise progress attribution (arXiv 2505.20732), r_t = alpha * c_t + beta * g_t.

c_t are the contributions of a progress estimator fitted so that their sum over an episode is its final reward (the
paper's L_PE, `learning/estimator_learning.py`), on episodes that the imitated policy explored; the estimator then stays
as it is. alpha = 1 and beta = 0.5 are the paper's. g_t has three forms, with x_t = 1 if action t was executed, else 0:

- `paper`: g_t = x_t. Paid online this rewards staying alive: with 40 steps, beta = 0.5 is worth up to 20 while solving
  the task is worth 1.
- `penalty`: g_t = x_t - 1, a fine for what was not executed, which leaves the length of an episode alone.
- `potential`: g_t = gamma Phi_t - Phi_(t-1) with Phi_t = x_t - 1 after step t, and Phi = 0 before the first step and
  after the last (Ng, Harada and Russell, ICML 1999, with the condition on terminal states of Grzes, AAMAS 2017). A
  failed action costs gamma and the next step gives 1 back, so that sum_t gamma^t g_t = 0 in every episode: no return
  and no order of policies changes. gamma is the training's, per step. (The wrapper's form of this name is the one with
  gamma = 1, and keeps the last action's potential, since online nobody knows that it was the last.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from spa_gym.baselines.methods.explored import ExploredMethod, paid_out
from spa_gym.baselines.methods.groups import check_choice, check_number
from spa_gym.baselines.seam import Array, Batch, Credit, Study
from spa_gym.core.errors import BadArgument
from spa_gym.core.trajectory import Trajectory

__all__ = ["StepwiseProgress", "grounding_term", "penalty_form"]


def grounding_term(trajectory: Trajectory, form: str, gamma: float = 1.0) -> Array:
    """g_t of each step.

    Args:
        trajectory: the episode.
        form: `"paper"`, `"penalty"` or `"potential"`.
        gamma: discount of the potential form.

    Returns:
        [T].
    """
    executed = np.array([float(step.grounded) for step in trajectory.steps])
    if form == "paper":
        return executed
    if form == "penalty":
        return executed - 1.0
    after = np.append(executed[:-1] - 1.0, 0.0)
    return gamma * after - np.append(0.0, after[:-1])


@dataclass
class StepwiseProgress(ExploredMethod):
    """SPA's fused reward.

    Args:
        alpha: weight of the contribution (the paper's 1).
        beta: weight of the grounding (the paper's 0.5); 0 leaves it out.
        grounding: `"paper"`, `"penalty"` or `"potential"`.
        gamma: discount of the potential form; None: the training's.
        residual: pay R - alpha * sum(c) on the last step, so that progress pays exactly R; with alpha = 0 that is the
            environment's own sparse reward.
        tasks: training tasks that are explored for the estimator.
        samples: episodes for each of them (the paper's 10; 5 on WebShop).
        epochs: epochs of the estimator's fit (the code's 1, of a model of 3 billion parameters).
        read: see `ExploredMethod`; `"action"` is the paper's.
        refresh: see `ExploredMethod`; 0 is the paper's.
        refresh_epochs: see `ExploredMethod`.
        refresh_lr: see `ExploredMethod`.
        name: name in tables.

    Raises:
        BadArgument: an option is none of its values.
    """

    alpha: float = 1.0
    beta: float = 0.5
    grounding: str = "paper"
    gamma: float | None = None
    residual: bool = False
    name: str = "spa"

    def __post_init__(self) -> None:
        """Refuse unknown options."""
        super().__post_init__()
        check_choice("grounding", self.grounding, ("paper", "penalty", "potential"))
        check_number("alpha", self.alpha, 0.0)
        check_number("beta", self.beta, 0.0)
        if self.gamma is not None:
            check_number("gamma", self.gamma, 0.0, 1.0)

    def prepare(self, study: Study) -> int:
        """Explore and fit; takes the training's discount where none was given."""
        if self.gamma is None and study.training is not None:
            self.gamma = study.training.gamma
        return super().prepare(study)

    def credit(self, batch: Batch) -> Credit:
        """Alpha * c_t + beta * g_t of each step; see `ExploredMethod.credit`.

        Raises:
            BadArgument: the potential form has no discount.
        """
        if self.gamma is None and self.grounding == "potential":
            raise BadArgument("a discount for the potential form", "none", "pass gamma, as the training has it")
        credit = super().credit(batch)
        for trajectory, rewards in zip(batch.trajectories, credit.rewards or [], strict=True):
            rewards += self.beta * grounding_term(trajectory, self.grounding, self.gamma or 0.0)
        return credit

    def pay(self, score: float, contributions: Array) -> Array:
        """Alpha * c_t, and the residual."""
        return paid_out(self.alpha * contributions, score, "last" if self.residual else "none")


def penalty_form(**options: Any) -> StepwiseProgress:
    """SPA with the grounding as a penalty."""
    return StepwiseProgress(**{"grounding": "penalty", "name": "spa-penalty", **options})
