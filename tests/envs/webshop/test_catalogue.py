"""The catalogue in memory and its columns."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from spa_gym.core.errors import DataCorrupt
from spa_gym.envs.webshop.catalogue import MemoryCatalogue
from spa_gym.envs.webshop.product import HumanAnnotation
from tests.envs.webshop.tiny_shop import tiny_product

NOTE = HumanAnnotation("a lamp", ("warm light",), ())


def test_positions_and_asins() -> None:
    products = [tiny_product(number) for number in range(5)]
    catalogue = MemoryCatalogue(products)
    assert len(catalogue) == 5 and list(catalogue) == products and catalogue[3] is products[3]
    assert list(catalogue.asins) == [product.asin for product in products]
    assert [catalogue.index_of(asin) for asin in catalogue.asins] == [0, 1, 2, 3, 4]
    assert catalogue.index_of("NOT THERE") is None
    assert list(pickle.loads(pickle.dumps(catalogue))) == products


def test_columns() -> None:
    wanted = {"instruction": "find me a lamp", "instruction_attributes": ("warm light", "brass lamp")}
    columns = MemoryCatalogue([
        tiny_product(0, human=(NOTE, HumanAnnotation("b", (), ()), NOTE)),
        tiny_product(1, pricing=(30.0, 20.0), query="chairs", **wanted),
        tiny_product(2, options={}, category="beauty", instruction="find me", instruction_attributes=("warm light",)),
        tiny_product(3, instruction="without attributes"),
    ]).columns  # fmt: skip
    assert columns.price_low.tolist() == [10.0, 30.0, 12.0, 13.0]
    assert np.array_equal(columns.price_high, [np.nan, 20.0, np.nan, np.nan], equal_nan=True)
    assert columns.human_goals.tolist() == [2, 0, 0, 0]
    assert columns.has_instruction.tolist() == [False, True, True, False]
    assert columns.combinations.tolist() == [4, 4, 1, 4]
    assert [columns.categories[code] for code in columns.category] == ["garden", "garden", "beauty", "garden"]
    assert [columns.queries[code] for code in columns.query] == ["lamps", "chairs", "lamps", "lamps"]
    assert columns.attribute_counts == {"warm light": 5, "brass lamp": 4}


def test_the_hash_follows_the_content() -> None:
    products = [tiny_product(number) for number in range(3)]
    content_hash = MemoryCatalogue(products).content_hash
    assert MemoryCatalogue(iter(products)).content_hash == content_hash
    assert MemoryCatalogue(products[::-1]).content_hash != content_hash
    for change in ({"title": "x"}, {"attributes": ("x",)}, {"human": (NOTE,)}, {"options": {}}):
        assert MemoryCatalogue([*products[:2], tiny_product(2, **change)]).content_hash != content_hash


@pytest.mark.parametrize("products", [[], [tiny_product(1), tiny_product(2), tiny_product(1)]])
def test_no_product_or_one_twice(products: list) -> None:
    with pytest.raises(DataCorrupt, match="different asins"):
        MemoryCatalogue(products)


def test_a_product_of_countless_combinations() -> None:
    groups = {f"group {number}": tuple(map(str, range(100))) for number in range(20)}
    assert MemoryCatalogue([tiny_product(1, options=groups)]).columns.combinations[0] == 2**62
