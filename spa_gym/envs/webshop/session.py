"""What an action does: the grammar of actions and the way from page to page, as in the original's text environment.

Everything here is a function from a `PageState` and an action to the next `PageState`; None stands for an action that
is not understood or cannot be done. Quirks that a trained agent may rely on are kept (a search works from every page,
"< Prev" looks for the page's name in the whole address); what crashes the original is defined here instead, see
docs/environments/webshop.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from spa_gym.envs.webshop.goals import Goal
from spa_gym.envs.webshop.pages.page_state import NO_OPTIONS, SUB_PAGES, PageState
from spa_gym.envs.webshop.shop import Shop

__all__ = ["Rng", "act", "address", "parse_action", "search", "start"]

BASE_ADDRESS = "http://127.0.0.1:3000"
"""Where the original's text environment pretends to run; text_rich looks for option values in addresses."""

Rng = Callable[[], np.random.Generator]
"""Gives the environment's generator; a function, so that an episode without chance never makes one."""

_ACTION = re.compile(r"(.+)\[(.+)\]")
_SAMPLED = 50
"""Products that the keyword `<r>` draws."""


def parse_action(action: str) -> tuple[str, str] | None:
    r"""Split an action into its name and its lower-cased argument.

    The name is greedy (the last `[` that has something before `]` opens the argument), neither may hold a line break,
    and what follows the last `]` is ignored.

    Returns:
        Name and argument, or None where the text has no such form.

    Example:
        >>> parse_action("click[Buy Now] please"), parse_action("click[a [b]]"), parse_action("think\nclick[x]")
        (('click', 'buy now'), ('click[a ', 'b]'), None)
    """
    match = _ACTION.match(action)
    return None if match is None else (match[1], match[2].lower())


def start(goal: Goal) -> PageState:
    """The start page of a session for a goal; the session is named by the goal's place in the original's order."""
    return PageState(session_id=str(goal.index), instruction=goal.instruction_text)


def act(state: PageState, action: str, shop: Shop, rng: Rng) -> PageState | None:
    """Do an action.

    Args:
        state: the page before.
        action: any text.
        shop: the shop.
        rng: gives the generator that the keyword `<r>` draws with; asked only then.

    Returns:
        The page after, or None when the action is not understood or cannot be done here.
    """
    parsed = parse_action(action)
    if parsed is None or state.kind == "done":
        return None
    name, argument = parsed
    if name == "search":
        return search(state, tuple(argument.split(" ")), 1, shop, rng)
    if name != "click":
        return None
    if state.kind == "index":
        return None  # the one button there, Search, cannot be clicked without a query
    if state.kind == "results":
        return _click_on_results(state, argument, shop, rng)
    if state.kind == "item":
        return _click_on_item(state, argument, shop, rng)
    return _click_on_sub_page(state, argument, shop, rng)


def search(state: PageState, keywords: tuple[str, ...], page: int, shop: Shop, rng: Rng) -> PageState:
    """Show a page of the results of a query; what was chosen on an item page is forgotten."""
    if keywords == state.keywords and state.results and keywords[0] != "<r>":
        results = state.results
    else:
        results = _find(keywords, shop, rng)
    return PageState(
        session_id=state.session_id,
        instruction=state.instruction,
        kind="results",
        keywords=keywords,
        page=page,
        results=results,
        visited=state.visited,
    )


def address(state: PageState) -> str:
    """The address of an item page or its sub page in the original, which nothing is encoded in."""
    head = "item_page" if state.kind == "item" else "item_sub_page"
    chosen = json.dumps(dict(state.options)) if state.kind == "item" else f"{state.sub}/{dict(state.options)}"
    words = "+".join(state.keywords or ())
    return f"{BASE_ADDRESS}/{head}/{state.session_id}/{state.asin}/{words}/{state.page}/{chosen}"


def _find(keywords: tuple[str, ...], shop: Shop, rng: Rng) -> tuple[int, ...]:
    special = _SPECIAL.get(keywords[0])
    return shop.search(" ".join(keywords)) if special is None else special(keywords[1:], shop, rng)


def _random_products(_: tuple[str, ...], shop: Shop, rng: Rng) -> tuple[int, ...]:
    size = len(shop.catalogue)
    return tuple(int(index) for index in rng().choice(size, min(_SAMPLED, size), replace=False))


def _of_category(words: tuple[str, ...], shop: Shop, _: object) -> tuple[int, ...]:
    return shop.of_category(words[0].strip()) if words else ()


def _of_query(words: tuple[str, ...], shop: Shop, _: object) -> tuple[int, ...]:
    return shop.of_query(" ".join(words).strip())


_SPECIAL: dict[str, Callable[..., tuple[int, ...]]] = {
    "<r>": _random_products,
    "<c>": _of_category,
    "<q>": _of_query,
    "<a>": lambda words, shop, rng: (),  # the original's text environment has no attribute table, and crashes
}


def _start_again(state: PageState) -> PageState:
    return PageState(session_id=state.session_id, instruction=state.instruction)


def _click_on_results(state: PageState, name: str, shop: Shop, rng: Rng) -> PageState | None:
    if name == "back to search":
        return _start_again(state)
    keywords = state.keywords or ()
    if name == "next >":
        return search(state, keywords, state.page + 1, shop, rng)
    if name == "< prev":
        return search(state, keywords, state.page - 1, shop, rng) if state.page > 1 else None
    for index in state.shown():
        view = shop.view(index)
        if view.link == name:
            asin = view.product.asin
            visited = state.visited if asin in state.visited else (*state.visited, asin)
            return replace(state, kind="item", asin=asin, options=NO_OPTIONS, visited=visited)
    return None


def _click_on_item(state: PageState, name: str, shop: Shop, rng: Rng) -> PageState | None:
    view = shop.view_of(state.asin)
    if name not in view.clickable or name == "search":
        return None
    if name == "buy now":
        return replace(state, kind="done")
    if name == "back to search":
        return _start_again(state)
    if name == "< prev" or (name == "next >" and "search_results" in address(state)):
        return _back_from_item(state, shop, rng, 1 if name == "next >" else -1)
    if name in SUB_PAGES:
        return replace(state, kind="sub", sub=SUB_PAGES[name])
    return replace(state, options={**state.options, view.group_of[name]: name})


def _click_on_sub_page(state: PageState, name: str, shop: Shop, rng: Rng) -> PageState | None:
    if name == "back to search":
        return _start_again(state)
    if name != "< prev":
        return None
    where = address(state)
    if "search_results" in where or "item_page" in where:
        return _back_from_item(state, shop, rng, -1)
    return replace(state, kind="item", sub=None)


def _back_from_item(state: PageState, shop: Shop, rng: Rng, turn: int) -> PageState:
    """Go back to the results: a page further where the query's own words pass for a results page's address."""
    page = state.page + turn if "search_results" in address(state) else state.page
    return search(state, state.keywords or (), page, shop, rng)
