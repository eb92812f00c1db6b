"""`progress-advantage`: rewards by hand, and the policy that is trained first."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from spa_gym.baselines.methods.progress_advantage import ProgressAdvantage
from spa_gym.baselines.methods.registry import make_method
from spa_gym.baselines.models.checkpoint import load_checkpoint
from spa_gym.baselines.seam import Batch, Study
from spa_gym.baselines.training.study import study_of
from spa_gym.baselines.training.train import train
from spa_gym.core.errors import BadArgument
from spa_gym.core.run_record import RunRecord
from tests.baselines.conftest import Pipeline
from tests.baselines.methods.toys import ToyReadings, episode
from tests.baselines.tiny_runs import ppo_config

TABLES = {
    "trained": {"a0": (-1.0, -1.0), "a1": (-1.0,), "a2": (-3.0,)},
    "reference": {"a0": (-2.0, -3.0), "a1": (-1.0,), "a2": (-1.0,)},
}
"""Log-ratios, summed over tokens: 3, 0, -2."""


def _rewards(beta: float, **options: Any) -> list[float]:
    method = ProgressAdvantage(**options)
    method._trained, method._beta = "trained", beta
    credit = method.credit(Batch([episode(0.5)], readings=ToyReadings(TABLES)))
    assert credit.rewards is not None and credit.figures["log_ratio"] == pytest.approx(1 / 3)
    return credit.rewards[0].tolist()


def test_rewards_by_hand() -> None:
    assert _rewards(0.1) == pytest.approx([0.3, 0.0, -0.2 + 0.5])
    assert _rewards(1.0, outcome_weight=0.0) == pytest.approx([3.0, 0.0, -2.0])
    assert _rewards(0.5, outcome_weight=2.0) == pytest.approx([1.5, 0.0, -1.0 + 1.0])


@pytest.mark.parametrize(
    "options",
    [
        {"share": 0.0},
        {"share": 1.0},
        {"scale": 0.0},
        {"outcome_weight": -1.0},
        {"outcome": "progress-advantage"},
    ],
)
def test_what_means_nothing_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(BadArgument):
        make_method("progress-advantage", options)


def test_it_must_be_prepared_by_a_training(tmp_path: Path) -> None:
    with pytest.raises(BadArgument, match="prepare"):
        ProgressAdvantage().credit(Batch([episode(1.0)]))
    with pytest.raises(BadArgument, match="training=config"):
        ProgressAdvantage().prepare(Study("nowhere", "SPA-ALFWorld-v0", {}, tmp_path, 0))


def test_half_of_the_budget_trains_the_scoring_policy(pipeline: Pipeline, tmp_path: Path) -> None:
    config = ppo_config(pipeline.start, tmp_path, method="progress-advantage", entropy=0.01, env_steps=140, kl=0.3)
    record = train(config)
    first = RunRecord.load(tmp_path / "outcome" / "record.json")
    alone = train(replace(config, method="ppo", env_steps=70, out=tmp_path / "alone"))
    assert first.method == "ppo" and first.env_steps == record.metrics["exploration_env_steps"] == 72
    assert first.curves == alone.curves, "the same training as any other"
    assert record.env_steps == 144 and record.updates == 4
    scoring, start = (load_checkpoint(p).model for p in (tmp_path / "outcome" / "checkpoint", pipeline.start))
    assert not any(a.equal(b) for a, b in zip(scoring.parameters(), start.parameters(), strict=True))
    assert all(value != 0.0 for value in record.curves["log_ratio"])
    assert record.metrics["outcome/success_greedy"] == 0.0

    method = ProgressAdvantage(outcome="rloo", options={"group": 2}, share=0.25, scale=0.7)
    study = study_of(replace(config, out=tmp_path / "other"), train)
    assert method.prepare(study) == 36 == method.prepare(study), "found again"
    assert RunRecord.load(tmp_path / "other" / "outcome" / "record.json").method == "rloo" and method._beta == 0.7
