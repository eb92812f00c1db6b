"""`PageState`: which page of the shop a session is on, and everything that the page shows; immutable and picklable.

All that an episode is, is one such state: every click makes a new one, and going back to an older one is a snapshot.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["NO_OPTIONS", "PAGE_SIZE", "SUB_PAGES", "PageKind", "PageState"]

PageKind = Literal["index", "results", "item", "sub", "done"]

PAGE_SIZE = 10
"""Products on a results page (PRODUCT_WINDOW of the original)."""

SUB_PAGES = {name.lower(): name for name in ("Description", "Features", "Reviews", "Attributes")}
"""What a button of an item page is called in actions, and the name of the page behind it."""

NO_OPTIONS: Mapping[str, str] = {}
"""Nothing chosen yet; never written to."""


@dataclass(frozen=True, slots=True)
class PageState:
    """One page of one session."""

    session_id: str
    """As in the original's addresses: the position of the goal in the original's order."""
    instruction: str
    kind: PageKind = "index"
    keywords: tuple[str, ...] | None = None
    """The lower-cased query, split at single spaces; None before the first search."""
    page: int = 1
    """Of the results, from 1; the original can be led to 0 and below."""
    results: tuple[int, ...] = ()
    """Positions of all products found, best first; kept on the item pages for the way back."""
    asin: str | None = None
    sub: str | None = None
    """Name of the sub page: a value of `SUB_PAGES`."""
    options: Mapping[str, str] = field(default_factory=lambda: NO_OPTIONS)
    """Group to value, in the order of first choice; a new mapping for every change."""
    visited: tuple[str, ...] = ()
    """Products opened since the last start page."""
    reward: float | None = None
    """On the last page: what the purchase is worth."""

    def shown(self) -> tuple[int, ...]:
        """Positions of the products on the current results page."""
        return self.results[(self.page - 1) * PAGE_SIZE : self.page * PAGE_SIZE]
