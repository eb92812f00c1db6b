"""Methods that let the imitated policy explore and fit a progress estimator to it: `spa`, `rudder`, `rlbr`.

All explore the same episodes for a seed (`training/explore.py`; their environment steps come off the budget) and fit
the same model (`training/estimator.py`); they differ in what it is fitted to. The paper's estimator then stays as it
is. With `refresh` it is fitted further on the policy's own episodes: after every so many batches, on these batches, and
for the credit of later ones only, so that no episode is credited by an estimator that has seen its outcome. What it
waits to be fitted to is part of the training's state (`episode_memory.py`).
"""

from __future__ import annotations

import abc
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from torch import nn

from spa_gym.baselines.learning.estimator_inference import ProgressModel
from spa_gym.baselines.learning.estimator_learning import refit
from spa_gym.baselines.methods.episode_memory import EpisodeMemory
from spa_gym.baselines.methods.groups import check_choice, check_number
from spa_gym.baselines.models.optimizers import Optimizers, adamw
from spa_gym.baselines.seam import Array, Batch, Credit, Method, Study

__all__ = ["RESIDUALS", "ExploredMethod", "paid_out", "sum_error"]

RESIDUALS = ("none", "last", "even")
"""What may be done with R - sum(c): leave it, pay it on the last step, or pay each step an even share."""


def paid_out(contributions: Array, score: float, residual: str) -> Array:
    """Contributions [T] with what they miss of the final reward paid as `residual` says.

    Args:
        contributions: [T].
        score: the final reward R.
        residual: one of `RESIDUALS`.

    Examples:
        >>> paid_out(np.array([0.25, 0.25]), 1.0, "last").tolist()
        [0.25, 0.75]
        >>> paid_out(np.array([0.25, 0.25]), 1.0, "even").tolist()
        [0.5, 0.5]
    """
    paid = contributions.copy()
    missing = score - float(contributions.sum())
    if residual == "last":
        paid[-1] += missing
    elif residual == "even":
        paid += missing / len(paid)
    return paid


def sum_error(batch: Batch, contributions: Sequence[Array]) -> float:
    """Mean of |sum(c) - R| over the batch's episodes."""
    return float(np.mean([abs(c.sum() - t.score) for t, c in zip(batch.trajectories, contributions, strict=True)]))


@dataclass
class ExploredMethod(Method):
    """Explores, fits an estimator, and asks it for each batch; a subclass says what is paid.

    Args:
        tasks: training tasks that are explored.
        samples: episodes for each of them.
        epochs: epochs of the fit.
        read: where the estimator reads a step: `"action"`, at its end, before its answer is seen; or `"observation"`,
            after the observation that follows.
        refresh: batches between two refits on the policy's own episodes; 0: the estimator stays as it is.
        refresh_epochs: times that a refit reads each of them.
        refresh_lr: AdamW's rate of the refits.
        exploring: settings of the exploration (`ExploreConfig`) that are not the defaults.
        fitting: settings of the fit (`EstimatorConfig`) that are not the defaults.

    Raises:
        BadArgument: an option is none of its values.
    """

    tasks: int = 200
    samples: int = 4
    epochs: int = 4
    read: str = "action"
    refresh: int = 0
    refresh_epochs: int = 1
    refresh_lr: float = 2e-4
    exploring: dict[str, Any] = field(default_factory=dict)
    fitting: dict[str, Any] = field(default_factory=dict)
    objective: ClassVar[str] = "sum"
    _estimator: Any = field(default=None, init=False, repr=False)
    _optimizers: Any = field(default=None, init=False, repr=False)
    _own: EpisodeMemory = field(default_factory=EpisodeMemory, init=False, repr=False, compare=False)
    _metrics: dict[str, Any] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse unknown options."""
        check_choice("read", self.read, ("action", "observation"))
        check_number("refresh", self.refresh, 0)
        for name in ("tasks", "samples", "epochs", "refresh_epochs"):
            check_number(name, getattr(self, name), 1)

    @property
    def weight(self) -> float | None:
        """Weight of the objective's second term; None: the published one."""
        return None

    def prepare(self, study: Study) -> int:
        """Explore with the imitated policy and fit the estimator; both are kept in the study's folder for resuming."""
        explored, fit = study.out / "explore", study.out / "estimator"
        record = study.stages.explore(explored, tasks=self.tasks, samples=self.samples, **self.exploring)
        fitted = study.stages.fit_estimator(
            fit,
            trajectories=explored / "trajectories.jsonl",
            objective=self.objective,
            weight=self.weight,
            read=self.read,
            epochs=self.epochs,
            **self.fitting,
        )
        self._metrics = {f"estimator/{key}": value for key, value in fitted.metrics.items()}
        self._estimator = ProgressModel.load(fit / "checkpoint", device=study.device)
        if self.refresh:
            self._optimizers = Optimizers([adamw(self._estimator.parameters(), self.refresh_lr)])
        return record.env_steps

    def credit(self, batch: Batch) -> Credit:
        """What the method pays for the estimator's contributions; then a refit, where one is due.

        Its figures are `sum_error`, the mean of |sum(c) - R| over the batch, and `refit_loss` where the estimator is
        refreshed, not a number where none was due.

        Raises:
            TrainingDiverged: a refit's loss is not finite.
        """
        contributions, figures = self.contributions(batch)
        rewards = [self.pay(t.score, c) for t, c in zip(batch.trajectories, contributions, strict=True)]
        return Credit(rewards=rewards, figures=figures)

    @abc.abstractmethod
    def pay(self, score: float, contributions: Array) -> Array:
        """Rewards [T] of an episode with these contributions [T] and this final reward."""

    def contributions(self, batch: Batch) -> tuple[list[Array], dict[str, float]]:
        """c_t of the batch, and its figures; then the estimator is refitted, where that is due."""
        said = [np.asarray(c, dtype=np.float64) for c in self._estimator.contributions_of(batch.trajectories)]
        figures = {"sum_error": sum_error(batch, said)}
        if self.refresh:
            figures["refit_loss"] = self._refit(batch)
        return said, figures

    def _refit(self, batch: Batch) -> float:
        """Keep the batch; after `refresh` of them, fit to them.

        Without both better and worse episodes there is nothing to tell apart, and the estimator stays as it is.
        """
        self._own.add(batch.iteration, batch.trajectories)
        if (batch.iteration + 1) % self.refresh:
            return float("nan")
        own = self._own.take(batch.iteration + 1 - self.refresh, batch.iteration)
        if len({t.score for t in own}) < 2:
            return float("nan")
        return refit(
            self._estimator,
            self._optimizers,
            own,
            random.Random(f"{self.name}/{batch.seed}/{batch.iteration}"),
            epochs=self.refresh_epochs,
            objective=self.objective,
            weight=self.weight,
        )

    def modules(self) -> dict[str, nn.Module]:
        """The estimator, where it changes, and the episodes that it is refitted to next."""
        return {"estimator": self._estimator, "own_episodes": self._own} if self.refresh else {}

    def optimizers(self) -> dict[str, Optimizers]:
        """Its optimisers, where it changes."""
        return {"estimator": self._optimizers} if self.refresh else {}

    def metrics(self) -> dict[str, Any]:
        """What the estimator scored on held-out episodes before the training."""
        return self._metrics
