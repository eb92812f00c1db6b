"""Groups of episodes as baselines, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from spa_gym.baselines.methods.groups import (
    by_episode,
    by_task,
    episode_advantages,
    leave_one_out,
    relative,
    returns_to_go,
)
from spa_gym.core.errors import BadArgument
from tests.baselines.methods.toys import episode


def test_tasks_are_grouped_wherever_they_stand() -> None:
    batch = [episode(0.0, task=task) for task in "tutu"]
    assert by_task(batch) == [[0, 2], [1, 3]]


def test_a_batch_without_groups_is_refused() -> None:
    with pytest.raises(BadArgument, match="two episodes of a task"):
        by_task([episode(0.0, task=task) for task in "tuv"])


def test_leave_one_out_is_the_distance_to_the_others_mean() -> None:
    assert leave_one_out([1.0, 0.0, 0.5, 0.0]).tolist() == pytest.approx([5 / 6, -1 / 2, 1 / 6, -1 / 2])
    assert leave_one_out([3.0]).tolist() == [0.0]


def test_leave_one_out_is_the_centred_value_enlarged() -> None:
    values = np.random.default_rng(0).normal(size=5)
    assert leave_one_out(values.tolist()) == pytest.approx(5 / 4 * (values - values.mean()))


def test_relative_by_the_deviation_of_the_sample_or_the_population() -> None:
    assert relative([1.0, 0.0], scale="mean").tolist() == [0.5, -0.5]
    assert relative([1.0, 0.0], epsilon=0.0).tolist() == pytest.approx([0.5**0.5, -(0.5**0.5)])
    assert relative([1.0, 0.0], ddof=0, epsilon=0.0).tolist() == pytest.approx([1.0, -1.0])
    assert relative([1.0, 0.0], ddof=0, epsilon=0.5).tolist() == pytest.approx([0.5, -0.5])


def test_who_is_alone_or_the_same_has_nothing() -> None:
    for scale in ("std", "mean"):
        assert relative([7.0], scale=scale).tolist() == [0.0]
        assert relative([0.3, 0.3, 0.3], scale=scale).tolist() == pytest.approx([0.0, 0.0, 0.0], abs=1e-9)


def test_episodes_count_once_or_by_their_length() -> None:
    short, long = episode(1.0, observations=("s0",), actions=("a0",)), episode(0.0)
    assert episode_advantages([short, long], scale="mean").tolist() == [0.5, -0.5]
    assert episode_advantages([short, long], scale="mean", per="step").tolist() == [0.75, -0.25]
    # Rewards 1, 0, 0, 0: deviation of the sample (0.75 / 3)^(1/2) = 0.5.
    assert episode_advantages([long, short], per="step").tolist() == pytest.approx([-0.5, 1.5], abs=1e-5)


def test_returns_are_discounted_from_each_step_on() -> None:
    assert returns_to_go(episode(1.0), 0.5).tolist() == [0.25, 0.5, 1.0]


def test_steps_go_back_to_their_episodes() -> None:
    short, long = episode(1.0, observations=("s0",), actions=("a0",)), episode(0.0)
    assert [part.tolist() for part in by_episode(np.arange(7.0), [long, short, long])] == [[0, 1, 2], [3], [4, 5, 6]]
