"""What a purchase on a page of the shop is worth: the one place where pages, prices and the reward meet."""

from __future__ import annotations

from spa_gym.envs.webshop.goals import Goal
from spa_gym.envs.webshop.pages.page_state import PageState
from spa_gym.envs.webshop.reward import PurchaseScore, PurchaseScorer
from spa_gym.envs.webshop.shop import Shop

__all__ = ["score"]


def score(state: PageState, goal: Goal, shop: Shop, scorer: PurchaseScorer) -> PurchaseScore:
    """Score buying the product of an item page, with the options chosen there, for a goal."""
    view = shop.view_of(state.asin)
    return scorer.score(view.product, goal, float(shop.prices[view.index]), state.options)
