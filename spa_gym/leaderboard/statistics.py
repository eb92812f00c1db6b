"""Intervals for success rates, scores and differences between methods.

Every function is pure numpy. What is random takes a `numpy.random.Generator`, so that a table can be recomputed to the
last digit.
Notation: S = number of training seeds, T = number of tasks, B = number of bootstrap resamples.

Which one to use (after Agarwal et al. 2021, "Deep RL at the Edge of the Statistical Precipice", arXiv 2108.13264):

- one agent, each task once, 0/1 outcomes: `wilson_interval`;
- one agent, each task once, real outcomes: `bootstrap_mean`, `bootstrap_ratio`;
- a training method with several seeds: `stratified_bootstrap` (both seeds and tasks are resampled), `iqm` over seeds;
- two methods with the same seeds: `paired_difference`, `probability_of_improvement`.

Where a figure is a ratio of sums (executed actions over all actions), the two of seeds and tasks take `denominators`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = [
    "Interval",
    "bootstrap_mean",
    "bootstrap_ratio",
    "bootstrap_seeds",
    "iqm",
    "paired_difference",
    "probability_of_improvement",
    "stratified_bootstrap",
    "wilson_interval",
]

Array = npt.NDArray[np.float64]
RESAMPLES = 10_000


class Interval(NamedTuple):
    """A point estimate with the bounds of its interval, in the unit of the data.

    >>> Interval(0.5, 0.4, 0.6).as_dict()
    {'mean': 0.5, 'low': 0.4, 'high': 0.6}
    """

    mean: float
    low: float
    high: float

    def as_dict(self) -> dict[str, float]:
        """The interval as plain JSON."""
        return {"mean": self.mean, "low": self.low, "high": self.high}


def wilson_interval(successes: int, trials: int, confidence: float = 0.95) -> Interval:
    """Wilson's score interval for a share (Wilson 1927); it stays inside [0, 1] and is honest at 0 and at 1.

    Args:
        successes: number of successes, 0 <= successes <= trials.
        trials: number of independent trials, at least 1.
        confidence: coverage of the two-sided interval.

    Returns:
        The share and its bounds.

    Raises:
        ValueError: `trials` is not positive, or `successes` lies outside [0, trials].

    >>> [round(x, 4) for x in wilson_interval(8, 10)]
    [0.8, 0.4902, 0.9433]
    """
    if trials < 1 or not 0 <= successes <= trials:
        raise ValueError(f"expected 0 <= successes <= trials and trials >= 1, got {successes} of {trials}")
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    share = successes / trials
    denominator = 1 + z**2 / trials
    centre = (share + z**2 / (2 * trials)) / denominator
    half = z * math.sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2)) / denominator
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == trials else min(1.0, centre + half)
    return Interval(share, low, high)


def iqm(values: npt.ArrayLike) -> float:
    """Interquartile mean: the mean after a quarter of the values is cut from each end (as in rliable).

    Feed it rates (a seed's success rate), never single 0/1 episodes: their trimmed mean says almost nothing.

    Args:
        values: any shape, flattened; n values, of which floor(n / 4) are cut at each end.

    Returns:
        The mean of the values that are left.

    >>> iqm([0, 2, 4, 6, 90])
    4.0
    """
    ordered = np.sort(_finite(values).ravel())
    cut = ordered.size // 4
    return float(ordered[cut : ordered.size - cut].mean())


def bootstrap_mean(
    values: npt.ArrayLike, rng: np.random.Generator, *, resamples: int = RESAMPLES, confidence: float = 0.95
) -> Interval:
    """Mean with a percentile bootstrap interval over the values (tasks).

    Args:
        values: shape (T,).
        rng: source of the resamples.
        resamples: B.
        confidence: coverage of the two-sided interval.
    """
    data = _finite(values, dimensions=1)
    return bootstrap_ratio(data, np.ones_like(data), rng, resamples=resamples, confidence=confidence)


def bootstrap_ratio(
    numerators: npt.ArrayLike,
    denominators: npt.ArrayLike,
    rng: np.random.Generator,
    *,
    resamples: int = RESAMPLES,
    confidence: float = 0.95,
) -> Interval:
    """sum(numerators) / sum(denominators) with a percentile bootstrap interval over tasks.

    Grounding accuracy is such a ratio: executed actions over all actions, where a task keeps its actions together.

    Args:
        numerators: shape (T,).
        denominators: shape (T,), positive.
        rng: source of the resamples.
        resamples: B.
        confidence: coverage of the two-sided interval.
    """
    top = _finite(numerators, dimensions=1)
    bottom = _positive(denominators, top)
    blocks = []
    for size in _blocks(resamples, top.size):
        counts = _counts(top.size, size, rng)
        blocks.append((counts @ top) / (counts @ bottom))
    return _percentile(float(top.sum() / bottom.sum()), np.concatenate(blocks), confidence)


def bootstrap_seeds(
    values: npt.ArrayLike,
    statistic: Callable[[Array], float],
    rng: np.random.Generator,
    *,
    resamples: int = 2_000,
    confidence: float = 0.95,
) -> Interval:
    """Any statistic of one number per seed (for example `iqm`), with a percentile bootstrap interval over seeds.

    Args:
        values: shape (S,).
        statistic: maps shape (S,) to a number.
        rng: source of the resamples.
        resamples: B.
        confidence: coverage of the two-sided interval.
    """
    data = _finite(values, dimensions=1)
    drawn = rng.integers(0, data.size, size=(resamples, data.size))
    return _percentile(statistic(data), np.array([statistic(row) for row in data[drawn]]), confidence)


def stratified_bootstrap(
    values: npt.ArrayLike,
    rng: np.random.Generator,
    *,
    denominators: npt.ArrayLike | None = None,
    strata: Sequence[Any] | None = None,
    resamples: int = RESAMPLES,
    confidence: float = 0.95,
) -> Interval:
    """Mean over seeds and tasks; the interval resamples seeds, and tasks within each stratum.

    Seeds and tasks are crossed (every seed meets the same tasks), so both are drawn anew in each resample: the interval
    covers another training run *and* other tasks of the same kinds. With one seed only the tasks are resampled.

    Args:
        values: shape (S, T), one outcome of each seed on each task.
        rng: source of the resamples.
        denominators: shape (S, T), positive, for sum(values) / sum(denominators) instead of the mean.
        strata: length T, the family of each task (its task type); None puts all tasks into one family.
        resamples: B.
        confidence: coverage of the two-sided interval.

    Returns:
        The plain mean of `values`, or the ratio, and its bounds.
    """
    data = _finite(values, dimensions=2)
    if denominators is None:
        (top,) = _crossed_sums([data], rng, strata, resamples)
        return _percentile(float(data.mean()), top / data.size, confidence)
    below = _positive(denominators, data)
    top, bottom = _crossed_sums([data, below], rng, strata, resamples)
    return _percentile(float(data.sum() / below.sum()), top / bottom, confidence)


def paired_difference(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    rng: np.random.Generator,
    *,
    denominators: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    strata: Sequence[Any] | None = None,
    resamples: int = RESAMPLES,
    confidence: float = 0.95,
) -> Interval:
    """Mean of first - second, where row s of both comes from the same seed (and column t from the same task).

    Args:
        first: shape (S,), one number per seed, or (S, T), one per seed and task.
        second: the same shape as `first`.
        rng: source of the resamples.
        denominators: of first and of second, shape (S, T), positive, for the difference of the two ratios of sums.
        strata: as in `stratified_bootstrap`, for shape (S, T).
        resamples: B.
        confidence: coverage of the two-sided interval.
    """
    left, right = _finite(first), _finite(second)
    if left.shape != right.shape:
        raise ValueError(f"expected two arrays of one shape, got {left.shape} and {right.shape}")
    if denominators is not None:
        below = [_positive(each, left) for each in denominators]
        sums = _crossed_sums([left, below[0], right, below[1]], rng, strata, resamples)
        point = float(left.sum() / below[0].sum() - right.sum() / below[1].sum())
        return _percentile(point, sums[0] / sums[1] - sums[2] / sums[3], confidence)
    difference = left - right
    if difference.ndim == 1:
        difference, strata = difference[:, None], None
    return stratified_bootstrap(difference, rng, strata=strata, resamples=resamples, confidence=confidence)


def probability_of_improvement(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    rng: np.random.Generator,
    *,
    resamples: int = RESAMPLES,
    confidence: float = 0.95,
) -> Interval:
    """P(a run of first beats a run of second); a tie counts a half (Mann-Whitney U over all pairs of runs).

    Args:
        first: shape (S1,), one number per seed.
        second: shape (S2,), one number per seed.
        rng: source of the resamples; runs of both methods are resampled independently.
        resamples: B.
        confidence: coverage of the two-sided interval.
    """
    left, right = _finite(first, dimensions=1), _finite(second, dimensions=1)
    wins = (left[:, None] > right[None, :]) + 0.5 * (left[:, None] == right[None, :])
    rows, columns = _counts(left.size, resamples, rng), _counts(right.size, resamples, rng)
    return _percentile(float(wins.mean()), np.einsum("bj,bj->b", rows @ wins, columns) / wins.size, confidence)


def _crossed_sums(
    arrays: Sequence[Array], rng: np.random.Generator, strata: Sequence[Any] | None, resamples: int
) -> list[Array]:
    """Sum of each array of one shape (S, T) in each resample, shape (B,); all arrays see the same draws."""
    num_seeds, num_tasks = arrays[0].shape
    families = np.unique([0] * num_tasks if strata is None else list(strata), return_inverse=True)[1]
    if families.shape != (num_tasks,):
        raise ValueError(f"expected one stratum for each of {num_tasks} tasks, got {families.shape[0]}")
    members = [np.flatnonzero(families == family) for family in range(int(families.max()) + 1)]
    blocks: list[list[Array]] = [[] for _ in arrays]
    for size in _blocks(resamples, num_tasks):
        task_counts = np.zeros((size, num_tasks))
        for member in members:
            task_counts[:, member] = _counts(member.size, size, rng)
        seed_counts = _counts(num_seeds, size, rng)
        for block, array in zip(blocks, arrays, strict=True):
            block.append(np.einsum("bt,bt->b", seed_counts @ array, task_counts))
    return [np.concatenate(block) for block in blocks]


def _counts(size: int, resamples: int, rng: np.random.Generator) -> Array:
    """How often each of `size` items is drawn in each resample: shape (B, size), rows sum to `size`."""
    return rng.multinomial(size, np.full(size, 1 / size), size=resamples).astype(np.float64)


def _blocks(resamples: int, width: int) -> list[int]:
    """Sizes that add up to `resamples`, so that a (block, width) array stays near 16 MB on a split of any size."""
    block = max(1, 2_000_000 // width)
    return [min(block, resamples - start) for start in range(0, resamples, block)]


def _percentile(point: float, resampled: Array, confidence: float) -> Interval:
    tail = (1 - confidence) / 2
    low, high = np.quantile(resampled, [tail, 1 - tail])
    return Interval(point, float(low), float(high))


def _finite(values: npt.ArrayLike, dimensions: int | None = None) -> Array:
    data = np.asarray(values, dtype=np.float64)
    if data.size == 0 or not np.isfinite(data).all():
        raise ValueError(f"expected at least one value, all finite, got {data.size} values of shape {data.shape}")
    if dimensions is not None and data.ndim != dimensions:
        raise ValueError(f"expected an array of {dimensions} dimension(s), got shape {data.shape}")
    return data


def _positive(values: npt.ArrayLike, numerators: Array) -> Array:
    data = _finite(values)
    if data.shape != numerators.shape or (data <= 0).any():
        raise ValueError(f"expected positive denominators of shape {numerators.shape}, got shape {data.shape}")
    return data
