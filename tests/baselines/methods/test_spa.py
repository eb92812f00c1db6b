"""`spa`, by hand: contributions 0.2, 0.1, 0.6 of a solved episode whose second action failed; -0.1, 0.3 of another."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from spa_gym.baselines.methods.registry import make_method
from spa_gym.baselines.methods.spa import StepwiseProgress, grounding_term, penalty_form
from spa_gym.core.errors import BadArgument
from tests.baselines.methods.estimators import CONTRIBUTIONS, credit_of
from tests.baselines.methods.toys import episode


def _rewards(method: StepwiseProgress) -> list[list[float]]:
    return credit_of(method)[0]


def _close(first: list[float], second: list[float]) -> Any:
    return [pytest.approx(first), pytest.approx(second)]


def test_it_pays_contribution_and_half_for_what_is_executed() -> None:
    assert _rewards(StepwiseProgress()) == _close([0.7, 0.1, 1.1], [-0.1, 0.8])


def test_penalty_takes_half_for_what_is_not_executed() -> None:
    assert _rewards(penalty_form()) == _close([0.2, -0.4, 0.6], [-0.6, 0.3])
    assert penalty_form().name == "spa-penalty" and penalty_form(beta=0.1).beta == 0.1


def test_it_weighs_by_alpha_and_beta() -> None:
    assert _rewards(StepwiseProgress(alpha=2.0, beta=0.0)) == _close([0.4, 0.2, 1.2], [-0.2, 0.6])
    assert _rewards(StepwiseProgress(alpha=0.0, beta=3.0, grounding="penalty")) == [[0.0, -3.0, 0.0], [-3.0, 0.0]]


def test_paper_and_penalty_differ_by_a_constant_for_each_step() -> None:
    for a, b in zip(_rewards(StepwiseProgress()), _rewards(penalty_form()), strict=True):
        assert np.array(a) - np.array(b) == pytest.approx(np.full(len(a), 0.5))


def test_potential_takes_gamma_for_a_failure_and_gives_1_back() -> None:
    """Phi is 0, -1, and 0 at the end: gamma * 0 - 0, gamma * -1 - 0, 0 + 1. Then -1 and 0: gamma * -1, 0 + 1."""
    method = StepwiseProgress(alpha=0.0, beta=1.0, grounding="potential", gamma=0.9)
    assert _rewards(method) == _close([0.0, -0.9, 1.0], [-0.9, 1.0])
    method = StepwiseProgress(beta=0.5, grounding="potential", gamma=0.9)
    assert _rewards(method) == _close([0.2, 0.1 - 0.45, 0.6 + 0.5], [-0.1 - 0.45, 0.3 + 0.5])


@pytest.mark.parametrize("gamma", [1.0, 0.99, 0.5])
def test_potential_leaves_every_discounted_return_alone(gamma: float) -> None:
    for number in range(16):
        executed = [bool(number >> k & 1) for k in range(4)]
        played = episode(0.0, observations="abcd", actions="abcd", grounded=executed)
        terms = grounding_term(played, "potential", gamma)
        assert float(terms @ gamma ** np.arange(4)) == pytest.approx(0.0, abs=1e-12), executed
        if all(executed):
            assert not terms.any()
    assert grounding_term(episode(0.0, observations="a", actions="a", grounded=[False]), "potential", gamma) == [0.0]


def test_potential_needs_a_discount() -> None:
    with pytest.raises(BadArgument, match="a discount for the potential form"):
        credit_of(StepwiseProgress(grounding="potential"))


def test_residual_pays_what_the_weighted_contributions_miss_on_the_last_step() -> None:
    """0.9 of 1 and 0.2 of 0 are said: 0.1 and -0.2 are missing; at alpha = 2, -0.8 and -0.4."""
    assert _rewards(StepwiseProgress(beta=0.0, residual=True)) == _close([0.2, 0.1, 0.7], [-0.1, 0.1])
    assert _rewards(StepwiseProgress(alpha=2.0, beta=0.0, residual=True)) == _close([0.4, 0.2, 0.4], [-0.2, 0.2])
    assert _rewards(StepwiseProgress(alpha=0.0, beta=0.0, residual=True)) == _close([0.0, 0.0, 1.0], [0.0, 0.0])
    with_grounding = StepwiseProgress(residual=True)
    assert _rewards(with_grounding) == _close([0.7, 0.1, 1.2], [-0.1, 0.6])


def test_the_sum_error_is_that_of_the_estimator() -> None:
    for method in (StepwiseProgress(), StepwiseProgress(alpha=0.0), StepwiseProgress(residual=True)):
        assert credit_of(method)[1].figures == {"sum_error": pytest.approx((0.1 + 0.2) / 2)}
    assert CONTRIBUTIONS == [[0.2, 0.1, 0.6], [-0.1, 0.3]]


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"grounding": "bonus"}, "grounding out of paper, penalty, potential"),
        ({"read": "reward"}, "read out of action, observation"),
        ({"alpha": -1.0}, "alpha"),
        ({"beta": -0.5}, "beta"),
        ({"gamma": 1.5}, "0 <= gamma <= 1"),
        ({"refresh": -1}, "refresh"),
        ({"tasks": 0}, "tasks"),
        ({"refresh_epochs": 0}, "refresh_epochs"),
    ],
)
def test_what_means_nothing_is_refused(options: dict[str, Any], match: str) -> None:
    with pytest.raises(BadArgument, match=match):
        make_method("spa", options)
