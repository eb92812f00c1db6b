"""`kill -9` in the training of each kind of method: started again, it ends with the weights of one never stopped."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from spa_gym.baselines.models.checkpoint import load_checkpoint
from spa_gym.baselines.training.train import TrainConfig, train
from spa_gym.core.run_record import RunRecord
from tests.baselines.conftest import Pipeline
from tests.baselines.killed import die_saving
from tests.baselines.tiny_runs import made_up_exploration, ppo_config

pytestmark = pytest.mark.skipif(os.name == "nt", reason="there is no kill -9")

OPTIONS: dict[str, dict[str, Any]] = {
    "ppo": {},  # rewards
    "spa": {"tasks": 8, "samples": 2, "epochs": 2, "refresh": 1},  # an estimator, fitted first and refitted
    "grpo": {"group": 3},  # advantages
    "graphgpo": {"group": 3, "keep": True},  # and a memory of what was seen
    "istar": {"group": 3},  # a model of its own, that learns from pairs
    "stepagent-inverse": {},  # and one that learns from the expert
    "eto": {},  # preferences
    "rft": {"score": 0.5},  # imitation
    "stepagent-implicit": {"experts": 3},  # preferences too, and no episodes of its own
    "ipr": {"continuations": 2, "prefixes": 3, "tau": 0.0},  # and continuations for them
    "rro": {"continuations": 2, "candidates": 2, "walks": 2, "steps": 2},  # walks of them
    "vineppo": {"continuations": 2, "episodes": 2},  # continuations
    "progress-advantage": {  # another training first
        "outcome": "tests.baselines.graded:graded",
        "options": {"method": "ppo"},
        "share": 0.5,
    },
}
ENV_STEPS = {"progress-advantage": 140, "ipr": 110, "vineppo": 110, "rro": 100, "stepagent-implicit": 20}
"""The first budget that is tried. What a batch costs depends on the policy, and that on the last digits of a CPU."""


def _config(method: str, pipeline: Pipeline, out: Path, env_steps: int) -> TrainConfig:
    """Settings of a training with this budget after what the method does first."""
    config = ppo_config(
        pipeline.start,
        out,
        method="tests.baselines.graded:graded",
        options={"method": method, **OPTIONS[method]},
        demonstrations=3,
        critic_warmup=0,
        entropy=0.01,
        env_steps=env_steps,
        evaluate_every=1000,
        evaluate_tasks=1,
    )
    if method == "spa":
        spent = sum(t.num_steps for t in made_up_exploration(config, tasks=8, samples=2))
        config = replace(config, env_steps=config.env_steps + spent)
    return config


@pytest.fixture(scope="module")
def unbroken(pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Method -> record, checkpoint and budget of a training that never stopped and saved twice, each made once."""
    known: dict[str, tuple[RunRecord, Path, int]] = {}

    def make(method: str) -> tuple[RunRecord, Path, int]:
        env_steps = ENV_STEPS.get(method, 70)
        while method not in known:
            config = _config(method, pipeline, tmp_path_factory.mktemp("unbroken") / method, env_steps)
            records = [train(config)]
            if method == "progress-advantage":
                records.append(RunRecord.load(config.out / "outcome" / "record.json"))
            if all(len(record.curves["step"]) >= 2 for record in records):
                known[method] = records[0], config.out / "checkpoint", env_steps
            env_steps *= 2
        return known[method]

    return make


def _same_weights(a: Path, b: Path) -> bool:
    pairs = zip(load_checkpoint(a).model.parameters(), load_checkpoint(b).model.parameters(), strict=True)
    return all(x.equal(y) for x, y in pairs)


@pytest.mark.parametrize(
    ("method", "stage", "saves", "moment"),
    [
        ("ppo", ".", 2, "before"),
        ("ppo", ".", 2, "half"),
        pytest.param("ppo", ".", 1, "after", marks=pytest.mark.slow),
        pytest.param("spa", "estimator", 1, "after", marks=pytest.mark.slow),
        ("spa", ".", 2, "before"),
        pytest.param("grpo", ".", 2, "before", marks=pytest.mark.slow),
        ("graphgpo", ".", 2, "before"),
        ("istar", ".", 2, "before"),
        ("stepagent-inverse", ".", 2, "before"),
        ("eto", ".", 2, "before"),
        ("rft", ".", 2, "before"),
        ("stepagent-implicit", ".", 2, "before"),
        pytest.param("rro", ".", 2, "before", marks=pytest.mark.slow),
        pytest.param("ipr", ".", 2, "before", marks=pytest.mark.slow),
        pytest.param("vineppo", ".", 2, "before", marks=pytest.mark.slow),
        pytest.param("progress-advantage", "outcome", 2, "before", marks=pytest.mark.slow),
        pytest.param("progress-advantage", ".", 2, "before", marks=pytest.mark.slow),
    ],
)
def test_killed_and_started_again_it_ends_as_if_it_had_never_stopped(
    method: str, stage: str, saves: int, moment: str, pipeline: Pipeline, unbroken: Any, tmp_path: Path
) -> None:
    whole, checkpoint, env_steps = unbroken(method)
    config = _config(method, pipeline, tmp_path / "killed", env_steps)
    assert die_saving(train, config, config.out / stage, saves, moment) == -9
    assert not (config.out / stage / "record.json").exists()
    position = json.loads((config.out / stage / "state" / "position.json").read_text())["position"]
    assert position["epoch" if stage == "estimator" else "iteration"] == 1, "the state after the first is there"
    record = train(config)
    assert record.curves == whole.curves
    assert (record.env_steps, record.tokens, record.updates) == (whole.env_steps, whole.tokens, whole.updates)
    assert record.metrics == whole.metrics
    assert _same_weights(checkpoint, config.out / "checkpoint")
    assert not _same_weights(checkpoint, pipeline.start), "something was learned"
