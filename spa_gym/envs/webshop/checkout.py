"""What a purchase on a page of the shop is worth: the one place where pages, prices and the reward meet."""

from __future__ import annotations

from collections.abc import Mapping

from spa_gym.envs.webshop.goals import Goal
from spa_gym.envs.webshop.reward import PurchaseScore, PurchaseScorer
from spa_gym.envs.webshop.shop import Shop

__all__ = ["score"]


def score(
    asin: str | None, options: Mapping[str, str], goal: Goal, shop: Shop, scorer: PurchaseScorer
) -> PurchaseScore:
    """Score buying a product, by its id, with these options, for a goal.

    Raises:
        SpaGymError: there is no such product.
    """
    return scorer.score(shop.view_of(asin).product, goal, shop.price_of(asin), options)
