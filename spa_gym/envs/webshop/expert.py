"""The expert: knows the goal's product, finds it through the search bar, chooses what was asked for, and buys.

It is also the measure of progress: how many of its steps are left. It may use everything that the shop knows; the
one that sees only the pages is `world/shopper.py`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

from spa_gym.envs.webshop.goals import Goal
from spa_gym.envs.webshop.pages.page_state import PAGE_SIZE, PageState
from spa_gym.envs.webshop.product import Product
from spa_gym.envs.webshop.shop import Shop

__all__ = ["best_options", "expert_plan"]

_MAX_COMBINATIONS = 4096
"""Choices of options that are tried one by one where the asked values are not the product's own."""

Worth = Callable[[str, dict[str, str]], float]
"""The score of buying a product (by id) with options."""


def best_options(product: Product, goal: Goal, worth: Worth) -> dict[str, str]:
    """Return the choice of options of a product that scores highest, the smallest and first of equals.

    Args:
        product: the product to buy.
        goal: what was asked for.
        worth: the score of a purchase.
    """
    asked = [option if isinstance(option, str) else option[1] for option in goal.goal_options]
    exact: dict[str, str] = {}
    for group, values in product.options.items():
        named = [option[1] for option in goal.goal_options if not isinstance(option, str) and option[0] == group]
        found = next((value for value in (*named, *asked) if value in values), None)
        if found is not None:
            exact[group] = found
    best, score = exact, worth(product.asin, exact)
    if score == 1.0 or not asked:
        return best
    groups = [(group, (None, *dict.fromkeys(values))) for group, values in product.options.items()]
    if math.prod(len(values) for _, values in groups) > _MAX_COMBINATIONS:
        groups = [(group, (exact[group],) if group in exact else values) for group, values in groups]
    for choice in itertools.islice(itertools.product(*(values for _, values in groups)), _MAX_COMBINATIONS):
        options = {group: value for (group, _), value in zip(groups, choice, strict=True) if value is not None}
        tried = worth(product.asin, options)
        if tried > score or (tried == score and len(options) < len(best)):
            best, score = options, tried
    return best


def expert_plan(state: PageState, goal: Goal, options: dict[str, str], shop: Shop) -> list[str] | None:
    """Return the actions that buy the goal's product with these options, or None where no search finds it.

    Args:
        state: the page to start from; on the last page nothing is left to do.
        goal: what was asked for.
        options: what `best_options` chose.
        shop: the shop.
    """
    if state.kind == "done":
        return []
    product = shop.view_of(goal.asin).product
    if state.kind in ("item", "sub"):
        if state.asin == product.asin:
            missing = [value for group, value in options.items() if state.options.get(group) != value]
            back = ["click[< prev]"] if state.kind == "sub" else []
            return [*back, *(f"click[{value}]" for value in missing), "click[buy now]"]
        steps = ["click[< prev]"] if state.kind == "item" else ["click[< prev]", "click[< prev]"]
    else:
        steps = []
    index = shop.catalogue.index_of(goal.asin)
    buy = [f"click[{product.asin.lower()}]", *(f"click[{value}]" for value in options.values()), "click[buy now]"]
    plans = []
    if state.keywords is not None and index in state.results:
        plans.append([*steps, *_turns(state.page, state.results.index(index)), *buy])
    away = [] if state.kind == "index" else ["click[back to search]"]
    for query in (goal.instruction_text, product.title):
        results = shop.search(query.lower())
        if index in results and _sayable(query):
            plans.append([*away, f"search[{query}]", *_turns(1, results.index(index)), *buy])
    return min(plans, key=len, default=None)


def _turns(page: int, rank: int) -> list[str]:
    """The clicks from one page of results to the one that shows a rank, counted from 0."""
    ahead = rank // PAGE_SIZE + 1 - page
    return ["click[next >]"] * ahead if ahead > 0 else ["click[< prev]"] * -ahead


def _sayable(query: str) -> bool:
    return "[" not in query and "\n" not in query and not query.lower().startswith(("<r>", "<a>", "<c>", "<q>"))
