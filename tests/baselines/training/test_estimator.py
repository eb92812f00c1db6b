"""The progress estimator: where it reads, what its loss is, and how its figures are counted."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch

from spa_gym.baselines.learning.estimator_inference import ProgressModel, load_estimator
from spa_gym.baselines.learning.estimator_learning import train_step
from spa_gym.baselines.models.checkpoint import load_checkpoint
from spa_gym.baselines.models.optimizers import Optimizers
from spa_gym.baselines.models.tokens import collate, encode
from spa_gym.baselines.training.estimator import EstimatorConfig, _split, auc, score_contributions
from spa_gym.core.errors import BadArgument, CheckpointMismatch
from spa_gym.core.trajectory import Step, Trajectory
from tests.baselines.conftest import Pipeline
from tests.baselines.tiny_runs import explored

CPU = torch.device("cpu")


def _model(pipeline: Pipeline, read: str = "action") -> ProgressModel:
    loaded = load_checkpoint(pipeline.start)
    return ProgressModel(loaded.model, loaded.codec, read=read)


def _shaken(pipeline: Pipeline, read: str = "action") -> ProgressModel:
    """A model with an opinion."""
    model, generator = _model(pipeline, read), torch.Generator().manual_seed(0)
    with torch.no_grad():
        model.head.out.weight.normal_(generator=generator)
    return model


def test_it_reads_at_the_end_of_the_action(pipeline: Pipeline) -> None:
    model, played = _model(pipeline), explored(2)
    rows = [encode(t, model.codec) for t in played]
    where = model.positions(collate(rows, model.codec.pad_id))
    for row, positions, trajectory in zip(rows, where.tolist(), played, strict=True):
        steps = trajectory.num_steps
        assert [row.ids[p] for p in positions[:steps]] == [model.codec.eoa_id] * steps
        assert positions[:steps] == row.step_ends and set(positions[steps:]) <= {-1}


def test_or_at_the_end_of_the_observation_that_follows(pipeline: Pipeline) -> None:
    model, played = _model(pipeline, "observation"), explored(2)
    rows = [encode(t, model.codec) for t in played]
    where = model.positions(collate(rows, model.codec.pad_id))
    for row, positions, trajectory in zip(rows, where.tolist(), played, strict=True):
        seen = [*(step.observation for step in trajectory.steps[1:]), trajectory.final_observation]
        for end, position, observation in zip(row.step_ends, positions, seen, strict=False):
            assert row.ids[end + 1 : position + 1] == list(model.codec.encode_observation(observation))
        assert positions[trajectory.num_steps - 1] == len(row.ids) - 1
        assert set(positions[trajectory.num_steps :]) <= {-1}


@pytest.mark.parametrize("read", ["action", "observation"])
def test_a_contribution_depends_on_nothing_that_comes_later(read: str, pipeline: Pipeline) -> None:
    model = _shaken(pipeline, read)
    whole = explored(1)[1]
    cut = replace(whole, steps=whole.steps[:3], final_observation=whole.steps[3].observation)
    a, b = model.contributions_of([whole, cut])
    np.testing.assert_allclose(a[:3], b, atol=0.02)
    assert np.std(a) > 0.01
    other = replace(cut, final_observation="You see a dragon.")
    changed = model.contributions_of([other])[0]
    assert changed[:2] == pytest.approx(b[:2], abs=0.02)
    assert (abs(changed[2] - b[2]) > 1e-3) == (read == "observation")


def test_rows_are_scored_alike_in_any_company(pipeline: Pipeline) -> None:
    model, played = _shaken(pipeline), explored(3)
    together = model.contributions_of(played)
    alone = [model.contributions_of([t])[0] for t in played]
    empty = replace(played[0], steps=())
    mixed = model.contributions_of([empty, *played], batch=2)
    assert mixed[0].shape == (0,)
    for a, b, c in zip(together, alone, mixed[1:], strict=True):
        np.testing.assert_allclose(a, b, atol=0.03)
        np.testing.assert_allclose(a, c, atol=0.03)


def test_a_fresh_estimator_has_no_opinion(pipeline: Pipeline) -> None:
    assert all(not c.any() for c in _model(pipeline).contributions_of(explored(1)))


def test_an_unknown_place_to_read_is_refused(pipeline: Pipeline) -> None:
    with pytest.raises(BadArgument, match="'action' or 'observation'"):
        _model(pipeline, "reward")


def test_the_loss_is_the_squared_error_of_the_sum(pipeline: Pipeline) -> None:
    """With a head that always says 0.1, an episode of T steps sums to T / 10."""
    model = _model(pipeline)
    with torch.no_grad():
        model.head.out.bias.fill_(0.1)
    played = explored(2)
    rows, scores = [encode(t, model.codec) for t in played], [t.score for t in played]
    expected = np.mean([(0.1 * t.num_steps - t.score) ** 2 for t in played])
    frozen = Optimizers([torch.optim.SGD(model.parameters(), lr=0.0)])
    assert train_step(model, frozen, rows, scores, 1.0, CPU) == pytest.approx(expected, rel=1e-5)
    assert train_step(model, frozen, rows[:1], scores[:1], 1.0, CPU) == pytest.approx(
        (0.1 * played[0].num_steps - 1.0) ** 2, rel=1e-5
    )


def test_its_gradient_is_that_of_the_whole_batch(pipeline: Pipeline) -> None:
    """d/db of the mean over episodes of (b T - R)^2 is the mean of 2 T (b T - R)."""
    model = _model(pipeline)
    played = explored(2)
    optimizer = Optimizers([torch.optim.SGD([model.head.out.bias], lr=1.0)], clip=0.0)
    train_step(model, optimizer, [encode(t, model.codec) for t in played], [t.score for t in played], 0.01, CPU)
    slope = np.mean([2 * t.num_steps * (0.0 - t.score) for t in played])
    assert float(model.head.out.bias.detach()) == pytest.approx(-0.01 * slope, rel=1e-4)


def test_held_out_tasks_are_not_trained_on() -> None:
    config = EstimatorConfig(held_out=0.25)
    train, held = _split(explored(), config)
    assert len(train) == 12 and len(held) == 4
    assert not {t.task_id for t in train} & {t.task_id for t in held}
    assert _split(explored(), config) == (train, held)
    assert _split(explored(), replace(config, seed=1))[1] != held


@pytest.mark.parametrize(
    ("scores", "labels", "expected"),
    [
        ([0.1, 0.4, 0.35, 0.8], [False, False, True, True], 0.75),
        ([0.0, 1.0], [False, True], 1.0),
        ([1.0, 0.0], [False, True], 0.0),
        ([0.5, 0.5, 0.5], [True, False, False], 0.5),
        ([0.5, 0.5, 0.2], [True, False, False], 0.75),
    ],
)
def test_auc(scores: list[float], labels: list[bool], expected: float) -> None:
    assert auc(scores, labels) == pytest.approx(expected)


def test_auc_of_one_kind_is_not_a_number() -> None:
    assert math.isnan(auc([0.1, 0.2], [True, True])) and math.isnan(auc([0.1, 0.2], [False, False]))


def _episode(progress: list[float | None], success: bool) -> Trajectory:
    steps = tuple(Step("o", "a", 0.0, True, p) for p in progress)
    return Trajectory("", "", "", "", steps, "", success, not success, float(success), success)


def test_figures_of_contributions_by_hand() -> None:
    """Sums 0.9 and 0.4 against 1 and 0; gains in progress (0.5, 0.5) and (0.5, -0.5, 0)."""
    played = [_episode([0.5, 1.0], True), _episode([0.5, 0.0, 0.0], False)]
    contributions = [np.array([0.3, 0.6]), np.array([0.2, 0.1, 0.1])]
    figures = score_contributions(played, contributions)
    assert figures["mse"] == pytest.approx((0.01 + 0.16) / 2) and figures["variance"] == 0.25
    assert figures["r2"] == pytest.approx(1 - 0.085 / 0.25) and figures["auc"] == 1.0
    assert figures["sum_error"] == pytest.approx((0.1 + 0.4) / 2)
    gains, credits = [0.5, 0.5, 0.5, -0.5, 0.0], [0.3, 0.6, 0.2, 0.1, 0.1]
    assert figures["progress_correlation"] == pytest.approx(np.corrcoef(gains, credits)[0, 1])
    assert figures["credit_where_progress"] == pytest.approx(1.1 / 3)
    assert figures["credit_elsewhere"] == pytest.approx(0.1)
    assert figures["last_step_share"] == pytest.approx(0.6 / 0.9)
    assert figures["spread_within_episode"] == pytest.approx((0.15 + np.std([0.2, 0.1, 0.1])) / 2)


def test_figures_without_ground_truth_or_with_a_constant_say_so() -> None:
    figures = score_contributions([_episode([None, None], True), _episode([None], False)], [np.zeros(2), np.zeros(1)])
    assert all(math.isnan(figures[key]) for key in ("progress_correlation", "credit_elsewhere", "last_step_share"))
    assert figures["spread_within_episode"] == 0.0 and figures["auc"] == 0.5 and figures["r2"] == -1.0
    only = score_contributions([_episode([1.0], True)], [np.ones(1)])
    assert math.isnan(only["r2"]) and math.isnan(only["auc"]) and only["mse"] == 0.0


# -- as a checkpoint, and behind the wrapper --------------------------------------------------------------------------


@pytest.mark.parametrize("read", ["action", "observation"])
def test_a_saved_estimator_scores_alike(read: str, pipeline: Pipeline, tmp_path: Path) -> None:
    model, played = _shaken(pipeline, read).eval(), explored(1)
    model.save(tmp_path / "estimator", {"stage": "test"})
    again = ProgressModel.load(tmp_path / "estimator", device="cpu")
    assert again.read == read and not again.training
    assert json.loads((tmp_path / "estimator" / "spa_gym.json").read_text())["recipe"] == {
        "stage": "test",
        "read": read,
        "env_id": None,
    }
    for a, b in zip(model.contributions_of(played), again.contributions_of(played), strict=True):
        assert a.tolist() == b.tolist()


def test_a_checkpoint_without_a_head_is_no_estimator(pipeline: Pipeline) -> None:
    with pytest.raises(CheckpointMismatch, match="stage `estimator`"):
        ProgressModel.load(pipeline.start)


@pytest.mark.parametrize("read", ["action", "observation"])
def test_step_by_step_it_says_what_it_says_of_the_whole(read: str, pipeline: Pipeline, tmp_path: Path) -> None:
    _shaken(pipeline, read).save(tmp_path / "estimator", {})
    estimator, played = load_estimator(tmp_path / "estimator"), explored(1)
    whole = ProgressModel.load(tmp_path / "estimator").contributions_of(played)
    said: list[list[float]] = [[], []]
    estimator.begin([4, 9], ["task", "task"])
    for t in range(max(trajectory.num_steps for trajectory in played)):
        rows = [k for k, trajectory in enumerate(played) if t < trajectory.num_steps]
        steps = [played[k].steps[t] for k in rows]
        after = [
            played[k].steps[t + 1].observation if t + 1 < played[k].num_steps else played[k].final_observation
            for k in rows
        ]
        answer = estimator.contributions(
            [(4, 9)[k] for k in rows], [s.observation for s in steps], [s.action for s in steps], after
        )
        for k, c in zip(rows, answer, strict=True):
            said[k].append(c)
    for a, b in zip(said, whole, strict=True):
        np.testing.assert_allclose(a, b, atol=0.03)
    estimator.begin([4], ["another"])
    first = played[1].steps[0]
    fresh = estimator.contributions([4], [first.observation], [first.action], [played[1].steps[1].observation])
    assert fresh[0] == pytest.approx(whole[1][0], abs=0.03)


def test_behind_the_wrapper(pipeline: Pipeline, tmp_path: Path) -> None:
    from spa_gym.wrappers import ProgressAttributionWrapper

    _shaken(pipeline).save(tmp_path / "estimator", {})
    inner = gymnasium.make("SPA-ALFWorld-v0", size="small")
    env: Any = ProgressAttributionWrapper(inner, estimator=f"model:{tmp_path / 'estimator'}")
    trajectory = explored(1)[0]
    expected = ProgressModel.load(tmp_path / "estimator").contributions_of([trajectory])[0]
    env.reset(options={"task_id": 0})
    rewards = [env.step(step.action)[1] for step in trajectory.steps]
    grounded = np.array([step.grounded for step in trajectory.steps], dtype=float)
    np.testing.assert_allclose(rewards, expected + 0.5 * grounded, atol=0.05)
