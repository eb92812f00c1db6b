"""`stepagent-inverse`: rewards and loss by hand, and a discriminator that learns and is resumed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from spa_gym.baselines.methods.registry import make_method
from spa_gym.baselines.methods.stepagent_inverse import ExpertDiscriminator, discriminator_loss, step_rewards
from spa_gym.baselines.seam import Batch, Study
from spa_gym.baselines.training import train as train_module
from spa_gym.baselines.training.resume import Resumable
from spa_gym.baselines.training.train import train
from spa_gym.core.errors import BadArgument, TrainingDiverged
from spa_gym.core.trajectory import Trajectory
from tests.baselines.conftest import Pipeline
from tests.baselines.methods.toys import episode
from tests.baselines.tiny_runs import explored, ppo_config

LOGITS = np.array([math.log(3.0), -math.log(3.0), 9.0])
"""D = 3/4, 1/4, and one that is sure."""


def test_rewards_by_hand() -> None:
    log = math.log
    assert step_rewards(LOGITS, "log-d", 2.0) == pytest.approx([log(0.75), log(0.25), -math.log1p(math.exp(-2.0))])
    assert step_rewards(LOGITS, "gail", 2.0) == pytest.approx([-log(0.25), -log(0.75), math.log1p(math.exp(2.0))])
    assert step_rewards(LOGITS, "logit", 2.0) == pytest.approx([log(3.0), -log(3.0), 2.0])


class _Fixed(ExpertDiscriminator):
    """A discriminator that says what it is told."""

    seen: Any = None

    def _learn(self, played: Sequence[Trajectory], experts: Sequence[Trajectory], rng: Any) -> dict[str, float]:
        self.seen = (list(played), list(experts))
        return {}

    def contributions_of(self, played: Sequence[Trajectory]) -> list[np.ndarray]:
        assert self.seen is not None, "it learns first"
        return [LOGITS[: t.num_steps] for t in played]


def test_the_policys_steps_are_rewarded_after_learning_from_the_experts_of_the_same_tasks() -> None:
    from spa_gym.baselines.methods.experts import Experts

    experts = [replace(episode(1.0), task_id=task) for task in ("u", "t", "v")]
    method = _Fixed(reward="logit", bound=2.0)
    method._experts, method._discriminator = Experts(experts), method
    played = [episode(0.0), episode(1.0), replace(episode(0.0), task_id="u")]
    credit = method.credit(Batch(played))
    assert method.seen == (played, [experts[1], experts[0]])
    assert credit.rewards is not None and len(credit.rewards) == 3
    assert all(r == pytest.approx([math.log(3), -math.log(3), 2.0]) for r in credit.rewards)
    assert credit.figures["expert_like"] == pytest.approx(2 / 3)
    with pytest.raises(BadArgument, match="expert's episode of task w"):
        method.credit(Batch([replace(episode(0.0), task_id="w")]))


def test_loss_by_hand() -> None:
    logits = torch.tensor([[math.log(3.0), -math.log(3.0)], [math.log(3.0), 50.0]])
    steps = torch.tensor([[True, True], [True, False]])
    both = discriminator_loss(logits, torch.tensor([True, False]), steps)
    # 1/2 mean(-log 3/4, -log 1/4) + 1/2 (-log 1/4); the fourth place is no step.
    assert float(both) == pytest.approx(-(math.log(0.75) + math.log(0.25)) / 4 - math.log(0.25) / 2)
    policy = discriminator_loss(logits, torch.tensor([False, False]), steps)
    assert float(policy) == pytest.approx(-(2 * math.log(0.25) + math.log(0.75)) / 3 / 2)


def test_what_means_nothing_is_refused() -> None:
    for options in ({"reward": "airl"}, {"bound": 0.0}, {"lr": 0.0}, {"epochs": 0}, {"minibatch": 0}):
        with pytest.raises(BadArgument):
            make_method("stepagent-inverse", options)
    with pytest.raises(BadArgument, match="prepare"):
        ExpertDiscriminator().credit(Batch([episode(1.0)]))
    assert make_method("stepagent-inverse").needs.demonstrated


# -- a model that learns ----------------------------------------------------------------------------------------------

EXPERTS = [t for t in explored(3) if t.success]
PLAYED = [t for t in explored(3) if not t.success]


def _prepared(pipeline: Pipeline, out: Path) -> ExpertDiscriminator:
    method = ExpertDiscriminator(lr=3e-3, minibatch=6, epochs=4)
    study = Study(str(pipeline.start), "SPA-ALFWorld-v0", {}, out, 0, "cpu", EXPERTS)
    assert method.prepare(study) == 0
    return method


def test_the_discriminator_learns_to_tell_them_apart(pipeline: Pipeline, tmp_path: Path) -> None:
    method = _prepared(pipeline, tmp_path)
    credits = [method.credit(Batch(PLAYED, iteration=i)) for i in range(6)]
    losses = [credit.figures["discriminator_loss"] for credit in credits]
    assert losses[0] == pytest.approx(math.log(2), abs=0.1) and losses[-1] < 0.5 * losses[0]
    assert credits[-1].figures["discriminator_accuracy"] > 0.8 > 0.4 > credits[-1].figures["expert_like"]
    model: Any = method.modules()["discriminator"]
    own, theirs = (np.concatenate(model.contributions_of(ts)).mean() for ts in (PLAYED, EXPERTS))
    assert theirs > 0 > own
    rewards = credits[-1].rewards
    assert rewards is not None and [len(r) for r in rewards] == [t.num_steps for t in PLAYED]
    assert all((r < 0).all() for r in rewards), "log D is a cost"


@pytest.mark.parametrize("broken", ["loss", "gradient"])
def test_a_discriminator_that_is_no_number_stops_names_its_tasks_and_touches_nothing(
    broken: str, pipeline: Pipeline, tmp_path: Path
) -> None:
    method = _prepared(pipeline, tmp_path)
    model: Any = method.modules()["discriminator"]
    if broken == "loss":  # the gradient of an infinite loss may be finite, and then only the loss tells
        with torch.no_grad():
            model.head.out.bias.fill_(float("inf"))
    else:
        model.head.out.weight.register_hook(lambda gradient: gradient * float("nan"))
    before = [p.detach().clone() for p in model.parameters()]
    name = f"discriminator_{broken} = (nan|inf) in a batch of 6 episodes, tasks .*{PLAYED[0].task_id}"
    with pytest.raises(TrainingDiverged, match=name):
        method.credit(Batch(PLAYED))
    assert all(a.equal(b) for a, b in zip(before, model.parameters(), strict=True))


class _Stopped(Exception):
    """Stands for whatever ends a process."""


def test_a_training_goes_on_as_if_it_had_never_stopped(
    pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train_module, "demonstrations", lambda *_: EXPERTS)

    def config(out: str) -> Any:
        return ppo_config(pipeline.start, tmp_path / out, method="stepagent-inverse", env_steps=100, evaluate_tasks=1)

    whole = train(config("whole"))
    assert len(whole.curves["step"]) == 3 and whole.curves["discriminator_loss"][-1] is not None
    save = Resumable.save

    def saving(self: Resumable, position: dict[str, Any]) -> None:
        save(self, position)
        raise _Stopped

    with monkeypatch.context() as patch, pytest.raises(_Stopped):
        patch.setattr(Resumable, "save", saving)
        train(config("stopped"))
    record = train(config("stopped"))
    assert record.curves == whole.curves and record.env_steps == whole.env_steps
