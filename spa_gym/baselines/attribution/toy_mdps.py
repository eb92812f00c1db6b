"""Three small decision processes whose advantages are known exactly, and the benchmark's metrics on them.

They ask what AgentCreditBench v0.5 (hectopascal/agent-credit-bench) asks, with its numbers, written anew: does credit
for a delayed outcome leak onto steps that changed nothing (`delayed`), is a mistake that was mended later still blamed
(`recovery`), and is credit right where actions decide whether there is a next step (`horizon`)? The policy is uniform.
What is scored on them: `toy_baselines.py`, `toy_methods.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spa_gym.baselines.attribution.metrics import (
    centred_rmse,
    cosine,
    grouped,
    leakage,
    rmse,
    sign_accuracy,
    spearman,
)

__all__ = ["Node", "ToyEpisode", "ToyMDP", "advantages", "sample", "toy_figures", "toy_mdps", "values"]

Array = npt.NDArray[np.float64]
Node = tuple[int, str]
Outcome = tuple[float, float, Node | None]
"""Probability, reward, and where it leads; None: the episode is over."""


@dataclass(frozen=True)
class ToyMDP:
    """A process with finitely many steps.

    Args:
        name: its name.
        table: (step, state) -> action -> outcomes, whose probabilities sum to 1. It begins in (0, "start").
    """

    name: str
    table: dict[Node, dict[str, tuple[Outcome, ...]]]


@dataclass(frozen=True)
class ToyEpisode:
    """One episode: where it was, what was done, what each step paid."""

    nodes: tuple[Node, ...]
    actions: tuple[str, ...]
    rewards: tuple[float, ...]


def toy_mdps(horizon: int = 6) -> list[ToyMDP]:
    """The three.

    Args:
        horizon: steps of `delayed`, at least 2.
    """
    over: None = None
    delayed: dict[Node, dict[str, tuple[Outcome, ...]]] = {
        (0, "start"): {"good": ((1.0, 0.0, (1, "good")),), "bad": ((1.0, 0.0, (1, "bad")),)}
    }
    for state, chance in (("good", 0.8), ("bad", 0.2)):
        for t in range(1, horizon):
            last = ((chance, 1.0, over), (1 - chance, 0.0, over))
            outcomes: tuple[Outcome, ...] = last if t == horizon - 1 else ((1.0, 0.0, (t + 1, state)),)
            delayed[t, state] = {"this": outcomes, "that": outcomes}
    recovery: dict[Node, dict[str, tuple[Outcome, ...]]] = {
        (0, "start"): {"good": ((1.0, 1.0, over),), "bad": ((1.0, 0.0, (1, "mistake")),)},
        (1, "mistake"): {"recover": ((1.0, 1.0, over),), "give up": ((1.0, 0.0, over),)},
    }
    stops = (0.0, 2.0, 1.0, 3.0, 0.0)
    stopping: dict[Node, dict[str, tuple[Outcome, ...]]] = {}
    for t, reward in enumerate(stops):
        node = (t, "start" if t == 0 else "alive")
        stopping[node] = {"stop": ((1.0, reward, over),)}
        if t + 1 < len(stops):
            stopping[node]["go on"] = ((1.0, 0.0, (t + 1, "alive")),)
    return [ToyMDP("delayed", delayed), ToyMDP("recovery", recovery), ToyMDP("horizon", stopping)]


def values(mdp: ToyMDP) -> tuple[dict[Node, float], dict[tuple[Node, str], float]]:
    """V(s) and Q(s, a) of the uniform policy, by backward induction."""
    v: dict[Node, float] = {}
    q: dict[tuple[Node, str], float] = {}
    for node in sorted(mdp.table, key=lambda n: -n[0]):
        for action, outcomes in mdp.table[node].items():
            q[node, action] = sum(p * (r + (v[after] if after else 0.0)) for p, r, after in outcomes)
        v[node] = sum(q[node, action] for action in mdp.table[node]) / len(mdp.table[node])
    return v, q


def advantages(mdp: ToyMDP, episodes: Sequence[ToyEpisode]) -> list[Array]:
    """A(s, a) = Q(s, a) - V(s) of each step."""
    v, q = values(mdp)
    return [np.array([q[n, a] - v[n] for n, a in zip(e.nodes, e.actions, strict=True)]) for e in episodes]


def sample(mdp: ToyMDP, count: int, rng: np.random.Generator) -> list[ToyEpisode]:
    """So many episodes of the uniform policy."""
    made = []
    for _ in range(count):
        node: Node | None = (0, "start")
        nodes, actions, rewards = [], [], []
        while node is not None:
            action = list(mdp.table[node])[int(rng.integers(len(mdp.table[node])))]
            outcomes = mdp.table[node][action]
            chosen = int(rng.choice(len(outcomes), p=[p for p, _, _ in outcomes]))
            nodes.append(node)
            actions.append(action)
            rewards.append(outcomes[chosen][1])
            node = outcomes[chosen][2]
        made.append(ToyEpisode(tuple(nodes), tuple(actions), tuple(rewards)))
    return made


def toy_figures(mdp: ToyMDP, episodes: Sequence[ToyEpisode], credits: Sequence[npt.ArrayLike]) -> dict[str, float]:
    """The metrics of credits on a batch; zero truth is exact here, and so is the gradient.

    Args:
        mdp: the process.
        episodes: the batch.
        credits: one array of [T] for each.

    Returns:
        `rmse`, `centred_rmse` (per step and state), `spearman`, `sign_accuracy`, `leakage`, `gradient_cosine`, that of
        the batch's gradient with the exact one of the tabular softmax policy; for `recovery` also `mended_mistake`, the
        mean credit of a mistake that was mended, whose truth is -0.25 (not a number where there was none).
    """
    paid = [np.asarray(row, dtype=np.float64) for row in credits]
    c, a = np.concatenate(paid), np.concatenate(advantages(mdp, episodes))
    nodes = [node for e in episodes for node in e.nodes]
    found = {
        "rmse": rmse(c, a),
        "centred_rmse": centred_rmse(c, a, grouped(nodes))[0],
        "spearman": spearman(c, a),
        "sign_accuracy": sign_accuracy(c, a),
        "leakage": leakage(c, a),
        "gradient_cosine": cosine(_gradient(mdp, episodes, paid), _exact_gradient(mdp)),
    }
    if mdp.name == "recovery":
        mended = [row[0] for e, row in zip(episodes, paid, strict=True) if e.actions == ("bad", "recover")]
        found["mended_mistake"] = float(np.mean(mended)) if mended else float("nan")
    return found


def _slots(mdp: ToyMDP) -> dict[tuple[Node, str], int]:
    return {pair: i for i, pair in enumerate((node, action) for node in mdp.table for action in mdp.table[node])}


def _gradient(mdp: ToyMDP, episodes: Sequence[ToyEpisode], paid: Sequence[Array]) -> Array:
    """Mean over episodes of sum_t c_t (1[a' = a_t] - pi(a' | s_t)), a logit for each step, state and action."""
    slots = _slots(mdp)
    gradient = np.zeros(len(slots))
    for episode, row in zip(episodes, paid, strict=True):
        for node, action, c in zip(episode.nodes, episode.actions, row, strict=True):
            gradient[slots[node, action]] += c
            for other in mdp.table[node]:
                gradient[slots[node, other]] -= c / len(mdp.table[node])
    return gradient / len(episodes)


def _exact_gradient(mdp: ToyMDP) -> Array:
    """d(s) pi(a | s) A(s, a): the expectation of the above with the true advantages."""
    slots, (v, q) = _slots(mdp), values(mdp)
    visits: dict[Node, float] = {(0, "start"): 1.0}
    gradient = np.zeros(len(slots))
    for node in sorted(mdp.table, key=lambda n: n[0]):
        share = visits.get(node, 0.0) / len(mdp.table[node])
        for action, outcomes in mdp.table[node].items():
            gradient[slots[node, action]] = share * (q[node, action] - v[node])
            for p, _, after in outcomes:
                if after is not None:
                    visits[after] = visits.get(after, 0.0) + share * p
    return gradient
