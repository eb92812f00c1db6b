"""`ipr` by hand: the expert's steps against the policy's, scored by continuations of the imitated policy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from spa_gym.baselines.methods.ipr import StepPreference
from spa_gym.baselines.seam import Batch, Credit, Pair, Span, Study
from spa_gym.core.errors import BadArgument
from tests.baselines.methods.tables import played, player_of
from tests.baselines.methods.toys import ToyPlayer

EXPERT = played("e0 e1 e2", 1.0)
FAILED, SOLVED = played("m0 m1", 0.0), played("q0 q1", 1.0)
MINE = played("e0 m1 m2", 0.0)

ACTED = {"e0": [("m1 m2", 0.0)], "e0 e1": [("e2", 1.0)]}
SCORED = {"e0 e1": [("e2", 1.0), ("e2", 1.0)], "e0 m1": [("x", 0.0), ("x", 1.0)]}


def _method(**options: Any) -> StepPreference:
    method = StepPreference(**{"continuations": 2, "tau": 0.4, **options})
    method.prepare(Study("nowhere", "toy", {}, Path("nowhere"), 0, demonstrations=[EXPERT]))
    assert method.needs.demonstrated
    return method


def _credit(acted: Any = ACTED, scored: Any = SCORED, **options: Any) -> tuple[Credit, ToyPlayer, ToyPlayer]:
    player, scorer = player_of(acted), player_of(scored)
    return _method(**options).credit(Batch([FAILED, SOLVED], player=player, scorer=scorer)), player, scorer


def test_a_step_is_preferred_where_the_imitated_policy_gets_further_from_it() -> None:
    """The expert's e1 is worth 1, the policy's m1 1/2; at the last step the policy does as the expert."""
    credit, player, scorer = _credit()
    assert list(credit.pairs) == [Pair(Span(EXPERT), Span(FAILED)), Pair(Span(EXPERT, 1), Span(MINE, 1))]
    assert list(credit.imitation) == [Span(EXPERT)]
    assert (credit.dpo_beta, credit.dpo_reference) == (0.1, "imitated")
    assert credit.figures == {"outcome_pairs": 1.0, "compared_steps": 1.0, "step_pairs": 1.0}
    assert (player.env_steps, scorer.env_steps) == (2 + 1, 2 + 2)


def test_the_gap_must_be_above_tau() -> None:
    credit, _, scorer = _credit(tau=0.5)
    assert list(credit.pairs) == [Pair(Span(EXPERT), Span(FAILED))] and scorer.env_steps == 4


def test_a_step_that_ended_as_well_is_not_compared() -> None:
    credit, _, scorer = _credit(acted={"e0": [("m1 m2", 1.0)], "e0 e1": [("m2", 1.0)]}, scored={})
    assert credit.figures["compared_steps"] == 0.0 and scorer.env_steps == 0


def test_a_last_step_is_worth_its_score() -> None:
    """Both episodes end with the step that is compared, so nothing is left to be played."""
    acted = {"e0": [("e1 e2", 1.0)], "e0 e1": [("m2", 0.25)]}
    credit, _, scorer = _credit(acted=acted, scored={})
    assert credit.pairs[1:] == [Pair(Span(EXPERT, 2), Span(played("e0 e1 m2", 0.25), 2))]
    assert scorer.env_steps == 0


def test_a_policy_without_room_to_act_is_not_compared() -> None:
    credit, _, _ = _credit(acted={"e0": [("", 0.0)], "e0 e1": [("", 0.0)]}, scored={})
    assert credit.figures["compared_steps"] == 0.0


def test_the_present_policy_scores_by_option() -> None:
    acted = {**ACTED, "e0 e1": [("e2", 1.0), *SCORED["e0 e1"]], "e0 m1": SCORED["e0 m1"]}
    credit, player, scorer = _credit(acted=acted, scored={}, scorer="acting")
    assert credit.figures["step_pairs"] == 1.0 and (player.env_steps, scorer.env_steps) == (7, 0)


def test_each_part_of_the_loss_can_be_left_out() -> None:
    without_outcome, _, _ = _credit(outcome=False)
    assert list(without_outcome.pairs) == [Pair(Span(EXPERT, 1), Span(MINE, 1))] and without_outcome.imitation
    without_steps, player, scorer = _credit(step=False)
    assert list(without_steps.pairs) == [Pair(Span(EXPERT), Span(FAILED))] and player.env_steps == 0
    without_imitation, _, _ = _credit(imitation=0.0)
    assert not without_imitation.imitation and len(without_imitation.pairs) == 2
    weighted, _, _ = _credit(imitation=0.5, beta=0.3)
    assert list(weighted.imitation) == [Span(EXPERT, weight=0.5)] and weighted.dpo_beta == 0.3


def test_prefixes_are_drawn_by_seed_and_iteration() -> None:
    asked = set()
    for iteration in range(12):
        runs = []
        for _ in range(2):
            player, scorer = player_of(ACTED), player_of(SCORED)
            _method(prefixes=1).credit(Batch([FAILED], iteration, 3, player, scorer=scorer))
            runs.append(dict(player.asked))
        assert runs[0] == runs[1] and sum(runs[0].values()) == 1
        asked |= set(runs[0])
    assert asked == {("e0",), ("e0", "e1")}, "never the start: the batch's own episodes begin there"


def test_a_batch_without_a_scorer_is_refused() -> None:
    with pytest.raises(BadArgument, match="scorer"):
        _method().credit(Batch([FAILED], player=player_of(ACTED)))


@pytest.mark.parametrize(
    "options",
    [
        {"scorer": "expert"},
        {"continuations": 0},
        {"prefixes": 0},
        {"beta": 0.0},
        {"tau": -0.1},
        {"gap": -1.0},
        {"imitation": -1.0},
    ],
)
def test_bad_options_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(BadArgument):
        StepPreference(**options)
