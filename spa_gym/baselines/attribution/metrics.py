"""How well credit agrees with the truth: rank correlations, errors, signs, leakage, critical steps. Plain numpy.

Notation: c credit, A true advantage, e standard error of A; arrays are flat, one entry for each step of N, and `keys`
say which steps belong together. Sources: QVal (arXiv 2606.32034) ranks by Spearman and Kendall, overall and within a
state; AgentCreditBench v0.5 (hectopascal/agent-credit-bench) defines RMSE, centred RMSE, sign accuracy, leakage and the
cosine of gradients; EPIC (Gleave et al. 2021, arXiv 2006.13900) the Pearson distance. A correlation with something that
does not vary is 0, as in AgentCreditBench: a constant says nothing.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import kendalltau, rankdata

__all__ = [
    "average_precision",
    "centred_rmse",
    "cosine",
    "grouped",
    "kendall",
    "leakage",
    "pearson_distance",
    "precision_recall",
    "rmse",
    "scaled",
    "sign_accuracy",
    "spearman",
    "spearman_brown",
    "within",
]

Array = npt.NDArray[np.float64]
NOT_A_NUMBER = float("nan")


def _pearson(a: Array, b: Array) -> float:
    a, b = a - a.mean(), b - b.mean()
    norm = math.sqrt(float(a @ a)) * math.sqrt(float(b @ b))
    return float(np.clip(a @ b / norm, -1.0, 1.0)) if norm > 1e-12 else 0.0


def spearman(c: Array, a: Array) -> float:
    """Pearson's correlation of the ranks, ties sharing their mean rank.

    >>> spearman(np.array([1.0, 2.0, 3.0]), np.array([0.1, 0.9, 0.5]))
    0.5
    """
    return _pearson(rankdata(c), rankdata(a))


def kendall(c: Array, a: Array) -> float:
    """Kendall's tau-b.

    >>> round(kendall(np.array([1.0, 2.0, 3.0]), np.array([0.1, 0.9, 0.5])), 4)
    0.3333
    """
    if np.ptp(c) == 0 or np.ptp(a) == 0:
        return 0.0
    tau: Any = kendalltau(c, a)
    return float(tau.statistic)


def grouped(keys: Sequence[Hashable]) -> list[npt.NDArray[np.intp]]:
    """Positions of each key, in order of first appearance."""
    places: dict[Hashable, list[int]] = {}
    for i, key in enumerate(keys):
        places.setdefault(key, []).append(i)
    return [np.array(found) for found in places.values()]


def within(
    statistic: str, c: Array, a: Array, groups: Sequence[npt.NDArray[np.intp]], *, least: int = 2
) -> tuple[Array, npt.NDArray[np.intp]]:
    """A correlation inside each group in which the truth varies and which has at least `least` members.

    Args:
        statistic: `"spearman"` or `"kendall"`.
        c: [N] credit.
        a: [N] truth.
        groups: positions of each group.
        least: smallest group that counts.

    Returns:
        The correlations, and the numbers of their groups.
    """
    correlate = {"spearman": spearman, "kendall": kendall}[statistic]
    values, numbers = [], []
    for number, places in enumerate(groups):
        if len(places) >= least and np.ptp(a[places]) > 1e-12:
            values.append(correlate(c[places], a[places]))
            numbers.append(number)
    return np.array(values), np.array(numbers, dtype=np.intp)


def rmse(c: Array, a: Array) -> float:
    """sqrt(mean (c - A)^2)."""
    return float(np.sqrt(np.mean((c - a) ** 2)))


def centred_rmse(c: Array, a: Array, groups: Sequence[npt.NDArray[np.intp]]) -> tuple[float, float]:
    """RMSE after the mean error of each group is taken out: a baseline b(s) does no harm to a policy gradient.

    Returns:
        The error, and the share of steps in groups of two or more. A step alone in its group counts as right, as in
        AgentCreditBench, so a small share flatters.
    """
    error = (c - a).copy()
    shared = 0
    for places in groups:
        error[places] -= error[places].mean()
        shared += len(places) if len(places) > 1 else 0
    return float(np.sqrt(np.mean(error**2))), shared / len(c)


def scaled(c: Array, a: Array) -> Array:
    """Credit times the factor, at least 0, that brings it nearest to the truth, both centred; means are left alone.

    Methods pay in units of their own, and the optimiser's step undoes the unit.
    """
    x, y = c - c.mean(), a - a.mean()
    norm = float(x @ x)
    return c * (max(float(x @ y) / norm, 0.0) if norm > 1e-12 else 0.0)


def sign_accuracy(c: Array, a: Array, e: Array | None = None, *, epsilon: float = 1e-8, z: float = 1.96) -> float:
    """Share of steps with the right sign among those whose truth is not 0: |A| >= epsilon and |A| >= z e.

    Credit of exactly 0 is wrong. Not a number where there is no such step.
    """
    counts = np.abs(a) >= epsilon
    if e is not None:
        counts &= np.abs(a) >= z * e
    return float(np.mean(np.sign(c[counts]) == np.sign(a[counts]))) if counts.any() else NOT_A_NUMBER


def leakage(c: Array, a: Array, *, epsilon: float = 1e-8) -> float:
    """Share of all |c| that goes to steps whose truth is 0: |A| < epsilon; 0 where nothing is paid."""
    total = float(np.abs(c).sum())
    return float(np.abs(c[np.abs(a) < epsilon]).sum()) / total if total > 1e-12 else 0.0


def cosine(c: Array, a: Array, features: Array | None = None) -> float:
    """Cosine of the policy gradients sum_t c_t g_t and sum_t A_t g_t; not a number where one is 0.

    Args:
        c: [N] credit.
        a: [N] truth.
        features: [N, D] gradient g_t of each action's log-probability; None: each step has a parameter of its own, so
            that this is the cosine of c and A.
    """
    left, right = (c, a) if features is None else (c @ features, a @ features)
    norm = math.sqrt(float(left @ left)) * math.sqrt(float(right @ right))
    return float(np.clip(left @ right / norm, -1.0, 1.0)) if norm > 1e-12 else NOT_A_NUMBER


def pearson_distance(c: Array, a: Array) -> float:
    """sqrt((1 - r) / 2), EPIC's distance once rewards are in canonical form: 0 for equal up to scale and shift.

    EPIC first takes out potential shaping by averages over all states and actions. On the steps of a policy there are
    no such averages; the truth needs none (a gain in V is the canonical form at gamma = 1), the credit is as paid.
    """
    return math.sqrt((1.0 - _pearson(c, a)) / 2.0)


def average_precision(score: Array, positive: npt.NDArray[np.bool_]) -> float:
    """Mean precision at each critical step, steps ordered by score; equal scores are met together.

    The share of critical steps is what a constant gets. Not a number where there is none.
    """
    if not positive.any():
        return NOT_A_NUMBER
    levels, which = np.unique(-score, return_inverse=True)
    found = np.bincount(which, weights=positive.astype(float), minlength=len(levels))
    met = np.bincount(which, minlength=len(levels))
    precision = np.cumsum(found) / np.cumsum(met)
    return float((found * precision).sum() / positive.sum())


def precision_recall(score: Array, positive: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Precision and recall of the K steps of greatest score, and all that equal the K-th, K being the critical steps.

    Without ties both are the same number. Not a number where no step is critical.
    """
    k = int(positive.sum())
    if not k:
        return NOT_A_NUMBER, NOT_A_NUMBER
    named = score >= np.sort(score)[-k]
    right = float((named & positive).sum())
    return right / float(named.sum()), right / k


def spearman_brown(half: float) -> float:
    """Reliability of the whole from the correlation of its halves, 2 r / (1 + r); 0 where they do not agree.

    >>> round(spearman_brown(0.5), 4)
    0.6667
    """
    return 2.0 * half / (1.0 + half) if half > 0 else 0.0
