"""`rudder`, by hand: what is paid for differences that sum to 0.9 of 1 and to 0.2 of 0."""

from __future__ import annotations

import pytest

from spa_gym.baselines.methods.registry import make_method
from spa_gym.baselines.methods.rudder import PrefixDifference
from spa_gym.core.errors import BadArgument
from tests.baselines.methods.estimators import credit_of


def test_what_the_differences_miss_goes_to_all_steps_alike() -> None:
    """0.1 / 3 to each of three steps, -0.2 / 2 to each of two: the rewards sum to the final reward."""
    rewards, credit = credit_of(PrefixDifference())
    assert rewards[0] == pytest.approx([0.2 + 0.1 / 3, 0.1 + 0.1 / 3, 0.6 + 0.1 / 3])
    assert rewards[1] == pytest.approx([-0.2, 0.2])
    assert [sum(r) for r in rewards] == pytest.approx([1.0, 0.0])
    assert credit.figures == {"sum_error": pytest.approx(0.15)} and credit.over is None


def test_or_to_the_last_or_nowhere() -> None:
    assert credit_of(PrefixDifference(residual="last"))[0] == [
        pytest.approx([0.2, 0.1, 0.7]),
        pytest.approx([-0.1, 0.1]),
    ]
    assert credit_of(PrefixDifference(residual="none"))[0] == [
        pytest.approx([0.2, 0.1, 0.6]),
        pytest.approx([-0.1, 0.3]),
    ]


def test_it_fits_a_predictor_of_prefixes() -> None:
    method = make_method("rudder", {"every_step": 0.25})
    assert isinstance(method, PrefixDifference)
    assert (method.objective, method.weight, method.name, method.needs.group) == ("prefix", 0.25, "rudder", 1)
    assert PrefixDifference().weight == 0.5


def test_what_means_nothing_is_refused() -> None:
    with pytest.raises(BadArgument, match="residual out of none, last, even"):
        PrefixDifference(residual="first")
    with pytest.raises(BadArgument, match="every_step"):
        PrefixDifference(every_step=-1.0)
