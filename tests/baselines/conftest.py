"""Checkpoints of a pipeline at a size of seconds, made once for the session by the stages themselves."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from spa_gym.baselines.training.pretrain import pretrain
from spa_gym.baselines.training.sft import sft
from spa_gym.core.run_record import RunRecord
from tests.baselines.tiny_runs import pretrain_config, sft_config, small_pools


@dataclass(frozen=True)
class Pipeline:
    """The first two stages."""

    folder: Path
    pretrained: RunRecord
    imitated: RunRecord

    @property
    def start(self) -> Path:
        """Checkpoint of the imitated policy."""
        return self.folder / "sft" / "checkpoint"


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Small models run best on one thread, and many workers share the machine."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """Pretrain and imitate."""
    folder = tmp_path_factory.mktemp("pipeline")
    with pytest.MonkeyPatch.context() as patch:
        small_pools(patch)
        pretrained = pretrain(pretrain_config(folder / "pretrain"))
    imitated = sft(sft_config(folder / "pretrain" / "checkpoint", folder / "sft"))
    return Pipeline(folder, pretrained, imitated)
