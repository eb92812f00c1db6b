"""`graphgpo`, by hand. Distances: s2 1, s1 2, s0 and s4 3; s3 and the end have no way to success: 4.

With w = 1/2, r_succ = 8 and d(s') + 1: 1 2 4, 1 1/4 1/4, 1/2 1 1/4.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from spa_gym.baselines.methods.graphgpo import GraphDistance
from spa_gym.baselines.methods.registry import make_method
from spa_gym.baselines.seam import Batch
from spa_gym.baselines.training.resume import Resumable
from spa_gym.core.errors import BadArgument
from spa_gym.core.trajectory import Trajectory
from tests.baselines.methods.branching import branching
from tests.baselines.methods.toys import episode

PLAIN = {"decay": 0.5, "reward": 8.0, "scale": "mean", "episode": 0.0}
GRAPH = [1 / 6, 7 / 6, 0, 1 / 6, -7 / 12, 0, -1 / 3, 0, -7 / 12]


def _flat(method: GraphDistance, played: list[Trajectory]) -> list[float]:
    credit = method.credit(Batch(played))
    assert credit.advantages is not None and credit.rewards is None and not credit.whiten
    return np.concatenate(credit.advantages).tolist()


def _made(**options: object) -> GraphDistance:
    method = make_method("graphgpo", {**PLAIN, **options})
    assert isinstance(method, GraphDistance)
    return method


def test_steps_are_compared_by_where_they_lead() -> None:
    assert _flat(_made(), branching(0.0)) == pytest.approx(GRAPH)
    assert _made().credit(Batch(branching(0.0))).figures == {"steps_shared": 6 / 9, "steps_known": 6 / 9}


def test_the_outcome_is_added() -> None:
    got = _flat(_made(graph=2.0, episode=3.0), branching(0.0))
    assert got == pytest.approx(2 * np.array(GRAPH) + np.repeat([2.0, -1.0, -1.0], 3))


def test_both_are_standardised() -> None:
    # Deviations: outcomes 3^(-1/2), s0 12^(-1/2), s1 (49/48)^(1/2).
    got = _flat(_made(scale="std", episode=1.0), branching(0.0))
    graph = [0.577350, 1.154701, 0, 0.577350, -0.577350, 0, -1.154701, 0, -0.577350]
    assert got == pytest.approx(np.array(graph) + np.repeat([1.154701, -0.577350, -0.577350], 3), abs=1e-4)
    large = _flat(_made(scale="std", epsilon=1 / 12**0.5), branching(0.0))
    assert large[0] == pytest.approx(0.577350 / 2, abs=1e-6)


def test_other_exponents() -> None:
    assert _flat(_made(exponent="released"), branching(0.0)) == pytest.approx(2 * np.array(GRAPH))
    # d(s') - d(s) + 1: 0 0 0, 0 3 1, 1 0 3, so 8 8 8, 8 1 4, 4 8 1.
    got = _flat(_made(exponent="gained"), branching(0.0))
    assert got == pytest.approx([4 / 3, 14 / 3, 0, 4 / 3, -7 / 3, 0, -8 / 3, 0, -7 / 3])


def test_a_failed_action_costs_what_it_is_said_to() -> None:
    # s1 -> s2 costs 3: d(s1) = 4, s0 and s4 5, beyond 6. From s0: 8/32 8/32 8/64; from s1: 8/16 8/128 8/128.
    got = _flat(_made(failed_cost=3.0), branching(0.0, failed=(0, 1)))
    assert got[0::3] == pytest.approx([1 / 24, 1 / 24, -1 / 12])
    assert (got[1], got[4], got[8]) == pytest.approx((7 / 24, -7 / 48, -7 / 48))
    # s1: 3/2, 1/4, 1/4 less 2/3.
    fined = _flat(_made(penalty=0.5), branching(0.0, failed=(0, 1)))
    assert (fined[1], fined[4], fined[8]) == pytest.approx((5 / 6, -5 / 12, -5 / 12))


def test_without_success_there_is_no_graph_advantage() -> None:
    credit = _made().credit(Batch(branching(0.0)[1:]))
    assert credit.advantages is not None and credit.figures["steps_known"] == 0.0
    assert np.concatenate(credit.advantages).tolist() == [0.0] * 6


def test_a_history_parts_states() -> None:
    # s1 after s4 is alone and leads nowhere, so s4 does not either; from s0: 1, 1, 8/32 as the farthest is 3.
    got = _flat(_made(history=1), branching(0.0))
    assert got[0::3] == pytest.approx([1 / 4, 1 / 4, -1 / 2])
    assert (got[1], got[4], got[8]) == pytest.approx((7 / 8, -7 / 8, 0))


def test_long_episodes_may_count_more() -> None:
    short = episode(1.0, observations=("x",), actions=("a0",))
    got = _flat(_made(per="step", graph=0.0, episode=1.0), [short, episode(0.0)])
    assert got == pytest.approx([0.75, -0.25, -0.25, -0.25])


def test_kept_transitions_are_known_in_later_batches() -> None:
    forgets, keeps = _made(), _made(keep=True)
    assert forgets.modules() == {} and forgets.metrics() == {}
    for method in (forgets, keeps):
        assert _flat(method, branching(0.0)) == pytest.approx(GRAPH)
    failed = branching(0.0)[1:]
    assert _flat(forgets, failed) == [0.0] * 6
    # As before, without the first: s0: 1, 1/2; s1: 1/4, 1/4.
    assert _flat(keeps, failed) == pytest.approx([1 / 4, 0, 0, -1 / 4, 0, 0])
    assert _flat(keeps, branching(0.0, task="u")[1:]) == [0.0] * 6
    assert keeps.metrics() == {"kept_transitions": 8 + 6}


def test_kept_transitions_survive_a_stop(tmp_path: Path) -> None:
    before, after = _made(keep=True), _made(keep=True)
    _flat(before, branching(0.0))
    Resumable(tmp_path, {}, before.modules()).save({})
    assert Resumable(tmp_path, {}, after.modules()).load() == {}
    failed = branching(0.0)[1:]
    assert after.metrics() == before.metrics()
    assert _flat(after, failed) == _flat(before, failed) != [0.0] * 6


def test_defaults_and_bad_options() -> None:
    method = make_method("graphgpo")
    assert isinstance(method, GraphDistance) and method.needs.group == 8
    assert (method.decay, method.reward, method.graph, method.episode) == (0.1, 10.0, 1.0, 1.0)
    bad = (
        {"exponent": "x"},
        {"scale": "x"},
        {"per": "x"},
        {"decay": 0.0},
        {"decay": 1.5},
        {"epsilon": -1.0},
        {"history": -1},
        {"failed_cost": -1.0},
        {"group": 1},
    )
    for options in bad:
        with pytest.raises(BadArgument):
            make_method("graphgpo", options)
    with pytest.raises(BadArgument, match="two episodes of a task"):
        method.credit(Batch(branching()[:1]))
