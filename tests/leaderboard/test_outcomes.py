"""What is read of run records: task by task where all runs met the same tasks, else a number for each seed."""

from __future__ import annotations

from typing import Any

import pytest

from spa_gym.leaderboard.outcomes import difference, outcomes_of


def final(grounded: list[int], steps: list[int], **more: Any) -> dict[str, Any]:
    """A run with each task's executed actions and all its actions; the last task is solved."""
    successes = [0] * (len(steps) - 1) + [1]
    return {
        "success": 1 / len(steps),
        "successes": successes,
        "task_grounded": grounded,
        "task_steps": steps,
        "grounding": sum(grounded) / sum(steps),
        "steps": sum(steps) / len(steps),
        **more,
    }


def old(grounding: float, steps: float, **more: Any) -> dict[str, Any]:
    """A run whose record has one number for each figure."""
    return {"success": 0.5, "successes": [0, 1], "grounding": grounding, "steps": steps, **more}


def test_grounding_is_all_executed_actions_over_all_actions() -> None:
    outcomes = outcomes_of([final([9, 0], [10, 2]), final([1, 1], [2, 2])], "grounding")
    assert outcomes is not None and outcomes.by_task
    assert outcomes.interval.mean == 11 / 16, "not the mean of 9/12 and 2/4"
    assert outcomes.rates.tolist() == [9 / 12, 2 / 4]


def test_steps_of_one_seed_have_an_interval_over_its_tasks() -> None:
    outcomes = outcomes_of([final([1, 1], [10, 2])], "steps")
    assert outcomes is not None and outcomes.figure == (6.0, 2.0, 10.0)
    same = outcomes_of([final([1, 1], [10, 2], task_types=["cool", "heat"])], "steps")
    assert same is not None and same.figure == (6.0, 6.0, 6.0), "tasks are drawn within their type"


def test_without_single_tasks_seeds_alone_are_drawn_anew() -> None:
    outcomes = outcomes_of([old(0.5, 8.0), old(0.75, 12.0)], "grounding")
    assert outcomes is not None and not outcomes.by_task and outcomes.figure == (0.625, 0.5, 0.75)
    alone = outcomes_of([old(0.5, 8.0)], "steps")
    assert alone is not None and alone.figure == 8.0, "a single seed has no interval"
    mixed = outcomes_of([old(0.5, 8.0), final([9, 0], [10, 2])], "grounding")
    assert mixed is not None and not mixed.by_task and mixed.rates.tolist() == [0.5, 0.75]
    assert outcomes_of([{"success": 0.5}], "grounding") is None


def test_an_episode_without_an_action_leaves_grounding_to_the_seeds() -> None:
    runs = [final([0, 1], [0, 2], grounding=0.5), final([1, 1], [2, 2], grounding=0.5)]
    outcomes, steps = outcomes_of(runs, "grounding"), outcomes_of(runs, "steps")
    assert outcomes is not None and not outcomes.by_task and outcomes.rates.tolist() == [0.5, 0.5]
    assert steps is not None and steps.by_task


def test_tasks_at_other_positions_are_not_the_same_tasks() -> None:
    runs = [final([1, 1], [2, 2]), final([1, 1], [4, 4], positions=[0, 100])]
    for name in ("success", "grounding", "steps"):
        apart, together = outcomes_of(runs, name), outcomes_of([runs[1], runs[1]], name)
        assert apart is not None and together is not None
        assert (apart.by_task, together.by_task) == (False, True)


def test_a_score_that_is_never_partial_is_no_figure_of_its_own() -> None:
    plain, graded = old(0.5, 8.0), old(0.5, 8.0, scores=[0.5, 1.0])
    assert outcomes_of([plain, plain], "score") is None
    outcomes = outcomes_of([plain, graded], "score")
    assert outcomes is not None and outcomes.rates.tolist() == [0.5, 0.75]


def test_differences_by_hand() -> None:
    # 9/10 and 0/2 by the two seeds, against 5/10 and 1/2: 9/12 - 6/12, the seeds apart +0.4 and -0.5.
    mine, theirs = [final([9], [10]), final([0], [2])], [final([5], [10]), final([1], [2])]
    assert difference(mine, theirs, "grounding") == pytest.approx((0.25, -0.5, 0.4))
    assert difference([old(0.5, 8.0), old(0.5, 9.0)], [old(0.5, 6.0), old(0.5, 3.0)], "steps") == (4.0, 2.0, 6.0)
    assert difference([old(0.5, 8.0)], [old(0.25, 6.0)], "grounding") == 0.25
    assert difference([old(0.5, 8.0, scores=[0.5, 1.0])], [old(0.5, 8.0)], "score") == (0.25, 0.0, 0.5)


def test_a_pair_of_which_one_has_no_figure_does_not_count() -> None:
    without = {"success": 0.5, "successes": [0, 1]}
    pairs = [old(0.5, 8.0), old(0.5, 9.0)], [without, old(0.25, 3.0)]
    assert difference(*pairs, "grounding") == 0.25
    assert difference([without], [old(0.5, 8.0)], "grounding") is None
    assert difference([], [], "success") is None
