"""Credit that does not fit its batch is refused with the method's name; one that may be right is left alone."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spa_gym.baselines.learning.credit_checks import EMPTY, check_credit, warn_of_nothing
from spa_gym.baselines.seam import Batch, Credit, Method, Pair, Span
from spa_gym.baselines.training.train import train
from spa_gym.core.errors import BadArgument, TrainingDiverged
from tests.baselines.conftest import Pipeline
from tests.baselines.methods.toys import episode
from tests.baselines.tiny_runs import ppo_config

PLAYED = [episode(1.0), episode(0.0, task="u", actions=("a0", "a1"))]
"""Of three steps and of two."""
FIT = [np.zeros(3), np.ones(2)]
FORMS = ("rewards", "advantages")


@pytest.mark.parametrize(
    "credit",
    [
        Credit(rewards=FIT),
        Credit(advantages=FIT, whiten=True),
        Credit(advantages=[np.array([1, 0, 1]), np.array([True, False])]),
        Credit(advantages=FIT, teaches=[True, False]),
        Credit(),
        Credit(pairs=[Pair(Span(PLAYED[0]), Span(PLAYED[1]))], imitation=[Span(PLAYED[0], weight=0.0)]),
    ],
    ids=["rewards", "advantages", "whole numbers", "one teaches", "empty", "pairs and spans"],
)
def test_what_fits_is_left_alone(credit: Credit) -> None:
    check_credit(credit, PLAYED, "mine")


def test_without_episodes_only_pairs_and_spans_make_sense() -> None:
    check_credit(Credit(pairs=[Pair(Span(PLAYED[0]), Span(PLAYED[1]))]), [], "mine")
    check_credit(Credit(), [], "mine")
    with pytest.raises(BadArgument, match=r"no rewards from the method mine for a batch without episodes"):
        check_credit(Credit(rewards=[]), [], "mine")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("rows", "place", "came"),
    [
        ([np.zeros(3), np.zeros(3)], r"; shape \(2,\) for episode 1 \(task u\)", r"an array of shape \(3,\)"),
        ([np.zeros((3, 1)), np.zeros(2)], r"; shape \(3,\) for episode 0 \(task t\)", r"an array of shape \(3, 1\)"),
        ([np.zeros(()), np.zeros(2)], r"; shape \(3,\) for episode 0", r"an array of shape \(\)"),
        ([[0.0] * 3, [0.0] * 2], r"; shape \(3,\) for episode 0", "a list of 3"),
        ([np.array(["a"] * 3), np.zeros(2)], r"; shape \(3,\) for episode 0", r"an array of shape \(3,\) and type <U1"),
        ([np.zeros(3)], "", "a list of 1"),
        ([np.zeros(3), np.zeros(2), np.zeros(1)], "", "a list of 3"),
        ([], "", "a list of 0"),
        ({0: np.zeros(3), 1: np.zeros(2)}, "", "dict"),
        (1.0, "", "float 1.0"),
    ],
)
def test_what_does_not_fit_is_refused(form: str, rows: Any, place: str, came: str) -> None:
    expected = rf"expected {form} of the method mine: 2 arrays, one of \[num_steps\] for each episode{place}"
    with pytest.raises(BadArgument, match=rf"{expected}.*; got {came}.*To mend it: return "):
        check_credit(replace(Credit(), **{form: rows}), PLAYED, "mine")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_what_is_not_finite_is_refused(form: str, number: float) -> None:
    rows = [np.zeros(3), np.array([0.0, number])]
    expected = rf"finite {form} of episode 1 \(task u\) from the method mine; got {number} in place 1 \(1 of 2"
    with pytest.raises(TrainingDiverged, match=expected):
        check_credit(replace(Credit(), **{form: rows}), PLAYED, "mine")


@pytest.mark.parametrize(
    ("credit", "expected"),
    [
        (None, "a Credit from the method mine; got NoneType"),
        (FIT, "a Credit from the method mine; got list"),
        (Credit(advantages=FIT, teaches=[True]), "2 flags, one for each episode.*got 1 flags, 1 of them True"),
        (Credit(advantages=FIT, teaches=[False, False]), "some of them True; got 2 flags, 0 of them True"),
        (Credit(pairs=[(Span(PLAYED[0]), Span(PLAYED[1]))]), "a Pair in each place of the pairs.*mine; got tuple"),  # pyright: ignore
        (Credit(imitation=[PLAYED[0]]), "a Span in each place of the imitation.*mine; got Trajectory"),  # pyright: ignore
    ],
)
def test_other_things_than_credit_are_refused(credit: Any, expected: str) -> None:
    with pytest.raises(BadArgument, match=expected):
        check_credit(credit, PLAYED, "mine")


def test_weights_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(TrainingDiverged, match="finite weights of spans from the method mine; got nan in place 0"):
        check_credit(Credit(imitation=[Span(PLAYED[0], weight=float("nan"))]), PLAYED, "mine")


@pytest.mark.parametrize(
    ("iteration", "updates", "ended", "said"),
    [
        (1, 0, False, 0),
        (EMPTY, 0, False, 1),
        (EMPTY + 1, 0, False, 0),
        (3, 0, True, 1),
        (EMPTY, 1, False, 0),
        (9, 2, True, 0),
    ],
)
def test_a_training_that_learned_nothing_says_so_in_time_and_at_its_end(
    iteration: int, updates: int, ended: bool, said: int, caplog: pytest.LogCaptureFixture
) -> None:
    warn_of_nothing("mine", iteration, updates, ended=ended)
    assert len(caplog.records) == said and all(
        "the method mine has given no credit" in r.message for r in caplog.records
    )


# -- in a training ----------------------------------------------------------------------------------------------------


class Short(Method):
    """Its second batch lacks an episode."""

    name = "short"

    def credit(self, batch: Batch) -> Credit:
        rows = [np.zeros(t.num_steps) for t in batch.trajectories]
        return Credit(advantages=rows[batch.iteration :])


class Silent(Method):
    """Forgot what it wanted to say."""

    name = "silent"

    def credit(self, batch: Batch) -> Credit:
        return Credit()


def test_a_training_stops_and_names_the_method(pipeline: Pipeline, tmp_path: Path) -> None:
    name = f"{__name__}:Short"
    expected = rf"advantages of the method {name}: 6 arrays, one of \[num_steps\] for each episode; got a list of 5"
    with pytest.raises(BadArgument, match=expected):
        train(ppo_config(pipeline.start, tmp_path, method=name, evaluate_every=1000, evaluate_tasks=1))
    assert (tmp_path / "state" / "position.json").exists() and not (tmp_path / "record.json").exists()


def test_a_training_without_any_credit_ends_with_a_warning(
    pipeline: Pipeline, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    name = f"{__name__}:Silent"
    with caplog.at_level(logging.WARNING, logger="spa_gym.baselines.learning.credit_checks"):
        record = train(ppo_config(pipeline.start, tmp_path, method=name, evaluate_every=1000, evaluate_tasks=1))
    assert record.updates == 0
    said = [r.getMessage() for r in caplog.records if "has given no credit" in r.getMessage()]
    assert len(said) == 1 and f"the method {name} has given no credit in any of 2 batches" in said[0]
