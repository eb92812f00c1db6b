"""The three objectives of an estimator, by hand; its refit; and the predictor that the wrapper differences."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from torch import nn

from spa_gym.baselines.learning.estimator_inference import ProgressModel, load_predictor
from spa_gym.baselines.learning.estimator_learning import answer_mask, episode_losses, refit, train_step
from spa_gym.baselines.models.checkpoint import load_checkpoint
from spa_gym.baselines.models.optimizers import Optimizers, adamw
from spa_gym.baselines.models.tokens import EncodedTrajectory, encode
from spa_gym.baselines.training.estimator import EstimatorConfig, fit_estimator
from spa_gym.core.errors import BadArgument, CheckpointMismatch, TrainingDiverged
from spa_gym.core.trajectory import Trajectory, write_jsonl
from tests.baselines.conftest import Pipeline
from tests.baselines.tiny_runs import explored

CPU = torch.device("cpu")


def _model(pipeline: Pipeline, **options: Any) -> ProgressModel:
    loaded = load_checkpoint(pipeline.start)
    return ProgressModel(loaded.model, loaded.codec, **options)


class _Saying(nn.Module):
    """A head that says 0.1, 0.2, 0.3, ... at the steps of every row, whatever it reads."""

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        return (0.1 * torch.arange(1, states.shape[1] + 1)).expand(states.shape[:2])


def _rows(model: ProgressModel, played: Sequence[Trajectory]) -> list[EncodedTrajectory]:
    return [encode(t, model.codec) for t in played]


def _three_and_two() -> list[Trajectory]:
    whole = explored(1)
    return [
        replace(whole[k], steps=whole[k].steps[:count], final_observation="The end.", score=score)
        for k, count, score in ((0, 3, 1.0), (1, 2, 0.0))
    ]


@torch.no_grad()
def _mean_loss(model: ProgressModel, played: Sequence[Trajectory], objective: str = "sum") -> float:
    scores = [t.score for t in played]
    return float(episode_losses(model, _rows(model, played), scores, CPU, objective=objective).mean())


@pytest.mark.parametrize(
    ("objective", "weight", "expected"),
    [
        ("sum", None, [(0.6 - 1) ** 2, 0.3**2]),
        # the last reading, and half the mean over all: (0.81 + 0.64 + 0.49) / 3, (0.01 + 0.04) / 2
        ("prefix", None, [0.49 + 0.5 * 1.94 / 3, 0.04 + 0.5 * 0.025]),
        ("prefix", 2.0, [0.49 + 2 * 1.94 / 3, 0.04 + 2 * 0.025]),
        ("bag", 0.0, [0.16, 0.09]),
    ],
)
def test_losses_by_hand(objective: str, weight: float | None, expected: list[float], pipeline: Pipeline) -> None:
    """Readings 0.1, 0.2, 0.3 against R = 1 and 0.1, 0.2 against R = 0, whose third column is padding."""
    model = _model(pipeline)
    model.head = _Saying()  # type: ignore[assignment]
    losses = episode_losses(model, _rows(model, _three_and_two()), [1.0, 0.0], CPU, objective=objective, weight=weight)
    assert losses.tolist() == pytest.approx(expected, rel=1e-5)


def test_answers_are_the_observations_after_an_action(pipeline: Pipeline) -> None:
    model, played = _model(pipeline), _three_and_two()
    for trajectory, row in zip(played, _rows(model, played), strict=True):
        said = [i for i, m in zip(row.ids, answer_mask(row, len(model.codec.act_ids)), strict=True) if m]
        reader, expected = model.codec.reader(), []
        reader.read(trajectory.steps[0].observation)
        for observation in (*(s.observation for s in trajectory.steps[1:]), trajectory.final_observation):
            expected += reader.read(observation)
        assert said == expected and expected


def test_the_bags_second_term_is_the_cross_entropy_of_the_answers(pipeline: Pipeline) -> None:
    model, played = _model(pipeline), _three_and_two()
    rows = _rows(model, played)
    plain = episode_losses(model, rows, [1.0, 0.0], CPU, objective="bag", weight=0.0)
    got = (episode_losses(model, rows, [1.0, 0.0], CPU, objective="bag") - plain).tolist()
    for value, row in zip(got, rows, strict=True):
        with torch.no_grad():
            logits = model.model(torch.tensor([row.ids])).logits[0]
        asked = [i for i, m in enumerate(answer_mask(row, len(model.codec.act_ids))) if m]
        mean = -np.mean([float(logits[i - 1].log_softmax(-1)[row.ids[i]]) for i in asked])
        assert value == pytest.approx(mean, rel=0.03), "float32 here, bf16 products there"
    third = (episode_losses(model, rows, [1.0, 0.0], CPU, objective="bag", weight=0.5) - plain).tolist()
    assert third == pytest.approx([v / 2 for v in got], rel=1e-4)


def test_a_prefix_models_contributions_are_differences_from_zero(pipeline: Pipeline) -> None:
    played = _three_and_two()
    model = _model(pipeline, differenced=True)
    model.head = _Saying()  # type: ignore[assignment]
    assert [c.tolist() for c in model.contributions_of(played)] == [
        pytest.approx([0.1, 0.1, 0.1]),
        pytest.approx([0.1, 0.1]),
    ]
    assert model.readings_of(played)[0].tolist() == pytest.approx([0.1, 0.2, 0.3])


@pytest.mark.parametrize("objective", ["prefix", "bag"])
def test_each_objective_is_fitted_and_found_again(objective: str, pipeline: Pipeline, tmp_path: Path) -> None:
    write_jsonl(tmp_path / "played.jsonl", explored())
    config = EstimatorConfig(
        str(pipeline.start), tmp_path / "played.jsonl", tmp_path / "fit", objective=objective, epochs=6, device="cpu"
    )
    record = fit_estimator(replace(config, batch_episodes=4, lr=3e-3))
    assert record.method == {"prefix": "rudder", "bag": "rlbr"}[objective]
    model = ProgressModel.load(tmp_path / "fit" / "checkpoint", device="cpu")
    assert model.differenced == (objective == "prefix")
    played = explored()
    assert _mean_loss(model, played, objective) < 0.9 * _mean_loss(_model(pipeline), played, objective)


def test_the_predictor_of_a_checkpoint_behind_the_wrapper(pipeline: Pipeline, tmp_path: Path) -> None:
    from spa_gym.wrappers import ProgressAttributionWrapper

    model = _model(pipeline, differenced=True)
    with torch.no_grad():
        model.head.out.weight.normal_(generator=torch.Generator().manual_seed(0))
    model.save(tmp_path / "prefix", {})
    trajectory = explored(1)[0]
    texts = [trajectory.steps[0].observation]
    prefixes = [("task", *texts)]
    after = [*(s.observation for s in trajectory.steps[1:]), trajectory.final_observation]
    for step, seen in zip(trajectory.steps, after, strict=True):
        texts += [step.action, seen]
        prefixes.append(("task", *texts))
    said = load_predictor(tmp_path / "prefix")(prefixes)
    assert said[0] == 0.0
    np.testing.assert_allclose(said[1:], model.readings_of([trajectory])[0], atol=0.03)

    inner = gymnasium.make("SPA-ALFWorld-v0", size="small")
    env: Any = ProgressAttributionWrapper(inner, estimator=f"difference:{tmp_path / 'prefix'}", beta=0.0)
    env.reset(options={"task_id": 0})
    rewards = [env.step(step.action)[1] for step in trajectory.steps]
    np.testing.assert_allclose(rewards, model.contributions_of([trajectory])[0], atol=0.05)


def test_contributions_are_no_predictor(pipeline: Pipeline, tmp_path: Path) -> None:
    _model(pipeline).save(tmp_path / "sum", {})
    with pytest.raises(CheckpointMismatch, match="objective 'prefix'"):
        load_predictor(tmp_path / "sum")


def test_a_refit_comes_closer_and_is_repeatable(pipeline: Pipeline) -> None:
    played, ends = explored(2), []
    for _ in range(2):
        model = _model(pipeline).eval()
        optimizers = Optimizers([adamw(model.parameters(), 3e-3)])
        frozen = Optimizers([torch.optim.SGD(model.parameters(), lr=0.0)])
        before = refit(model, frozen, played, random.Random(0), epochs=1)
        refit(model, optimizers, played, random.Random(1), epochs=8, batch_episodes=2)
        assert not model.training
        ends.append(_mean_loss(model, played))
        assert before == pytest.approx(0.5), "no opinion: half of the episodes were solved"
        assert ends[-1] < 0.4
    assert ends[0] == ends[1]


def test_a_loss_that_is_not_a_number_names_its_tasks(pipeline: Pipeline) -> None:
    model, played = _model(pipeline), explored(1)
    frozen = Optimizers([torch.optim.SGD(model.parameters(), lr=0.0)])
    with pytest.raises(TrainingDiverged, match="estimator_loss = nan.*task-7"):
        train_step(model, frozen, _rows(model, played), [float("nan"), 0.0], 1.0, CPU, tasks=["task-7", "task-8"])


def test_an_unknown_objective_is_refused() -> None:
    with pytest.raises(BadArgument, match="sum, prefix, bag"):
        EstimatorConfig(objective="mean")
