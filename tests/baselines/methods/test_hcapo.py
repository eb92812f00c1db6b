"""`hcapo`, by hand: hindsight ratios, Q, both advantages and the mask."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spa_gym.baselines.methods.hcapo import HindsightCredit
from spa_gym.baselines.methods.registry import make_method
from spa_gym.baselines.seam import Batch
from spa_gym.baselines.training.train import train
from spa_gym.core.errors import BadArgument
from tests.baselines.conftest import Pipeline
from tests.baselines.methods.toys import ToyReadings, episode
from tests.baselines.tiny_runs import ppo_config

SOLVED, FAILED = episode(1.0, final="won"), episode(0.0, final="lost")
LOG = math.log
TABLES = {
    "policy after won": {"a0": (LOG(0.25), 0.0), "a1": (LOG(0.25),), "a2": (LOG(0.75),)},
    "policy after lost": {"a0": (-1.0,), "a1": (-1.0,), "a2": (-1.0,)},
    "policy": {"a0": (LOG(0.25), LOG(0.25)), "a1": (LOG(0.25),), "a2": (LOG(0.25),)},
}
"""With temperature 1, pi_hind of the solved episode is 1/2, 1/4, 3/4: over its mean 1, 1/2, 3/2, so 1, 0.8, 1.2."""
HALF = math.sqrt(0.5)


def _credit(**options: Any) -> tuple[np.ndarray, np.ndarray, float]:
    method = HindsightCredit(**{"temperature": 1.0, "gamma": 0.5, **options})
    credit = method.credit(Batch([SOLVED, FAILED], readings=ToyReadings(TABLES)))
    assert credit.advantages is not None and credit.rewards is None and not credit.whiten
    return credit.advantages[0], credit.advantages[1], credit.figures["clipped_ratios"]


def test_both_advantages_by_hand() -> None:
    """G = 1/4, 1/2, 1, so Q = 0.25, 0.4, 1.2 and 0, 0, 0: mean 1.85 / 6, variance (1.6625 - 1.85^2 / 6) / 5."""
    mean, deviation = 1.85 / 6, math.sqrt((1.6625 - 1.85**2 / 6) / 5)
    solved, failed, clipped = _credit()
    assert solved == pytest.approx([HALF, HALF + (0.4 - mean) / deviation, HALF + (1.2 - mean) / deviation], rel=1e-4)
    assert failed == pytest.approx([-HALF - mean / deviation] * 3, rel=1e-4)
    assert clipped == pytest.approx(2 / 6)


def test_without_the_mask_a_solved_episode_has_negative_credit_too() -> None:
    mean, deviation = 1.85 / 6, math.sqrt((1.6625 - 1.85**2 / 6) / 5)
    assert _credit(mask=False)[0][0] == pytest.approx(HALF + (0.25 - mean) / deviation, rel=1e-4)


def test_undivided_and_weighed() -> None:
    solved, failed, _ = _credit(scale="mean", omega=2.0, mask=False)
    assert solved == pytest.approx(0.5 + 2 * (np.array([0.25, 0.4, 1.2]) - 1.85 / 6))
    assert failed == pytest.approx([-0.5 - 2 * 1.85 / 6] * 3)
    assert _credit(scale="mean", omega=0.0)[0] == pytest.approx([0.5] * 3)


def test_the_policys_own_probability_as_prior() -> None:
    """Without hindsight all are 1/4: ratios 2, 1, 3, clipped to 1.2, 1, 1.2; a failed episode has Q = 0."""
    solved, failed, _ = _credit(prior="policy", scale="mean", mask=False)
    q = np.array([1.2 * 0.25, 0.5, 1.2])
    assert solved == pytest.approx(0.5 + q - q.sum() / 6) and failed == pytest.approx([-0.5 - q.sum() / 6] * 3)


def test_bounds_and_temperature() -> None:
    q = np.array([0.25, 0.25, 1.5])
    assert _credit(low=0.0, high=9.0, scale="mean", mask=False)[0] == pytest.approx(0.5 + q - q.sum() / 6)
    p = np.array([0.5, 0.25, 0.75]) ** 0.2
    q = p / p.mean() * np.array([0.25, 0.5, 1.0])
    got, _, clipped = _credit(temperature=5.0, scale="mean", mask=False)
    assert got == pytest.approx(0.5 + q - q.sum() / 6) and clipped == 0.0


def test_smoothing_gives_a_step_a_part_of_the_next_ones() -> None:
    q = np.array([0.25 + 0.4, 0.4 + 1.2, 1.2 + 1.2]) / 2
    assert _credit(smoothing=0.5, scale="mean", mask=False)[0] == pytest.approx(0.5 + q - q.sum() / 6)


def test_settings_of_the_paper() -> None:
    method = make_method("hcapo")
    assert isinstance(method, HindsightCredit) and method.needs.group == 8
    assert (method.omega, method.gamma, method.temperature, method.low, method.high) == (1.0, 0.95, 5.0, 0.8, 1.2)


@pytest.mark.parametrize(
    "options",
    [
        {"temperature": 0.0},
        {"low": 1.1},
        {"high": 0.9},
        {"low": -0.1},
        {"gamma": 1.1},
        {"smoothing": -0.1},
        {"omega": -1.0},
        {"prior": "mean"},
        {"scale": "max"},
        {"group": 1},
    ],
)
def test_what_means_nothing_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(BadArgument):
        HindsightCredit(**options)


def test_a_training_with_it(pipeline: Pipeline, tmp_path: Path) -> None:
    config = ppo_config(pipeline.start, tmp_path, method="hcapo", options={"group": 3}, entropy=0.01)
    record = train(config)
    assert record.method == "hcapo" and record.updates == 4
    assert all(0 <= (share or 0.0) <= 1 for share in record.curves["clipped_ratios"])
