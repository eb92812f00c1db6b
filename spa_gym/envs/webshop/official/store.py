"""A catalogue on disk: a million products in about 1.2 GB, opened in milliseconds, shared by all processes.

`StoreWriter` (`store_writer.py`) fills a folder, `StoredCatalogue` maps it into memory, read-only. The folder holds:

    products.bin        one zlib-compressed JSON after the other (`product_bytes`)
    offsets.bin         int64: where each of them ends
    <column>.npy        one array per column of `Columns`
    asins.npy           bytes: the asins by position
    sorted_asins.npy    the same, sorted; sorted_positions.npy (int32) says whose they are
    header.json         format, content hash, the names behind the columns' codes, and what the writer was told
"""

from __future__ import annotations

import functools
import json
import mmap
import zlib
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from spa_gym.core.errors import DataCorrupt
from spa_gym.core.strict_json import parse_json_object
from spa_gym.envs.webshop.catalogue import COLUMN_KINDS, Columns
from spa_gym.envs.webshop.product import Product

__all__ = ["HEADER", "OFFSETS", "PRODUCTS", "STORE_FORMAT", "StoredCatalogue"]

STORE_FORMAT = 1
"""Version of the folder's layout; belongs into the manifest it is built under."""

PRODUCTS, OFFSETS, HEADER = "products.bin", "offsets.bin", "header.json"

_KEPT = 2048
"""Products kept as objects, some 8 kB each."""


class StoredCatalogue:
    """A catalogue that lies in a folder, mapped into memory.

    Processes that open the same folder share its pages; forked and pickled copies work. Products are decoded when they
    are asked for (about 30 us), and the last ones are kept.

    Args:
        folder: A folder that `StoreWriter` has finished.

    Raises:
        DataCorrupt: The folder is not whole, or was written by another version.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        try:
            header = parse_json_object((self.folder / HEADER).read_bytes())
            if header["format"] != STORE_FORMAT:
                raise ValueError(f"format {header['format']} instead of {STORE_FORMAT}")
            self.content_hash: str = header["content_hash"]
            self.info: dict[str, Any] = header["info"]
            self.columns = Columns(
                **{name: self._array(name) for name in COLUMN_KINDS},
                categories=tuple(header["categories"]),
                queries=tuple(header["queries"]),
                attribute_counts=header["attribute_counts"],
            )
            self._asins, self._sorted, self._positions = map(self._array, ("asins", "sorted_asins", "sorted_positions"))
            self._ends = np.memmap(self.folder / OFFSETS, dtype=np.int64, mode="r").view(np.ndarray)
            with open(self.folder / PRODUCTS, "rb") as file:
                self._products = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            if len(self._ends) != len(self._asins) or self._ends[-1] != len(self._products):
                raise ValueError("files of different sizes")
            if self._ends[0] < 0 or (np.diff(self._ends) < 0).any():
                raise ValueError(f"{OFFSETS} that do not ascend")
        except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
            raise DataCorrupt(f"a whole store of products in {folder}", f"{error}", f"remove {folder}") from error
        self._kept = functools.lru_cache(maxsize=_KEPT)(self._decode)

    @property
    def asins(self) -> Sequence[str]:
        """The products' identifiers, by position."""
        return _Asins(self._asins)

    def __len__(self) -> int:
        """Return the number of products."""
        return len(self._asins)

    def __getitem__(self, index: int) -> Product:
        """Return the product at a position from 0 to `len(self) - 1`.

        Raises:
            DataCorrupt: The file was altered there.
        """
        return self._kept(index)

    def __iter__(self) -> Iterator[Product]:
        """Go through all products in order, keeping none."""
        return map(self._decode, range(len(self)))

    def index_of(self, asin: str) -> int | None:
        """Return the position of an asin, None where there is no such product."""
        key = asin.encode("utf-8", "surrogatepass")
        place = bisect_left(self._sorted, key)
        return int(self._positions[place]) if place < len(self) and self._sorted[place] == key else None

    def __reduce__(self) -> tuple[type[StoredCatalogue], tuple[Path]]:
        """Pickle as the folder's path."""
        return type(self), (self.folder,)

    def __repr__(self) -> str:
        """Show size and hash."""
        return f"{type(self).__name__}({len(self)} products, content_hash={self.content_hash[:12]!r})"

    def _array(self, name: str) -> np.ndarray:
        return np.load(self.folder / f"{name}.npy", mmap_mode="r").view(np.ndarray)

    def _decode(self, index: int) -> Product:
        if not 0 <= index < len(self):
            raise IndexError(f"product {index} of {len(self)}")
        start = int(self._ends[index - 1]) if index else 0
        try:
            return Product.from_json(json.loads(zlib.decompress(self._products[start : int(self._ends[index])])))
        except (zlib.error, ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
            raise DataCorrupt(
                f"product {index} as it was written in {self.folder}", f"{error}", f"remove {self.folder}"
            ) from error


class _Asins(Sequence[str]):
    """A column of bytes, read as strings."""

    def __init__(self, column: np.ndarray) -> None:
        self._column = column

    def __len__(self) -> int:
        return len(self._column)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [value.decode("utf-8", "surrogatepass") for value in self._column[index].tolist()]
        return bytes(self._column[index]).decode("utf-8", "surrogatepass")
