"""From credit to token advantages, and what an update does to the probabilities."""

from __future__ import annotations

import copy
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from spa_gym.baselines.learning.batch import Critic, prepare, token_advantages
from spa_gym.baselines.learning.updates import update
from spa_gym.baselines.models.checkpoint import load_checkpoint
from spa_gym.baselines.models.optimizers import Optimizers, adamw
from spa_gym.baselines.models.tokens import encode
from spa_gym.baselines.seam import Credit
from spa_gym.baselines.training.train import TrainConfig
from spa_gym.core.trajectory import Trajectory
from tests.baselines.conftest import Pipeline
from tests.baselines.tiny_runs import explored

CPU = torch.device("cpu")
CONFIG = TrainConfig(gamma=0.9, lam=0.8)


def test_tokens_of_an_action_share_the_advantage_of_their_step() -> None:
    """Two steps of three and two tokens; the values that count are those before tokens 0 and 3."""
    credit = Credit(rewards=[np.array([9.0]), np.array([1.0, 2.0])])
    values = np.array([0.5, 7.0, 7.0, -1.0, 7.0])
    advantages, targets = token_advantages(1, credit, [3, 2], [9, 9], values, 0.0, CONFIG)
    # deltas: 1 - 0.9 - 0.5 = -0.4;  2 + 1 = 3;  sums: 3;  -0.4 + 0.72 * 3 = 1.76
    assert advantages == pytest.approx([1.76, 1.76, 1.76, 3.0, 3.0])
    assert targets == pytest.approx([2.26, 2.26, 2.26, 2.0, 2.0])


def test_a_cut_episode_goes_on_with_the_value_after_it() -> None:
    credit = Credit(rewards=[np.array([1.0])])
    advantages, _ = token_advantages(0, credit, [2], [9], np.array([0.5, 0.0]), 10.0, CONFIG)
    assert advantages == pytest.approx([1 + 9 - 0.5] * 2)


def test_over_tokens_each_token_has_an_advantage_of_its_own() -> None:
    config = replace(CONFIG, gae_over="tokens")
    credit = Credit(rewards=[np.array([1.0, 2.0])])
    advantages, targets = token_advantages(0, credit, [2, 1], [9, 9], np.array([0.5, 1.0, -1.0]), 0.0, config)
    assert advantages == pytest.approx([1.3072, 1.26, 3.0])
    assert targets == pytest.approx([1.8072, 2.26, 2.0])


def test_over_the_sequence_the_tokens_between_actions_count_too() -> None:
    credit = Credit(rewards=[np.array([1.0, 2.0])], over="sequence")
    advantages, targets = token_advantages(0, credit, [2, 1], [9, 2], np.array([0.5, 1.0, -1.0]), 0.0, CONFIG)
    assert advantages == pytest.approx([0.87029248, 0.653184, 3.0])
    assert targets == pytest.approx([1.37029248, 1.653184, 2.0])


def test_advantages_of_a_method_are_taken_as_they_are() -> None:
    credit = Credit(advantages=[np.array([1.0, -1.0])])
    advantages, targets = token_advantages(0, credit, [1, 3], [9, 9], np.array([0.1, 0.2, 0.3, 0.4]), 5.0, CONFIG)
    assert advantages.tolist() == [1.0, -1.0, -1.0, -1.0] and targets.tolist() == [0.1, 0.2, 0.3, 0.4]


class _World:
    """Policy, critic and four played episodes."""

    def __init__(self, start: Path, critic: str) -> None:
        loaded = load_checkpoint(start)
        self.policy, self.codec = loaded.model, loaded.codec
        self.reference = copy.deepcopy(self.policy)
        body = copy.deepcopy(self.policy) if critic == "model" else None
        self.critic = Critic(self.policy.config.hidden_size, 0, body)
        self.played: list[Trajectory] = explored(2)

    def prepare(self, credit: Credit, config: TrainConfig = CONFIG) -> list:
        return prepare(
            self.played, credit, self.policy, self.reference, self.critic, self.codec, replace(config, minibatch=3), CPU
        )


@pytest.fixture(params=["head", "model"])
def world(pipeline: Pipeline, request: pytest.FixtureRequest) -> _World:
    return _World(pipeline.start, request.param)


def test_a_batch_is_normalised_over_its_tokens(world: _World) -> None:
    credit = Credit(rewards=[np.array([step.reward for step in t.steps]) for t in world.played])
    episodes = world.prepare(credit)
    flat = torch.cat([e.advantages for e in episodes])
    assert float(flat.mean()) == pytest.approx(0.0, abs=1e-5) and float(flat.std(correction=0)) == pytest.approx(
        1.0, abs=1e-4
    )
    for episode, trajectory in zip(episodes, world.played, strict=True):
        tokens = sum(episode.encoded.action_mask)
        assert episode.encoded.ids == encode(trajectory, world.codec).ids
        assert {
            len(x) for x in (episode.old, episode.reference, episode.values, episode.advantages, episode.targets)
        } == {tokens}
        assert episode.old.equal(episode.reference) and bool((episode.old < 0).all())
        assert episode.values.abs().max() == 0.0, "a fresh critic has no opinion"
    # Without values and with gamma lambda = 0.72 an earlier step of a solved task is worth less than a later one.
    solved = episodes[0]
    assert bool((solved.advantages.diff() >= -1e-6).all()) and solved.targets[-1] == pytest.approx(1.0)


def test_an_episode_that_does_not_teach_has_no_part_in_the_whitening(world: _World) -> None:
    advantages = [np.arange(t.num_steps, dtype=np.float64) for t in world.played]
    teaches = [True, False, *[True] * (len(world.played) - 2)]
    some = world.prepare(Credit(advantages=advantages, whiten=True, teaches=teaches))
    assert not some[1].advantages.any() and len(some[1].advantages) == len(some[1].old)
    flat = torch.cat([e.advantages for e, taught in zip(some, teaches, strict=True) if taught])
    assert float(flat.mean()) == pytest.approx(0.0, abs=1e-5) and float(flat.std(correction=0)) == pytest.approx(
        1.0, abs=1e-4
    )
    paid = world.prepare(Credit(rewards=advantages, teaches=teaches))
    assert not paid[1].advantages.any() and paid[0].advantages.any()


@pytest.mark.parametrize("teaches", [None, [True], [False]])
def test_one_token_that_the_policy_chose_has_advantage_0(world: _World, teaches: list[bool] | None) -> None:
    first = world.played[0]
    one = replace(first.steps[0], action_ids=(world.codec.eoa_id,))
    world.played = [replace(first, steps=(one,), final_observation="")]
    for credit in (
        Credit(rewards=[np.array([1.0])], teaches=teaches),
        Credit(advantages=[np.array([1.0])], whiten=True, teaches=teaches),
    ):
        (episode,) = world.prepare(credit)
        assert episode.advantages.tolist() == [0.0]


def test_the_value_after_a_cut_episode_is_that_before_the_action_that_would_follow(world: _World) -> None:
    with torch.no_grad():
        for parameter in world.critic.head.parameters():
            parameter.normal_(generator=torch.Generator().manual_seed(0))
    whole = world.played[1]
    cut = replace(whole, steps=whole.steps[:4], final_observation=whole.steps[4].observation, truncated=True)
    rewards = [np.zeros(whole.num_steps), np.zeros(4)]
    world.played = [whole, cut]
    config = TrainConfig(gamma=1.0, lam=1.0, bootstrap_truncated=True)
    longer, shorter = world.prepare(Credit(rewards=rewards), config)
    first = sum(
        sum(longer.encoded.action_mask[a : b + 1])
        for a, b in zip(longer.encoded.step_starts[:4], longer.encoded.step_ends[:4], strict=True)
    )
    # With gamma = lambda = 1 and no rewards every target is the value at the end.
    assert shorter.targets.std() < 1e-5
    assert float(shorter.targets[0]) == pytest.approx(float(longer.values[first]), abs=0.05)
    assert float(shorter.targets[0]) != pytest.approx(float(shorter.values[-1]), abs=1e-3)
    plain = world.prepare(Credit(rewards=rewards), replace(config, bootstrap_truncated=False))
    assert plain[1].targets.abs().max() < 1e-5


def _after(world: _World, credit: Credit, **changes: float | bool) -> tuple[list, list, dict[str, float]]:
    """Log-probabilities before and after five updates."""
    learn = bool(changes.pop("learn", True))
    config = replace(TrainConfig(lr=3e-3, epochs=5, minibatch=4, kl=0.0), **changes)  # type: ignore[arg-type]
    before = world.prepare(credit, config)
    optimizers = [Optimizers([adamw(m.parameters(), config.lr)]) for m in (world.policy, world.critic)]
    figures = update(
        before, world.policy, world.critic, *optimizers, world.codec, config, random.Random(0), CPU, learn_policy=learn
    )
    return before, world.prepare(credit, config), figures


def test_what_was_good_becomes_likelier_and_what_was_bad_less(world: _World) -> None:
    credit = Credit(advantages=[np.full(t.num_steps, 1.0 if t.success else -1.0) for t in world.played])
    before, after, figures = _after(world, credit)
    for trajectory, old, new in zip(world.played, before, after, strict=True):
        moved = float((new.old - old.old).mean())
        assert moved > 0.02 if trajectory.success else moved < -0.02
    assert figures["updates"] == 5 and figures["grad_norm"] > 0 and figures["kl"] > 0
    assert all(new.reference.equal(old.reference) for old, new in zip(before, after, strict=True))


def test_the_critic_learns_the_targets_and_alone_while_it_warms_up(world: _World) -> None:
    credit = Credit(rewards=[np.array([step.reward for step in t.steps]) for t in world.played])
    before, after, figures = _after(world, credit, learn=False, value_clip=10.0)
    assert figures["grad_norm"] == 0.0 and figures["kl"] == 0.0
    assert all(p.grad is None for p in world.policy.parameters()), "no gradient of the critic reaches the policy"
    assert all(new.old.equal(old.old) for old, new in zip(before, after, strict=True))
    errors = [
        float(torch.cat([(e.targets - x.values) ** 2 for e, x in zip(before, values, strict=True)]).mean())
        for values in (before, after)
    ]
    assert errors[1] < 0.8 * errors[0]


def test_the_entropy_bonus_raises_entropy(world: _World) -> None:
    credit = Credit(advantages=[np.zeros(t.num_steps) for t in world.played])
    _, _, first = _after(world, credit, entropy=0.0)
    _, _, raised = _after(world, credit, entropy=1.0, epochs=5)
    assert raised["entropy"] > first["entropy"]
