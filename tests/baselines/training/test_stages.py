"""Every stage from nothing to a trained policy, as a user runs them one after the other."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from spa_gym.baselines import device, policy_evaluation
from spa_gym.baselines.learning.estimator_inference import ProgressModel
from spa_gym.baselines.models.checkpoint import load_checkpoint
from spa_gym.baselines.training import train as train_module
from spa_gym.baselines.training.estimator import EstimatorConfig, fit_estimator
from spa_gym.baselines.training.explore import ExploreConfig, explore
from spa_gym.baselines.training.pretrain import pretrain
from spa_gym.baselines.training.recipes import RECIPES
from spa_gym.baselines.training.sft import sft
from spa_gym.baselines.training.train import TrainConfig, train
from spa_gym.core.errors import BadArgument
from spa_gym.core.run_record import RunRecord
from spa_gym.core.trajectory import read_jsonl, write_jsonl
from tests.baselines.conftest import Pipeline
from tests.baselines.tiny_runs import (
    DEVICE,
    KWARGS,
    explored,
    made_up_exploration,
    ppo_config,
    pretrain_config,
    sft_config,
    small_pools,
)


def _left_behind(out: Path, record: RunRecord) -> None:
    """What every stage leaves: its record, which is the one returned, and no state."""
    assert RunRecord.load(out / "record.json").as_dict() == json.loads(json.dumps(record.as_dict(), default=list))
    assert not (out / "state").exists()
    assert list((out / "tensorboard").iterdir())


def test_pretrain_makes_a_checkpoint_that_knows_how_it_was_made(pipeline: Pipeline) -> None:
    record, out = pipeline.pretrained, pipeline.folder / "pretrain"
    _left_behind(out, record)
    assert record.kind == "pretrain" and record.tokens >= 20_000 and record.updates >= 10
    loaded = load_checkpoint(out / "checkpoint")
    assert loaded.recipe["stage"] == "pretrain" and loaded.recipe["settings"] == record.settings
    assert loaded.model.config.hidden_size == 32 and record.metrics["vocabulary"] == len(loaded.codec.tokenizer)
    assert len(loaded.codec.encode_observation("sinkbasin 1")) == 1


def test_imitation_starts_from_it_and_counts_the_steps_of_its_demonstrations(pipeline: Pipeline) -> None:
    record = pipeline.imitated
    _left_behind(pipeline.folder / "sft", record)
    assert record.method == "sft" and record.updates == 2 and 8 * 3 <= record.env_steps <= 8 * 40
    loaded = load_checkpoint(pipeline.start)
    assert loaded.recipe["stage"] == "sft" and loaded.recipe["start"]["stage"] == "pretrain"


def test_imitation_is_scored_on_the_splits_that_are_asked_for(pipeline: Pipeline, tmp_path: Path) -> None:
    config = sft_config(pipeline.folder / "pretrain" / "checkpoint", tmp_path, env_kwargs=KWARGS, demonstrations=1)
    record = sft(replace(config, evaluate=("valid_seen",), max_eval_tasks=3))
    assert set(record.final) == {"valid_seen/greedy", "valid_seen/sampled"}
    for figures in record.final.values():
        assert figures["n"] == 3 == len(figures["successes"]) and 0 <= figures["grounding"] <= 1


def test_exploration_plays_each_task_several_times(pipeline: Pipeline, tmp_path: Path) -> None:
    config = ExploreConfig(str(pipeline.start), tmp_path, env_kwargs=KWARGS, tasks=3, samples=2, device="cpu")
    record = explore(config)
    _left_behind(tmp_path, record)
    played = read_jsonl(tmp_path / "trajectories.jsonl")
    assert len(played) == 6 and len({t.task_id for t in played}) == 3
    assert record.env_steps == sum(t.num_steps for t in played) and record.metrics["episodes"] == 6
    steps = [step for t in played for step in t.steps]
    assert all(step.progress is not None and step.action_ids for step in steps)
    assert all(len(step.logprobs or ()) == len(step.action_ids or ()) for step in steps)
    pairs = [t.steps for t in sorted(played, key=lambda t: t.task_id)]
    assert pairs[0] != pairs[1], "two episodes of a task have noise of their own"


@pytest.fixture(scope="module")
def estimator(pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, RunRecord]:
    """An estimator fitted to eight solved and eight unsolved episodes."""
    out = tmp_path_factory.mktemp("estimator")
    write_jsonl(out / "played.jsonl", explored())
    config = EstimatorConfig(str(pipeline.start), out / "played.jsonl", out, epochs=3, batch_episodes=4, device="cpu")
    return out, fit_estimator(config)


def test_estimator_reports_and_keeps_the_best_epoch(estimator: tuple[Path, RunRecord]) -> None:
    out, record = estimator
    _left_behind(out, record)
    metrics = record.metrics
    assert {"mse", "r2", "auc", "sum_error", "progress_correlation", "last_step_share", "spread_within_episode"} <= set(
        metrics
    )
    assert metrics["episodes"] == 14 and metrics["episodes_held_out"] == 2
    assert metrics["mse"] == pytest.approx(min(record.curves["held_out_mse"]), abs=1e-5)  # type: ignore[type-var]
    assert record.curves["held_out_mse"].index(min(record.curves["held_out_mse"])) + 1 == metrics["epoch"]  # type: ignore


def test_estimator_scores_alike_after_loading(estimator: tuple[Path, RunRecord]) -> None:
    out, record = estimator
    played = explored(2)
    contributions = ProgressModel.load(out / "checkpoint", device="cpu").contributions_of(played)
    assert [len(c) for c in contributions] == [t.num_steps for t in played]
    again = ProgressModel.load(out / "checkpoint", device="cpu").contributions_of(played[::-1], batch=1)[::-1]
    for a, b in zip(contributions, again, strict=True):
        np.testing.assert_allclose(a, b, atol=0.05)


def test_estimator_needs_solved_and_unsolved_episodes(pipeline: Pipeline, tmp_path: Path) -> None:
    write_jsonl(tmp_path / "played.jsonl", [t for t in explored() if not t.success])
    with pytest.raises(BadArgument, match="some solved and some not"):
        fit_estimator(EstimatorConfig(str(pipeline.start), tmp_path / "played.jsonl", tmp_path / "out", device="cpu"))


METHODS: dict[str, dict[str, Any]] = {
    "ppo": {},
    "oracle": {},
    "spa": {"tasks": 8, "samples": 2, "epochs": 1},
    "spa-penalty": {"tasks": 8, "samples": 2, "epochs": 1, "beta": 0.25},
}


@pytest.mark.parametrize("method", list(METHODS))
def test_reinforcement_learning_with_each_method(method: str, pipeline: Pipeline, tmp_path: Path) -> None:
    # Nothing is solved, so that the sparse reward teaches nothing: the entropy bonus moves the policy.
    config = ppo_config(pipeline.start, tmp_path, method=method, options=METHODS[method], entropy=0.01)
    explored_steps = 0
    if method.startswith("spa"):
        explored_steps = sum(t.num_steps for t in made_up_exploration(config, tasks=8, samples=2))
        config = replace(config, env_steps=config.env_steps + explored_steps)
    record = train(config)
    _left_behind(tmp_path, record)
    assert record.method == method and record.metrics["exploration_env_steps"] == explored_steps
    assert record.env_steps >= config.env_steps and record.updates == 4 == 2 * record.curves["step"][-1]
    assert record.env_steps == record.curves["env_steps"][-1]
    assert {len(curve) for curve in record.curves.values()} == {2}
    assert record.curves["success_greedy"] == [None, 0.0]
    assert all(value == value for curve in record.curves.values() for value in curve)
    assert record.curves["kl"][0] == 0.0, "in the first iteration only the critic learns"
    assert 0 < record.curves["entropy"][1] < 8  # type: ignore[operator]
    before, after = load_checkpoint(pipeline.start), load_checkpoint(tmp_path / "checkpoint")
    assert after.recipe["start"] == before.recipe
    pairs = zip(before.model.parameters(), after.model.parameters(), strict=True)
    assert not any(a.equal(b) for a, b in pairs)
    if method == "spa":  # six grounded-or-not steps at beta = 0.5, and a contribution that is small
        grounding, length, returned = (record.curves[k][0] for k in ("grounding", "episode_length", "return"))
        assert returned == pytest.approx(0.5 * grounding * length, abs=1.5)  # type: ignore[operator]


@pytest.mark.parametrize(
    "changes",
    [{"gae_over": "tokens"}, {"bootstrap_truncated": True}, {"entropy": 0.01, "kl": 0.0}, {"critic": "model"}],
)
def test_options_of_the_training_run(changes: dict[str, Any], pipeline: Pipeline, tmp_path: Path) -> None:
    record = train(ppo_config(pipeline.start, tmp_path, env_steps=30, critic_warmup=0, **changes))
    assert record.updates == 2 and {k: record.settings[k] for k in changes} == changes


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_run_learns_in_either_number_type_and_says_which(
    dtype: str, pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device, "_chosen", None)  # and back, when the test ends
    record = train(ppo_config(pipeline.start, tmp_path, env_steps=30, critic_warmup=0, entropy=0.01, dtype=dtype))
    assert record.machine["dtype"] == record.settings["dtype"] == dtype
    assert record.machine["device"] == DEVICE and record.machine["processor"] and record.machine["cores"] >= 1
    weights = zip(
        load_checkpoint(tmp_path / "checkpoint").model.parameters(),
        load_checkpoint(pipeline.start).model.parameters(),
        strict=True,
    )
    assert not all(a.equal(b) for a, b in weights)


def test_without_intermediate_evaluations_none_is_made(pipeline: Pipeline, tmp_path: Path) -> None:
    record = train(ppo_config(pipeline.start, tmp_path, evaluate_every=0))
    assert len(record.curves["step"]) >= 2 and set(record.curves["success_sampled"]) == {None}


def test_the_same_seed_gives_the_same_run_and_another_does_not(pipeline: Pipeline, tmp_path: Path) -> None:
    runs = [train(ppo_config(pipeline.start, tmp_path / str(i), seed=i // 2, entropy=0.01)) for i in range(3)]
    assert runs[0].curves == runs[1].curves != runs[2].curves
    weights = [list(load_checkpoint(tmp_path / str(i) / "checkpoint").model.parameters()) for i in range(3)]
    assert all(a.equal(b) for a, b in zip(weights[0], weights[1], strict=True))
    assert not all(a.equal(b) for a, b in zip(weights[0], weights[2], strict=True))


def test_a_method_of_ones_own_gets_what_it_asks_for(pipeline: Pipeline, tmp_path: Path) -> None:
    record = train(ppo_config(pipeline.start, tmp_path, method="tests.baselines.methods.own:Own", env_steps=30))
    assert record.metrics["saw_progress"] and record.metrics["exploration_env_steps"] == 0
    assert record.curves["return"] == [None], "advantages of its own have no rewards to sum"


def test_final_scores_are_those_of_the_splits_asked_for(
    pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def evaluate(*_: Any, split: str, temperature: float, **more: Any) -> dict[str, Any]:
        asked.append((split, temperature, more.get("max_tasks")))
        return {"success": 0.25, "n": 4, "successes": [0, 1, 0, 0], "grounding": 1.0}

    for module in (train_module, policy_evaluation):
        monkeypatch.setattr(module, "evaluate_policy", evaluate)
    record = train(ppo_config(pipeline.start, tmp_path, env_steps=30, final_splits=("valid_unseen", "valid_seen")))
    assert asked[:2] == [("valid_seen", 0.0, 2), ("valid_seen", 1.0, 2)]
    assert list(record.final) == [
        "valid_unseen/greedy",
        "valid_unseen/sampled",
        "valid_seen/greedy",
        "valid_seen/sampled",
    ]
    assert record.final["valid_unseen/greedy"]["success"] == 0.25


def test_settings_that_mean_nothing_are_refused() -> None:
    with pytest.raises(BadArgument, match="gae_over"):
        TrainConfig(gae_over="episodes")
    with pytest.raises(BadArgument, match="critic"):
        TrainConfig(critic="none")


def test_the_recipes_differ_where_they_should() -> None:
    assert RECIPES["household"].sources[0].env_kwargs == {"size": "small"}
    assert any(source.env_kwargs.get("source") == "official" for source in RECIPES["headline"].sources)
    assert all(source.env_kwargs.get("split", "train") == "train" for r in RECIPES.values() for source in r.sources)


def test_transcripts_played_ahead_by_other_processes_are_the_same(tmp_path: Path, monkeypatch: Any) -> None:
    small_pools(monkeypatch)
    alone = pretrain(pretrain_config(tmp_path / "alone", workers=0))
    ahead = pretrain(pretrain_config(tmp_path / "ahead", workers=2))
    assert ahead.curves == alone.curves and ahead.tokens == alone.tokens and ahead.settings == alone.settings
    weights = [load_file(tmp_path / name / "checkpoint" / "model.safetensors") for name in ("alone", "ahead")]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
