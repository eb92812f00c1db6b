"""`grpo`, by hand."""

from __future__ import annotations

import pytest

from spa_gym.baselines.methods.grpo import GroupRelative
from spa_gym.baselines.methods.registry import make_method
from spa_gym.baselines.seam import Batch
from spa_gym.core.errors import BadArgument
from tests.baselines.methods.toys import episode

BATCH = Batch([episode(score) for score in (1.0, 0.0, 0.5, 0.0)] + [episode(1.0, task="alone")])


def _values(method: GroupRelative, batch: Batch) -> list[float]:
    credit = method.credit(batch)
    assert credit.advantages is not None and credit.rewards is None and not credit.whiten
    for advantages, trajectory in zip(credit.advantages, batch.trajectories, strict=True):
        assert len(advantages) == trajectory.num_steps and len(set(advantages.tolist())) == 1
    return [float(advantages[0]) for advantages in credit.advantages]


def test_rewards_are_standardised_within_the_task() -> None:
    # Mean 0.375; squares 0.390625 + 0.140625 + 0.015625 + 0.140625 = 0.6875, deviation (0.6875 / 3)^(1/2) = 0.478714.
    expected = [1.305582, -0.783349, 0.261116, -0.783349, 0.0]
    assert _values(GroupRelative(), BATCH) == pytest.approx(expected, abs=1e-5)


def test_without_the_deviation() -> None:
    assert _values(GroupRelative(scale="mean"), BATCH) == pytest.approx([0.625, -0.375, 0.125, -0.375, 0.0])


def test_long_episodes_may_count_more() -> None:
    batch = Batch([episode(1.0, observations=("s0",), actions=("a0",)), episode(0.0)])
    assert _values(GroupRelative(scale="mean", per="step"), batch) == pytest.approx([0.75, -0.25])


def test_bad_options_are_refused() -> None:
    assert make_method("grpo", {"group": 16}).needs.group == 16
    for options in ({"scale": "max"}, {"per": "token"}, {"group": 0}):
        with pytest.raises(BadArgument):
            make_method("grpo", options)
