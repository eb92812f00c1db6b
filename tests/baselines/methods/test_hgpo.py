"""`hgpo`, by hand. With gamma = 1/2 the returns are 1/4 1/2 1, 0 0 0, 1/8 1/4 1/2.

Not divided, the same observation gives s0: 1/8 -1/8 0 and s1: 1/6 -1/3 1/6; the same two give s0 s1: 1/4 -1/4, and the
third, which comes to s1 from s4, is alone. Before the first step there is no history: s0 as before.
"""

from __future__ import annotations

import numpy as np
import pytest

from spa_gym.baselines.methods.gigpo import GroupInGroup
from spa_gym.baselines.methods.hgpo import HierarchyOfGroups
from spa_gym.baselines.methods.registry import make_method
from spa_gym.baselines.seam import Batch
from spa_gym.core.errors import BadArgument
from tests.baselines.methods.branching import branching


def _flat(failed: tuple[int, int] | None = None, **options: object) -> list[float]:
    settings = {"gamma": 0.5, "scale": "mean", "depth": 1, **options}
    method = make_method("hgpo", settings)
    credit = method.credit(Batch(branching(failed=failed)))
    assert credit.advantages is not None and credit.rewards is None and not credit.whiten
    assert [len(a) for a in credit.advantages] == [3, 3, 3]
    return np.concatenate(credit.advantages).tolist()


def test_deeper_groups_weigh_more_and_alone_is_nothing() -> None:
    # Weights 1/3 and 2/3.
    expected = [1 / 8, 1 / 18 + 1 / 6, 0, -1 / 8, -1 / 9 - 1 / 6, 0, 0, 0, 1 / 18]
    assert _flat() == pytest.approx(expected)
    # Weights 1/5 and 4/5; then 1/2 and 1/2.
    assert _flat(alpha=2.0)[1] == pytest.approx(1 / 30 + 1 / 5)
    assert _flat(alpha=0.0)[1] == pytest.approx(1 / 12 + 1 / 8)


def test_as_released_only_what_says_something_is_weighed() -> None:
    # Weights 2 and 3; the first steps have no group of two.
    expected = [1 / 8, (2 / 6 + 3 / 4) / 5, 0, -1 / 8, (-2 / 3 - 3 / 4) / 5, 0, 0, 0, 1 / 6]
    assert _flat(weights="shared") == pytest.approx(expected)


def test_the_outcome_may_be_one_more_group() -> None:
    # Weights 1, 2 and 3, the outcomes are 1/2, -1/2, 0.
    got = _flat(base=True)
    assert got[:3] == pytest.approx([(1 / 2 + 2 / 8 + 3 / 8) / 6, (1 / 2 + 2 / 6 + 3 / 4) / 6, 1 / 12])
    got = _flat(base=True, weights="shared")
    assert got[:3] == pytest.approx([(1 / 2 + 2 / 8) / 3, (1 / 2 + 2 / 6 + 3 / 4) / 6, 1 / 2])
    assert got[8] == pytest.approx(1 / 6)


def test_groups_are_standardised_by_the_populations_deviation() -> None:
    # s0 1/8 (2/3)^(1/2), s1 (1/18)^(1/2), s0 s1 1/4.
    got = _flat(scale="std")
    assert got[0] == pytest.approx(1.224745, abs=1e-4)
    assert got[1] == pytest.approx(0.707107 / 3 + 2 / 3, abs=1e-4)


def test_what_was_not_executed_can_be_fined() -> None:
    # s0: 1/4, -1/4, 1/8 less 1/24, at both depths.
    assert _flat(failed=(1, 0), penalty=0.25)[0::3] == pytest.approx([5 / 24, -7 / 24, 1 / 12])


def test_without_depth_it_is_gigpos_step_advantage() -> None:
    played = branching() + branching(0.0, task="u")
    gigpo = GroupInGroup(scale="mean").credit(Batch(played)).advantages
    outcomes = GroupInGroup(scale="mean", omega=0.0).credit(Batch(played)).advantages
    hgpo = HierarchyOfGroups(scale="mean", depth=0).credit(Batch(played)).advantages
    assert gigpo is not None and outcomes is not None and hgpo is not None
    assert np.concatenate(hgpo) == pytest.approx(np.concatenate(gigpo) - np.concatenate(outcomes))


def test_the_share_of_compared_steps_falls_with_depth() -> None:
    method = make_method("hgpo")
    assert isinstance(method, HierarchyOfGroups) and (method.depth, method.alpha, method.group) == (4, 1.0, 8)
    figures = method.credit(Batch(branching())).figures
    assert figures == {"steps_shared_0": 6 / 9} | {f"steps_shared_{k}": 5 / 9 for k in range(1, 5)}


def test_bad_options_are_refused() -> None:
    for options in ({"scale": "max"}, {"weights": "x"}, {"gamma": -1.0}, {"depth": -1}, {"alpha": -1.0}, {"group": 1}):
        with pytest.raises(BadArgument):
            make_method("hgpo", options)
    with pytest.raises(BadArgument, match="two episodes of a task"):
        HierarchyOfGroups().credit(Batch(branching()[:1]))
