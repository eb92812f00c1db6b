"""`g2po`, by hand. With gamma = 1/2 the returns are 1/4 1/2 1, 0 0 0, 1/8 1/4 1/2.

V: s0 1/8, s1 1/3, s2 1, s3 0, s4 1/4. r + gamma V(s'): 1/6 1/2 1, 1/6 0 0, 1/8 1/6 1/2.
"""

from __future__ import annotations

import numpy as np
import pytest

from spa_gym.baselines.methods.g2po import GroupGraph
from spa_gym.baselines.methods.registry import make_method
from spa_gym.baselines.seam import Batch
from spa_gym.core.errors import BadArgument
from spa_gym.core.trajectory import Trajectory
from tests.baselines.methods.branching import branching
from tests.baselines.methods.toys import episode

ERRORS = [1 / 24, 1 / 6, 0, 1 / 24, -1 / 3, 0, 0, -1 / 12, 1 / 6]
LOCAL = [1 / 72, 1 / 6, 0, 1 / 72, -1 / 3, 0, -1 / 36, 0, 1 / 6]
OUTCOMES = [1 / 2] * 3 + [-1 / 2] * 3 + [0.0] * 3


def _flat(played: list[Trajectory] | None = None, **options: object) -> list[float]:
    method = make_method("g2po", {"gamma": 0.5, "scale": "mean", **options})
    credit = method.credit(Batch(played or branching()))
    assert credit.advantages is not None and credit.rewards is None and not credit.whiten
    return np.concatenate(credit.advantages).tolist()


def test_edges_are_worth_what_they_change() -> None:
    # The nine errors sum to 0.
    assert _flat(local=0.0, episode=0.0) == pytest.approx(ERRORS)


def test_errors_are_standardised_over_all_edges_of_the_task() -> None:
    # Squares: 2/576 + 2/36 + 1/9 + 1/144 = 0.177083, deviation (0.177083 / 8)^(1/2) = 0.148780.
    got = _flat(local=0.0, episode=0.0, scale="std")
    assert got == pytest.approx([error / 0.148780 for error in ERRORS], abs=1e-4)
    both = _flat(branching() + branching(0.0, task="u"), local=0.0, episode=0.0, scale="std")
    assert both[:9] == pytest.approx(got)


def test_the_three_terms_have_weights() -> None:
    assert _flat(edges=0.0, episode=0.0) == pytest.approx(LOCAL)
    assert _flat(edges=0.0, local=0.0) == pytest.approx(OUTCOMES)
    weighed = 2 * np.array(ERRORS) + 3 * np.array(LOCAL) + 4 * np.array(OUTCOMES)
    assert _flat(edges=2.0, local=3.0, episode=4.0) == pytest.approx(weighed)
    assert _flat() == pytest.approx(np.array(ERRORS) + np.array(LOCAL) + np.array(OUTCOMES))


def test_the_released_error_is_not_discounted() -> None:
    # V: s0 1/16, s1 1/6, s2 1/2, s3 0, s4 1/8; after the end 1 where solved. Mean of the errors 0.8125 / 9.
    errors = [1 / 6 - 1 / 16, 1 / 3, 1 / 2, 1 / 6 - 1 / 16, -1 / 6, 0, 1 / 16, 1 / 24, -1 / 6]
    got = _flat(td="released", local=0.0, episode=0.0)
    assert got == pytest.approx([error - 0.8125 / 9 for error in errors])
    # s0: 1/6 1/6 1/8 as before; s1: 1/2 0 0.
    got = _flat(td="released", edges=0.0, episode=0.0)
    assert got == pytest.approx([1 / 72, 1 / 3, 0, 1 / 72, -1 / 6, 0, -1 / 36, 0, -1 / 6])


def test_what_was_not_executed_can_be_fined_among_its_neighbours() -> None:
    # s0: -2/15 1/6 1/8 less 0.158333 / 3.
    got = _flat(branching(failed=(0, 0)), edges=0.0, episode=0.0, penalty=0.3)
    assert got[0::3] == pytest.approx([-2 / 15 - 0.0527778, 1 / 6 - 0.0527778, 1 / 8 - 0.0527778], abs=1e-6)
    assert _flat(branching(failed=(0, 0)), local=0.0, penalty=0.3) == pytest.approx(_flat(local=0.0))


def test_a_way_without_surprise_is_worth_nothing() -> None:
    assert _flat([episode(1.0), episode(1.0)], gamma=0.9) == pytest.approx([0.0] * 6)


def test_a_history_parts_states() -> None:
    # s1 after s4 is a state of its own, V = 1/2; after s0 V = 1/4, and s0 leads to it: errors 0, 1/4, 0; 0, -1/4, 0;
    # 0, 0, 0.
    got = _flat(history=1, local=0.0, episode=0.0)
    assert got == pytest.approx([0, 1 / 4, 0, 0, -1 / 4, 0, 0, 0, 0])


def test_long_episodes_may_count_more() -> None:
    short = episode(1.0, observations=("x",), actions=("a0",))
    got = _flat([short, episode(0.0)], per="step", edges=0.0, local=0.0)
    assert got == pytest.approx([0.75, -0.25, -0.25, -0.25])


def test_defaults_and_bad_options() -> None:
    method = make_method("g2po")
    assert isinstance(method, GroupGraph) and (method.gamma, method.scale, method.needs.group) == (0.95, "std", 8)
    assert method.credit(Batch(branching())).figures == {"steps_shared": 6 / 9}
    bad = ({"td": "x"}, {"scale": "x"}, {"per": "x"}, {"gamma": 2.0}, {"history": -1}, {"group": 1})
    for options in bad:
        with pytest.raises(BadArgument):
            make_method("g2po", options)
    with pytest.raises(BadArgument, match="two episodes of a task"):
        method.credit(Batch(branching()[:1]))
