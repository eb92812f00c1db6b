"""`ProductView`: what the pages show of a product and what can be clicked there, worked out once per product."""

from __future__ import annotations

from collections.abc import Iterator

from spa_gym.envs.webshop.pages.text_nodes import PREV, Node, joined, visible
from spa_gym.envs.webshop.product import Product

__all__ = ["ProductView", "click_actions"]


def click_actions(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the actions that click these names, without those that the grammar of actions cannot say.

    An argument cannot be empty nor hold a line break, and its own brackets must not be taken for the action's; the
    button "search" of the start page cannot be clicked.
    """
    return tuple(f"click[{name}]" for name in names if _sayable(name))


def _sayable(name: str) -> bool:
    return bool(name) and name != "search" and "\n" not in name and "[" not in name[:-1]


class ProductView:
    """A product as its pages show it.

    Args:
        product: the product.
        index: its position in the catalogue.
        show_attrs: item pages have a fourth tab, Attributes.

    Attributes:
        link: its id as actions name it, in lower case.
        click: the action that opens it from a page of results.
        result_text: its lines on a results page, in mode "text".
        item_nodes: its item page from "< Prev" on.
        item_text: the same in mode "text".
        group_of: the group that a click on an option's value sets; of a value in two groups the last, as in the
            original.
        clickable: everything that can be clicked on the item page, in the original's order.
        admissible: the actions for it.
    """

    __slots__ = (
        *("product", "index", "link", "click", "result_text", "item_nodes", "item_text"),
        *("group_of", "clickable", "admissible"),
    )

    def __init__(self, product: Product, index: int, show_attrs: bool) -> None:
        self.product, self.index = product, index
        self.link = product.asin.lower()
        self.click = f"click[{self.link}]"
        self.result_text = joined(visible(("text", part) for part in (product.asin, product.title, product.price_tag)))
        tabs = ("Description", "Features", "Reviews", *(("Attributes",) if show_attrs else ()))
        self.item_nodes = tuple(visible(_item_nodes(product, tabs)))
        self.item_text = joined(self.item_nodes)
        self.group_of = {value: group for group, values in product.options.items() for value in values}
        buttons = ("back to search", "< prev", *(tab.lower() for tab in tabs), "buy now")
        self.clickable = tuple(dict.fromkeys((*buttons, *self.group_of)))
        self.admissible = click_actions(self.clickable)


def _item_nodes(product: Product, tabs: tuple[str, ...]) -> Iterator[Node]:
    yield PREV
    for group, values in product.options.items():
        yield "text", group
        yield from (("label", value) for value in values)
    yield from (("text", product.title), ("text", f"Price: {product.price_tag}"), ("text", "Rating: N.A."))
    yield from (("button", tab) for tab in (*tabs, "Buy Now"))
