"""Writing a catalogue on disk, product by product, so that a build of minutes goes on where a kill has left it.

The folder's layout is told in `store.py`, which reads it. Put the writer through
`spa_gym.core.build_once.built_folder`, which sees to it that no half-written folder is ever opened.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from array import array
from collections.abc import Iterable, KeysView, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from spa_gym.core.atomic import atomic_write_text
from spa_gym.core.errors import DataCorrupt
from spa_gym.envs.webshop.catalogue import COLUMN_KINDS, ColumnBuilder, product_bytes
from spa_gym.envs.webshop.official.store import HEADER, OFFSETS, PRODUCTS, STORE_FORMAT
from spa_gym.envs.webshop.product import Product

__all__ = ["StoreWriter", "write_store"]

_CHECKPOINT = "checkpoint.json"
_COMPRESSION = 1
"""zlib's level: half the size of plain JSON at 28 us a product; level 6 saves 2 % more and takes longer."""


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
        self._products: BinaryIO = open(folder / PRODUCTS, "ab")
        self._offsets: BinaryIO = open(folder / OFFSETS, "ab")

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

    @property
    def asins(self) -> KeysView[str]:
        """The asins written so far."""
        return self._asins.keys()

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
        atomic_write_text(self.folder / HEADER, json.dumps(header))
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
            with open(self.folder / PRODUCTS, "r+b") as products, open(self.folder / OFFSETS, "r+b") as offsets:
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
            for name in (_CHECKPOINT, PRODUCTS, OFFSETS):
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
