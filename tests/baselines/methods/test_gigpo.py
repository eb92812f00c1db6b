"""`gigpo`, by hand. With gamma = 1/2 the returns are 1/4 1/2 1, 0 0 0, 1/8 1/4 1/2."""

from __future__ import annotations

import numpy as np
import pytest

from spa_gym.baselines.methods.gigpo import GroupInGroup
from spa_gym.baselines.methods.registry import make_method
from spa_gym.baselines.seam import Batch
from spa_gym.core.errors import BadArgument
from spa_gym.core.trajectory import Trajectory
from tests.baselines.methods.branching import branching
from tests.baselines.methods.toys import episode


def _flat(method: GroupInGroup, played: list[Trajectory]) -> list[float]:
    credit = method.credit(Batch(played))
    assert credit.advantages is not None and credit.rewards is None and not credit.whiten
    assert [len(a) for a in credit.advantages] == [t.num_steps for t in played]
    return np.concatenate(credit.advantages).tolist()


def test_outcome_and_anchor_groups_add_up() -> None:
    # A^E 1/2, -1/2, 0. s0: 1/4, 0, 1/8 less 1/8; s1: 1/2, 0, 1/2 less 1/3; the others are alone.
    got = _flat(GroupInGroup(omega=2.0, gamma=0.5, scale="mean"), branching())
    assert got == pytest.approx([3 / 4, 5 / 6, 1 / 2, -3 / 4, -7 / 6, -1 / 2, 0, 0, 1 / 3])
    credit = GroupInGroup().credit(Batch(branching()))
    assert credit.figures == {"steps_shared": 6 / 9}


def test_both_are_standardised() -> None:
    # Deviations: outcomes 1/2, s0 1/8, s1 (1/12)^(1/2).
    got = _flat(GroupInGroup(gamma=0.5), branching())
    assert got == pytest.approx([2, 1.577350, 1, -2, -2.154701, -1, 0, 0, 0.577350], abs=1e-4)


def test_the_published_settings_are_the_defaults() -> None:
    method = make_method("gigpo")
    assert isinstance(method, GroupInGroup)
    assert (method.group, method.omega, method.gamma, method.needs.group) == (8, 1.0, 0.95, 8)


def test_a_history_must_be_the_same_too() -> None:
    # The third comes to s1 from s4: it is alone, and 1/2, 0 are left.
    got = _flat(GroupInGroup(gamma=0.5, scale="mean", history=1), branching())
    assert got == pytest.approx([5 / 8, 3 / 4, 1 / 2, -5 / 8, -3 / 4, -1 / 2, 0, 0, 0])


def test_what_was_not_executed_can_be_fined() -> None:
    # s0: 1/4, -1/4, 1/8 less 1/24.
    got = _flat(GroupInGroup(gamma=0.5, scale="mean", penalty=0.25), branching(failed=(1, 0)))
    assert got[0::3] == pytest.approx([1 / 2 + 5 / 24, -1 / 2 - 7 / 24, 1 / 12])


def test_long_episodes_may_count_more() -> None:
    short = episode(1.0, observations=("x",), actions=("a0",))
    got = _flat(GroupInGroup(scale="mean", per="step"), [short, episode(0.0)])
    assert got == pytest.approx([0.75, -0.25, -0.25, -0.25])


def test_another_tasks_steps_are_no_baseline() -> None:
    alone = _flat(GroupInGroup(), branching())
    both = _flat(GroupInGroup(), branching() + branching(0.25, task="u"))
    assert both[:9] == alone and both[9:] != alone


def test_bad_options_are_refused() -> None:
    bad = ({"scale": "max"}, {"per": "token"}, {"gamma": 1.5}, {"history": -1}, {"group": 1})
    for options in bad:
        with pytest.raises(BadArgument):
            make_method("gigpo", options)
    with pytest.raises(BadArgument, match="two episodes of a task"):
        GroupInGroup().credit(Batch(branching()[:1]))
