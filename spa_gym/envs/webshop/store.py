"""A catalogue on disk: a million products in about 1.2 GB, opened in milliseconds, shared by all processes.

`StoreWriter` appends products to a folder, `StoredCatalogue` maps that folder into memory, read-only. The folder holds:

    products.bin        one zlib-compressed JSON after the other (`product_bytes`)
    offsets.bin         int64: where each of them ends
    <column>.npy        one array per column of `Columns`
    asins.npy           bytes: the asins by position
    sorted_asins.npy    the same, sorted; sorted_positions.npy (int32) says whose they are
    header.json         format, content hash, the names behind the columns' codes, and what the writer was told

The writer takes checkpoints, so that a build of minutes goes on where a kill has left it. Put it through
`spa_gym.core.build_once.built_folder`, which sees to it that no half-written folder is ever opened.
"""

from __future__ import annotations

import functools
import hashlib
import json
import mmap
import zlib
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from spa_gym.core.atomic import atomic_write_text
from spa_gym.core.errors import DataCorrupt
from spa_gym.envs.webshop.catalogue import COLUMN_KINDS, ColumnBuilder, Columns, product_bytes
from spa_gym.envs.webshop.product import Product

__all__ = ["STORE_FORMAT", "StoreWriter", "StoredCatalogue", "write_store"]

STORE_FORMAT = 1
"""Version of the folder's layout; belongs into the manifest it is built under."""

_PRODUCTS, _OFFSETS, _HEADER, _CHECKPOINT = "products.bin", "offsets.bin", "header.json", "checkpoint.json"
_COMPRESSION = 1
"""zlib's level: half the size of plain JSON at 28 us a product; level 6 saves 2 % more and takes longer."""

_KEPT = 2048
"""Products kept as objects, some 8 kB each."""


class StoreWriter:
    """Writes a store, product by product; goes on at the last checkpoint that the folder holds.

    Use it as a context manager. After `finish` the folder can be opened.

    Args:
        folder: An existing folder, empty or left by a writer that was broken off.

    Raises:
        DataCorrupt: On `add`, when the asin was there before; on `finish`, when nothing was added.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._asins: dict[str, None] = {}
        self._columns, self._digest, self._size = ColumnBuilder(), hashlib.sha256(), 0
        self.note: dict[str, Any] = self._resume()
        """What the last `checkpoint` was given; empty in a fresh folder."""
        self._products: BinaryIO = open(folder / _PRODUCTS, "ab")
        self._offsets: BinaryIO = open(folder / _OFFSETS, "ab")

    def __enter__(self) -> StoreWriter:
        """Return the writer."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the files; what was added since the last checkpoint is lost unless `finish` was called."""
        self._products.close()
        self._offsets.close()

    def __len__(self) -> int:
        """Return the number of products written so far."""
        return len(self._asins)

    def __contains__(self, asin: str) -> bool:
        """Tell whether a product with this asin was written."""
        return asin in self._asins

    def add(self, product: Product) -> None:
        """Append a product."""
        content = product_bytes(product)
        self._take_in(product, content)
        packed = zlib.compress(content, _COMPRESSION)
        self._size += len(packed)
        self._products.write(packed)
        self._offsets.write(array("q", [self._size]).tobytes())

    def checkpoint(self, note: Mapping[str, Any]) -> None:
        """Make everything added so far last, and a note with it (how far the source was read)."""
        self._products.flush()
        self._offsets.flush()
        state = {"format": STORE_FORMAT, "products": len(self), "size": self._size, "note": dict(note)}
        atomic_write_text(self.folder / _CHECKPOINT, json.dumps(state))

    def finish(self, info: Mapping[str, Any] | None = None) -> None:
        """Write columns, asins and header.

        Args:
            info: Whatever the reader shall find as `StoredCatalogue.info`.
        """
        if not len(self):
            raise DataCorrupt("at least one product", "none", "choose a source with products")
        self._products.flush()
        self._offsets.flush()
        columns = self._columns.finish()
        for name in COLUMN_KINDS:
            np.save(self.folder / f"{name}.npy", getattr(columns, name))
        asins = np.array([asin.encode("utf-8", "surrogatepass") for asin in self._asins])
        order = np.argsort(asins, kind="stable")
        np.save(self.folder / "asins.npy", asins)
        np.save(self.folder / "sorted_asins.npy", asins[order])
        np.save(self.folder / "sorted_positions.npy", order.astype(np.int32))
        header = {
            "format": STORE_FORMAT,
            "content_hash": self._digest.hexdigest(),
            "categories": columns.categories,
            "queries": columns.queries,
            "attribute_counts": columns.attribute_counts,
            "info": dict(info or {}),
        }
        atomic_write_text(self.folder / _HEADER, json.dumps(header))
        (self.folder / _CHECKPOINT).unlink(missing_ok=True)

    def _take_in(self, product: Product, content: bytes) -> None:
        if product.asin in self._asins:
            raise DataCorrupt("products of different asins", f"{product.asin!r} twice", "leave one of them out")
        self._asins[product.asin] = None
        self._columns.add(product)
        self._digest.update(content + b"\n")

    def _resume(self) -> dict[str, Any]:
        """Read back what the last checkpoint vouches for and cut off the rest; start afresh where that fails."""
        try:
            state = json.loads((self.folder / _CHECKPOINT).read_text("utf-8"))
            if state["format"] != STORE_FORMAT:
                raise ValueError("written by another version")
            with open(self.folder / _PRODUCTS, "r+b") as products, open(self.folder / _OFFSETS, "r+b") as offsets:
                ends = np.frombuffer(offsets.read(8 * state["products"]), dtype=np.int64)
                for size in np.diff(ends, prepend=0).tolist():
                    content = zlib.decompress(products.read(size))
                    self._take_in(Product.from_json(json.loads(content)), content)
                if (len(self), products.tell()) != (state["products"], state["size"]):
                    raise ValueError("shorter than it was")
                products.truncate()
                offsets.truncate()
            self._size = state["size"]
            return state["note"]
        except (OSError, ValueError, KeyError, TypeError, zlib.error, DataCorrupt):
            for name in (_CHECKPOINT, _PRODUCTS, _OFFSETS):
                (self.folder / name).unlink(missing_ok=True)
            self._asins.clear()
            self._columns, self._digest, self._size = ColumnBuilder(), hashlib.sha256(), 0
            return {}


def write_store(folder: Path, products: Iterable[Product], info: Mapping[str, Any] | None = None) -> None:
    """Write all products into a folder in one go.

    Args:
        folder: An existing, empty folder.
        products: The products.
        info: Whatever the reader shall find as `StoredCatalogue.info`.

    Raises:
        DataCorrupt: There is no product, or an asin occurs twice.
    """
    with StoreWriter(folder) as writer:
        for product in products:
            writer.add(product)
        writer.finish(info)


class StoredCatalogue:
    """A catalogue that lies in a folder, mapped into memory.

    Processes that open the same folder share its pages; forked and pickled copies work. Products are decoded when they
    are asked for (about 30 us), and the last ones are kept.

    Args:
        folder: A folder written by `StoreWriter`.

    Raises:
        DataCorrupt: The folder is not whole, or was written by another version.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        try:
            header = json.loads((self.folder / _HEADER).read_text("utf-8"))
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
            self._ends = np.memmap(self.folder / _OFFSETS, dtype=np.int64, mode="r").view(np.ndarray)
            with open(self.folder / _PRODUCTS, "rb") as file:
                self._products = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            if len(self._ends) != len(self._asins) or self._ends[-1] != len(self._products):
                raise ValueError("files of different sizes")
        except (OSError, ValueError, KeyError, TypeError) as error:
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
        except (zlib.error, ValueError, TypeError) as error:
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
