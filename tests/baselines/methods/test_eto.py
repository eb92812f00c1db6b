"""`eto` by hand: which episodes are paired."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from spa_gym.baselines.methods.eto import TrajectoryPreference
from spa_gym.baselines.seam import Batch, Pair, Span, Study
from spa_gym.core.errors import BadArgument
from tests.baselines.methods.tables import played

EXPERT = played("a b", 1.0, task="1")
FAILED = played("a c d e", 0.0, task="1")
GRADED = played("a d", 0.8, task="1")
SOLVED = played("x y", 1.0, task="1")


def _credit(**options: Any) -> Any:
    method = TrajectoryPreference(**options)
    method.prepare(Study("nowhere", "toy", {}, Path("nowhere"), 0, demonstrations=[EXPERT]))
    assert method.needs.demonstrated
    return method.credit(Batch([SOLVED, FAILED, GRADED]))


def test_the_expert_is_preferred_to_what_scored_less() -> None:
    credit = _credit()
    assert credit.pairs == [Pair(Span(EXPERT), Span(FAILED)), Pair(Span(EXPERT), Span(GRADED))]
    assert (credit.dpo_beta, credit.dpo_reference) == (0.1, "imitated") and not credit.imitation
    assert credit.advantages is None and credit.rewards is None
    assert credit.figures == {"outcome_pairs": 2.0}


def test_small_gaps_and_long_tails_are_left_out_by_option() -> None:
    assert _credit(gap=0.5).pairs == [Pair(Span(EXPERT), Span(FAILED))]
    pairs = _credit(extra_steps=1).pairs
    assert [(p.rejected.first, p.rejected.end) for p in pairs] == [(0, 3), (0, 2)]


def test_beta_and_reference_reach_the_loss() -> None:
    credit = _credit(beta=0.5, reference="acting")
    assert (credit.dpo_beta, credit.dpo_reference) == (0.5, "acting")


@pytest.mark.parametrize("options", [{"beta": 0.0}, {"gap": -0.1}, {"extra_steps": -1}, {"reference": "other"}])
def test_bad_options_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(BadArgument):
        TrajectoryPreference(**options)
