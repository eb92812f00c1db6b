"""Progress is 1 - remaining / D, stays in [0, 1), and the plan from the start is made once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from spa_gym.core.plan_progress import PlanProgress


def test_the_plan_from_the_start_is_made_once_and_only_when_needed() -> None:
    made = []

    def whole() -> str:
        made.append("plan")
        return "abcd"

    progress = PlanProgress()
    assert progress.at(None, whole) == 0.0 and made == []
    assert [progress.at(plan, whole) for plan in ("abcd", "bcd", "d", "xabcd")] == [0.0, 0.25, 0.75, 0.0]
    assert made == ["plan"]


def test_a_plan_that_is_done_still_counts_one_step() -> None:
    progress = PlanProgress()
    assert progress.at("", lambda: "abcd") == 0.75, "solved is what the environment says, not the plan"


def test_no_plan_from_the_start() -> None:
    assert PlanProgress().at("ab", lambda: None) == 0.0
    assert PlanProgress().at("", lambda: "") == 0.0


@given(st.none() | st.integers(0, 50), st.none() | st.integers(0, 50))
def test_it_is_never_outside_of_its_range(left: int | None, whole: int | None) -> None:
    value = PlanProgress().at(None if left is None else range(left), lambda: None if whole is None else range(whole))
    assert 0.0 <= value < 1.0
