"""The generated catalogue: statistics, determinism, laziness, and nothing that makes the reward ambiguous."""

from __future__ import annotations

import hashlib
import os
import pickle
import statistics
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest

from spa_gym.core.errors import BadArgument
from spa_gym.envs.webshop.catalogue import ColumnBuilder, product_bytes
from spa_gym.envs.webshop.product import search_text
from spa_gym.envs.webshop.search.analyzer import analyze
from spa_gym.envs.webshop.world.catalogue import GeneratedCatalogue, generated_catalogue
from spa_gym.envs.webshop.world.family import FAMILY_SIZE
from spa_gym.envs.webshop.world.words import words

_DIGEST = """
from spa_gym.envs.webshop.world.catalogue import generated_catalogue
from tests.envs.webshop.world.test_catalogue import digest
print(digest(generated_catalogue(40, 3)), digest(generated_catalogue(40, 3, "small")))
"""


def digest(catalogue: GeneratedCatalogue) -> str:
    return hashlib.sha256(b"".join(map(product_bytes, catalogue))).hexdigest()[:16]


def test_statistics_of_the_default_shop_are_near_those_of_the_official_one() -> None:
    shop = list(generated_catalogue())
    categories = Counter(product.category for product in shop)
    official = {"beauty": 238, "electronics": 229, "garden": 216, "fashion": 200, "grocery": 117}
    assert all(abs(categories[name] - number) <= 20 for name, number in official.items())
    groups = Counter(len(product.options) for product in shop)
    assert abs(groups[0] - 577) < 80 and abs(groups[1] - 245) < 60 and abs(groups[2] - 165) < 50 and groups[3] > 0
    assert 4 < statistics.mean(len(values) for product in shop for values in product.options.values()) < 7
    prices = sorted(product.pricing[0] for product in shop)
    for at, low, high in ((100, 7, 12), (500, 23, 36), (800, 70, 120), (900, 95, 220)):
        assert low < prices[at] < high
    assert 50 < sum(len(product.pricing) == 2 for product in shop) < 130
    assert 60 < sum(product.pricing == (100.0,) for product in shop) < 130
    assert 2.4 < statistics.mean(len(product.attributes) for product in shop) < 3.2
    assert 16 < statistics.mean(len(product.title.split()) for product in shop) < 20
    descriptions = [len(product.description) for product in shop]
    assert 420 < statistics.mean(descriptions) < 600 and 250 < descriptions.count(0) < 350
    assert Counter(len(product.bullets) for product in shop).most_common(1)[0][0] == 5
    assert 85 < statistics.mean(len(analyze(search_text(product))) for product in shop) < 120


def test_small_pages_are_short() -> None:
    shop = list(generated_catalogue(size="small"))
    assert len(shop) == 200
    assert statistics.quantiles([len(product.title.split()) for product in shop], n=20)[0] >= 6
    assert max(len(product.title.split()) for product in shop) <= 9
    assert max(len(product.bullets) for product in shop) <= 3
    assert max(len(product.description.split()) for product in shop) <= 14
    assert all(2 <= len(values) <= 5 for product in shop for values in product.options.values() if len(values) > 1)
    assert all(price == int(price) for product in shop for price in product.pricing)


def test_the_same_products_under_any_hash_seed_in_any_process() -> None:
    outputs = set()
    for seed in ("0", "1"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        run = subprocess.run(
            [sys.executable, "-c", _DIGEST], env=environment, capture_output=True, text=True, check=True
        )
        outputs.add(run.stdout)
    assert outputs == {f"{digest(generated_catalogue(40, 3))} {digest(generated_catalogue(40, 3, 'small'))}\n"}


GOLDEN = ("e8c590a92ce5c21d", "108d36ba2b2db1a4")


def test_a_seed_gives_the_products_that_it_always_gave() -> None:
    # A change of these is a change of the task: results before and after it cannot be compared. Say so in CHANGELOG.
    assert (digest(generated_catalogue(100)), digest(generated_catalogue(100, 0, "small"))) == GOLDEN


def test_worlds_differ() -> None:
    assert digest(generated_catalogue(40, 3)) != digest(generated_catalogue(40, 4))
    assert generated_catalogue(40, 3).content_hash != generated_catalogue(40, 4).content_hash


def test_a_product_of_a_large_world_is_drawn_alone() -> None:
    large = generated_catalogue(1_200_000)
    product = large[1_199_999]
    assert large.index_of(product.asin) == 1_199_999 and len(large) == 1_200_000
    assert large[7].title == generated_catalogue()[7].title


def test_iterating_a_large_world_gives_the_same_products_as_asking_for_them() -> None:
    large = generated_catalogue(30_000)
    iterated = [product for product, _ in zip(large, range(23), strict=False)]
    assert iterated == [large[index] for index in range(23)]


def test_ids_are_one_pool_in_an_order_of_the_worlds_own() -> None:
    first, second = generated_catalogue(), generated_catalogue(world_seed=1)
    assert sorted(first.asins) == sorted(second.asins) and list(first.asins) != list(second.asins)
    assert set(generated_catalogue(size="small").asins) < set(first.asins)
    assert len(set(first.asins)) == 1000
    for asin in first.asins:
        assert len(asin) == 10 and asin.isascii() and asin.isalnum() and asin == asin.upper() and not asin.isdigit()


@pytest.mark.parametrize("size", [1, 3, 999, 1000, 1001, 4097])
def test_ids_and_positions_are_each_others_inverse(size: int) -> None:
    shop = generated_catalogue(size)
    assert [shop.index_of(asin) for asin in shop.asins] == list(range(size))
    assert shop.index_of("B000000000") is None and shop.index_of("") is None
    if size < 1000:
        others = set(generated_catalogue().asins) - set(shop.asins)
        assert all(shop.index_of(asin) is None for asin in others)


def test_columns_agree_with_the_products() -> None:
    shop = generated_catalogue(203, 5)
    builder = ColumnBuilder()
    for product in shop:
        builder.add(product)
    expected, columns = builder.finish(), shop.columns
    for name in ("price_low", "price_high", "human_goals", "has_instruction", "combinations"):
        np.testing.assert_array_equal(getattr(columns, name), getattr(expected, name))
    for name, names in (("category", "categories"), ("query", "queries")):
        found = [getattr(columns, names)[index] for index in getattr(columns, name)]
        assert found == [getattr(expected, names)[index] for index in getattr(expected, name)]


def test_columns_of_a_large_world_come_from_the_cache(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setenv("SPA_GYM_CACHE", str(tmp_path))
    shop = GeneratedCatalogue(20_001, 0, "small")
    assert isinstance(shop.columns.price_low, np.memmap) and len(shop.columns.price_low) == 20_001
    assert shop.columns.price_low[17] == shop[17].pricing[0]


def test_a_catalogue_travels_by_name() -> None:
    shop = generated_catalogue(50, 2, "small")
    assert pickle.loads(pickle.dumps(shop)) is shop
    assert len(pickle.dumps(shop)) < 200


@pytest.mark.parametrize("size", ["official", "small"])
def test_a_product_says_what_it_has_and_nothing_that_it_has_not(size: str) -> None:
    attributes = {kind.noun: kind.attributes for kind in words().kinds}
    for product in generated_catalogue(500, 1, size):
        noun = next(kind.noun for kind in words().kinds if kind.plural == product.query)
        assert noun in product.title
        texts = " | ".join((product.title, *product.bullets, product.description)).lower()
        for attribute in attributes[noun]:
            assert (attribute in texts) == (attribute in product.attributes), (attribute, product)


def test_no_value_is_in_two_groups_and_options_are_offered_in_the_order_of_the_pool() -> None:
    for product in generated_catalogue(500, 2):
        values = [value for values in product.options.values() for value in values]
        assert len(values) == len(set(values))


def test_a_family_has_members_that_differ_from_it_in_one_thing() -> None:
    shop = generated_catalogue(1000)
    prices = attributes = options = families = 0
    for start in range(0, 1000, FAMILY_SIZE):
        family = [shop[index] for index in range(start, start + FAMILY_SIZE)]
        assert len({product.query for product in family}) == 1
        families += 1
        attributes += len({frozenset(product.attributes) for product in family}) > 1
        options += len({str(product.options) for product in family}) > 1
        prices += max(max(product.pricing) for product in family) > 1.4 * min(
            min(product.pricing) for product in family
        )
    assert attributes > 0.7 * families and prices > 0.85 * families and options > 0.25 * families


def test_everything_but_the_path_is_ascii() -> None:
    for product in generated_catalogue(300, 4):
        texts = (product.title, product.description, *product.bullets, *product.attributes, *product.options)
        assert all(text.isascii() for text in texts)


@pytest.mark.parametrize(
    "arguments", [(0,), (-1,), (3_000_000,), (True,), ("9",), (10, -1), (10, 0.5), (10, 0, "large")]
)
def test_bad_arguments(arguments: tuple) -> None:
    with pytest.raises(BadArgument):
        generated_catalogue(*arguments)


def test_numpy_integers_are_integers() -> None:
    assert generated_catalogue(np.int64(30), np.int64(1)) is generated_catalogue(30, 1)
