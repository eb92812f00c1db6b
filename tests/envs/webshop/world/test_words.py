"""The vocabulary: big enough, printable, and no two of its words pass for each other in the reward."""

from __future__ import annotations

import itertools

from spa_gym.envs.webshop.goals import Goal
from spa_gym.envs.webshop.nouns import builtin_nouns
from spa_gym.envs.webshop.product import Product
from spa_gym.envs.webshop.reward import PurchaseScorer
from spa_gym.envs.webshop.world.words import words


def _product(attributes: tuple[str, ...] = (), **fields: str) -> Product:
    known = {"title": "x", "query": "x", "product_category": "x", **fields}
    return Product(
        "S000000000", known["title"], "", (), (1.0,), "$1.0", {}, {}, attributes, "", "x", known["query"],
        known["product_category"],
    )  # fmt: skip


def _goal(attributes: tuple[str, ...] = (), options: tuple[str, ...] = (), **fields: str) -> Goal:
    known = {"name": "x", "query": "x", "product_category": "x", **fields}
    return Goal(
        "S000000000", "x", known["query"], known["name"], known["product_category"], "", attributes, 1.0, options
    )


def test_five_departments_and_many_kinds() -> None:
    assert [d.name for d in words().departments] == ["beauty", "electronics", "garden", "fashion", "grocery"]
    assert len(words().kinds) >= 80 and len({kind.noun for kind in words().kinds}) == len(words().kinds)
    assert all(len(set(kind.attributes)) == len(kind.attributes) >= 18 for kind in words().kinds)
    assert len(set(words().brands)) == 200


def test_an_attribute_passes_for_no_other_of_its_kind() -> None:
    scorer = PurchaseScorer(builtin_nouns)
    for kind in words().kinds:
        for held, wanted in itertools.permutations(kind.attributes, 2):
            score = scorer.score(_product((held,)), _goal((wanted,)), 1.0, {})
            assert score.components["r_att"] == 0, (kind.noun, held, wanted)


def test_an_option_value_passes_for_no_other_of_its_kind() -> None:
    scorer = PurchaseScorer(builtin_nouns)
    product = _product()
    pairs = set()
    for kind in words().kinds:
        values = [value for _, pool in kind.groups for value in pool]
        assert len(values) == len(set(values)), kind.noun
        pairs.update(itertools.permutations(values, 2))
    for chosen, wanted in pairs:
        assert scorer.score(product, _goal(options=(wanted,)), 1.0, {"g": chosen}).components["r_option"] == 0
    assert len(pairs) > 5000


def test_a_kind_passes_for_no_other_by_its_path_or_name() -> None:
    scorer = PurchaseScorer(builtin_nouns)
    products = [_product(title=kind.noun, query=kind.plural, product_category=kind.path) for kind in words().kinds]
    goals = [_goal(name=kind.noun, query=kind.plural, product_category=kind.path) for kind in words().kinds]
    for i, j in itertools.permutations(range(len(products)), 2):
        components = scorer.score(products[i], goals[j], 1.0, {}).components
        assert not components["query_match"] and not components["category_match"], (products[i], goals[j])
    for i in range(len(products)):
        assert scorer.score(products[i], goals[i], 1.0, {}).components["r_type"] == 1.0


def test_no_attribute_value_or_noun_hides_in_another() -> None:
    for kind in words().kinds:
        values = [value for _, pool in kind.groups for value in pool]
        for value in values:
            assert f" {value} " not in f" {kind.noun} ", (kind.noun, value)
