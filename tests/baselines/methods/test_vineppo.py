"""`vineppo` by hand: differences of Monte-Carlo values."""

from __future__ import annotations

import numpy as np
import pytest

from spa_gym.baselines.methods.vineppo import MonteCarloAdvantage
from spa_gym.baselines.seam import Batch
from spa_gym.core.errors import BadArgument
from tests.baselines.methods.tables import played, player_of

BATCH = [played("a b c", 1.0), played("d e", 0.0)]
ANSWERS = {
    "": [("x y z", 1.0), ("x", 0.0), ("x", 1.0), ("x", 1.0)],  # V = 1/2 for the first episode, 1 for the second
    "a": [("b c", 1.0), ("b c", 1.0)],
    "a b": [("q", 0.0), ("q", 0.0)],
    "d": [("e", 0.0), ("q", 1.0)],
}


def test_an_advantage_is_the_gain_of_value() -> None:
    player = player_of(ANSWERS)
    credit = MonteCarloAdvantage(continuations=2).credit(Batch(BATCH, player=player))
    assert credit.rewards is None and credit.whiten and credit.advantages is not None
    # values 1/2, 1, 0 and 1, 1/2; the last step's reward is 1 and 0
    assert [a.tolist() for a in credit.advantages] == [[0.5, -1.0, 1.0], [-0.5, -0.5]]
    assert player.env_steps == (3 + 1 + 1 + 1) + (2 + 2) + (1 + 1) + (1 + 1)
    assert credit.figures == {"valued_episodes": 2.0, "value_start": 0.75, "value_all": pytest.approx(3.0 / 5)}


def test_they_sum_to_what_the_episode_earned_above_its_start() -> None:
    credit = MonteCarloAdvantage(continuations=2).credit(Batch(BATCH, player=player_of(ANSWERS)))
    assert [float(a.sum()) for a in credit.advantages or ()] == [1.0 - 0.5, 0.0 - 1.0]


def test_gamma_and_whitening_are_options() -> None:
    method = MonteCarloAdvantage(continuations=1, gamma=0.5, whiten=False)
    answers = {"": [("x y z", 1.0)], "a": [("b c", 1.0)], "a b": [("c", 1.0)]}
    credit = method.credit(Batch(BATCH[:1], player=player_of(answers)))
    assert not credit.whiten and credit.advantages is not None
    # values 1/4, 1/2, 1: an expected path gains nothing
    assert np.concatenate(credit.advantages).tolist() == [0.0, 0.0, 0.0]


def test_past_the_bound_an_episode_teaches_nothing() -> None:
    """The first episode takes ten steps."""
    for most, count in ((10, 1), (11, 2)):
        player = player_of(ANSWERS)
        credit = MonteCarloAdvantage(continuations=2, most_steps=most).credit(Batch(BATCH, player=player))
        assert credit.figures["valued_episodes"] == count and (player.env_steps == 10) == (count == 1)
        assert credit.advantages is not None and credit.advantages[0].tolist() == [0.5, -1.0, 1.0]
        assert credit.advantages[1].tolist() == ([0.0, 0.0] if count == 1 else [-0.5, -0.5])
        assert credit.teaches == [True, count == 2]


def test_batches_are_small_unless_told_otherwise() -> None:
    assert MonteCarloAdvantage().needs.episodes == 8 and MonteCarloAdvantage().continuations == 9
    assert MonteCarloAdvantage(episodes=None).needs.episodes is None


@pytest.mark.parametrize(
    "options", [{"continuations": 0}, {"gamma": 0.0}, {"gamma": 1.5}, {"episodes": 0}, {"most_steps": 0}]
)
def test_bad_options_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(BadArgument, match="continuations >= 1"):
        MonteCarloAdvantage(**options)  # type: ignore[arg-type]
