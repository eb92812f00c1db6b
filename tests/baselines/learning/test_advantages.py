"""Advantages and losses against numbers worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spa_gym.baselines.learning.advantages import (
    explained_variance,
    gae,
    gae_over_sequence,
    whiten,
)
from spa_gym.baselines.learning.losses import clipped_policy_loss, clipped_value_loss, kl_estimate

HALF = {"gamma": 0.9, "lam": 0.8}  # gamma * lambda = 0.72


def test_gae_of_an_episode_that_ends() -> None:
    # deltas: 1 + 0.9 * 1 - 0.5 = 1.4;  0 - 0.9 - 1 = -1.9;  2 + 1 = 3
    # sums:   3;  -1.9 + 0.72 * 3 = 0.26;  1.4 + 0.72 * 0.26 = 1.5872
    assert gae([1, 0, 2], [0.5, 1.0, -1.0], **HALF) == pytest.approx([1.5872, 0.26, 3.0])


def test_gae_of_an_episode_that_was_cut() -> None:
    # the last delta is 2 + 0.9 * 10 + 1 = 12;  -1.9 + 0.72 * 12 = 6.74;  1.4 + 0.72 * 6.74 = 6.2528
    assert gae([1, 0, 2], [0.5, 1.0, -1.0], **HALF, bootstrap=10.0) == pytest.approx([6.2528, 6.74, 12.0])


def test_gae_over_tokens_pays_a_step_with_its_last_token() -> None:
    # rewards of the tokens: 0, 1, 2; deltas: 0.9 - 0.5 = 0.4;  1 - 0.9 - 1 = -0.9;  3
    # sums: 3;  -0.9 + 2.16 = 1.26;  0.4 + 0.72 * 1.26 = 1.3072
    assert gae_over_sequence([1, 2], [2, 1], [0, 0], [0.5, 1.0, -1.0], **HALF) == pytest.approx([1.3072, 1.26, 3.0])
    # cut: the last delta is 12;  -0.9 + 8.64 = 7.74;  0.4 + 5.5728 = 5.9728
    cut = gae_over_sequence([1, 2], [2, 1], [0, 0], [0.5, 1.0, -1.0], **HALF, bootstrap=10.0)
    assert cut == pytest.approx([5.9728, 7.74, 12.0])


def test_gae_over_tokens_of_one_token_each_is_gae_over_steps() -> None:
    rewards, values = [0.3, -1.0, 2.0], [0.1, 0.2, 0.3]
    found = gae_over_sequence(rewards, [1, 1, 1], [0, 0, 0], values, **HALF)
    assert found == pytest.approx(gae(rewards, values, **HALF))


def test_gae_over_the_sequence_passes_through_the_tokens_of_observations() -> None:
    """Two actions of two and one tokens, with two of an observation between: the sequence is a a o o a."""
    # rewards 0 1 0 0 2, values 0.5 1 0 0 -1; deltas: 0.9 - 0.5;  1 - 1;  0;  0.9 * -1;  2 + 1
    # sums: 3;  -0.9 + 2.16 = 1.26;  0.72 * 1.26 = 0.9072;  0.72 * 0.9072 = 0.653184;  0.4 + 0.72 * 0.653184
    found = gae_over_sequence([1, 2], [2, 1], [9, 2], [0.5, 1.0, -1.0], **HALF)
    assert found == pytest.approx([0.87029248, 0.653184, 3.0])
    cut = gae_over_sequence([1, 2], [2, 1], [9, 2], [0.5, 1.0, -1.0], **HALF, bootstrap=10.0)
    assert cut[-1] == pytest.approx(12.0)


def test_the_figures_of_the_released_codes_reading() -> None:
    """Values 0, rewards of 1, six actions of 30 tokens with 80 between: each first token gets 0.169 of its own step."""
    found = gae_over_sequence([1.0] * 6, [30] * 6, [80] * 6, np.zeros(180), gamma=0.99, lam=0.95)
    assert found[::30] == pytest.approx([0.17] * 6, abs=0.005)
    times = gae_over_sequence([5.0, 4, 3, 2, 1, 0], [30] * 6, [80] * 6, np.zeros(180), gamma=0.99, lam=0.95)
    assert times[::30] == pytest.approx([0.85, 0.68, 0.51, 0.34, 0.17, 0.0], abs=0.006)


def test_gae_with_lambda_1_is_return_minus_value_and_with_lambda_0_one_step() -> None:
    rewards, values = np.array([1.0, 2.0, 3.0]), np.array([0.5, -0.5, 4.0])
    assert gae(rewards, values, gamma=1.0, lam=1.0) == pytest.approx(np.array([6.0, 5.0, 3.0]) - values)
    assert gae(rewards, values, gamma=0.5, lam=0.0) == pytest.approx([1 - 0.25 - 0.5, 2 + 2 + 0.5, 3 - 4])


def test_whiten() -> None:
    assert whiten(np.array([1.0, 2.0, 3.0])) == pytest.approx([-math.sqrt(1.5), 0.0, math.sqrt(1.5)])
    assert whiten(np.array([2.0, 2.0])).tolist() == [0.0, 0.0]


NUMBERS = st.floats(-(2.0**100), 2.0**100, width=32)


@given(st.lists(NUMBERS, max_size=40) | st.builds(lambda x, n: [x] * n, NUMBERS, st.integers(0, 40)))
def test_whiten_has_no_nan_whatever_the_size(numbers: list[float]) -> None:
    found = whiten(np.array(numbers))
    assert len(found) == len(numbers) and np.isfinite(found).all()
    assert np.abs(found).max(initial=0.0) <= len(found)
    assert len(set(numbers)) > 1 or not found.any()


def test_explained_variance() -> None:
    assert explained_variance([1, 2, 3], [1, 2, 3]) == 1.0
    assert explained_variance([2, 2, 2], [1, 2, 3]) == 0.0
    assert explained_variance([0, 2, 4], [1, 2, 3]) == 0.0  # errors 1, 0, -1: as large a variance as the targets'
    assert explained_variance([3, 2, 1], [1, 2, 3]) == pytest.approx(-3.0)
    assert math.isnan(explained_variance([1, 2], [5, 5]))


@pytest.mark.parametrize(
    ("ratio", "advantage", "loss", "clipped"),
    [
        (1.0, 2.0, -2.0, 0.0),
        (1.5, 2.0, -2.4, 1.0),  # min(3.0, 1.2 * 2)
        (1.5, -1.0, 1.5, 1.0),  # min(-1.5, -1.2): a bad action that became likelier is not forgiven
        (0.5, 1.0, -0.5, 1.0),
        (0.5, -1.0, 0.8, 1.0),  # min(-0.5, -0.8)
        (1.1, 1.0, -1.1, 0.0),
    ],
)
def test_clipped_policy_loss(ratio: float, advantage: float, loss: float, clipped: float) -> None:
    old = torch.tensor([-2.0])
    got = clipped_policy_loss(old + math.log(ratio), old, torch.tensor([advantage]), clip=0.2)
    assert [float(x) for x in got] == pytest.approx([loss, clipped])


def test_clipped_policy_loss_is_a_mean_and_has_no_slope_beyond_the_clip() -> None:
    old = torch.zeros(4)
    new = torch.tensor([math.log(1.5), math.log(1.5), math.log(0.5), 0.0], requires_grad=True)
    loss, share = clipped_policy_loss(new, old, torch.tensor([1.0, -1.0, 1.0, 3.0]), clip=0.2)
    assert loss.item() == pytest.approx(-(1.2 - 1.5 + 0.5 + 3.0) / 4) and float(share) == 0.75
    loss.backward()
    assert new.grad is not None
    assert new.grad.tolist() == pytest.approx([0.0, 1.5 / 4, -0.5 / 4, -3.0 / 4])


@pytest.mark.parametrize(
    ("value", "loss"),
    [
        (0.3, 0.245),  # within the clip: 0.7 ** 2 / 2
        (2.0, 0.5),  # 1 ** 2 against (0.5 - 1) ** 2: the larger
        (0.9, 0.125),  # 0.1 ** 2 against 0.5 ** 2: the larger, without a slope
        (-1.0, 2.0),
    ],
)
def test_clipped_value_loss(value: float, loss: float) -> None:
    got = clipped_value_loss(torch.tensor([value]), torch.tensor([0.0]), torch.tensor([1.0]), clip=0.5)
    assert float(got) == pytest.approx(loss)


def test_kl_estimate_of_one_token() -> None:
    got = kl_estimate(torch.tensor([math.log(0.5)]), torch.tensor([math.log(0.25)]))
    assert float(got) == pytest.approx(0.5 - 1 - math.log(0.5))
    assert float(kl_estimate(torch.tensor([-1.3]), torch.tensor([-1.3]))) == 0.0


def test_kl_estimate_is_unbiased_and_never_negative() -> None:
    p, q = torch.tensor([0.7, 0.2, 0.1]), torch.tensor([0.3, 0.3, 0.4])
    each = torch.stack([kl_estimate(p[i : i + 1].log(), q[i : i + 1].log()) for i in range(3)])
    assert float((p * each).sum()) == pytest.approx(float((p * (p / q).log()).sum()))
    assert bool((each >= 0).all())


@given(st.lists(st.floats(-19.875, 19.875, width=32), min_size=1, max_size=8))
def test_ordinary_ratios_are_those_of_the_plain_formulas_to_the_bit(differences: list[float]) -> None:
    def both(old_way: bool) -> list[torch.Tensor]:
        x = torch.tensor(differences, requires_grad=True)
        zero, advantages = torch.zeros(len(x)), torch.linspace(-2, 3, len(x))
        if old_way:
            ratio, d = torch.exp(x - zero), zero - x
            policy = -torch.minimum(ratio * advantages, ratio.clamp(0.8, 1.2) * advantages).mean()
            kl = (torch.exp(d) - 1.0 - d).mean()
        else:
            policy, kl = clipped_policy_loss(x, zero, advantages, clip=0.2)[0], kl_estimate(x, zero)
        return [policy, kl, *torch.autograd.grad(policy, x, retain_graph=True), *torch.autograd.grad(kl, x)]

    for new, old in zip(both(False), both(True), strict=True):
        assert torch.equal(new, old)


@given(st.floats(-1e4, 1e4, width=32), st.floats(-5, 5, width=32))
def test_losses_and_their_slopes_are_finite_however_far_two_policies_are_apart(far: float, advantage: float) -> None:
    x = torch.tensor([far, -1.0], requires_grad=True)
    other = torch.tensor([0.0, -1.5])
    loss, share = clipped_policy_loss(x, other, torch.tensor([advantage, 1.0]), clip=0.2)
    kl = kl_estimate(x, other)
    for value in (loss, share, kl, *torch.autograd.grad(loss + kl, x)):
        assert bool(value.isfinite().all())
    assert kl.item() >= -1e-6


@pytest.mark.parametrize("far", [-200.0, -21.0, 21.0, 200.0])
def test_the_divergence_pulls_back_from_any_distance(far: float) -> None:
    x = torch.tensor([far], requires_grad=True)
    (slope,) = torch.autograd.grad(kl_estimate(x, torch.zeros(1)), x)
    assert float(slope) * far > 0


def test_a_bad_action_that_became_far_likelier_still_has_a_slope() -> None:
    x = torch.tensor([50.0], requires_grad=True)
    (slope,) = torch.autograd.grad(clipped_policy_loss(x, torch.zeros(1), torch.tensor([-1.0]), clip=0.2)[0], x)
    assert float(slope) > 0
