"""Plain credit on the three small processes: of rewards alone, of exact values through GAE, and of continuations.

The first are what the benchmark's own table begins with. GAE with the exact values is what an actor and a perfect
critic would make of an episode; Monte Carlo is what playing on from every step says, without knowing any value.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from spa_gym.baselines.attribution.toy_mdps import Node, ToyEpisode, ToyMDP, values
from spa_gym.baselines.learning.advantages import gae

__all__ = ["CONTINUATIONS", "ToyScorer", "return_distribution", "toy_baselines"]

ToyScorer = Callable[[ToyMDP, Sequence[ToyEpisode]], Sequence[Any]]
"""From a process and its episodes to one array of [T] for each."""
CONTINUATIONS = 256
"""Of each state and each action, in the Monte-Carlo baseline: AgentCreditBench's number."""


def return_distribution(mdp: ToyMDP, node: Node, action: str | None = None) -> dict[float, float]:
    """Return -> its probability, from a state on, or from an action in it on, under the uniform policy."""
    actions = list(mdp.table[node]) if action is None else [action]
    found: dict[float, float] = {}
    for each in actions:
        for p, reward, after in mdp.table[node][each]:
            later = {0.0: 1.0} if after is None else return_distribution(mdp, after)
            for rest, share in later.items():
                total = reward + rest
                found[total] = found.get(total, 0.0) + p * share / len(actions)
    return found


def toy_baselines(seed: int = 0) -> dict[str, ToyScorer]:
    """The baselines by name.

    Args:
        seed: of the continuations.
    """

    def outcome(_: ToyMDP, episodes: Sequence[ToyEpisode]) -> list[Any]:
        return [np.full(len(e.rewards), sum(e.rewards)) for e in episodes]

    def centred(_: ToyMDP, episodes: Sequence[ToyEpisode]) -> list[Any]:
        mean = float(np.mean([sum(e.rewards) for e in episodes]))
        return [np.full(len(e.rewards), sum(e.rewards) - mean) for e in episodes]

    def sparse(_: ToyMDP, episodes: Sequence[ToyEpisode]) -> list[Any]:
        return [np.array(e.rewards) for e in episodes]

    def nothing(_: ToyMDP, episodes: Sequence[ToyEpisode]) -> list[Any]:
        return [np.zeros(len(e.rewards)) for e in episodes]

    return {
        "outcome": outcome,
        "centred outcome": centred,
        "sparse reward": sparse,
        "nothing": nothing,
        **{f"exact values, GAE({lam:g})": _exact_gae(lam) for lam in (0.0, 0.95, 1.0)},
        f"Monte Carlo, {CONTINUATIONS}": _monte_carlo(seed),
    }


def _exact_gae(lam: float) -> ToyScorer:
    def credit(mdp: ToyMDP, episodes: Sequence[ToyEpisode]) -> list[Any]:
        v, _ = values(mdp)
        return [gae(e.rewards, [v[node] for node in e.nodes], gamma=1.0, lam=lam) for e in episodes]

    return credit


def _monte_carlo(seed: int) -> ToyScorer:
    """Mean return of continuations after the action less that of others from the state, drawn once for each state."""

    def credit(mdp: ToyMDP, episodes: Sequence[ToyEpisode]) -> list[Any]:
        rng = np.random.default_rng([seed, sum(mdp.name.encode())])

        def mean_return(node: Node, action: str | None = None) -> float:
            # Drawn from the exact distribution of the returns: what playing on so often would give, at once.
            returns = return_distribution(mdp, node, action)
            shares = np.array(list(returns.values()))
            counts = rng.multinomial(CONTINUATIONS, shares / shares.sum())
            return float(counts @ np.array(list(returns))) / CONTINUATIONS

        v = {node: mean_return(node) for node in mdp.table}
        q = {(node, action): mean_return(node, action) for node in mdp.table for action in mdp.table[node]}
        return [np.array([q[n, a] - v[n] for n, a in zip(e.nodes, e.actions, strict=True)]) for e in episodes]

    return credit
