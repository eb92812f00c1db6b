"""Exploring and fitting once for `spa`, `rudder` and `rlbr`: budget, resuming, refits on the policy's own episodes."""

from __future__ import annotations

import functools
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from spa_gym.baselines.methods.episode_memory import EpisodeMemory
from spa_gym.baselines.methods.explored import ExploredMethod, paid_out
from spa_gym.baselines.methods.registry import make_method
from spa_gym.baselines.seam import Batch
from spa_gym.baselines.training.resume import Resumable
from spa_gym.baselines.training.study import study_of
from spa_gym.baselines.training.train import train
from spa_gym.core.errors import CheckpointMismatch, TrainingDiverged
from spa_gym.core.run_record import RunRecord
from spa_gym.core.trajectory import Trajectory
from tests.baselines.conftest import Pipeline
from tests.baselines.tiny_runs import explored, made_up_exploration, ppo_config

TINY: dict[str, Any] = {"tasks": 8, "samples": 2, "epochs": 1}


@pytest.fixture(scope="module")
def fits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the fits, each made once."""
    return tmp_path_factory.mktemp("fits")


def _prepared(name: str, pipeline: Pipeline, fits: Path, **options: Any) -> tuple[ExploredMethod, int]:
    """A method after `prepare` on an exploration that was laid out before, and the steps that it took."""
    method = make_method(name, {**TINY, **options})
    assert isinstance(method, ExploredMethod)
    config = ppo_config(pipeline.start, fits / f"{name}-{method.read}")
    if not (config.out / "explore").exists():
        made_up_exploration(config, tasks=8, samples=2)
    return method, method.prepare(study_of(config, train))


def _weights(method: ExploredMethod) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in method._estimator.parameters()]).clone()


@functools.cache
def _played() -> list[Trajectory]:
    return explored()


def _batches(count: int, pairs: int = 2) -> list[Batch]:
    """Batches of so many solved and as many failed episodes each."""
    each = 2 * pairs
    return [Batch(_played()[each * i : each * i + each], iteration=i, seed=3) for i in range(count)]


def test_residuals_are_paid_where_they_say() -> None:
    c = np.array([0.5, 0.25, 0.0])
    assert paid_out(c, 0.0, "none").tolist() == [0.5, 0.25, 0.0]
    assert paid_out(c, 0.0, "last").tolist() == [0.5, 0.25, -0.75]
    assert paid_out(c, 0.0, "even").tolist() == [0.25, 0.0, -0.25]
    assert c.tolist() == [0.5, 0.25, 0.0]


@pytest.mark.parametrize(
    ("name", "options", "differenced"),
    [
        ("spa", {"read": "observation"}, False),
        ("rudder", {}, True),
        ("rlbr", {"next_observation": 0.5}, False),
        ("spa-released", {"leave_one_out": False}, False),
    ],
)
def test_all_explore_alike_and_fit_their_own(
    name: str, options: dict[str, Any], differenced: bool, pipeline: Pipeline, fits: Path
) -> None:
    method, steps = _prepared(name, pipeline, fits, **options)
    assert steps == sum(t.num_steps for t in _played())
    assert method._estimator.differenced == differenced
    assert method._estimator.read == options.get("read", "action")
    settings = RunRecord.load(fits / f"{name}-{method.read}" / "estimator" / "record.json").settings
    assert (settings["objective"], settings["weight"]) == (method.objective, method.weight)
    assert method.metrics()["estimator/episodes"] == 14 and method.modules() == {} == method.optimizers()
    again, same = _prepared(name, pipeline, fits, **options)
    assert same == steps and _weights(again).equal(_weights(method)), "found again, not made again"


@pytest.mark.parametrize("name", ["rudder", "rlbr", "uniform", "spa-released", "spa"])
def test_training_with_it(name: str, pipeline: Pipeline, tmp_path: Path) -> None:
    options = {"rudder": TINY, "rlbr": TINY, "spa": {**TINY, "grounding": "potential", "refresh": 1}}.get(name, {})
    if name == "spa-released":
        options = {"group": 3}
    config, spent = ppo_config(pipeline.start, tmp_path, method=name, options=options), 0
    if options.get("tasks"):
        spent = sum(t.num_steps for t in made_up_exploration(config, tasks=8, samples=2))
        config = replace(config, env_steps=config.env_steps + spent)
    record = train(config)
    assert record.metrics["exploration_env_steps"] == spent and record.curves["step"] == [1, 2]
    if spent:
        assert all(error is not None and error >= 0 for error in record.curves["sum_error"])
    if name == "rudder":  # nothing is solved, and the residual makes rewards sum to R
        assert record.curves["return"] == pytest.approx([0.0, 0.0], abs=1e-5)
    if name == "uniform":
        assert record.curves["return"] == [0.0, 0.0]


def test_potential_takes_the_trainings_discount(pipeline: Pipeline, fits: Path, tmp_path: Path) -> None:
    method: Any = _prepared("spa", pipeline, fits, grounding="potential")[0]
    assert method.gamma == ppo_config(pipeline.start, tmp_path).gamma == 0.99
    kept: Any = _prepared("spa", pipeline, fits, gamma=0.5)[0]
    assert kept.gamma == 0.5


def test_an_estimator_that_is_not_refreshed_stays_as_it_is(pipeline: Pipeline, fits: Path) -> None:
    method, _ = _prepared("spa", pipeline, fits)
    before = _weights(method)
    figures = [method.credit(batch).figures for batch in _batches(2)]
    assert _weights(method).equal(before) and all(set(f) == {"sum_error"} for f in figures)
    assert method.modules() == {} == method.optimizers(), "no episodes are kept"


@pytest.mark.parametrize("name", ["spa", "rudder"])
def test_refits_come_after_the_credit_of_every_second_batch(name: str, pipeline: Pipeline, fits: Path) -> None:
    method, _ = _prepared(name, pipeline, fits, refresh=2)
    frozen, _ = _prepared(name, pipeline, fits)
    weights, losses, same = [_weights(method)], [], []
    for batch in _batches(4):
        mine, theirs = method.credit(batch), frozen.credit(batch)
        assert mine.rewards is not None and theirs.rewards is not None
        same.append(all(a.tolist() == b.tolist() for a, b in zip(mine.rewards, theirs.rewards, strict=True)))
        weights.append(_weights(method))
        losses.append(mine.figures["refit_loss"])
    assert [weights[i].equal(weights[i + 1]) for i in range(4)] == [True, False, True, False]
    assert same == [True, True, False, False], "a batch is credited before the estimator has seen its outcomes"
    assert [math.isnan(loss) for loss in losses] == [True, False, True, False]


def test_nothing_is_learned_from_batches_that_ended_all_alike(pipeline: Pipeline, fits: Path) -> None:
    method, _ = _prepared("spa", pipeline, fits, refresh=1)
    before = _weights(method)
    credit = method.credit(Batch([t for t in _played() if not t.success]))
    assert math.isnan(credit.figures["refit_loss"]) and _weights(method).equal(before)


@pytest.mark.parametrize(("saved", "refresh"), [(1, 1), (1, 2), (2, 2), (1, 3), (2, 3)])
def test_a_refreshed_estimator_goes_on_as_if_it_had_never_stopped(
    saved: int, refresh: int, pipeline: Pipeline, fits: Path, tmp_path: Path
) -> None:
    """Killed after the eighth batch, with states saved rarely: the last one is of the first batch or the second."""
    whole, _ = _prepared("spa", pipeline, fits, refresh=refresh)
    expected = [whole.credit(batch) for batch in _batches(8, 1)]

    stopped, _ = _prepared("spa", pipeline, fits, refresh=refresh)
    for batch in _batches(8, 1):
        if batch.iteration == saved:
            Resumable(tmp_path, {}, stopped.modules(), stopped.optimizers()).save({})
        stopped.credit(batch)

    again, _ = _prepared("spa", pipeline, fits, refresh=refresh)
    assert Resumable(tmp_path, {}, again.modules(), again.optimizers()).load() == {}
    for batch in _batches(8, 1)[saved:]:
        np.testing.assert_equal(again.credit(batch).figures, expected[batch.iteration].figures)
    assert not all(math.isnan(credit.figures["refit_loss"]) for credit in expected)
    assert _weights(again).equal(_weights(whole))


def test_kept_episodes_are_those_that_were_played() -> None:
    memory, again = EpisodeMemory(), EpisodeMemory()
    steps = tuple(replace(s, action_ids=(3, 4), logprobs=(-0.1, -1 / 3)) for s in _played()[0].steps)
    played = [replace(_played()[0], steps=steps, score=1 / 3), *_played()[1:3]]
    memory.add(4, played[:2])
    memory.add(5, played[2:])
    again.load_state_dict(memory.state_dict())
    for each in (memory, again):
        assert each.take(4, 5) == played
        assert each.state_dict()["_extra_state"].numel() == 2, "and then it is empty"


def test_a_state_without_the_episodes_of_its_window_is_refused() -> None:
    memory = EpisodeMemory()
    memory.add(3, [])
    with pytest.raises(CheckpointMismatch, match="the batches 2 to 3.*got one without those of 2"):
        memory.take(2, 3)


def test_a_refit_that_is_no_number_stops_names_its_tasks_and_touches_nothing(pipeline: Pipeline, fits: Path) -> None:
    method, _ = _prepared("spa", pipeline, fits, refresh=1)
    before = _weights(method)
    batch = _batches(1)[0]
    task = batch.trajectories[0].task_id
    head: Any = method._estimator.head
    hook = head.out.weight.register_hook(lambda gradient: gradient * float("nan"))
    with pytest.raises(TrainingDiverged, match=f"estimator_gradient = nan in a batch of 4 episodes, tasks .*{task}"):
        method.credit(batch)
    assert _weights(method).equal(before)
    hook.remove()
    batch.trajectories[0] = replace(batch.trajectories[0], score=float("nan"))
    with pytest.raises(TrainingDiverged, match=f"estimator_loss = nan in a batch of 4 episodes, tasks .*{task}"):
        method.credit(batch)
    assert _weights(method).equal(before)
