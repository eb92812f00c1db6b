"""`spa`: stepwise progress attribution (arXiv 2505.20732), r_t = alpha * c_t + beta * g_t.

c_t are the contributions of a progress estimator fitted so that their sum over an episode is its final reward (the
paper's L_PE, `training/estimator.py`), on episodes that the imitated policy explored; the estimator then stays as it
is. g_t = 1 when the action was executed. alpha = 1 and beta = 0.5 are the paper's.

`spa` pays g_t as the paper writes it, beta for every executed action. Paid online this rewards staying alive: with 40
steps, beta = 0.5 is worth up to 20 while solving the task is worth 1. `spa-penalty` takes beta for every action that
was not executed instead, beta * (g_t - 1), which leaves the length of an episode alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from spa_gym.baselines.methods.seam import Batch, Credit, Method, Study
from spa_gym.core.errors import BadArgument

__all__ = ["StepwiseProgress", "penalty_form"]


@dataclass
class StepwiseProgress(Method):
    """SPA's fused reward.

    Args:
        alpha: weight of the contribution.
        beta: weight of the grounding.
        grounding: `"paper"` (beta * g) or `"penalty"` (beta * (g - 1)).
        tasks: training tasks that are explored for the estimator.
        samples: episodes for each of them.
        epochs: epochs of the estimator's fit.
    """

    alpha: float = 1.0
    beta: float = 0.5
    grounding: str = "paper"
    tasks: int = 200
    samples: int = 4
    epochs: int = 4
    name: str = "spa"
    _estimator: Any = field(default=None, repr=False)
    _metrics: dict[str, Any] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Refuse an unknown form."""
        if self.grounding not in ("paper", "penalty"):
            raise BadArgument("grounding 'paper' or 'penalty'", repr(self.grounding), "pass grounding='penalty'")

    def prepare(self, study: Study) -> int:
        """Explore with the imitated policy and fit the estimator; both are kept in the study's folder for resuming."""
        from spa_gym.baselines.training.estimator import EstimatorConfig, fit_estimator
        from spa_gym.baselines.training.estimator_inference import ProgressModel
        from spa_gym.baselines.training.explore import ExploreConfig, explore

        record = explore(
            ExploreConfig(
                start=study.start,
                out=study.out / "explore",
                env_id=study.env_id,
                env_kwargs=study.env_kwargs,
                tasks=self.tasks,
                samples=self.samples,
                seed=study.seed,
                device=study.device,
            )
        )
        fitted = fit_estimator(
            EstimatorConfig(
                start=study.start,
                out=study.out / "estimator",
                trajectories=study.out / "explore" / "trajectories.jsonl",
                epochs=self.epochs,
                seed=study.seed,
                device=study.device,
            )
        )
        self._metrics = {f"estimator/{key}": value for key, value in fitted.metrics.items()}
        self._estimator = ProgressModel.load(study.out / "estimator" / "checkpoint", device=study.device)
        return record.env_steps

    def credit(self, batch: Batch) -> Credit:
        """Alpha * c_t + beta * g_t (or beta * (g_t - 1)) for each step."""
        offset = 1.0 if self.grounding == "penalty" else 0.0
        contributions = self._estimator.contributions_of(batch.trajectories)
        rewards = []
        for trajectory, c in zip(batch.trajectories, contributions, strict=True):
            g = np.array([float(step.grounded) for step in trajectory.steps])
            rewards.append(self.alpha * np.asarray(c, dtype=np.float64) + self.beta * (g - offset))
        return Credit(rewards=rewards)

    def metrics(self) -> dict[str, Any]:
        """What the estimator scored."""
        return self._metrics


def penalty_form(**options: Any) -> StepwiseProgress:
    """SPA with the grounding as a penalty."""
    return StepwiseProgress(**{"grounding": "penalty", "name": "spa-penalty", **options})
