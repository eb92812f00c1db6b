"""The catalogue: products by position and by asin, and columns of numbers about all of them.

Prices, goals and the shop's special searches need a few numbers of every product; `Columns` holds them as arrays, so
that nothing has to build a million products to draw a price. `MemoryCatalogue` keeps its products as objects (1,000 of
them cost a few MB); `official/store.py` has the same thing on disk.
"""

from __future__ import annotations

import hashlib
import json
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from spa_gym.core.errors import DataCorrupt
from spa_gym.envs.webshop.product import Product

__all__ = ["COLUMN_KINDS", "Catalogue", "ColumnBuilder", "Columns", "MemoryCatalogue", "product_bytes"]


COLUMN_KINDS = {
    "price_low": np.float64,
    "price_high": np.float64,
    "human_goals": np.int32,
    "has_instruction": np.bool_,
    "combinations": np.int64,
    "category": np.int32,
    "query": np.int32,
}
"""Name and element type of each array in `Columns`."""

_ARRAY_CODES = {np.float64: "d", np.int32: "i", np.bool_: "b", np.int64: "q"}
_MOST_COMBINATIONS = 2**62
"""Far more than anyone can list; a product with fifty groups must not overflow the column."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Numbers about all products, each array of shape (num_products,); read-only."""

    price_low: np.ndarray
    """float64: the price, or the first end of its range, in dollars."""
    price_high: np.ndarray
    """float64: the second end of the range, NaN where there is one price."""
    human_goals: np.ndarray
    """int32: annotations by people that make a goal, that is, those with attributes."""
    has_instruction: np.ndarray
    """bool: whether there is a synthetic instruction with attributes."""
    combinations: np.ndarray
    """int64: number of ways to choose one value in each option group."""
    category: np.ndarray
    """int32: position in `categories`."""
    query: np.ndarray
    """int32: position in `queries`."""
    categories: tuple[str, ...]
    """The departments, in order of first appearance."""
    queries: tuple[str, ...]
    """The shelves, in order of first appearance."""
    attribute_counts: Mapping[str, int]
    """How many synthetic goals ask for an attribute; gives the goals' weights."""


class Catalogue(Protocol):
    """What the shop, the goals and the search index need of a catalogue."""

    @property
    def content_hash(self) -> str:
        """Hash of all products in order, hexadecimal; an index of the catalogue is rebuilt when it changes."""
        ...

    @property
    def columns(self) -> Columns:
        """Numbers about all products."""
        ...

    @property
    def asins(self) -> Sequence[str]:
        """The products' identifiers, by position."""
        ...

    def __len__(self) -> int:
        """Return the number of products."""
        ...

    def __getitem__(self, index: int) -> Product:
        """Return the product at a position from 0 to `len(self) - 1`."""
        ...

    def __iter__(self) -> Iterator[Product]:
        """Go through all products in order."""
        ...

    def index_of(self, asin: str) -> int | None:
        """Return the position of an asin, None where there is no such product."""
        ...


class ColumnBuilder:
    """Collects the columns product by product, in 37 bytes each."""

    def __init__(self) -> None:
        self._arrays = {name: array(_ARRAY_CODES[kind]) for name, kind in COLUMN_KINDS.items()}
        self._categories: dict[str, int] = {}
        self._queries: dict[str, int] = {}
        self._attributes: dict[str, int] = {}

    def add(self, product: Product) -> None:
        """Add the next product's numbers."""
        pricing = product.pricing
        combinations = product.combinations
        has_instruction = product.instruction is not None and bool(product.instruction_attributes)
        if has_instruction:
            for attribute in product.instruction_attributes:
                self._attributes[attribute] = self._attributes.get(attribute, 0) + combinations
        numbers = self._arrays
        numbers["price_low"].append(pricing[0])
        numbers["price_high"].append(pricing[1] if len(pricing) > 1 else float("nan"))
        numbers["human_goals"].append(sum(1 for note in product.human if note.attributes))
        numbers["has_instruction"].append(has_instruction)
        numbers["combinations"].append(min(combinations, _MOST_COMBINATIONS))
        numbers["category"].append(self._categories.setdefault(product.category, len(self._categories)))
        numbers["query"].append(self._queries.setdefault(product.query, len(self._queries)))

    def finish(self) -> Columns:
        """Return the columns of everything added so far."""
        arrays = {name: np.array(self._arrays[name], dtype=kind) for name, kind in COLUMN_KINDS.items()}
        return Columns(
            **arrays,
            categories=tuple(self._categories),
            queries=tuple(self._queries),
            attribute_counts=self._attributes,
        )


def product_bytes(product: Product) -> bytes:
    """Return a product as compact ASCII JSON: what the store keeps and what `content_hash` hashes."""
    return json.dumps(product.to_json(), separators=(",", ":")).encode("ascii")


class MemoryCatalogue:
    """A catalogue of products in memory.

    Args:
        products: The products, at least one, no two with the same asin.
        info: Whatever its reader shall find as `info`.

    Raises:
        DataCorrupt: There is no product, or an asin occurs twice.
    """

    def __init__(self, products: Iterable[Product], info: Mapping[str, Any] | None = None) -> None:
        self._products = tuple(products)
        self._positions = {product.asin: index for index, product in enumerate(self._products)}
        if not self._products or len(self._positions) != len(self._products):
            counts = f"{len(self._products)} products, {len(self._positions)} asins"
            raise DataCorrupt(
                "at least one product, all of different asins", counts, "choose a catalogue with products"
            )
        builder, digest = ColumnBuilder(), hashlib.sha256()
        for product in self._products:
            builder.add(product)
            digest.update(product_bytes(product) + b"\n")
        self._asins = tuple(self._positions)
        self.columns = builder.finish()
        self.content_hash = digest.hexdigest()
        self.info: dict[str, Any] = dict(info or {})

    @property
    def asins(self) -> Sequence[str]:
        """The products' identifiers, by position."""
        return self._asins

    def __len__(self) -> int:
        """Return the number of products."""
        return len(self._products)

    def __getitem__(self, index: int) -> Product:
        """Return the product at a position."""
        return self._products[index]

    def __iter__(self) -> Iterator[Product]:
        """Go through all products in order."""
        return iter(self._products)

    def index_of(self, asin: str) -> int | None:
        """Return the position of an asin, None where there is no such product."""
        return self._positions.get(asin)

    def __repr__(self) -> str:
        """Show size and hash."""
        return f"{type(self).__name__}({len(self)} products, content_hash={self.content_hash[:12]!r})"
