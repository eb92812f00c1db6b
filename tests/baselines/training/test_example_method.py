"""The example of a method from outside trains like any other, by package.module:Class, with nothing installed."""

from __future__ import annotations

from pathlib import Path

from spa_gym.baselines.training.train import train
from tests.baselines.conftest import Pipeline
from tests.baselines.tiny_runs import ppo_config

NAME = "examples.own_method.sibling_baseline:SiblingBaseline"


def test_the_example_trains(pipeline: Pipeline, tmp_path: Path) -> None:
    config = ppo_config(pipeline.start, tmp_path, method=NAME, options={"group": 3}, label="mine", entropy=0.01)
    record = train(config)
    assert record.method == "mine" and record.settings["method"] == NAME and record.settings["options"] == {"group": 3}
    assert record.updates > 0 and record.env_steps >= config.env_steps
    assert record.curves["value_loss"] == [0.0] * len(record.curves["step"]), "advantages need no critic"
