"""The generated catalogue: every product is drawn from the world's seed when it is asked for; nothing is stored."""

from __future__ import annotations

import functools
import hashlib
import random
from collections.abc import Iterator, Sequence
from typing import Any

from spa_gym.core.arguments import is_integer, non_negative_int, one_of
from spa_gym.core.errors import BadArgument
from spa_gym.envs.webshop.catalogue import Columns, product_bytes
from spa_gym.envs.webshop.product import Product
from spa_gym.envs.webshop.world.columns import generated_columns
from spa_gym.envs.webshop.world.family import FAMILY_SIZE, SIZES, Family, draw_family
from spa_gym.envs.webshop.world.ids import Ids
from spa_gym.envs.webshop.world.words import words
from spa_gym.envs.webshop.world.writer import write_product

__all__ = ["DEFAULT_PRODUCTS", "MOST_PRODUCTS", "GeneratedCatalogue", "generated_catalogue"]

DEFAULT_PRODUCTS = {"official": 1000, "small": 200}
MOST_PRODUCTS = 2_000_000

_PROBES = 20
"""Products that the content hash is made of: whatever changes how products are drawn changes some of these."""

_KEPT_PRODUCTS, _KEPT_FAMILIES = 4096, 1024


class GeneratedCatalogue:
    """A lazy `Catalogue`.

    Args:
        num_products: how many products.
        world_seed: which world.
        size: a key of `SIZES`.

    Attributes:
        content_hash: names the products: it hashes the arguments, the vocabulary and a few of the products.
    """

    def __init__(self, num_products: int, world_seed: int, size: str) -> None:
        self.num_products, self.world_seed, self.size = num_products, world_seed, size
        self.name = f"{size}/{world_seed}/{num_products}"
        self._columns: Columns | None = None
        self._ids = Ids(num_products, self.name)
        self.family = functools.lru_cache(_KEPT_FAMILIES)(self._family)
        self._product = functools.lru_cache(_KEPT_PRODUCTS)(self._write)
        digest = hashlib.sha256(f"spa-gym/webshop/generated/{self.name}/{words().digest}".encode())
        for probe in range(_PROBES):
            digest.update(product_bytes(self[probe * num_products // _PROBES]))
        self.content_hash = digest.hexdigest()

    @property
    def asins(self) -> Sequence[str]:
        """The products' identifiers, by position."""
        return self._ids

    @property
    def columns(self) -> Columns:
        """Numbers about all products."""
        if self._columns is None:
            self._columns = generated_columns(self)
        return self._columns

    def __len__(self) -> int:
        """Return the number of products."""
        return self.num_products

    def __getitem__(self, index: int) -> Product:
        """Return the product at a position."""
        return self._product(range(self.num_products)[index])

    def __iter__(self) -> Iterator[Product]:
        """Go through all products in order, without keeping them."""
        if self.num_products <= _KEPT_PRODUCTS:
            return map(self._product, range(self.num_products))
        return self._all()

    def index_of(self, asin: str) -> int | None:
        """Return the position of an asin, None where there is no such product."""
        return self._ids.find(asin)

    def families(self) -> Iterator[Family]:
        """Go through all families in order, without keeping them; the last may reach beyond the catalogue."""
        count = -(-self.num_products // FAMILY_SIZE)
        return (self._family(index) for index in range(count))

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel to another process by name."""
        return generated_catalogue, (self.num_products, self.world_seed, self.size)

    def __repr__(self) -> str:
        """Show what names it."""
        return f"{type(self).__name__}({self.num_products}, world_seed={self.world_seed}, size={self.size!r})"

    def _all(self) -> Iterator[Product]:
        for number, family in enumerate(self.families()):
            start = number * FAMILY_SIZE
            for index in range(start, min(start + FAMILY_SIZE, self.num_products)):
                yield self._written(index, family)

    def _family(self, index: int) -> Family:
        return draw_family(self.world_seed, self.size, index)

    def _write(self, index: int) -> Product:
        return self._written(index, self.family(index // FAMILY_SIZE))

    def _written(self, index: int, family: Family) -> Product:
        rng = random.Random(f"spa-gym/webshop/{self.world_seed}/{self.size}/product/{index}")
        return write_product(self._ids[index], family.members[index % FAMILY_SIZE], rng, self.size)


def generated_catalogue(
    num_products: int | None = None, world_seed: int = 0, size: str = "official"
) -> GeneratedCatalogue:
    """The catalogue of a generated shop, the same object for everybody in this process.

    Args:
        num_products: how many products; None: 1,000 official ones, 200 small ones.
        world_seed: which world, an integer from 0.
        size: `"official"` (after the statistics of the official 1,000) or `"small"` (short pages).

    Raises:
        BadArgument: an argument is none of these.

    Example:
        >>> shop = generated_catalogue(20, world_seed=1, size="small")
        >>> len(shop), shop.index_of(shop[7].asin)
        (20, 7)
    """
    one_of("size", size, SIZES)
    if num_products is None:
        num_products = DEFAULT_PRODUCTS[size]
    if not is_integer(num_products) or not 1 <= num_products <= MOST_PRODUCTS:
        raise BadArgument(f"num_products from 1 to {MOST_PRODUCTS:,}", repr(num_products), "pass num_products=1000")
    return _shared(int(num_products), non_negative_int("world_seed", world_seed), size)


@functools.lru_cache(maxsize=64)
def _shared(num_products: int, world_seed: int, size: str) -> GeneratedCatalogue:
    return GeneratedCatalogue(num_products, world_seed, size)
