"""The table of ablations: every row is a method that can be made, and turns what it says."""

from __future__ import annotations

import pytest

from spa_gym.baselines.ablations import ABLATIONS, ablated
from spa_gym.baselines.methods.registry import make_method
from spa_gym.baselines.methods.spa import StepwiseProgress
from spa_gym.baselines.methods.spa_released import ReleasedProgress
from spa_gym.core.errors import BadArgument


@pytest.mark.parametrize("name", list(ABLATIONS))
def test_every_row_makes_a_method_that_differs_from_the_plain_one(name: str) -> None:
    method, options = ablated(name, {"tasks": 7})
    made = make_method(method, options)
    assert isinstance(made, StepwiseProgress | ReleasedProgress) and made.tasks == 7 and ABLATIONS[name].asks
    plain = make_method(method, {"tasks": 7})
    assert (made == plain) == (name in ("paper", "released"))


def test_no_two_rows_are_the_same() -> None:
    rows = [make_method(*ablated(name)) for name in ABLATIONS]
    twice = [name for i, name in enumerate(ABLATIONS) if rows[i] in rows[:i]]
    assert twice == []


def test_all_the_questions_are_asked() -> None:
    made = [make_method(*ablated(name)) for name in ABLATIONS]
    spa = [m for m in made if isinstance(m, StepwiseProgress)]
    assert {m.grounding for m in spa} == {"paper", "penalty", "potential"}
    assert {m.read for m in spa} == {"action", "observation"}
    assert {m.residual for m in spa} == {True, False} and {bool(m.refresh) for m in spa} == {True, False}
    assert any(m.alpha == 0 for m in spa) and any(m.beta == 0 for m in spa)
    assert len({m.alpha for m in spa}) >= 5 and len({m.beta for m in spa}) >= 5
    released = [m for m in made if isinstance(m, ReleasedProgress)]
    for option in ("leave_one_out", "multiplier", "grounding", "last_grounded"):
        assert len({getattr(m, option) for m in released}) == 2
    assert {m.gae_over for m in released} == {"steps", "tokens", "sequence"}


def test_a_rows_own_options_win_and_an_unknown_row_is_refused() -> None:
    assert ablated("no-grounding", {"beta": 3.0, "tasks": 5}) == ("spa", {"beta": 0.0, "tasks": 5})
    with pytest.raises(BadArgument, match="no-progress"):
        ablated("nothing")
