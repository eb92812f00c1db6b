"""Prices: the recorded ones, and how they are drawn."""

from __future__ import annotations

import json
import random

import pytest

from spa_gym.envs.webshop.catalogue import MemoryCatalogue
from spa_gym.envs.webshop.official.catalogue import official_catalogue
from spa_gym.envs.webshop.prices import draw_prices
from tests.envs.webshop.tiny_shop import tiny_product
from tests.official_data import webshop_folder, webshop_recordings

HUMAN = webshop_recordings("webshop_goals_human_seed42.json")


@pytest.mark.skipif(not webshop_folder() or not HUMAN, reason="no official data or recordings: set SPA_GYM_DATA")
def test_recorded_prices() -> None:
    assert HUMAN
    catalogue = official_catalogue(webshop_folder())
    prices = draw_prices(catalogue, random.Random(42))
    assert dict(zip(catalogue.asins, prices.tolist(), strict=True)) == json.loads(HUMAN.read_text("utf-8"))["prices"]


def test_only_ranges_are_drawn_in_order() -> None:
    pricing = [(5.0,), (10.0, 20.0), (100.0,), (8.0, 6.0)]
    catalogue = MemoryCatalogue(tiny_product(number, pricing=pair) for number, pair in enumerate(pricing))
    prices, rng = draw_prices(catalogue, random.Random(1)), random.Random(1)
    assert prices.tolist() == [5.0, rng.uniform(10.0, 20.0), 100.0, rng.uniform(8.0, 6.0)]
    with pytest.raises(ValueError):
        prices[0] = 1.0
