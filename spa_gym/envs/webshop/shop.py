"""`Shop`: one catalogue with its prices and its search, read-only and shared by all environments of a process."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from spa_gym.core.errors import SpaGymError
from spa_gym.envs.webshop.pages.product_view import ProductView

if TYPE_CHECKING:
    from spa_gym.envs.webshop.catalogue import Catalogue
    from spa_gym.envs.webshop.search.index import SearchIndex

__all__ = ["Shop"]

RESULTS = 50
"""Products that a search finds at most (SEARCH_RETURN_N of the original)."""

_KEPT_QUERIES, _KEPT_PRODUCTS = 4096, 4096


class Shop:
    """Everything that stays the same from episode to episode.

    Args:
        catalogue: the products.
        prices: what each of them costs, in dollars; hidden where a page shows a range.
        index: the search over them, position by position.
        show_attrs: item pages have a fourth tab, Attributes.
    """

    def __init__(self, catalogue: Catalogue, prices: np.ndarray, index: SearchIndex, show_attrs: bool = False) -> None:
        self.catalogue, self.prices, self.index, self.show_attrs = catalogue, prices, index, show_attrs
        self.search: Callable[[str], tuple[int, ...]] = functools.lru_cache(_KEPT_QUERIES)(self._search)
        """Positions of the best products for a query, best first, at most 50."""
        self.view: Callable[[int], ProductView] = functools.lru_cache(_KEPT_PRODUCTS)(self._view)
        """What the pages show of the product at a position."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel without what was found and shown so far."""
        return Shop, (self.catalogue, self.prices, self.index, self.show_attrs)

    def view_of(self, asin: str | None) -> ProductView:
        """Return what the pages show of the product with this id.

        Raises:
            SpaGymError: there is no such product.
        """
        index = self.catalogue.index_of(asin) if asin else None
        if index is None:
            raise SpaGymError("the id of a product of this shop", repr(asin), "restore a state taken in the same shop")
        return self.view(index)

    def price_of(self, asin: str | None) -> float:
        """Return what the product with this id costs, in dollars."""
        return float(self.prices[self.view_of(asin).index])

    def of_category(self, category: str) -> tuple[int, ...]:
        """Return the positions of all products of a department (the keyword `<c>`)."""
        columns = self.catalogue.columns
        return _places(columns.category, columns.categories, category)

    def of_query(self, query: str) -> tuple[int, ...]:
        """Return the positions of all products that were listed under a query (the keyword `<q>`)."""
        columns = self.catalogue.columns
        return _places(columns.query, columns.queries, query)

    def _search(self, query: str) -> tuple[int, ...]:
        return tuple(self.index.search(query, RESULTS).tolist())

    def _view(self, index: int) -> ProductView:
        return ProductView(self.catalogue[index], index, self.show_attrs)


def _places(column: np.ndarray, names: tuple[str, ...], name: str) -> tuple[int, ...]:
    return tuple(np.flatnonzero(column == names.index(name)).tolist()) if name in names else ()
