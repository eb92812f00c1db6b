"""Advantages of the three small processes against all that can happen, and what they are there to show."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest

from spa_gym.baselines.attribution.toy_mdps import (
    ToyMDP,
    advantages,
    sample,
    score_on_toys,
    toy_baselines,
    toy_mdps,
    values,
)
from spa_gym.baselines.attribution.toy_methods import method_on_toys, score_methods_on_toys, toy_table

MDPS = pytest.mark.parametrize("mdp", toy_mdps(horizon=4), ids=lambda mdp: mdp.name)


def everything(mdp: ToyMDP, node, weight: float = 1.0) -> Iterator[tuple[float, float]]:
    """Probability and return of all that can happen from here."""
    if node is None:
        yield weight, 0.0
        return
    for outcomes in mdp.table[node].values():
        for p, reward, after in outcomes:
            for share, later in everything(mdp, after, weight * p / len(mdp.table[node])):
                yield share, reward + later


@MDPS
def test_values_are_those_of_all_that_can_happen(mdp: ToyMDP) -> None:
    v, q = values(mdp)
    for node, actions in mdp.table.items():
        assert v[node] == pytest.approx(sum(p * r for p, r in everything(mdp, node)))
        assert sum(p for p, _ in everything(mdp, node)) == pytest.approx(1)
        for action, outcomes in actions.items():
            wanted = sum(p * (r + sum(a * b for a, b in everything(mdp, after))) for p, r, after in outcomes)
            assert q[node, action] == pytest.approx(wanted)


def test_values_by_hand() -> None:
    delayed, recovery, horizon = (values(mdp) for mdp in toy_mdps())
    assert delayed[0][0, "start"] == pytest.approx(0.5) and delayed[1][(0, "start"), "good"] == pytest.approx(0.8)
    assert recovery[0][0, "start"] == pytest.approx(0.75)
    assert recovery[1][(1, "mistake"), "recover"] - recovery[0][1, "mistake"] == pytest.approx(0.5)
    v, q = horizon
    nodes = [(0, "start"), *((t, "alive") for t in range(1, 4))]
    assert [np.sign(q[node, "go on"] - v[node]) for node in nodes] == [1, -1, 1, -1]


@MDPS
def test_samples_follow_the_process(mdp: ToyMDP) -> None:
    played = sample(mdp, 4_000, np.random.default_rng(0))
    returns = np.array([sum(e.rewards) for e in played])
    v, _ = values(mdp)
    assert abs(returns.mean() - v[0, "start"]) < 4 * returns.std() / math.sqrt(len(returns))
    assert len({len(e.actions) for e in played}) == (1 if mdp.name == "delayed" else 2 if mdp.name == "recovery" else 5)


def test_the_truth_scores_perfectly() -> None:
    for mdp_name, figures in score_on_toys(
        lambda episodes: next(
            advantages(mdp, episodes)
            for mdp in toy_mdps()
            if all(node in mdp.table for e in episodes for node in e.nodes)
            and all(a in mdp.table[n] for e in episodes for n, a in zip(e.nodes, e.actions, strict=True))
        )
    ).items():
        assert figures["rmse"] == figures["leakage"] == pytest.approx(0, abs=1e-12), mdp_name
        assert figures["spearman"] == figures["sign_accuracy"] == pytest.approx(1)
        assert figures["gradient_cosine"] > 0.99


def test_outcome_credit_leaks_and_praises_the_mistake() -> None:
    scores = {name: score_on_toys(credit, episodes=2_000) for name, credit in toy_baselines().items()}
    # Five of six steps of `delayed` change nothing, and all are paid the same.
    assert scores["outcome"]["delayed"]["leakage"] == pytest.approx(5 / 6)
    # recovery: success in 3 of 4, so the centred outcome is 1/4 or -3/4. Steps with the right sign: good (1/2 of the
    # episodes, one step), recover (1/4: one step of two, the mistake is praised), and both of give up (1/4).
    assert scores["centred outcome"]["recovery"]["sign_accuracy"] == pytest.approx(1.25 / 1.5, abs=0.03)
    assert scores["outcome"]["recovery"]["mended_mistake"] == 1.0, "what the truth blames with 0.25"
    assert scores["nothing"]["horizon"]["spearman"] == 0.0
    assert math.isnan(scores["nothing"]["horizon"]["gradient_cosine"])


def test_methods_of_the_table_are_scored_too() -> None:
    scores = score_methods_on_toys(["ppo", "tests.baselines.methods.own:Own"], episodes=64)
    assert scores["ppo"] == scores["sparse reward"]
    assert scores["ppo (to go)"]["delayed"] == scores["outcome"]["delayed"], "only the last step pays"
    assert "tests.baselines.methods.own:Own (to go)" not in scores, "advantages are taken as they are"
    assert "## recovery" in toy_table(scores)
    episodes = sample(toy_mdps()[1], 20, np.random.default_rng(0))
    assert [len(c) for c in method_on_toys("ppo", group=8)(episodes)] == [len(e.actions) for e in episodes]
