"""The critic's head, fitted to a batch's hidden states: what it learns, and what its targets are."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
import torch

from spa_gym.baselines.learning import batch as batch_module
from spa_gym.baselines.learning.batch import Critic, Episode
from spa_gym.baselines.learning.critic_fit import fit_critic
from spa_gym.baselines.models.optimizers import Optimizers, adamw
from spa_gym.baselines.models.tokens import EncodedTrajectory
from spa_gym.baselines.seam import Credit
from spa_gym.baselines.train_config import TrainConfig
from spa_gym.baselines.training.train import train
from spa_gym.core.errors import BadArgument, TrainingDiverged
from tests.baselines.conftest import Pipeline
from tests.baselines.tiny_runs import ppo_config


def _episode(states: torch.Tensor, returns: torch.Tensor) -> Episode:
    empty = torch.zeros(0)
    return Episode("t", EncodedTrajectory([], [], [], []), empty, empty, empty, empty, empty, states, returns)


def test_a_head_learns_returns_that_its_states_tell() -> None:
    states = torch.randn(600, 8, generator=torch.Generator().manual_seed(0))
    returns = (states[:, 0] > 0).float()
    episodes = [_episode(states[:300], returns[:300]), _episode(states[300:], returns[300:])]
    critic = Critic(8, 0)
    optimizer = Optimizers([adamw(critic.parameters(), 1e-2)])

    def fit(critic: Critic, optimizer: Optimizers, epochs: int) -> float:
        return fit_critic(critic, episodes, optimizer, epochs=epochs, rng=random.Random(0), minibatch=32)

    assert fit(critic, optimizer, 0) == pytest.approx(0.0, abs=1e-6)
    assert fit(critic, optimizer, 60) > 0.6
    again = Critic(8, 0)
    fit(again, Optimizers([adamw(again.parameters(), 1e-2)]), 60)
    assert all(a.equal(b) for a, b in zip(critic.parameters(), again.parameters(), strict=True))


@pytest.mark.parametrize("broken", ["states", "returns"])
def test_a_fit_that_is_no_number_stops_names_its_tasks_and_touches_nothing(broken: str) -> None:
    critic = Critic(8, 0)
    optimizer = Optimizers([adamw(critic.parameters(), 1e-2)])
    states, returns = torch.ones(4, 8), torch.ones(4)
    {"states": states, "returns": returns}[broken][2] = float("inf")
    before = [p.detach().clone() for p in critic.parameters()]
    with pytest.raises(TrainingDiverged, match=r"critic_fit_loss = (nan|inf) in a batch of 1 episodes, tasks t\."):
        fit_critic(critic, [_episode(states, returns)], optimizer, epochs=1, rng=random.Random(0), minibatch=1)
    assert all(a.equal(b) for a, b in zip(before, critic.parameters(), strict=True))


def test_a_gradient_that_is_no_number_is_not_passed_over() -> None:
    """The loss is finite, and the step is left out: nobody would see that the critic has stopped learning."""
    critic = Critic(8, 0)
    optimizer = Optimizers([adamw(critic.parameters(), 1e-2)])
    critic.head.out.weight.register_hook(lambda gradient: gradient * float("nan"))
    episodes = [_episode(torch.ones(4, 8), torch.ones(4))]
    with pytest.raises(TrainingDiverged, match="critic_fit_gradient = nan in a batch"):
        fit_critic(critic, episodes, optimizer, epochs=1, rng=random.Random(0), minibatch=1)


def test_a_single_token_has_no_variance_and_is_no_fault() -> None:
    critic = Critic(8, 0)
    optimizer = Optimizers([adamw(critic.parameters(), 1e-2)])
    episodes = [_episode(torch.ones(1, 8), torch.ones(1))]
    fit = fit_critic(critic, episodes, optimizer, epochs=1, rng=random.Random(0), minibatch=1)
    assert fit != fit


@pytest.mark.parametrize(("minibatch", "updates"), [(1, 8), (32, 8), (64, 4), (128, 2)])
def test_large_minibatches_make_no_more_updates(minibatch: int, updates: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """4,096 action tokens: 512 an update at least, and 16 for each episode of a minibatch."""
    critic, taken = Critic(8, 0), []
    optimizer = Optimizers([adamw(critic.parameters(), 1e-2)])
    monkeypatch.setattr(optimizer, "step", lambda: float(bool(taken.append(1))))
    episodes = [_episode(torch.zeros(4096, 8), torch.zeros(4096))]
    fit_critic(critic, episodes, optimizer, epochs=1, rng=random.Random(0), minibatch=minibatch)
    assert len(taken) == updates


def test_the_targets_are_discounted_rewards_whatever_lambda() -> None:
    config = TrainConfig(gamma=0.5, lam=0.0)
    credit = Credit(rewards=[np.array([1.0, 0.0, 4.0])])
    # Steps of 2, 1 and 2 tokens: 1 + 0.5 * 0 + 0.25 * 4 = 2, then 2, then 4; two tokens of an action share theirs.
    assert batch_module._returns(0, credit, [2, 1, 2], [9, 9, 9], 0.0, config).tolist() == [2.0, 2.0, 2.0, 4.0, 4.0]
    assert batch_module._returns(0, credit, [2, 1, 2], [9, 9, 9], 8.0, config).tolist() == [3.0, 3.0, 4.0, 8.0, 8.0]
    tokens = Credit(rewards=[np.array([0.0, 4.0])], over="tokens")
    assert batch_module._returns(0, tokens, [1, 2], [9, 9], 0.0, config).tolist() == [1.0, 2.0, 4.0]


def test_a_training_fits_its_critic_and_shows_how_well(pipeline: Pipeline, tmp_path: Path) -> None:
    record = train(ppo_config(pipeline.start, tmp_path, critic_epochs=2))
    assert all(value is not None and value <= 1.0 for value in record.curves["critic_fit"])


def test_only_a_head_is_fitted() -> None:
    with pytest.raises(BadArgument, match="critic_epochs"):
        TrainConfig(critic="model", critic_epochs=1)
