"""Mean outcomes of continuations, counted by hand."""

from __future__ import annotations

import pytest

from spa_gym.baselines.methods.monte_carlo import values_at
from spa_gym.core.errors import BadArgument
from tests.baselines.methods.tables import played, player_of

SOLVED, FAILED = played("a b c", 1.0), played("a d", 0.0)
ANSWERS = {"": [("x y z", 1.0), ("x", 0.5), ("x", 0.0)], "a": [("b c", 1.0), ("q", 0.0)], "a b": [("c", 1.0)] * 2}


def test_a_value_is_the_mean_outcome_of_the_continuations() -> None:
    player = player_of(ANSWERS)
    assert values_at(player, [(SOLVED, 0)], 3).tolist() == [0.5]
    assert values_at(player, [(SOLVED, 1), (SOLVED, 2)], 2).tolist() == [0.5, 1.0]
    assert player.env_steps == 3 + 1 + 1 + 2 + 1 + 1 + 1
    assert dict(player.asked) == {(): 3, ("a",): 2, ("a", "b"): 2}


def test_nothing_is_played_after_the_end() -> None:
    player = player_of({})
    assert values_at(player, [(SOLVED, 3), (FAILED, 2), (played("a", 0.25), 1)], 9).tolist() == [1.0, 0.0, 0.25]
    assert values_at(player, [], 9).tolist() == [] and player.env_steps == 0


def test_values_come_in_the_order_of_the_points() -> None:
    player = player_of({"a": [("b c", 1.0), ("d", 0.0)]})
    assert values_at(player, [(FAILED, 1), (SOLVED, 3), (SOLVED, 1), (FAILED, 2)], 1).tolist() == [1.0, 1.0, 0.0, 0.0]


def test_a_score_is_discounted_by_the_new_steps_but_the_first() -> None:
    player = player_of({"": [("x y z", 1.0), ("x", 1.0)], "a b": [("c d", 0.5)]})
    assert values_at(player, [(SOLVED, 0)], 2, gamma=0.5).tolist() == [(0.25 + 1.0) / 2]
    assert values_at(player, [(SOLVED, 2), (SOLVED, 3)], 1, gamma=0.5).tolist() == [0.25, 1.0]


def test_a_continuation_that_found_no_room_has_its_score() -> None:
    assert values_at(player_of({"a": [("", 0.0)]}), [(SOLVED, 1)], 1, gamma=0.5).tolist() == [0.0]


@pytest.mark.parametrize(("kept", "continuations"), [(4, 1), (-1, 1), (0, 0)])
def test_what_cannot_be_played_is_refused(kept: int, continuations: int) -> None:
    with pytest.raises(BadArgument):
        values_at(player_of(ANSWERS), [(SOLVED, kept)], continuations)
