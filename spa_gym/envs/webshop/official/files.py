"""Where the official files lie, which of the published sizes they are, and whether they are the published ones."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from spa_gym.core.data_folder import find_data_at
from spa_gym.core.errors import DataNotFound

__all__ = ["PUBLISHED", "HashedFile", "OfficialFiles", "find_files"]

PUBLISHED = {
    "items_shuffle_1000.json": (4_467_013, "30a4765c", "b269"),
    "items_ins_v2_1000.json": (147_099, "f88a3631", "8f6f"),
    "items_shuffle.json": (5_479_720_229, "2ef591d6", "a6c8"),
    "items_ins_v2.json": (186_295_270, "1d36af47", "447e"),
    "items_human_ins.json": (5_137_548, "cf786675", "54a3"),
}
"""Bytes, and how the SHA-256 begins and ends, of each published file."""

_HUMAN = "items_human_ins.json"
_SIZES = (
    ("full", "items_shuffle.json", "items_ins_v2.json"),
    ("1000", "items_shuffle_1000.json", "items_ins_v2_1000.json"),
)
"""Name, product file and instruction file of each size, the larger first."""

_SMALL = 1000
_MEND = (
    "download them as the setup.sh of github.com/princeton-nlp/WebShop does (three `gdown` lines for each size), then "
    "pass data_dir=FOLDER or set SPA_GYM_DATA to a folder with webshop/ in it"
)


@dataclass(frozen=True, slots=True)
class OfficialFiles:
    """The three files of one size."""

    size: str
    """`1000` or `full`."""
    products: Path
    """`items_shuffle*.json`."""
    instructions: Path
    """`items_ins_v2*.json`."""
    human: Path
    """`items_human_ins.json`."""

    @property
    def paths(self) -> tuple[Path, Path, Path]:
        """All three."""
        return self.products, self.instructions, self.human

    def fingerprint(self) -> dict[str, list[int]]:
        """Size in bytes and time of the last change (ns) of each file, by name."""
        statuses = {path.name: path.stat() for path in self.paths}
        return {name: [status.st_size, status.st_mtime_ns] for name, status in statuses.items()}


class HashedFile:
    """A file open for reading that hashes what is read of it.

    Args:
        path: The file.
        progress: Called with the number of bytes after each read.
    """

    def __init__(self, path: Path, progress: Callable[[int], object] = lambda size: None) -> None:
        self.path, self._progress, self._digest = path, progress, hashlib.sha256()
        self._file: BinaryIO = open(path, "rb")

    def __enter__(self) -> HashedFile:
        """Return the file."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self._file.close()

    def read(self, size: int) -> bytes:
        """Read up to `size` bytes."""
        data = self._file.read(size)
        self._digest.update(data)
        self._progress(len(data))
        return data

    def skip(self, size: int) -> None:
        """Read up to `size` bytes for the hash only."""
        while size > 0 and (data := self.read(min(size, 1 << 20))):
            size -= len(data)

    def status(self) -> str:
        """Say `published` or `unverified` of a file that was read to its end, otherwise `read in part`."""
        if self._file.tell() < self.path.stat().st_size:
            return "read in part"
        size, head, tail = PUBLISHED.get(self.path.name, (-1, "", ""))
        digest = self._digest.hexdigest()
        same = self._file.tell() == size and digest.startswith(head) and digest.endswith(tail)
        return "published" if same else "unverified"


def find_files(data_dir: str | os.PathLike[str] | None = None, num_products: int | None = None) -> OfficialFiles:
    """Find the official files.

    Looks into `data_dir` when it is given, otherwise into `$SPA_GYM_DATA`; there into the folder itself, `webshop/`,
    `webshop_1k/` and `data/`. Of the first folder with a product file in it, the full size is taken when both its
    files are there, else the 1,000 products; `num_products` up to 1,000 turns this round. The files of different
    sizes are never mixed.

    Args:
        data_dir: The folder; None for the environment variable.
        num_products: How many products will be read.

    Raises:
        DataNotFound: There are no such files, or not all three of one size.
    """
    expected = "the official WebShop files (items_shuffle_1000.json or items_shuffle.json, and what belongs to it)"
    return _choose(find_data_at(data_dir, _look_at, expected=expected, mend=_MEND), num_products)


def _look_at(root: Path) -> Path | None:
    """The folder with a product file: ``root``, or one of those below it where people keep them."""
    for folder in (root, root / "webshop", root / "webshop_1k", root / "data"):
        if any((folder / products).is_file() for _, products, _ in _SIZES):
            return folder.resolve()
    return None


def _choose(folder: Path, num_products: int | None) -> OfficialFiles:
    sizes = _SIZES if num_products is None or num_products > _SMALL else _SIZES[::-1]
    missing = []
    for size, *names in sizes:
        absent = [name for name in (*names, _HUMAN) if not (folder / name).is_file()]
        if not absent:
            return OfficialFiles(size, *(folder / name for name in (*names, _HUMAN)))
        if names[0] not in absent:
            missing.append(f"{', '.join(absent)} beside {names[0]}")
    there = ", ".join(name for name in PUBLISHED if (folder / name).is_file())
    raise DataNotFound(
        f"{'; or '.join(missing)} (the files of one size belong together)", f"only {there} in {folder}", _MEND
    )
