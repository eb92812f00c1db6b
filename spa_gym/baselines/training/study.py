"""What a method is told of a training before it begins, and the stages that it may run first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from spa_gym.baselines.distributed import size
from spa_gym.baselines.seam import Study
from spa_gym.baselines.train_config import TrainConfig
from spa_gym.baselines.training.estimator import EstimatorConfig, fit_estimator
from spa_gym.baselines.training.explore import ExploreConfig, explore
from spa_gym.baselines.training.shared import shared_stage
from spa_gym.core.run_record import RunRecord
from spa_gym.core.trajectory import Trajectory

__all__ = ["study_of"]


@dataclass
class _Stages:
    """The seam's `Stages` for a training."""

    config: TrainConfig
    run: Callable[[TrainConfig], RunRecord]
    borrowed_s: float = 0.0

    def explore(self, out: Path, **settings: Any) -> RunRecord:
        """The imitated policy plays training tasks."""
        own = self.config
        config = ExploreConfig(
            start=own.start,
            out=out,
            env_id=own.env_id,
            env_kwargs=own.env_kwargs,
            seed=own.seed,
            device=own.device,
            dtype=own.dtype,
            **settings,
        )
        return self._once(config, explore)

    def fit_estimator(self, out: Path, **settings: Any) -> RunRecord:
        """A progress estimator is fitted to episodes."""
        own = self.config
        config = EstimatorConfig(
            start=own.start, out=out, seed=own.seed, device=own.device, dtype=own.dtype, **settings
        )
        return self._once(config, fit_estimator, inputs=("trajectories",))

    def train(self, out: Path, **settings: Any) -> RunRecord:
        """Another policy is trained, set as this training but for `settings`."""
        return self.run(replace(self.config, out=out, **settings))

    def _once(self, config: Any, stage: Callable[[Any], RunRecord], inputs: Sequence[str] = ()) -> RunRecord:
        """Run the stage, or take it from the shared folder; several processes of one run keep to their own."""
        if self.config.shared is None or size() > 1:
            return stage(config)
        record, seconds = shared_stage(config, stage, self.config.shared, inputs)
        self.borrowed_s += seconds
        return record


def study_of(
    config: TrainConfig, train: Callable[[TrainConfig], RunRecord], demonstrations: Sequence[Trajectory] = ()
) -> Study:
    """The study of a training.

    Args:
        config: its settings.
        train: runs a training; the stage itself, which stands above this module.
        demonstrations: the expert's episodes, where the method asks for them.
    """
    return Study(
        config.start,
        config.env_id,
        config.env_kwargs,
        config.out,
        config.seed,
        config.device,
        demonstrations,
        training=config,
        stages=_Stages(config, train),
    )
