"""`rlbr`, by hand."""

from __future__ import annotations

import pytest

from spa_gym.baselines.methods.registry import make_method
from spa_gym.baselines.methods.rlbr import BaggedReward
from spa_gym.core.errors import BadArgument
from tests.baselines.methods.estimators import CONTRIBUTIONS, credit_of


def test_it_pays_the_contributions_as_they_are() -> None:
    rewards, credit = credit_of(BaggedReward())
    assert rewards == CONTRIBUTIONS and credit.figures == {"sum_error": pytest.approx(0.15)}


def test_or_with_the_residual() -> None:
    assert credit_of(BaggedReward(residual="even"))[0][1] == pytest.approx([-0.2, 0.2])
    assert credit_of(BaggedReward(residual="last"))[0][1] == pytest.approx([-0.1, 0.1])


def test_it_fits_bags_and_next_observations() -> None:
    method = make_method("rlbr", {"next_observation": 0.0})
    assert isinstance(method, BaggedReward) and (method.objective, method.weight, method.name) == ("bag", 0.0, "rlbr")
    assert BaggedReward().weight == 1.0


def test_what_means_nothing_is_refused() -> None:
    with pytest.raises(BadArgument, match="residual out of"):
        BaggedReward(residual="first")
    with pytest.raises(BadArgument, match="next_observation"):
        BaggedReward(next_observation=-1.0)
