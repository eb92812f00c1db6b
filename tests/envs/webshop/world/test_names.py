"""The names for tokenizers: printable ASCII, complete, no more than a small vocabulary holds."""

from __future__ import annotations

import re

from spa_gym.envs.webshop.world.catalogue import generated_catalogue
from spa_gym.envs.webshop.world.goals import generated_goals
from spa_gym.envs.webshop.world.names import entity_names


def test_names_are_printable_ascii_without_repetition() -> None:
    names = entity_names()
    assert len(set(names)) == len(names) < 3600
    assert all(name.isascii() and name.isprintable() and name == name.strip() and name for name in names)


def test_ids_attributes_values_and_prices_of_small_shops_are_names() -> None:
    names = set(entity_names())
    for seed in (0, 1):
        shop = generated_catalogue(None, seed, "small")
        for product in shop:
            values = [value for group in product.options.values() for value in group]
            wanted = {product.asin, product.price_tag, *product.attributes, *values, *product.options}
            assert wanted <= names
        goals = generated_goals(shop)
        for goal in (goals[i] for i in range(200)):
            cap = re.search(r"(\d+)(?:\.00)? dollars|\$(\d+)", goal.instruction_text)
            assert cap is None or (cap[1] or cap[2]) in names


def test_a_title_of_a_small_shop_is_nothing_but_names() -> None:
    names = sorted(entity_names(), key=lambda name: -len(name))
    pattern = re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, names)) + r")(?!\w)")
    for product in generated_catalogue(None, 2, "small"):
        assert not pattern.sub("", product.title).strip()
