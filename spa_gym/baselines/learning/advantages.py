"""Advantages from rewards and values: generalised advantage estimation over steps, tokens, or the whole sequence.

Schulman et al. 2016, eq. 16: A_t = sum_k (gamma lambda)^k delta_{t+k}, delta_t = r_t + gamma V_{t+1} - V_t.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["explained_variance", "gae", "gae_over_sequence", "whiten"]

Array = npt.NDArray[np.float64]


def gae(rewards: npt.ArrayLike, values: npt.ArrayLike, *, gamma: float, lam: float, bootstrap: float = 0.0) -> Array:
    """Advantages of one episode.

    Args:
        rewards: [T], reward of each step.
        values: [T], value of the state before each step.
        gamma: discount per step.
        lam: GAE's lambda.
        bootstrap: value after the last step: 0 where the episode is over, the critic's where it was merely cut.

    Returns:
        [T] advantages; advantages + values are the critic's targets.

    Examples:
        >>> gae([0.0, 1.0], [0.5, 0.5], gamma=1.0, lam=1.0).tolist()
        [0.5, 0.5]
    """
    r, v = np.asarray(rewards, dtype=np.float64), np.asarray(values, dtype=np.float64)
    following = np.append(v[1:], bootstrap)
    deltas = r + gamma * following - v
    advantages = np.empty_like(deltas)
    running = 0.0
    for t in range(len(deltas) - 1, -1, -1):
        running = deltas[t] + gamma * lam * running
        advantages[t] = running
    return advantages


def gae_over_sequence(
    rewards: npt.ArrayLike,
    counts: Sequence[int],
    gaps: Sequence[int],
    values: npt.ArrayLike,
    *,
    gamma: float,
    lam: float,
    bootstrap: float = 0.0,
) -> Array:
    """Advantages of one episode's action tokens: a step's reward comes with the last token of its action.

    GAE runs through the tokens between actions as well, as in trl 0.10.1 (`PPOTrainer.compute_advantages` with a
    mask): values and rewards are 0 on the tokens of observations, so that an action's last token is followed by a value
    of 0, and what comes later is discounted by gamma lambda for each token of the observation between. With gaps of 0
    it runs over the tokens of actions alone.

    Args:
        rewards: [T], reward of each step.
        counts: [T], number of action tokens of each step, at least 1.
        gaps: [T], number of tokens between each step's action and the one before; the first is not used.
        values: [sum(counts)], value before each action token.
        gamma: discount per token.
        lam: GAE's lambda, per token.
        bootstrap: value after the last token.

    Returns:
        [sum(counts)] advantages.

    Examples:
        >>> gae_over_sequence([0.0, 8.0], [1, 1], [0, 1], [0.0, 0.0], gamma=1.0, lam=0.5).tolist()
        [2.0, 8.0]
    """
    before = np.cumsum([0, *gaps[1:]])
    acted = np.arange(int(np.sum(counts))) + np.repeat(before, counts)
    spread, known = np.zeros((2, len(acted) + int(before[-1])))
    spread[acted[np.cumsum(counts) - 1]] = np.asarray(rewards, dtype=np.float64)
    known[acted] = np.asarray(values, dtype=np.float64)
    return gae(spread, known, gamma=gamma, lam=lam, bootstrap=bootstrap)[acted]


def whiten(advantages: Array, eps: float = 1e-8) -> Array:
    """Mean 0 and (population) standard deviation 1; all zeros if they do not vary, as one number never does.

    Examples:
        >>> whiten(np.array([1.0, 3.0])).round(6).tolist(), whiten(np.array([0.7])).tolist()
        ([-1.0, 1.0], [0.0])
    """
    if not len(advantages) or advantages.min() == advantages.max():
        return np.zeros(len(advantages))
    centred = advantages - advantages.mean()
    return centred / (centred.std() + eps)


def explained_variance(values: npt.ArrayLike, targets: npt.ArrayLike) -> float:
    """1 - Var(targets - values) / Var(targets): 1 for a perfect critic, 0 for a constant; nan for constant targets."""
    v, t = np.asarray(values, dtype=np.float64), np.asarray(targets, dtype=np.float64)
    variance = t.var()
    return float(1.0 - (t - v).var() / variance) if variance > 0 else float("nan")
