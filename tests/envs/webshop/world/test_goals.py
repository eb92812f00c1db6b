"""The generated goals: splits, attainability, near misses."""

from __future__ import annotations

import pickle
import random

import pytest

from spa_gym.core.errors import BadArgument, TaskNotFound
from spa_gym.envs.webshop.goals import NO_CAP, Goal
from spa_gym.envs.webshop.nouns import builtin_nouns
from spa_gym.envs.webshop.prices import draw_prices
from spa_gym.envs.webshop.product import Product, search_text
from spa_gym.envs.webshop.reward import PurchaseScorer
from spa_gym.envs.webshop.search.index import SearchIndex
from spa_gym.envs.webshop.world.catalogue import generated_catalogue
from spa_gym.envs.webshop.world.family import FAMILY_SIZE
from spa_gym.envs.webshop.world.goals import GeneratedGoals, generated_goals, generated_tasks

_SHOPS = [(None, "official"), (None, "small"), (20, "small"), (7, "official"), (2, "official"), (1, "official")]


def _goals(num_products: int | None, size: str, seed: int = 0) -> GeneratedGoals:
    return generated_goals(generated_catalogue(num_products, seed, size))


def _options(product: Product, goal: Goal) -> dict[str, str]:
    return {group: value for group, values in product.options.items() for value in values if value in goal.goal_options}


def test_sizes_of_the_splits() -> None:
    assert {name: len(range_) for name, range_ in _goals(None, "official").ranges.items()} == {
        "test": 200, "valid": 200, "train": 4000,
    }  # fmt: skip
    assert len(_goals(None, "small").ranges["train"]) == 2400
    assert len(_goals(1, "official").ranges["test"]) == 2


@pytest.mark.parametrize(("num_products", "size"), _SHOPS)
def test_no_instruction_in_two_splits_and_no_two_goals_alike(num_products: int | None, size: str) -> None:
    goals = _goals(num_products, size)
    texts = {name: {goals[i].instruction_text for i in positions} for name, positions in goals.ranges.items()}
    assert not texts["train"] & texts["test"] and not texts["train"] & texts["valid"]
    assert not texts["valid"] & texts["test"]
    assert len({goals[i].id() for i in range(len(goals))}) == len(goals)
    assert [goals[i].index for i in range(0, len(goals), 7)] == list(range(0, len(goals), 7))


@pytest.mark.parametrize("size", ["official", "small"])
def test_targets_of_test_and_valid_are_no_targets_of_train(size: str) -> None:
    goals = _goals(None, size)
    targets = {name: {goals[i].asin for i in positions} for name, positions in goals.ranges.items()}
    assert not targets["test"] & targets["train"] and not targets["valid"] & targets["train"]
    assert not targets["test"] & targets["valid"]
    assert len(targets["train"]) > 0.4 * len(goals.catalogue)


@pytest.mark.parametrize(("num_products", "size"), _SHOPS)
def test_every_goal_is_worth_1_with_its_product_and_can_be_reached_in_10_steps(
    num_products: int | None, size: str
) -> None:
    goals = _goals(num_products, size)
    catalogue = goals.catalogue
    prices = draw_prices(catalogue, random.Random(0))
    scorer = PurchaseScorer(builtin_nouns)
    index = SearchIndex.in_memory([(product.asin, search_text(product)) for product in catalogue])
    for goal in (goals[i] for i in range(len(goals))):
        position = catalogue.index_of(goal.asin)
        assert position is not None
        product = catalogue[position]
        options = _options(product, goal)
        assert len(options) == len(goal.goal_options) <= 3
        assert scorer.score(product, goal, float(prices[position]), options).reward == 1.0, goal
        assert max(product.pricing) <= goal.price_upper
        found = index.search(f"{' '.join(goal.attributes)} {product.title}".lower(), 50).tolist()
        assert position in found[:30], goal
        pages = found.index(position) // 10
        assert 1 + pages + 1 + len(options) + 1 <= 10


@pytest.mark.parametrize("size", ["official", "small"])
def test_a_wrong_option_costs_and_most_goals_have_a_near_miss(size: str) -> None:
    goals = _goals(None, size)
    catalogue, scorer = goals.catalogue, PurchaseScorer(builtin_nouns)
    near, number = 0, 400
    for goal in (goals[i] for i in range(number)):
        position = catalogue.index_of(goal.asin)
        assert position is not None
        product = catalogue[position]
        options = _options(product, goal)
        for group in options:
            for value in product.options[group]:
                bought = scorer.score(product, goal, min(product.pricing), {**options, group: value})
                assert (bought.reward == 1.0) == (value == options[group])
        start = position - position % FAMILY_SIZE
        parts = len(goal.attributes) + len(goal.goal_options) + 1
        near += any(
            round((1 - scorer.score(other, goal, max(other.pricing), _options(other, goal)).reward) * parts) == 1
            for other in (catalogue[i] for i in range(start, start + FAMILY_SIZE))
        )
    assert near > 0.9 * number


def test_most_goals_ask_for_options_and_name_a_limit() -> None:
    goals = [_goals(None, "official")[i] for i in range(1000)]
    assert 0.85 < sum(bool(goal.goal_options) for goal in goals) / 1000 < 0.95
    assert 0.85 < sum(goal.price_upper < NO_CAP for goal in goals) / 1000 < 0.95
    for goal in goals:
        assert ("dollars" in goal.instruction_text or "$" in goal.instruction_text) == (goal.price_upper < NO_CAP)
        assert all(phrase in goal.instruction_text for phrase in (*goal.attributes, *goal.goal_options))
        assert 1 <= len(goal.attributes) <= 3 and goal.instruction_text.isascii()


def test_a_large_shop_makes_its_goals_at_once() -> None:
    goals = _goals(1_000_000, "official")
    assert len(goals) == 4400 and goals[4399].index == 4399
    assert len({goals[i].asin for i in range(400, 700)}) > 200


def test_tasks() -> None:
    catalogue = generated_catalogue()
    tasks = generated_tasks(catalogue, "valid")
    assert len(tasks) == 200 and tasks[5].payload is generated_goals(catalogue)[205]
    assert tasks.index_of(tasks[199].id) == 199
    with pytest.raises(TaskNotFound):
        tasks.index_of(generated_tasks(catalogue, "test")[0].id)
    assert len(generated_tasks(catalogue, "all")) == 4400
    with pytest.raises(BadArgument):
        generated_tasks(catalogue, "dev")


def test_goals_do_not_depend_on_the_order_in_which_they_are_asked_for() -> None:
    forth = GeneratedGoals(generated_catalogue(60, 9, "small"))
    back = GeneratedGoals(generated_catalogue(60, 9, "small"))
    wanted = range(0, len(forth), 11)
    assert [forth[i] for i in wanted] == [back[i] for i in reversed(wanted)][::-1]
    assert pickle.loads(pickle.dumps(_goals(60, "small"))) is _goals(60, "small")
