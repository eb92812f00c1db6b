"""Reading a page of text mode: what kind it is and what stands on it, as a visitor sees it."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Offer", "Page", "read_page"]

_SEPARATOR = " [SEP] "
_PRICE = re.compile(r"\$(\d+(?:\.\d+)?)")
_GROUPS = frozenset(
    """
    color|size|style|scent|flavor name|flavor|fit type|pattern name|item shape|number of items|material type|scent name
    """.strip().split("|")
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Offer:
    """A line of a results page; prices in dollars, low and high end of what is shown."""

    asin: str
    title: str
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Page:
    """A page.

    Attributes:
        kind: `"index"`, `"results"`, `"item"`, `"sub"` or `"done"`.
        instruction: what it says is wanted.
        offers: of a results page.
        values: of an item page: option value -> its group.
        title: of an item page.
        text: of a sub page: what stands below the buttons.
        buttons: what else can be clicked, as shown.
    """

    kind: str
    instruction: str = ""
    offers: tuple[Offer, ...] = ()
    values: dict[str, str] | None = None
    title: str = ""
    text: str = ""
    buttons: tuple[str, ...] = ()


def read_page(observation: str) -> Page:
    """Read an observation of text mode."""
    parts = [part.strip() for part in observation.split(_SEPARATOR)]
    if parts[0] == "WebShop":
        return Page("index", instruction=parts[2] if len(parts) > 2 else "")
    if parts[0] != "Instruction:" or len(parts) < 4:
        return Page("done")
    instruction, body = parts[1], parts[3:]
    if body[0].startswith("Page "):
        turns = [part for part in body[1:3] if part in ("< Prev", "Next >")]
        lines = body[1 + len(turns) :]
        offers = tuple(_offer(*lines[i : i + 3]) for i in range(0, len(lines) - 2, 3))
        return Page("results", instruction, offers=offers, buttons=("Back to Search", *turns))
    if body[-1] == "Buy Now":
        price = max(i for i, part in enumerate(body) if part.startswith("Price: "))
        values, group = {}, ""
        for part in body[1 : price - 1]:
            if part in _GROUPS:
                group = part
            else:
                values[part] = group
        buttons = ("Back to Search", "< Prev", *body[price + 2 :])
        return Page("item", instruction, values=values, title=body[price - 1], buttons=buttons)
    return Page("sub", instruction, text=_SEPARATOR.join(body[1:]), buttons=("Back to Search", "< Prev"))


def _offer(asin: str, title: str, price: str) -> Offer:
    prices = [float(number) for number in _PRICE.findall(price)] or [0.0]
    return Offer(asin, title, min(prices), max(prices))
