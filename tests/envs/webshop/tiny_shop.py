"""A shop of a dozen hand-written products with a search that counts common words: enough for every page and quirk."""

from __future__ import annotations

import numpy as np

from spa_gym.envs.webshop.catalogue import MemoryCatalogue
from spa_gym.envs.webshop.goals import Goal
from spa_gym.envs.webshop.product import Product, price_tag, search_text
from spa_gym.envs.webshop.reward import PurchaseScorer
from spa_gym.envs.webshop.shop import Shop

__all__ = ["goal_for", "tiny_product", "tiny_scorer", "tiny_shop"]


def tiny_product(number: int, title: str = "", **fields: object) -> Product:
    pricing = fields.pop("pricing", (10.0 + number,))
    values = {
        "asin": f"TINY{number:06d}",
        "title": title or f"Brass lamp {number}",
        "description": "It shines.",
        "bullets": ("Warm light", "Long cord"),
        "pricing": pricing,
        "price_tag": price_tag(pricing),  # type: ignore[arg-type]
        "options": {"color": ("red", "blue"), "size": ("tall", "wide")},
        "option_images": {},
        "attributes": ("warm light",),
        "image": "",
        "category": "garden",
        "query": "lamps",
        "product_category": "Home › Lighting › Lamps",
    }
    return Product(**{**values, **fields})  # type: ignore[arg-type]


class CountingIndex:
    """Finds products by the number of words in common, then by position."""

    def __init__(self, products: MemoryCatalogue) -> None:
        self._words = [set(search_text(product).split()) for product in products]
        self.queries: list[str] = []

    def search(self, query: str, k: int = 50) -> np.ndarray:
        self.queries.append(query)
        scores = [len(words & set(query.split())) for words in self._words]
        best = sorted((index for index, score in enumerate(scores) if score), key=lambda index: -scores[index])
        return np.array(best[:k], dtype=np.int64)


def tiny_shop(*extra: Product, show_attrs: bool = False) -> Shop:
    catalogue = MemoryCatalogue([*(tiny_product(number) for number in range(12)), *extra])
    prices = np.array([product.pricing[0] for product in catalogue])
    return Shop(catalogue, prices, CountingIndex(catalogue), show_attrs)  # type: ignore[arg-type]


def goal_for(product: Product, **fields: object) -> Goal:
    values = {
        "asin": product.asin,
        "category": product.category,
        "query": product.query,
        "name": product.title,
        "product_category": product.product_category,
        "instruction_text": f"i want a {product.title.lower()} in red",
        "attributes": ("warm light",),
        "price_upper": 100.0,
        "goal_options": ("red",),
    }
    return Goal(**{**values, **fields})  # type: ignore[arg-type]


def tiny_scorer() -> PurchaseScorer:
    return PurchaseScorer(lambda title: title.lower().split())
