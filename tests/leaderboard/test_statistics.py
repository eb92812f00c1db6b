"""Each statistic against a case worked out by hand, and against what its interval promises."""

from __future__ import annotations

import math

import numpy as np
import pytest

from spa_gym.leaderboard.statistics import (
    bootstrap_mean,
    bootstrap_ratio,
    bootstrap_seeds,
    iqm,
    paired_difference,
    probability_of_improvement,
    stratified_bootstrap,
    wilson_interval,
)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_wilson_by_hand() -> None:
    # 98 of 134 with z = 1.959964: centre = (p + z^2/2n)/(1 + z^2/n), half = z sqrt(p(1-p)/n + z^2/4n^2)/(1 + z^2/n).
    p, n, z = 98 / 134, 134, 1.959964
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    assert wilson_interval(98, 134) == pytest.approx((p, centre - half, centre + half), abs=1e-6)
    assert wilson_interval(98, 134) == pytest.approx((0.7313, 0.6507, 0.7993), abs=2e-4)


def test_wilson_at_the_ends() -> None:
    z2 = 1.959964**2
    assert wilson_interval(0, 10) == pytest.approx((0.0, 0.0, z2 / (10 + z2)), abs=1e-6)
    assert wilson_interval(10, 10) == pytest.approx((1.0, 10 / (10 + z2), 1.0), abs=1e-6)


@pytest.mark.parametrize(("successes", "trials"), [(1, 0), (-1, 3), (4, 3)])
def test_wilson_refuses_impossible_counts(successes: int, trials: int) -> None:
    with pytest.raises(ValueError, match="expected 0 <= successes"):
        wilson_interval(successes, trials)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([7.0], 7.0),
        ([1, 2, 3], 2.0),
        ([100, 1, 2, 3], 2.5),
        ([0, 1, 2, 3, 90], 2.0),
        (range(8), 3.5),
        ([[0, 4], [5, 99]], 4.5),
    ],
)
def test_iqm_by_hand(values: object, expected: float) -> None:
    assert iqm(values) == expected  # type: ignore[arg-type]


def test_bootstrap_mean_has_the_width_of_the_theory() -> None:
    values = np.arange(400) % 2
    mean, low, high = bootstrap_mean(values, rng())
    assert mean == 0.5
    assert (low, high) == pytest.approx((0.5 - 1.96 * 0.025, 0.5 + 1.96 * 0.025), abs=0.004)


def test_bootstrap_of_a_constant_has_no_width() -> None:
    assert bootstrap_mean([0.25] * 7, rng()) == (0.25, 0.25, 0.25)
    assert stratified_bootstrap(np.full((3, 4), 0.5), rng()) == (0.5, 0.5, 0.5)


def test_bootstrap_ratio_pools_and_keeps_tasks_together() -> None:
    # 9 of 10 and 0 of 2 actions executed: the pooled ratio is 9/12; the two extreme resamples are 0/4 and 18/20.
    assert bootstrap_ratio([9, 0], [10, 2], rng()) == pytest.approx((0.75, 0.0, 0.9))


def test_bootstrap_seeds_resamples_seeds_only() -> None:
    # Two seeds: resamples are (a, a), (a, b), (b, b) with 1/4, 1/2, 1/4, so the 95 % bounds are the seeds themselves.
    assert bootstrap_seeds([0.2, 0.6], iqm, rng()) == pytest.approx((0.4, 0.2, 0.6))


def test_stratified_bootstrap_resamples_both_ways() -> None:
    seeds_differ = np.array([[0.0] * 50, [1.0] * 50])
    tasks_differ = np.array([[0.0] * 25 + [1.0] * 25] * 2)
    assert stratified_bootstrap(seeds_differ, rng()) == (0.5, 0.0, 1.0)
    _, low, high = stratified_bootstrap(tasks_differ, rng())
    assert (low, high) == pytest.approx((0.5 - 1.96 * 0.5 / 50**0.5, 0.5 + 1.96 * 0.5 / 50**0.5), abs=0.02)


def test_strata_are_kept_whole() -> None:
    # All the variance lies between the two families, so there is none left within them.
    values = np.array([[0.0] * 25 + [1.0] * 25] * 2)
    assert stratified_bootstrap(values, rng(), strata=["cool"] * 25 + ["heat"] * 25) == (0.5, 0.5, 0.5)


def test_pairing_removes_what_both_share() -> None:
    base = np.array([0.1, 0.5, 0.9])
    assert paired_difference(base + 0.05, base, rng()) == pytest.approx((0.05, 0.05, 0.05))
    tasks = rng(1).integers(0, 2, (3, 40)).astype(float)
    assert paired_difference(tasks, tasks, rng()) == (0.0, 0.0, 0.0)


def test_paired_difference_by_hand() -> None:
    # Differences +0.3 and -0.1: mean 0.1; with two pairs the 95 % bounds are the pairs themselves.
    assert paired_difference([0.8, 0.4], [0.5, 0.5], rng()) == pytest.approx((0.1, -0.1, 0.3))


def test_a_ratio_over_seeds_and_tasks_by_hand() -> None:
    # 9 of 10 and 0 of 2 actions, by two seeds or on two tasks: 9/12, and the extreme resamples are 0/4 and 18/20.
    for values, actions in (([[9], [0]], [[10], [2]]), ([[9, 0]], [[10, 2]])):
        assert stratified_bootstrap(values, rng(), denominators=actions) == pytest.approx((0.75, 0.0, 0.9))
    alone = stratified_bootstrap([[9, 0]], rng(), denominators=[[10, 2]], strata=["cool", "heat"])
    assert alone == (0.75, 0.75, 0.75), "one task of each type: none to draw in its place"


def test_denominators_of_one_are_the_mean_to_the_bit() -> None:
    values, strata = rng(2).random((3, 40)), ["cool", "heat"] * 20
    ones = np.ones_like(values)
    plain = stratified_bootstrap(values, rng(), strata=strata)
    assert stratified_bootstrap(values, rng(), denominators=ones, strata=strata)[1:] == plain[1:]


def test_the_difference_of_two_ratios_by_hand() -> None:
    # Seeds of 9/10 and 0/2 against 5/10 and 1/2: 9/12 - 6/12; drawn twice the first 0.9 - 0.5, the second 0 - 0.5.
    below = ([[10], [2]], [[10], [2]])
    apart = paired_difference([[9], [0]], [[5], [1]], rng(), denominators=below)
    assert apart == pytest.approx((0.25, -0.5, 0.4))
    assert paired_difference([[9], [0]], [[9], [0]], rng(), denominators=below) == (0.0, 0.0, 0.0)


def test_probability_of_improvement_by_hand() -> None:
    # Pairs: 3>1, 3>2, 2>1, 2=2 -> (3 + 1/2) / 4.
    assert probability_of_improvement([3, 2], [1, 2], rng()).mean == 0.875
    assert probability_of_improvement([5, 6], [1, 2], rng()) == (1.0, 1.0, 1.0)
    assert probability_of_improvement([1, 1], [1, 1], rng()) == (0.5, 0.5, 0.5)


def test_coverage_of_the_two_way_bootstrap() -> None:
    """With 8 seeds and 60 tasks, truth 0.5, the 95 % interval should hold the truth about 95 % of the time."""
    source, hits = rng(3), 0
    for _ in range(200):
        rates = 0.5 + 0.05 * source.standard_normal((8, 1)) + 0.2 * source.standard_normal((1, 60))
        _, low, high = stratified_bootstrap(source.random((8, 60)) < rates, source, resamples=500)
        hits += low <= 0.5 <= high
    assert 0.88 <= hits / 200 <= 1.0


def test_same_generator_same_interval() -> None:
    values = rng(5).random(30)
    assert bootstrap_mean(values, rng(1)) == bootstrap_mean(values, rng(1))
    assert bootstrap_mean(values, rng(1)) != bootstrap_mean(values, rng(2))


def test_blocks_bound_memory_on_a_large_split() -> None:
    assert bootstrap_mean(np.arange(40_000) % 2, rng(), resamples=120).mean == 0.5


@pytest.mark.parametrize("values", [[], [float("nan")], [[1.0]]])
def test_bad_values_are_refused(values: list) -> None:
    with pytest.raises(ValueError, match="expected"):
        bootstrap_mean(values, rng())


def test_shapes_must_agree() -> None:
    with pytest.raises(ValueError, match="one shape"):
        paired_difference([1.0], [1.0, 2.0], rng())
    with pytest.raises(ValueError, match="one stratum"):
        stratified_bootstrap([[1.0, 0.0]], rng(), strata=["a"])
    with pytest.raises(ValueError, match="positive denominators"):
        bootstrap_ratio([1.0], [0.0], rng())
    with pytest.raises(ValueError, match="positive denominators"):
        stratified_bootstrap([[1.0]], rng(), denominators=[[1.0, 1.0]])
    with pytest.raises(ValueError, match="positive denominators"):
        paired_difference([[1.0]], [[1.0]], rng(), denominators=([[1.0]], [[0.0]]))
