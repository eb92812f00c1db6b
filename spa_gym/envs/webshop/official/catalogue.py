"""The official catalogue, in any published size.

The 1,000 products are read in a moment and stay in memory. The full file (5.5 GB, 1.18 million products) is streamed
once into a store in the cache folder, with a progress bar, in less than 2.5 GB of memory; broken off, it goes on at
its last checkpoint; from then on the store is mapped in milliseconds.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from spa_gym.core.arguments import is_integer
from spa_gym.core.build_once import built_folder, cache_folder
from spa_gym.core.errors import BadArgument, DataCorrupt
from spa_gym.envs.webshop.catalogue import MemoryCatalogue
from spa_gym.envs.webshop.official.files import HashedFile, OfficialFiles, find_files
from spa_gym.envs.webshop.official.json_stream import ArrayStream, object_members
from spa_gym.envs.webshop.official.rows import products_from_rows
from spa_gym.envs.webshop.official.store import STORE_FORMAT, StoredCatalogue
from spa_gym.envs.webshop.official.store_writer import StoreWriter
from spa_gym.envs.webshop.product import Product

__all__ = ["official_catalogue", "shared_catalogue"]

_LARGE = 100_000_000
"""Bytes of a product file from which on its catalogue is stored: about 20,000 rows."""

_ROWS_VERSION = 1
"""To be raised whenever the same rows give other products than before: stores are then built anew."""

_CHECKPOINT_ROWS = 20_000

_KEPT_CATALOGUES = 16


def official_catalogue(
    data_dir: str | os.PathLike[str] | None = None, num_products: int | None = None
) -> MemoryCatalogue | StoredCatalogue:
    """Open the official catalogue; build its store first where it is large and not stored yet.

    The `info` of the catalogue says under `files` of each file whether it is the `published` one, `unverified` (it
    loads, but its hash is another) or `read in part`, under `size` which size it is, under `rows` how many rows were
    read, and under `without_entry` how many products the instruction file does not know.

    Args:
        data_dir: Folder with the published files; None for `$SPA_GYM_DATA` (see `find_files`).
        num_products: How many rows to read from the start; None for all. With both sizes in one folder, up to 1,000
            come from the small one.

    Returns:
        The catalogue: in memory, or mapped from the store in `cache_folder()`.

    Raises:
        DataNotFound: The files are not there, or not all three of one size.
        DataCorrupt: A file is cut off, altered, or of another size than its neighbours.
        BadArgument: `num_products` is no number from 1 to the number of rows.
        WriteFailed: The store cannot be written.
    """
    _check_number(num_products)
    files = find_files(data_dir, num_products)
    if files.products.stat().st_size < _LARGE:
        return _load(files, num_products)
    place = hashlib.sha256(f"{files.products}\n{num_products}".encode()).hexdigest()[:16]
    folder = cache_folder() / "webshop" / f"official-{files.size}-{place}"
    manifest = {"store": STORE_FORMAT, "rows": _ROWS_VERSION, "num_products": num_products, **files.fingerprint()}
    what = f"the store of the products in {files.products.name}"
    built_folder(folder, manifest, lambda part: _build(part, files, num_products), what=what, resumable=True)
    return StoredCatalogue(folder)


def shared_catalogue(
    data_dir: str | os.PathLike[str] | None = None, num_products: int | None = None
) -> MemoryCatalogue | StoredCatalogue:
    """Open the official catalogue, the same object for everybody in this process while its files stay as they are.

    Arguments and errors are those of `official_catalogue`.
    """
    _check_number(num_products)
    files = find_files(data_dir, num_products)
    return _shared(str(files.products.parent), num_products, tuple(map(str, files.fingerprint().items())))


@functools.lru_cache(_KEPT_CATALOGUES)
def _shared(folder: str, num_products: int | None, stamps: tuple[str, ...]) -> MemoryCatalogue | StoredCatalogue:
    return official_catalogue(folder, num_products)


class _SmallCatalogue(MemoryCatalogue):
    """A catalogue in memory that travels to another process by the name of its folder, not as its products."""

    origin: tuple[str, int | None]

    def __reduce__(self) -> tuple[Any, ...]:
        return shared_catalogue, self.origin


def _load(files: OfficialFiles, num_products: int | None) -> MemoryCatalogue:
    """Read a small catalogue into memory."""
    instructions, human = _Entries(files.instructions), _Entries(files.human)
    products: dict[str, Product] = {}
    with HashedFile(files.products) as file:
        rows = ArrayStream(file, files.products.name)
        taken = islice(rows, num_products)
        for product in products_from_rows(taken, instructions, human, products, source=files.products.name):
            products[product.asin] = product
        _refuse_too_few(rows.count, num_products, files)
        _refuse_other_products(products, instructions, files)
        file.skip(files.products.stat().st_size)
        found = _SmallCatalogue(products.values(), _info(files, file, rows.count, products, instructions, human))
        found.origin = str(files.products.parent), num_products
        return found


def _build(folder: Path, files: OfficialFiles, num_products: int | None) -> None:
    """Stream a large catalogue into a store, going on where an earlier call stopped."""
    from tqdm import tqdm

    instructions, human = _Entries(files.instructions), _Entries(files.human)
    total = files.products.stat().st_size
    with (
        StoreWriter(folder) as writer,
        tqdm(total=total, unit="B", unit_scale=True, desc=f"reading {files.products.name}") as bar,
        HashedFile(files.products, bar.update) as file,
    ):
        count, offset = writer.note.get("rows", 0), writer.note.get("offset", 0)
        file.skip(offset)
        rows = ArrayStream(file, files.products.name, offset=offset, count=count)
        taken = islice(rows, None if num_products is None else num_products - count)
        for product in products_from_rows(taken, instructions, human, writer, source=files.products.name, first=count):
            writer.add(product)
            if rows.count >= count + _CHECKPOINT_ROWS:
                if not count:  # better now than after minutes
                    _refuse_other_products(writer.asins, instructions, files)
                count = rows.count
                writer.checkpoint({"rows": count, "offset": rows.offset})
        _refuse_too_few(rows.count, num_products, files)
        _refuse_other_products(writer.asins, instructions, files)
        writer.finish(_info(files, file, rows.count, writer.asins, instructions, human))


def _info(
    files: OfficialFiles, file: HashedFile, rows: int, asins: Collection[str], instructions: _Entries, human: _Entries
) -> dict[str, Any]:
    statuses = (file.status(), instructions.status, human.status)
    return {
        "files": {path.name: status for path, status in zip(files.paths, statuses, strict=True)},
        "size": files.size,
        "rows": rows,
        "without_entry": sum(asin not in instructions for asin in asins),
    }


def _check_number(num_products: Any) -> None:
    if num_products is not None and not (is_integer(num_products) and num_products >= 1):
        raise BadArgument("num_products from 1, or None for all", f"{num_products!r:.80}", "pass num_products=1000")


def _refuse_too_few(rows: int, num_products: int | None, files: OfficialFiles) -> None:
    if num_products is not None and rows < num_products:
        raise BadArgument(
            f"num_products up to the {rows:,} rows of {files.products.name}", f"{num_products:,}", "pass fewer, or None"
        )


def _refuse_other_products(asins: Collection[str], instructions: _Entries, files: OfficialFiles) -> None:
    """An instruction file that does not know most of the products belongs to another size or release."""
    without = sum(asin not in instructions for asin in asins)
    if 2 * without > len(asins):
        raise DataCorrupt(
            f"entries for the products of {files.products.name} in {files.instructions.name}",
            f"none for {without:,} of {len(asins):,}",
            "put the files of one size together, as published",
        )


class _Entries(Mapping[str, Any]):
    """An object in a file, by key; its values are kept as text, a third of the memory, and decoded when asked for."""

    def __init__(self, path: Path) -> None:
        with HashedFile(path) as file:
            self._texts = dict(object_members(file, path.name))
            self.status = file.status()

    def __getitem__(self, key: str) -> Any:
        return json.loads(self._texts[key])

    def __contains__(self, key: object) -> bool:
        return key in self._texts

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)
