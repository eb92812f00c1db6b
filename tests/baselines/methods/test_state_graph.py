"""Shared states and the graph of their transitions, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from spa_gym.baselines.methods.state_graph import (
    SUCCESS,
    StateGraph,
    before_steps,
    graph_of,
    grounded_values,
    relative_to_state,
    state_values,
    states,
)
from tests.baselines.methods.branching import branching
from tests.baselines.methods.toys import episode

VALUES = [np.array([1.0, 2.0, 3.0]), np.array([4.0, 5.0, 6.0]), np.array([7.0, 8.0, 9.0])]


def test_equal_observations_are_one_state_and_success_is_one() -> None:
    first, second, third = (states(t) for t in branching())
    assert first[0] == second[0] == third[0] and first[1] == second[1] == third[2]
    assert len({*first, *second, *third}) == 7
    assert first[3] == SUCCESS and second[3] == third[3] != SUCCESS
    assert len(first) == 4


def test_a_history_parts_what_was_reached_otherwise() -> None:
    first, second, third = (states(t, 1) for t in branching())
    assert first[1] == second[1] != third[2]
    assert first[0] == states(branching()[0])[0]
    assert states(branching()[0], 9)[2] == states(branching()[0], 2)[2] != states(branching()[0], 1)[2]


def test_a_history_is_not_the_text_in_a_row() -> None:
    split = episode(0.0, observations=("a", "bc"), actions=("x", "y"))
    other = episode(0.0, observations=("ab", "c"), actions=("x", "y"))
    assert states(split, 1)[1] != states(other, 1)[1]


def test_the_same_state_of_another_task_is_another() -> None:
    keys = before_steps(branching() + branching(task="u"))
    assert len(keys) == 18 and len(set(keys)) == 10


def test_steps_are_compared_with_those_from_their_state() -> None:
    advantages, shared = relative_to_state(branching(), VALUES, scale="mean")
    # s0: 1, 4, 7; s1: 2, 5, 9.
    assert np.concatenate(advantages).tolist() == pytest.approx([-3, -10 / 3, 0, 0, -1 / 3, 0, 3, 0, 11 / 3])
    assert [s.tolist() for s in shared] == [[1, 1, 0], [1, 1, 0], [1, 0, 1]]
    advantages, shared = relative_to_state(branching(), VALUES, history=1, scale="mean")
    assert np.concatenate(advantages).tolist() == pytest.approx([-3, -1.5, 0, 0, 1.5, 0, 3, 0, 0])
    assert shared[2].tolist() == [1, 0, 0]
    advantages, _ = relative_to_state(branching(), VALUES, ddof=0, epsilon=0.0)
    assert advantages[0][0] == pytest.approx(-(1.5**0.5))


def test_values_of_states_are_means_over_visits() -> None:
    table = state_values(branching(), VALUES)
    by_step = [table[key] for key in before_steps(branching())]
    assert by_step == pytest.approx([4, 16 / 3, 3, 4, 16 / 3, 6, 4, 8, 16 / 3])


def test_what_was_not_executed_is_fined() -> None:
    fined = grounded_values(branching(failed=(1, 2)), VALUES, 0.5)
    assert [v.tolist() for v in fined] == [[1, 2, 3], [4, 5, 5.5], [7, 8, 9]]
    assert VALUES[1][2] == 6.0


def test_distances_by_the_best_way_that_was_seen() -> None:
    played = branching()
    (s0, s1, s2, _), (_, _, s3, end), (_, s4, _, _) = (states(t) for t in played)
    assert graph_of(played).distances() == {SUCCESS: 0, s2: 1, s1: 2, s0: 3, s4: 3}
    dear = graph_of(branching(failed=(0, 1)), failed_cost=3.0).distances()
    assert dear == {SUCCESS: 0, s2: 1, s1: 4, s0: 5, s4: 5}
    assert graph_of(played[1:]).distances() == {SUCCESS: 0}
    assert {s3, end}.isdisjoint(dear)


def test_a_transition_keeps_its_least_cost_and_circles_end() -> None:
    graph = StateGraph()
    seen = [("a", "b", 5.0), ("a", "b", 2.0), ("a", "b", 4.0), ("b", "a", 1.0), ("a", "a", 1.0), ("b", "g", 1.0)]
    for source, target, cost in seen:
        graph.add(source, target, cost)
    assert graph.distances("g") == {"g": 0.0, "b": 1.0, "a": 3.0}
    other = StateGraph()
    other.add("a", "g", 1.5)
    graph.merge(other)
    assert graph.distances("g") == {"g": 0.0, "b": 1.0, "a": 1.5}
    assert sorted(graph.edges()) == [("a", "a", 1), ("a", "b", 2), ("a", "g", 1.5), ("b", "a", 1), ("b", "g", 1)]
