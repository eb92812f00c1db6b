"""Methods that imitate, prefer or play on, in training: what they spend is counted, and what broke off goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from spa_gym.baselines.models.checkpoint import load_checkpoint
from spa_gym.baselines.training.resume import Resumable
from spa_gym.baselines.training.train import TrainConfig, train
from tests.baselines.conftest import Pipeline
from tests.baselines.tiny_runs import ppo_config

OPTIONS: dict[str, dict[str, Any]] = {
    "sft": {},
    "rft": {},
    "eto": {},
    "ipr": {"continuations": 2, "prefixes": 3, "tau": 0.0},
    "rro": {"continuations": 2, "candidates": 2, "walks": 2, "steps": 2},
    "vineppo": {"continuations": 2, "episodes": 2},
}


class _Stopped(Exception):
    """Stands for whatever ends a process."""


def _config(pipeline: Pipeline, out: Path, method: str) -> TrainConfig:
    return ppo_config(pipeline.start, out, method=method, options=OPTIONS[method], demonstrations=3, env_steps=110)


@pytest.mark.parametrize("method", list(OPTIONS))
def test_every_step_is_counted(pipeline: Pipeline, tmp_path: Path, method: str) -> None:
    record = train(_config(pipeline, tmp_path, method))
    curves = record.curves
    episodes = {"rro": 2, "vineppo": 2}.get(method, 6)
    own = [round(length * episodes) for length in curves["episode_length"]]
    continued = curves["continued_steps"]
    assert curves["env_steps"][-1] == record.env_steps == sum(own) + sum(continued) >= 110
    assert all((steps > 0) == (method in ("ipr", "rro", "vineppo")) for steps in continued)
    assert (record.method, record.metrics["exploration_env_steps"]) == (method, 0)


def _same_weights(a: Path, b: Path) -> bool:
    pairs = zip(load_checkpoint(a).model.parameters(), load_checkpoint(b).model.parameters(), strict=True)
    return all(x.equal(y) for x, y in pairs)


def test_stepwise_preferences_go_on_as_if_they_had_never_stopped(
    pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = train(_config(pipeline, tmp_path / "whole", "ipr"))
    config, save = _config(pipeline, tmp_path / "stopped", "ipr"), Resumable.save

    def save_and_stop(self: Resumable, position: dict[str, Any]) -> None:
        save(self, position)
        raise _Stopped

    with monkeypatch.context() as patch, pytest.raises(_Stopped):
        patch.setattr(Resumable, "save", save_and_stop)
        train(config)
    record = train(config)
    assert record.curves == whole.curves and len(whole.curves["step"]) >= 2
    assert (record.env_steps, record.tokens, record.updates) == (whole.env_steps, whole.tokens, whole.updates)
    assert _same_weights(tmp_path / "whole" / "checkpoint", config.out / "checkpoint")
