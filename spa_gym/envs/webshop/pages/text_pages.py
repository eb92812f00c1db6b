"""The pages as text, straight from the state: what the original reads off its HTML, without any HTML.

A page is the list of its visible text nodes in document order, each with what holds it: plain text, a button, the
label of an option, a link to a product. `text` joins the nodes with " [SEP] ", `text_rich` gives each a line and
marks what can be clicked.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from spa_gym.envs.webshop.pages.page_state import PageState
from spa_gym.envs.webshop.pages.text_nodes import BACK, NEXT, PREV, SEPARATOR, Node, joined, visible
from spa_gym.envs.webshop.session import address
from spa_gym.envs.webshop.shop import Shop

__all__ = ["nodes", "rich", "text", "text_rich"]

_THANKS = ("Thank you for shopping with us!", "Your code: ", "None", " (Paste it in your MTurk interface.)")
_FIELDS = (
    *("attrs", "None", "category", "None", "query", "None", "product category", "None", "Target", "asin", "options"),
    *("attrs", "price upper", "instuction text", "category", "product category", "query", "Goal ", "None", "Reward"),
)
"""Of the last page, where the text environment leaves everything about the goal out; "instuction" is the original's."""


def text(state: PageState, shop: Shop) -> str:
    """Render a page in mode "text": the text nodes without outer white space, joined by " [SEP] "."""
    if state.kind == "results":  # the two long pages from texts that are kept for each product
        turns = "< Prev [SEP] Next >" if state.page > 1 else "Next >"
        head = f"{joined(_head(state))} [SEP] {_count(state)} [SEP] {turns}"
        return SEPARATOR.join([head, *(shop.view(index).result_text for index in state.shown())])
    if state.kind == "item":
        return f"{joined(_head(state))} [SEP] {shop.view_of(state.asin).item_text}"
    return joined(nodes(state, shop))


def text_rich(state: PageState, shop: Shop) -> str:
    """Render a page in mode "text_rich": one node a line, buttons and options marked, clicked ones told apart."""
    return rich(nodes(state, shop), state)


def rich(page: Iterable[Node], state: PageState) -> str:
    """Write visible text nodes of a page as mode "text_rich" does."""
    lines: list[str] = []
    clicked: list[str] = []
    where = address(state) if state.kind == "item" else ""
    for holder, node in page:
        if holder == "button":
            node = f"[button] {node} [button_]"
        elif holder == "label":
            chosen = f'"{node}"' in where  # as the original: anywhere in the address, escaped as JSON there
            if chosen:
                clicked.append(f"You have clicked {node}.\n")
            mark = "clicked button" if chosen else "button"
            node = f"  [{mark}] {node} [{mark}_]"
        elif holder == "link":
            mark = "clicked button" if node in state.visited else "button"
            node = f"\n[{mark}] {node} [{mark}_]"
        lines.append(node + "\n")
    return "".join([*reversed(clicked), *lines])


def nodes(state: PageState, shop: Shop) -> Iterator[Node]:
    """Return the visible text nodes of a page in document order."""
    return visible(_PAGES[state.kind](state, shop))


def _head(state: PageState) -> tuple[Node, ...]:
    return ("text", "Instruction:"), ("text", state.instruction), BACK


def _count(state: PageState) -> str:
    return f"Page {state.page} (Total results: {len(state.results)})"


def _index(state: PageState, _: Shop) -> Iterator[Node]:
    yield from (("text", "WebShop"), ("text", "Instruction: "), ("text", state.instruction), ("button", "Search"))


def _results(state: PageState, shop: Shop) -> Iterator[Node]:
    yield from _head(state)
    yield "text", _count(state)
    if state.page > 1:
        yield PREV
    yield NEXT
    for index in state.shown():
        product = shop.view(index).product
        yield from (("link", product.asin), ("text", product.title), ("text", product.price_tag))


def _item(state: PageState, shop: Shop) -> Iterator[Node]:
    yield from _head(state)
    yield from shop.view_of(state.asin).item_nodes


def _sub(state: PageState, shop: Shop) -> Iterator[Node]:
    yield from _head(state)
    yield PREV
    product = shop.view_of(state.asin).product
    if state.sub == "Description":
        yield "text", product.description
    elif state.sub == "Features":
        yield from (("text", f" {bullet}") for bullet in product.bullets)
    elif state.sub == "Attributes":
        yield from (("text", f" {attribute}") for attribute in product.attributes)
        yield from (("text", part) for part in (product.category, product.query, product.product_category))


def _done(state: PageState, _: Shop) -> Iterator[Node]:
    chosen = json.dumps(dict(state.options), sort_keys=True)
    for char in "<>&'":  # as in a script of a page
        chosen = chosen.replace(char, f"\\u{ord(char):04x}")
    bought = ("Purchased", "asin", state.asin or "", "options", chosen)
    score = ("Your score (min 0.0, max 1.0)", repr(state.reward), "Reward Details ", "None")
    yield from (("text", node) for node in (*_THANKS, *bought, *_FIELDS, *score))


_PAGES = {"index": _index, "results": _results, "item": _item, "sub": _sub, "done": _done}
