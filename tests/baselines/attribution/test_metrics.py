"""Every metric on numbers small enough to work out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from spa_gym.baselines.attribution import metrics as m


def array(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float64)


def test_rank_correlations_by_hand() -> None:
    # Ranks of c: 1 2 3 4; of a: 2 1 4 3. d^2 = 1 each: 1 - 6 * 4 / (4 * 15) = 0.6; 4 pairs agree, 2 do not: 2 / 6.
    c, a = array(1, 2, 3, 4), array(0.2, 0.1, 0.9, 0.8)
    assert m.spearman(c, a) == pytest.approx(0.6)
    assert m.kendall(c, a) == pytest.approx(1 / 3)
    assert m.spearman(c**3, a) == pytest.approx(0.6), "only ranks count"
    # Ranks with a tie: 1.5 1.5 3 against 1 2 3: r = 1.5 / sqrt(1.5 * 2).
    assert m.spearman(array(0, 0, 1), array(1, 2, 3)) == pytest.approx(1.5 / math.sqrt(3))


def test_a_constant_has_correlation_0() -> None:
    assert m.spearman(np.ones(3), array(1, 2, 3)) == m.kendall(np.ones(3), array(1, 2, 3)) == 0.0
    assert m.spearman(array(1, 2, 3), np.zeros(3)) == 0.0


def test_correlations_within_groups_leave_out_those_without_a_difference() -> None:
    groups = m.grouped(["x", "y", "x", "y", "z", "w", "w"])
    assert [g.tolist() for g in groups] == [[0, 2], [1, 3], [4], [5, 6]]
    c, a = array(1, 2, 2, 1, 9, 1, 2), array(0, 0, 1, 1, 5, 3, 3)
    values, numbers = m.within("spearman", c, a, groups)
    assert values.tolist() == [pytest.approx(1), pytest.approx(-1)] and numbers.tolist() == [0, 1]
    assert len(m.within("kendall", c, a, groups, least=3)[0]) == 0


def test_errors_by_hand() -> None:
    c, a = array(1, 3, 0), array(0, 0, 0)
    assert m.rmse(c, a) == pytest.approx(math.sqrt(10 / 3))
    # Residuals 1 and 3 share a state: -1 and 1 after centring; the third is alone: 0.
    value, shared = m.centred_rmse(c, a, m.grouped("aab"))
    assert value == pytest.approx(math.sqrt(2 / 3)) and shared == pytest.approx(2 / 3)


def test_a_baseline_does_no_harm_to_the_centred_error() -> None:
    rng = np.random.default_rng(0)
    keys = rng.integers(0, 5, 40).tolist()
    a = rng.standard_normal(40)
    c = a + np.array([10.0 * k for k in keys])
    assert m.centred_rmse(c, a, m.grouped(keys))[0] == pytest.approx(0, abs=1e-9)


def test_scaled_is_the_best_factor_and_never_turns_the_sign() -> None:
    c, a = array(2, -2, 0), array(1, -1, 0)
    assert m.scaled(c, a).tolist() == pytest.approx([1, -1, 0])
    assert m.scaled(-c, a).tolist() == [0, 0, 0]
    assert m.scaled(np.ones(3), a).tolist() == [0, 0, 0]


def test_signs_by_hand() -> None:
    c, a = array(1, -1, 0, 5, 5), array(0.5, 0.5, 0.5, 0.01, -0.5)
    assert m.sign_accuracy(c, a, epsilon=0.05) == pytest.approx(1 / 4), "0 is wrong, |A| < epsilon does not count"
    assert m.sign_accuracy(c, a, array(0, 0.3, 0.3, 0, 0), epsilon=0.05) == pytest.approx(1 / 2), "noise does not count"
    assert math.isnan(m.sign_accuracy(c, np.zeros(5)))


def test_leakage_by_hand() -> None:
    assert m.leakage(array(1, -3, 4), array(0, 0, 1)) == pytest.approx(0.5)
    assert m.leakage(array(1, -3, 4), array(0.04, 0.2, 1), epsilon=0.05) == pytest.approx(1 / 8)
    assert m.leakage(np.zeros(3), array(0, 0, 1)) == 0.0


def test_cosines_by_hand() -> None:
    assert m.cosine(array(1, 1), array(1, 0)) == pytest.approx(math.sqrt(0.5))
    features = array(1, 0, 1, 0).reshape(2, 2)
    assert m.cosine(array(1, 1), array(1, 0), features) == pytest.approx(1), "both steps move the same parameter"
    assert m.cosine(array(1, -3), array(1, 0), features) == pytest.approx(-1)
    assert math.isnan(m.cosine(np.zeros(2), array(1, 0)))


def test_pearson_distance_ignores_scale_and_shift() -> None:
    a = array(1, 2, 4)
    assert m.pearson_distance(3 * a + 1, a) == pytest.approx(0, abs=1e-7)
    assert m.pearson_distance(-a, a) == pytest.approx(1)
    assert m.pearson_distance(np.ones(3), a) == pytest.approx(math.sqrt(0.5))


def test_critical_steps_by_hand() -> None:
    score, critical = array(0.9, 0.8, 0.7, 0.1), np.array([True, False, True, False])
    # Precision at the two critical steps: 1 / 1 and 2 / 3. Of the two highest, one is critical.
    assert m.average_precision(score, critical) == pytest.approx((1 + 2 / 3) / 2)
    assert m.precision_recall(score, critical) == (0.5, 0.5)
    assert m.average_precision(np.ones(4), critical) == pytest.approx(0.5), "a constant gets the share"
    assert m.precision_recall(np.ones(4), critical) == (0.5, 1.0)
    none = np.zeros(4, dtype=bool)
    assert math.isnan(m.average_precision(score, none)) and math.isnan(m.precision_recall(score, none)[0])


def test_spearman_brown() -> None:
    assert m.spearman_brown(1.0) == 1.0 and m.spearman_brown(1 / 3) == pytest.approx(0.5)
    assert m.spearman_brown(-0.2) == 0.0


def test_spearman_brown_predicts_the_whole_from_its_halves() -> None:
    rng = np.random.default_rng(0)
    signal = rng.standard_normal(20_000)
    one, other = (signal + rng.standard_normal(20_000) for _ in range(2))
    ceiling = m.spearman_brown(float(np.corrcoef(one, other)[0, 1])) ** 0.5
    assert float(np.corrcoef((one + other) / 2, signal)[0, 1]) == pytest.approx(ceiling, abs=0.01)
