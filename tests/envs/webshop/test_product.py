"""A product: its JSON form, and the text that is indexed."""

from __future__ import annotations

import json

from spa_gym.envs.webshop.catalogue import product_bytes
from spa_gym.envs.webshop.product import HumanAnnotation, Product, price_tag, search_text
from tests.envs.webshop.tiny_shop import tiny_product


def test_json_keeps_everything() -> None:
    product = tiny_product(
        1,
        "Lamp “é” \ud83d \x00",
        pricing=(8.37, 6.63),
        option_images={"red": None, "blue": "b.jpg"},
        instruction="find me a lamp",
        instruction_attributes=("warm light",),
        human=(HumanAnnotation("a lamp", ("warm light",), ("red",)), HumanAnnotation("b", (), ())),
    )
    again = Product.from_json(json.loads(product_bytes(product)))
    assert again == product
    assert list(again.options) == list(product.options)


def test_price_tag_is_that_of_a_float() -> None:
    assert price_tag((16.20,)) == "$16.2"
    assert price_tag((8.37, 6.63)) == "$8.37 to $6.63"


def test_search_text_has_the_first_bullet_only() -> None:
    assert search_text(tiny_product(1)) == ("brass lamp 1 it shines. warm light color: red, blue, and size: tall, wide")
    assert search_text(tiny_product(1, bullets=(), options={})) == "brass lamp 1 it shines.  "


def test_combinations() -> None:
    assert tiny_product(1).combinations == 4
    assert tiny_product(1, options={}).combinations == 1
    assert tiny_product(1, options={"size": ("s", "m"), "color": ()}).combinations == 0
