"""`spa-released`, by hand: each released formula on and off."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from spa_gym.baselines.methods.registry import make_method
from spa_gym.baselines.methods.spa_released import ReleasedProgress
from spa_gym.baselines.seam import Batch, Study
from spa_gym.core.errors import BadArgument
from tests.baselines.methods.estimators import CONTRIBUTIONS, PLAYED, credit_of
from tests.baselines.methods.toys import episode

OFF: dict[str, Any] = {
    "leave_one_out": False,
    "multiplier": False,
    "gae_over": "steps",
    "grounding": "executed",
    "last_grounded": False,
}
GROUP = [
    episode(1.0, observations=("s0", "s1", "s2"), final="Nothing happens."),
    episode(0.5, observations=("s0", "Oh. Nothing happens.", "s2")),
    episode(0.0, final="nothing happens", grounded=[False, True, False]),
    episode(0.7, task="u"),
]
"""Rewards less the mean of the others: 1 - 0.25, 0.5 - 0.5, 0 - 0.75; and 0.7 of the only episode of its task."""


def _rewards(**options: Any) -> list[list[float]]:
    credit = ReleasedProgress(**options).credit(Batch(GROUP))
    assert credit.rewards is not None and credit.advantages is None
    return [r.tolist() for r in credit.rewards]


def test_as_released() -> None:
    """Two, one and no steps follow. "Nothing happens" is seen after the second episode's first action only: the first's
    is after its last, which always counts as grounded, and the third's is written otherwise."""
    credit = ReleasedProgress().credit(Batch(GROUP))
    assert credit.rewards is not None and credit.over == "sequence" and credit.figures == {}
    expected = [[2 * 1.25, 1.25, 0.0], [0.0, 0.5, 0.0], [2 * -0.25, -0.25, 0.0], [2 * 1.2, 1.2, 0.0]]
    for rewards, values in zip(credit.rewards, expected, strict=True):
        assert rewards.tolist() == pytest.approx(values)


def test_without_the_multiplier() -> None:
    expected = [[1.25, 1.25, 1.25], [0.0, 0.5, 0.5], [-0.25, -0.25, -0.25], [1.2, 1.2, 1.2]]
    for rewards, values in zip(_rewards(multiplier=False), expected, strict=True):
        assert rewards == pytest.approx(values)


def test_the_last_step_may_be_judged_like_the_others() -> None:
    with_last = _rewards(multiplier=False, last_grounded=False)
    assert with_last[0] == pytest.approx([1.25, 1.25, 0.75]) and with_last[1:] == _rewards(multiplier=False)[1:]


def test_grounding_may_be_what_the_environment_says() -> None:
    said = _rewards(multiplier=False, grounding="executed", last_grounded=False)
    assert said[1] == pytest.approx([0.5, 0.5, 0.5]) and said[2] == pytest.approx([-0.75, -0.25, -0.75])
    kept = _rewards(multiplier=False, grounding="executed")
    assert kept[2] == pytest.approx([-0.75, -0.25, -0.25])
    assert _rewards(multiplier=False, beta=0.0)[2] == pytest.approx([-0.75] * 3)


def test_gae_over_steps_or_the_tokens_of_actions() -> None:
    for over in ("steps", "tokens"):
        assert ReleasedProgress(gae_over=over).credit(Batch(GROUP)).over == over


def test_with_the_contributions_that_were_overwritten() -> None:
    """With nothing else released either it is the paper's reward; with all else, times the steps that follow."""
    rewards, credit = credit_of(ReleasedProgress(**OFF))  # type: ignore[arg-type]
    assert rewards == [pytest.approx([0.7, 0.1, 1.1]), pytest.approx([-0.1, 0.8])]
    assert credit.over == "steps" and credit.figures == {"sum_error": pytest.approx(0.15)}
    rewards, credit = credit_of(ReleasedProgress(leave_one_out=False))
    assert rewards == [pytest.approx([2 * 0.7, 0.6, 0.0]), pytest.approx([0.4, 0.0])] and credit.over == "sequence"
    assert CONTRIBUTIONS[0] == [0.2, 0.1, 0.6], "the estimator's own are left as they are"


def test_a_task_that_was_drawn_twice_is_one_group() -> None:
    apart = [GROUP[0], GROUP[3], GROUP[1]]
    credit = ReleasedProgress(beta=0.0, multiplier=False).credit(Batch(apart))
    assert credit.rewards is not None
    assert [float(r[0]) for r in credit.rewards] == pytest.approx([0.5, 0.7, -0.5])


def test_it_explores_only_for_contributions(tmp_path: Path) -> None:
    assert ReleasedProgress().prepare(Study("nowhere", "SPA-Toy-v0", {}, tmp_path, 0)) == 0
    assert not list(tmp_path.iterdir())


def test_it_asks_for_groups() -> None:
    assert make_method("spa-released").needs.group == 8
    assert make_method("spa-released", {"leave_one_out": False, "group": 1}).needs.group == 1
    assert replace(PLAYED[0]).task_id == PLAYED[1].task_id


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"gae_over": "turns"}, "gae_over out of sequence, tokens, steps"),
        ({"grounding": "paper"}, "grounding out of string, executed"),
        ({"group": 1}, "2 <= group"),
        ({"beta": -1.0}, "beta"),
        ({"refresh": 2}, "refresh with leave_one_out"),
    ],
)
def test_what_means_nothing_is_refused(options: dict[str, Any], match: str) -> None:
    with pytest.raises(BadArgument, match=match):
        ReleasedProgress(**options)
