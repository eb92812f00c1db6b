"""A site on the tiny shop, with one task for every product."""

from __future__ import annotations

from spa_gym.core.tasks import Task
from spa_gym.envs.webshop.product import Product
from spa_gym.envs.webshop.site.site import Site
from tests.envs.webshop.tiny_shop import goal_for, tiny_scorer, tiny_shop

__all__ = ["tiny_site"]


def tiny_site(*extra: Product, show_attrs: bool = False) -> Site:
    shop = tiny_shop(*extra, show_attrs=show_attrs)
    goals = [goal_for(product, index=number) for number, product in enumerate(shop.catalogue)]
    return Site(shop, [Task(goal.id(), goal.category, goal.instruction_text, goal) for goal in goals], tiny_scorer())
