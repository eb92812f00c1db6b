"""What each product costs: hidden from the agent where a page shows a range, and drawn once from the data's seed."""

from __future__ import annotations

import random

import numpy as np

from spa_gym.envs.webshop.catalogue import Catalogue

__all__ = ["draw_prices"]


def draw_prices(catalogue: Catalogue, rng: random.Random) -> np.ndarray:
    """Draw the price of every product.

    A product with one price costs that; one with two costs a value drawn uniformly between them, in the order of the
    catalogue. The original draws from Python's global stream and goes on with it for the goals' price caps, so pass
    the same `rng` to `official_goals` next: `random.Random(42)` gives the prices of the recordings.

    Args:
        catalogue: The products.
        rng: The stream; one value is drawn for each product with two prices.

    Returns:
        float64, shape (num_products,), dollars; read-only.
    """
    low, high = catalogue.columns.price_low, catalogue.columns.price_high
    prices = np.array(low, dtype=np.float64)
    ranged = np.flatnonzero(~np.isnan(high))
    pairs = zip(low[ranged].tolist(), high[ranged].tolist(), strict=True)
    prices[ranged] = [rng.uniform(start, end) for start, end in pairs]
    prices.flags.writeable = False
    return prices
