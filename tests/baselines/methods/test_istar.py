"""`istar`: its advantages by hand, and a reward model that learns."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from spa_gym.baselines.learning.readings import ModelReadings
from spa_gym.baselines.methods.istar import ImplicitStepReward, ranked_pairs
from spa_gym.baselines.methods.registry import make_method
from spa_gym.baselines.models.checkpoint import load_checkpoint
from spa_gym.baselines.seam import Batch, Study
from spa_gym.baselines.train_config import TrainConfig
from spa_gym.baselines.training.resume import Resumable
from spa_gym.baselines.training.train import train
from spa_gym.core.errors import BadArgument, TrainingDiverged
from spa_gym.core.trajectory import Trajectory
from tests.baselines.conftest import Pipeline
from tests.baselines.methods.toys import ToyReadings, episode
from tests.baselines.tiny_runs import explored, ppo_config

POLICY = {"a0": (-1.0, -1.0), "a1": (-4.0,), "a2": (-1.0,), "b0": (-2.0,), "b1": (-1.0,), "b2": (-1.0, -1.0)}
MODEL = {"a0": (-0.5, -0.5), "a1": (-1.0,), "a2": (-2.0,), "b0": (-2.0,), "b1": (-3.0,), "b2": (-1.5, -1.5)}
"""Their log-ratios, summed over tokens: 1, 3, -1 and 0, -2, -1; mean 0, deviation sqrt(16 / 5)."""
BETTER, WORSE = episode(1.0), episode(0.0, actions=("b0", "b1", "b2"))


class _Fixed(ImplicitStepReward):
    """A reward model that is a table, and remembers when it would have learned."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._model, self.order = "model", []

    def _learn(self, batch: Batch) -> dict[str, float]:
        self.order.append("learned")
        return {"reward_pairs": 1.0}


class _Watched(ToyReadings):
    def __init__(self, order: list[str]) -> None:
        super().__init__({"policy": POLICY, "model": MODEL})
        self._order = order

    def logprobs(self, *args: Any, **more: Any) -> Any:
        self._order.append("read")
        return super().logprobs(*args, **more)


def _credit(**options: Any) -> list[np.ndarray]:
    method = _Fixed(**options)
    credit = method.credit(Batch([BETTER, WORSE], readings=_Watched(method.order)))
    assert credit.advantages is not None and credit.rewards is None and not credit.whiten
    return credit.advantages


def test_advantages_by_hand() -> None:
    half, deviation = math.sqrt(0.5), math.sqrt(16 / 5)
    better, worse = _credit()
    assert better == pytest.approx(half + np.array([1, 3, -1]) / deviation, rel=1e-4)
    assert worse == pytest.approx(-half + np.array([0, -2, -1]) / deviation, rel=1e-4)


def test_alpha_weighs_the_steps() -> None:
    half, deviation = math.sqrt(0.5), math.sqrt(16 / 5)
    assert _credit(alpha=0.0)[0] == pytest.approx([half] * 3, rel=1e-4)
    assert _credit(alpha=2.0)[1] == pytest.approx(-half + 2 * np.array([0, -2, -1]) / deviation, rel=1e-4)


def test_undivided_the_steps_have_betas_size() -> None:
    better, worse = _credit(scale="mean", beta=0.1)
    assert better == pytest.approx([0.6, 0.8, 0.4]) and worse == pytest.approx([-0.5, -0.7, -0.6])


@pytest.mark.parametrize(("update", "order"), [("before", ["learned", "read"]), ("after", ["read", "learned"])])
def test_the_reward_model_learns_before_or_after_it_rewards(update: str, order: list[str]) -> None:
    method = _Fixed(update=update)
    method.credit(Batch([BETTER, WORSE], readings=_Watched(method.order)))
    assert list(dict.fromkeys(method.order)) == order


def test_tasks_are_groups_of_their_own() -> None:
    """The same two episodes of another task, one of them twice: the first group's advantages stay as they were."""
    more = [episode(1.0, task="u"), episode(0.0, task="u", actions=("b0", "b1", "b2")), episode(0.0, task="u")]
    method = _Fixed()
    got = method.credit(Batch([more[0], BETTER, more[1], WORSE, more[2]], readings=_Watched([]))).advantages
    assert got is not None
    alone = _credit()
    assert got[1] == pytest.approx(alone[0]) and got[3] == pytest.approx(alone[1])
    assert got[0] != pytest.approx(alone[0], abs=1e-3)


def test_pairs_are_the_better_over_the_worse_of_a_task() -> None:
    played = [episode(score, task=task) for task, score in [("t", 1.0), ("t", 0.5), ("u", 0.0), ("t", 0.0), ("u", 0.0)]]
    pairs = ranked_pairs(played, random.Random(0))
    scores = sorted((p.chosen.trajectory.reward, p.rejected.trajectory.reward) for p in pairs)
    assert scores == [(0.5, 0.0), (1.0, 0.0), (1.0, 0.5)]
    assert all(p.chosen.first == 0 and p.chosen.end == 3 for p in pairs)


def test_disjoint_pairs_use_an_episode_once() -> None:
    played = [episode(float(i < 3), observations=(f"s{i}", "s1", "s2")) for i in range(7)]
    assert len(ranked_pairs(played, random.Random(0))) == 12
    drawn = set()
    for seed in range(20):
        pairs = ranked_pairs(played, random.Random(seed), each_once=True)
        used = [s.trajectory.steps[0].observation for p in pairs for s in (p.chosen, p.rejected)]
        assert len(pairs) == 3 and len(set(used)) == 6
        drawn.add(tuple(used))
    assert len(drawn) > 1


def test_what_means_nothing_is_refused() -> None:
    for options in ({"update": "never"}, {"pairs": "some"}, {"scale": "max"}, {"beta": 0.0}, {"lr": 0.0}):
        with pytest.raises(BadArgument):
            make_method("istar", options)
    for options in ({"alpha": -1.0}, {"epochs": 0}, {"minibatch": 1}, {"group": 1}):
        with pytest.raises(BadArgument):
            make_method("istar", options)
    with pytest.raises(BadArgument, match="prepare"):
        ImplicitStepReward().credit(Batch([BETTER, WORSE]))


# -- a model that learns ----------------------------------------------------------------------------------------------


def _prepared(pipeline: Pipeline, out: Path, **options: Any) -> tuple[ImplicitStepReward, Batch]:
    method = ImplicitStepReward(**{"lr": 3e-3, **options})
    assert method.prepare(Study(str(pipeline.start), "SPA-ALFWorld-v0", {}, out, 0, "cpu")) == 0
    loaded = load_checkpoint(pipeline.start)
    readings = ModelReadings(loaded.model, loaded.model, loaded.codec, torch.device("cpu"))
    return method, Batch(explored(3), readings=readings)


def _implicit(method: ImplicitStepReward, batch: Batch, trajectory: Trajectory) -> float:
    model, policy = method.modules()["reward_model"], batch.readings.policy
    above, below = (batch.readings.logprobs([trajectory], m)[0] for m in (model, policy))
    return float(sum(a.sum() - b.sum() for a, b in zip(above, below, strict=True)))


def test_the_gradient_reaches_the_reward_model(pipeline: Pipeline, tmp_path: Path) -> None:
    method, batch = _prepared(pipeline, tmp_path)
    before = [p.detach().clone() for p in method.modules()["reward_model"].parameters()]
    policy = [p.detach().clone() for p in batch.readings.policy.parameters()]
    assert all(_implicit(method, batch, t) == pytest.approx(0.0, abs=1e-6) for t in batch.trajectories)
    losses = []
    for iteration in range(4):
        batch.iteration = iteration
        figures = method.credit(batch).figures
        losses.append(figures["reward_dpo_loss"])
        assert figures["reward_pairs"] == 3.0 and figures["reward_grad_norm"] > 0
    assert not any(a.equal(b) for a, b in zip(before, method.modules()["reward_model"].parameters(), strict=True))
    assert all(a.equal(b) for a, b in zip(policy, batch.readings.policy.parameters(), strict=True))
    assert losses[-1] < losses[0] and losses[0] == pytest.approx(math.log(2), abs=0.02)
    solved = [_implicit(method, batch, t) for t in batch.trajectories if t.success]
    failed = [_implicit(method, batch, t) for t in batch.trajectories if not t.success]
    assert all(better > worse for better, worse in zip(solved, failed, strict=True))
    assert method.credit(batch).figures["reward_dpo_accuracy"] == 1.0


def test_the_implicit_reward_of_a_preferred_episode_rises(pipeline: Pipeline, tmp_path: Path) -> None:
    """The rejected ones are cut to a step: DPO may lower both sides of a pair where they have much in common."""
    method, batch = _prepared(pipeline, tmp_path, lr=3e-4)
    batch.trajectories = [t if t.success else replace(t, steps=t.steps[:1]) for t in batch.trajectories]
    reached = [0.0]
    for _ in range(3):
        method.credit(batch)
        reached.append(float(np.mean([_implicit(method, batch, t) for t in batch.trajectories if t.success])))
    assert reached == sorted(reached) and reached[-1] > 0.1


@pytest.mark.parametrize(("broken", "update"), [("dpo_loss", "before"), ("dpo_loss", "after"), ("grad_norm", "before")])
def test_a_reward_model_that_is_no_number_stops_names_its_tasks_and_touches_nothing(
    broken: str, update: str, pipeline: Pipeline, tmp_path: Path
) -> None:
    method, batch = _prepared(pipeline, tmp_path, update=update)
    model: Any = method.modules()["reward_model"]
    if broken == "dpo_loss":
        with torch.no_grad():
            model.get_input_embeddings().weight.fill_(float("nan"))
    else:
        model.get_input_embeddings().weight.register_hook(lambda gradient: gradient * float("nan"))
    before = [p.detach().clone() for p in model.parameters()]
    with pytest.raises(
        TrainingDiverged, match=rf"{broken} = nan.* in a batch of \d episodes, tasks .*{batch.trajectories[0].task_id}"
    ):
        method.credit(batch)
    assert all(a.allclose(b, equal_nan=True) for a, b in zip(before, model.parameters(), strict=True))


def test_after_rewards_with_the_model_as_it_was(pipeline: Pipeline, tmp_path: Path) -> None:
    method, batch = _prepared(pipeline, tmp_path, update="after")
    assert method.credit(batch).figures["step_reward_deviation"] == 0.0
    assert method.credit(batch).figures["step_reward_deviation"] > 0.0


def test_a_batch_without_pairs_teaches_nothing(pipeline: Pipeline, tmp_path: Path) -> None:
    method, batch = _prepared(pipeline, tmp_path)
    batch.trajectories = [t for t in explored(1) if not t.success] * 2
    before = [p.detach().clone() for p in method.modules()["reward_model"].parameters()]
    assert method.credit(batch).figures["reward_pairs"] == 0.0
    assert all(a.equal(b) for a, b in zip(before, method.modules()["reward_model"].parameters(), strict=True))


def test_model_and_moments_are_part_of_the_state(pipeline: Pipeline, tmp_path: Path) -> None:
    """Two batches in a row, and the same with a new method in between that takes the state over."""
    method, batch = _prepared(pipeline, tmp_path)
    method.credit(batch)
    Resumable(tmp_path, {}, method.modules(), method.optimizers()).save({})
    taken, _ = _prepared(pipeline, tmp_path)
    assert Resumable(tmp_path, {}, taken.modules(), taken.optimizers()).load() == {}
    batch.iteration = 1
    going_on, taken_over = (m.credit(batch).advantages for m in (method, taken))
    assert going_on is not None and taken_over is not None
    assert all(a.tolist() == b.tolist() for a, b in zip(going_on, taken_over, strict=True))


def test_the_rate_is_twice_the_policys(pipeline: Pipeline, tmp_path: Path) -> None:
    study = Study(str(pipeline.start), "SPA-ALFWorld-v0", {}, tmp_path, 0, "cpu", training=TrainConfig(lr=3e-4))
    method = ImplicitStepReward()
    method.prepare(study)
    assert method.optimizers()["reward_model"].optimizers[0].param_groups[0]["lr"] == pytest.approx(6e-4)
    with pytest.raises(BadArgument, match="lr="):
        ImplicitStepReward().prepare(Study(str(pipeline.start), "SPA-ALFWorld-v0", {}, tmp_path, 0, "cpu"))


def test_a_training_with_it(pipeline: Pipeline, tmp_path: Path) -> None:
    config = ppo_config(pipeline.start, tmp_path, method="istar", options={"group": 3}, entropy=0.01)
    record = train(config)
    assert record.method == "istar" and record.updates == 4 and record.curves["reward_pairs"] == [0.0, 0.0]
