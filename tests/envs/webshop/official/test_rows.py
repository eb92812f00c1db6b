"""Rows of the published files, good and bad."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from spa_gym.core.errors import DataCorrupt
from spa_gym.envs.webshop.official.rows import NO_ATTRIBUTES, product_from_row, products_from_rows
from spa_gym.envs.webshop.product import HumanAnnotation, Product
from tests.envs.webshop.made_up_files import annotation, entry, row


def load(rows: list[Any], instructions: Mapping[str, Any] | None = None) -> list[Product]:
    products: dict[str, Product] = {}
    for product in products_from_rows(rows, instructions or {}, {}, products, source="items.json"):
        products[product.asin] = product
    return list(products.values())


def test_a_whole_row() -> None:
    product = product_from_row(row(7), entry(), [annotation(7)])
    assert (product.asin, product.title, product.description) == ("B000000007", "Brass lamp 7 “é”", "It shines.")
    assert (product.pricing, product.price_tag) == ((1020.5,), "$1020.5")
    assert product.options == {"size": ("tall | thin", "wide"), "color": ("red",)}
    assert list(product.options) == ["size", "color"]
    assert product.option_images == {"tall | thin": None, "wide": None, "red": "red.jpg"}
    assert (product.category, product.query) == ("garden", "lamps")
    assert product.attributes == ("warm light", "brass lamp")
    assert (product.instruction, product.instruction_attributes) == ("Find me warm light lamps", ("warm light",))
    assert product.human == (HumanAnnotation("i want a lamp.", ("warm light",), ("red",)),)
    assert product.image == "https://example.org/lamp.jpg"


@pytest.mark.parametrize(
    ("text", "pricing", "tag"),
    [
        ("$19.99 - $27.99", (19.99, 27.99), "$19.99 to $27.99"),
        ("$27.99 - $19.99", (27.99, 19.99), "$27.99 to $19.99"),
        ("$1 $2 $3", (1.0, 2.0), "$1.0 to $2.0"),
        ("", (100.0,), "$100.0"),
        (None, (100.0,), "$100.0"),
        (..., (100.0,), "$100.0"),
    ],
)
def test_prices(text: Any, pricing: tuple[float, ...], tag: str) -> None:
    product = product_from_row(row(1, pricing=text), None, ())
    assert (product.pricing, product.price_tag) == (pricing, tag)


@pytest.mark.parametrize("options", ["", None, {}, ..., {"Size": None}])
def test_without_options(options: Any) -> None:
    assert product_from_row(row(1, customization_options=options), None, ()).options == {}


def test_an_empty_group_stays() -> None:
    assert product_from_row(row(1, customization_options={"Size": []}), None, ()).options == {"size": ()}


@pytest.mark.parametrize("bullets", ["one text", ["one text"]])
def test_bullets_may_be_one_text(bullets: Any) -> None:
    assert product_from_row(row(1, small_description=bullets), None, ()).bullets == ("one text",)


def test_what_may_be_absent() -> None:
    bare = row(1, full_description=None, small_description=None, images=[], category=None)
    product = product_from_row(bare, {}, ())
    assert (product.description, product.bullets, product.image, product.category) == ("", ("",), "", "")


def test_a_product_without_entry_has_the_stand_in_attribute_and_no_instruction() -> None:
    product = product_from_row(row(1), None, ())
    assert (product.attributes, product.instruction, product.instruction_attributes) == (NO_ATTRIBUTES, None, ())


def test_rows_that_the_original_passes_over() -> None:
    rows = [row(1), row(2, asin="nan"), row(3, asin="ELEVENCHARS"), row(4, asin=float("nan")), row(1, name="x"), row(5)]
    assert [product.title for product in load(rows)] == ["Brass lamp 1 “é”", "Brass lamp 5 “é”"]


@pytest.mark.parametrize("bad", [None, 3, "a row", ["B000000002"], row(2, asin=...)])
def test_a_row_that_is_no_product(bad: Any) -> None:
    with pytest.raises(DataCorrupt, match=r"row 1 of items\.json"):
        load([row(1), bad])


@pytest.mark.parametrize("field", ["name", "category", "query", "product_category"])
def test_a_row_without_a_field_that_must_be_there(field: str) -> None:
    with pytest.raises(DataCorrupt, match=rf"'{field}' in row 1 of items\.json \(asin B000000002\)"):
        load([row(1), row(2, **{field: ...})])


@pytest.mark.parametrize(
    "fields",
    [
        {"name": 3},
        {"pricing": "12.50"},
        {"pricing": "$"},
        {"pricing": "$1.2.3"},
        {"pricing": 12.5},
        {"small_description": [{}]},
        {"customization_options": {"Size": [{"image": None}]}},
        {"customization_options": {"Size": ["tall"]}},
        {"customization_options": ["Size"]},
        {"images": 3},
    ],
)
def test_a_field_of_another_kind(fields: dict[str, Any]) -> None:
    with pytest.raises(DataCorrupt, match=r"row 0 of items\.json \(asin B000000001\)"):
        load([row(1, **fields)])


@pytest.mark.parametrize(
    ("about", "human"),
    [([], [3]), (["attributes"], []), ({"attributes": [3]}, []), ({}, [{"instruction": "i want"}]), ({}, 3)],
)
def test_bad_entries_name_the_product(about: Any, human: Any) -> None:
    with pytest.raises(DataCorrupt, match="asin B000000001"):
        product_from_row(row(1), about, human)
