"""What a training notes for the tables beside its success: its name, tokens, seconds, and the expert's lengths."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from spa_gym.baselines import policy_evaluation
from spa_gym.baselines.training import train as train_module
from spa_gym.baselines.training.resume import Resumable
from spa_gym.baselines.training.train import train
from tests.baselines.conftest import Pipeline
from tests.baselines.tiny_runs import ppo_config


def test_tokens_and_seconds_stand_beside_the_curves(pipeline: Pipeline, tmp_path: Path) -> None:
    record = train(ppo_config(pipeline.start, tmp_path, label="ppo at another rate"))
    assert record.method == "ppo at another rate" and record.settings["method"] == "ppo"
    assert record.curves["tokens"][-1] == record.tokens > record.curves["tokens"][0] > 0  # type: ignore[operator]
    assert len(record.elapsed_s) == len(record.curves["step"]) == 2
    assert 0 < record.elapsed_s[0] < record.elapsed_s[1] <= record.wall_time_s


def test_the_seconds_of_a_stopped_run_go_on(
    pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, save = ppo_config(pipeline.start, tmp_path, env_steps=100), Resumable.save

    def stopping(self: Resumable, position: dict[str, Any]) -> None:
        save(self, position)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Resumable, "save", stopping)
        train(config)
    record = train(config)
    assert len(record.elapsed_s) == len(record.curves["step"]) == 3
    assert all(a < b for a, b in pairwise(record.elapsed_s))


def test_the_experts_lengths_are_worked_out_once_a_split(
    pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def lengths(env_id: str, env_kwargs: dict[str, Any], split: str) -> list[int]:
        asked.append(split)
        return [3, 5]

    def evaluate(*_: Any, expert_steps: list[int] | None = None, **__: Any) -> dict[str, Any]:
        return {"success": 0.5, "n": 2, "successes": [0, 1], "grounding": 1.0, "expert_steps": expert_steps}

    monkeypatch.setattr(policy_evaluation, "expert_lengths", lengths)
    for module in (train_module, policy_evaluation):
        monkeypatch.setattr(module, "evaluate_policy", evaluate)
    record = train(ppo_config(pipeline.start, tmp_path, env_steps=30, final_splits=("valid_unseen", "train")))
    assert asked == ["valid_unseen", "train"]
    assert {tuple(figures["expert_steps"]) for figures in record.final.values()} == {(3, 5)}
