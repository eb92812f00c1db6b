"""Advantages of the three small processes against all that can happen, and what they are there to show."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest

from spa_gym.baselines.attribution.toy_baselines import ToyScorer, return_distribution, toy_baselines
from spa_gym.baselines.attribution.toy_mdps import (
    ToyEpisode,
    ToyMDP,
    advantages,
    sample,
    toy_figures,
    toy_mdps,
    values,
)
from spa_gym.baselines.attribution.toy_methods import method_on_toys, score_methods_on_toys, toy_table
from spa_gym.core.errors import BadArgument

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


def figures(credit: ToyScorer, episodes: int = 2_000) -> dict[str, dict[str, float]]:
    """A scorer's figures on one batch of each process."""
    made = {}
    for mdp in toy_mdps():
        played = sample(mdp, episodes, np.random.default_rng(0))
        made[mdp.name] = toy_figures(mdp, played, credit(mdp, played))
    return made


def test_the_truth_scores_perfectly() -> None:
    for name, found in figures(advantages).items():
        assert found["rmse"] == found["leakage"] == pytest.approx(0, abs=1e-12), name
        assert found["spearman"] == pytest.approx(1) and found["sign_accuracy"] == 1
        assert found["gradient_cosine"] > 0.99


@MDPS
def test_returns_are_distributed_as_all_that_can_happen(mdp: ToyMDP) -> None:
    v, q = values(mdp)
    for node, actions in mdp.table.items():
        found = return_distribution(mdp, node)
        wanted: dict[float, float] = {}
        for p, total in everything(mdp, node):
            wanted[total] = wanted.get(total, 0.0) + p
        assert found == pytest.approx(wanted) and sum(r * p for r, p in found.items()) == pytest.approx(v[node])
        for action in actions:
            assert sum(r * p for r, p in return_distribution(mdp, node, action).items()) == pytest.approx(
                q[node, action]
            )


def test_exact_values_and_continuations_show_what_is_lost_without_them() -> None:
    scorers = toy_baselines()
    td, whole, played_on = (
        figures(scorers[name], 500) for name in ("exact values, GAE(0)", "exact values, GAE(1)", "Monte Carlo, 256")
    )
    # Nothing is left to chance in two of the processes: one step ahead is the advantage.
    assert td["recovery"]["rmse"] == td["horizon"]["rmse"] == pytest.approx(0, abs=1e-12)
    # In `delayed` the last step's draw remains: sqrt(0.8 * 0.2) of the one step of six.
    assert td["delayed"]["rmse"] == pytest.approx((0.16 / 6) ** 0.5, abs=0.02)
    assert td["recovery"]["mended_mistake"] == pytest.approx(-0.25)
    assert whole["recovery"]["mended_mistake"] == pytest.approx(0.25), "return 1 less V(start) = 0.75: praised"
    # Difference of two means of 256 draws with variance 0.16 (0.25 in the start, where one of six steps is).
    assert 0.02 < played_on["delayed"]["rmse"] < 0.05


def test_outcome_credit_leaks_and_praises_the_mistake() -> None:
    scores = {name: figures(credit) for name, credit in toy_baselines().items()}
    # Five of six steps of `delayed` change nothing, and all are paid the same.
    assert scores["outcome"]["delayed"]["leakage"] == pytest.approx(5 / 6)
    # recovery: success in 3 of 4, so the centred outcome is 1/4 or -3/4. Steps with the right sign: good (1/2 of the
    # episodes, one step), recover (1/4: one step of two, the mistake is praised), and both of give up (1/4).
    assert scores["centred outcome"]["recovery"]["sign_accuracy"] == pytest.approx(1.25 / 1.5, abs=0.03)
    assert scores["outcome"]["recovery"]["mended_mistake"] == 1.0, "what the truth blames with 0.25"
    assert scores["nothing"]["horizon"]["spearman"] == 0.0
    assert math.isnan(scores["nothing"]["horizon"]["gradient_cosine"])


def test_methods_of_the_table_are_scored_too() -> None:
    scores = score_methods_on_toys(["ppo", "tests.baselines.methods.own:Own"], batches=2, episodes=64)
    assert scores["ppo"] == scores["sparse reward"]
    assert scores["ppo (to go)"]["delayed"] == scores["outcome"]["delayed"], "only the last step pays"
    assert "tests.baselines.methods.own:Own (to go)" not in scores, "advantages are taken as they are"
    mdp = toy_mdps()[1]
    episodes = sample(mdp, 20, np.random.default_rng(0))
    assert [len(c) for c in method_on_toys("ppo", group=8)(mdp, episodes)] == [len(e.actions) for e in episodes]


def own_credit(episodes: list[ToyEpisode]) -> list[list[float]]:
    return [[float(len(episodes))] * len(e.actions) for e in episodes]


def test_figures_are_means_over_batches_with_their_standard_error() -> None:
    own = "toys:tests.baselines.attribution.test_toy_mdps:own_credit"
    two = score_methods_on_toys([own], batches=2, episodes=50)["outcome"]["horizon"]["rmse"]
    three = score_methods_on_toys([own], batches=3, episodes=50)
    first, second = (
        toy_figures(mdp, played, toy_baselines()["outcome"](mdp, played))["rmse"]
        for mdp in toy_mdps()[2:]
        for played in (sample(mdp, 50, np.random.default_rng([0, k, sum(b"horizon")])) for k in (0, 1))
    )
    assert two["mean"] == pytest.approx((first + second) / 2) and first != second
    assert two["error"] == pytest.approx(abs(first - second) / 2)
    assert three["outcome"]["horizon"]["rmse"]["mean"] != two["mean"]
    assert three[own]["delayed"]["rmse"]["mean"] == pytest.approx(50, abs=0.1), "a batch at a time"
    table = toy_table(three, batches=3, episodes=50)
    assert "## recovery" in table and "3 batches of 50 episodes" in table and " ± " in table
    with pytest.raises(BadArgument, match="--batches 30"):
        score_methods_on_toys([], batches=0)
