"""`rro` by hand: candidates until the reward rises."""

from __future__ import annotations

import random
from typing import Any

import pytest

from spa_gym.baselines.methods.rro import RewardRising
from spa_gym.baselines.seam import Batch, Pair, Span
from spa_gym.core.errors import BadArgument
from tests.baselines.methods.tables import played, player_of

START = played("s t u", 0.0)
ANSWERS = {
    "": [("v v v", 0.5), ("b x x", 0.25), ("c x x", 0.5), ("d y z", 0.75)],  # the first is the value of the start
    "d": [("e z", 0.75), ("f z", 0.75), ("e q", 0.5)],
    "d e": [("g", 0.5), ("h", 1.0)],
}


def _span(actions: str, score: float, step: int) -> Span:
    return Span(played(actions, score), step, step + 1)


def test_a_candidate_is_chosen_when_the_reward_rises_over_the_step_before() -> None:
    """b and c are not above 1/2, d is; nothing at d rises above 3/4, and no other action is worth less than the best;
    then h rises and ends the episode."""
    player = player_of(ANSWERS)
    method = RewardRising(continuations=1, candidates=3, steps=None)
    credit = method.credit(Batch([START], player=player))
    assert list(credit.pairs) == [
        Pair(_span("d y z", 0.75, 0), _span("b x x", 0.25, 0)),
        Pair(_span("d y z", 0.75, 0), _span("c x x", 0.5, 0)),
        Pair(_span("d e h", 1.0, 2), _span("d e g", 0.5, 2)),
    ]
    assert player.env_steps == 4 * 3 + 3 * 2 + 2 * 1
    assert credit.figures == {"step_pairs": 3.0, "candidates": 8 / 3, "risen": 2 / 3}
    assert credit.dpo_beta == 0.1 and not credit.imitation and credit.advantages is None


def test_at_the_cap_the_best_is_chosen() -> None:
    answers = {"": [("v", 0.9), ("b x", 0.25), ("c x", 0.5), ("b x", 0.0)], "c": [("x", 1.0)]}
    credit = RewardRising(continuations=1, candidates=3, steps=None).credit(Batch([START], player=player_of(answers)))
    assert list(credit.pairs) == [Pair(_span("c x", 0.5, 0), _span("b x", 0.25, 0))], "b once, though tried twice"
    assert credit.figures["risen"] == 0.5


def test_a_reward_is_the_mean_of_the_candidates_own_episode_and_further_ones() -> None:
    answers = {
        "": [("v", 1.0), ("v", 0.0), ("v", 0.5), ("b x", 0.0), ("c", 0.75)],  # V = 1/2
        "b": [("x", 0.75), ("x", 0.75)],  # b: (0 + 3/4 + 3/4) / 3 = 1/2, not above 1/2; c ends at once: 3/4
    }
    player = player_of(answers)
    credit = RewardRising(continuations=3, steps=None).credit(Batch([START], player=player))
    assert list(credit.pairs) == [Pair(_span("c", 0.75, 0), _span("b x", 0.0, 0))]
    assert player.env_steps == 3 + 2 + 2 + 1


def test_nothing_is_above_a_reward_of_one() -> None:
    player = player_of({"": [("v", 1.0), ("b x", 1.0)], "b": [("x", 1.0)]})
    credit = RewardRising(continuations=1, steps=None).credit(Batch([START], player=player))
    assert not credit.pairs and credit.figures == {"step_pairs": 0.0, "candidates": 1.0, "risen": 1.0}


def test_an_exploration_of_some_steps_begins_anywhere() -> None:
    batch = [START, played("k l m n", 0.0)]
    rng = random.Random("rro/7/2")
    starts = [int(rng.random() * t.num_steps) for t in batch]
    before = [" ".join(step.action for step in t.steps[:at]) for t, at in zip(batch, starts, strict=True)]
    # The value of each start, then one candidate; its episode goes on, but the exploration has had its one step.
    player = player_of({text: [("w x y", 0.5)] * 4 for text in before})
    credit = RewardRising(continuations=1, candidates=1, steps=1).credit(Batch(batch, 2, 7, player))
    assert sum(player.asked.values()) == 4 and set(player.asked) == {tuple(text.split()) for text in before}
    assert credit.figures["candidates"] == 1.0


def test_a_policy_without_room_to_act_ends_the_exploration() -> None:
    credit = RewardRising(continuations=1, steps=None).credit(
        Batch([START], player=player_of({"": [("v", 0.5), ("", 0.0)]}))
    )
    assert not credit.pairs and credit.figures == {"step_pairs": 0.0, "candidates": 0.0, "risen": 0.0}


def test_past_the_bound_an_exploration_is_broken_off() -> None:
    """The start takes three steps, each candidate three: with 12 the first step is done, and d is not tried."""
    for most, pairs, steps in ((12, 2, 12), (13, 2, 14), (6, 0, 6), (20, 3, 20), (None, 3, 20)):
        player = player_of(ANSWERS)
        method = RewardRising(continuations=1, candidates=3, steps=None, most_steps=most)
        assert len(method.credit(Batch([START], player=player)).pairs) == pairs and player.env_steps == steps


def test_its_batches_are_its_explorations() -> None:
    assert RewardRising().needs.episodes == 8 and RewardRising(walks=None).needs.episodes is None


@pytest.mark.parametrize(
    "options", [{"continuations": 0}, {"candidates": 0}, {"walks": 0}, {"steps": 0}, {"most_steps": 0}, {"beta": 0.0}]
)
def test_bad_options_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(BadArgument, match="candidates, walks, steps"):
        RewardRising(**options)
