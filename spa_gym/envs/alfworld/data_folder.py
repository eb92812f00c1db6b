"""Where the official ALFWorld games lie on this machine, and how their files are read.

The games may lie unpacked (a folder ``json_2.1.1`` with ``train``, ``valid_seen`` and ``valid_unseen`` in it, as
``alfworld-download`` leaves it) or in a packed archive of that folder (``.tar.xz``, ``.tar.gz``, ``.zip``), which is
read straight into memory: nothing is written beside the user's data. This file knows folders and archives only; what
is inside a game file is the business of ``official.py``.
"""

from __future__ import annotations

import bz2
import gzip
import hashlib
import lzma
import os
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from spa_gym.core.data_folder import find_data_at
from spa_gym.core.errors import DataCorrupt

__all__ = ["DATA_VERSION", "SPLITS", "DataFolder", "RawGame", "find_data"]

DATA_VERSION = "json_2.1.1"
"""Name of the folder of the official release; the first part of every ``game_file``."""

SPLITS = ("train", "valid_seen", "valid_unseen")
_GAME, _TRAJECTORY = "game.tw-pddl", "traj_data.json"
_TAR_ENDINGS: dict[str, Callable[..., object]] = {
    ".tar.xz": lzma.open, ".tar.gz": gzip.open, ".tgz": gzip.open, ".tar.bz2": bz2.open, ".tar": open,
}  # fmt: skip
_ENDINGS = (*_TAR_ENDINGS, ".zip")
_BROKEN = (
    tarfile.TarError,
    zipfile.BadZipFile,
    lzma.LZMAError,
    zlib.error,
    EOFError,
    OSError,
    ValueError,
    RuntimeError,
)
_LONGEST = 16 << 20
"""Bytes of a file from which on it is no game (the longest has 1 MB): an archive of 1 MB may unpack to gigabytes."""
_MEND = (
    "run `pip install alfworld && alfworld-download --data-dir FOLDER`, then pass data_dir=FOLDER or set the "
    "environment variable ALFWORLD_DATA (or SPA_GYM_DATA, a folder with alfworld/ in it) to FOLDER"
)


@dataclass(frozen=True, slots=True)
class RawGame:
    """The two files of one official game, as bytes.

    Attributes:
        split: One of ``SPLITS``.
        path: ``json_2.1.1/<split>/<task>/<trial>``.
        game: Content of ``game.tw-pddl``, or why it cannot be read.
        trajectory: Content of ``traj_data.json``, or why it cannot be read.
    """

    split: str
    path: str
    game: bytes | str
    trajectory: bytes | str


@dataclass(frozen=True, slots=True)
class DataFolder:
    """One place with official games: an unpacked ``json_2.1.1`` folder or an archive of it.

    Attributes:
        path: The folder or the archive.
        packed: Whether ``path`` is an archive.
    """

    path: Path
    packed: bool

    def fingerprint(self, split: str) -> str:
        """Hash of path, size and modification time of everything that ``read(split)`` would read (hexadecimal)."""
        digest = hashlib.sha256(f"{self.path}\n".encode())
        if self.packed:
            status = self.path.stat()
            digest.update(f"{status.st_size} {status.st_mtime_ns}".encode())
        else:
            for relative, folder in self._folders(split):
                for name in (_GAME, _TRAJECTORY):
                    digest.update(f"{relative}/{name} {_stamp(os.path.join(folder, name))}\n".encode())
        return digest.hexdigest()

    def read(self, splits: tuple[str, ...] = SPLITS) -> Iterator[RawGame]:
        """Yield every game of ``splits`` that has both of its files, in no particular order.

        Like the original loader it passes over the trials with ``movable`` or ``Sliced`` in their name.

        Raises:
            DataCorrupt: The archive cannot be read to its end.
        """
        if not self.packed:
            for split in splits:
                for relative, folder in self._folders(split):
                    files = (_read(Path(folder, name)) for name in (_GAME, _TRAJECTORY))
                    yield RawGame(split, relative, *files)
            return
        waiting: dict[str, dict[str, bytes | str]] = {}
        try:
            for member, content in self._members(splits):
                relative, _, name = member.rpartition("/")
                files = waiting.setdefault(relative, {})
                files[name] = content
                if len(files) == 2:
                    del waiting[relative]
                    yield RawGame(relative.split("/")[1], relative, files[_GAME], files[_TRAJECTORY])
        except _BROKEN as error:
            raise DataCorrupt(
                f"a complete archive of the folder {DATA_VERSION}",
                f"{self.path}, which cannot be read to its end ({error})",
                "get the archive again, or unpack it with its own tool and pass the folder",
            ) from error

    def _folders(self, split: str) -> Iterator[tuple[str, str]]:
        """Yield (``game_file``, absolute folder) of every complete trial of a split, sorted."""
        top = os.path.join(self.path, split)
        for root, folders, files in os.walk(top):
            folders.sort()
            if _GAME in files and _TRAJECTORY in files:
                relative = f"{DATA_VERSION}/{split}/{root[len(top) + 1 :].replace(os.sep, '/')}"
                if _is_supported(relative):
                    yield relative, root

    def _members(self, splits: tuple[str, ...]) -> Iterator[tuple[str, bytes | str]]:
        """Yield (``game_file``/name, content or why there is none) of the two kinds of file we need from an archive."""
        if self.path.name.endswith(".zip"):
            with zipfile.ZipFile(self.path) as archive:
                for name in archive.namelist():
                    if member := _normalise(name, splits):
                        yield member, _unpack(archive, name)
            return
        unpack = next(opener for ending, opener in _TAR_ENDINGS.items() if self.path.name.endswith(ending))
        # Unpacked by us, since tarfile takes a compressed stream that is cut off for one that ends there.
        with cast(BinaryIO, unpack(self.path, "rb")) as stream:
            with tarfile.open(fileobj=stream, mode="r|") as archive:
                for entry in archive:
                    if entry.isfile() and (member := _normalise(entry.name, splits)):
                        content = archive.extractfile(entry)
                        if content is not None:
                            yield member, _bounded(content.read(_LONGEST + 1))
            while stream.read(1 << 20):  # to the end, where the checksum is
                pass


def _stamp(path: str) -> str:
    try:
        status = os.stat(path)
    except OSError as error:  # a dangling link
        return f"{error.strerror}"
    return f"{status.st_size} {status.st_mtime_ns}"


def _read(path: Path) -> bytes | str:
    try:
        if not path.is_file():  # a pipe would be waited for
            return "it is missing, or no file"
        with open(path, "rb") as file:
            return _bounded(file.read(_LONGEST + 1))
    except OSError as error:
        return f"it cannot be read ({error.strerror})"


def _unpack(archive: zipfile.ZipFile, name: str) -> bytes | str:
    """A member of a zip file, where each is packed for itself: one that is broken or encrypted costs its game alone."""
    try:
        with archive.open(name) as member:
            return _bounded(member.read(_LONGEST + 1))
    except _BROKEN as error:
        return f"it cannot be unpacked ({error})"


def _bounded(content: bytes) -> bytes | str:
    return content if len(content) <= _LONGEST else f"it has more than {_LONGEST:,} bytes"


def _is_supported(relative: str) -> bool:
    return "movable" not in relative and "Sliced" not in relative


def _normalise(name: str, splits: tuple[str, ...]) -> str | None:
    """Bring an archive member's name to ``json_2.1.1/<split>/<task>/<trial>/<file>``; None where we do not need it."""
    parts = PurePosixPath(name).parts
    if len(parts) < 4 or parts[-1] not in (_GAME, _TRAJECTORY) or parts[-4] not in splits:
        return None
    member = "/".join((DATA_VERSION, *parts[-4:]))
    return member if _is_supported(member) else None


def find_data(data_dir: str | os.PathLike[str] | None = None) -> DataFolder:
    """Find the official games.

    Looks at ``data_dir`` when it is given, otherwise at ``$ALFWORLD_DATA``, ``$SPA_GYM_DATA`` and the default folder of
    ``alfworld-download`` (``~/.cache/alfworld``), in this order. Each may be the folder ``json_2.1.1``, a folder that
    holds it, a folder that holds ``alfworld/`` with it inside, or a packed archive at any of these places.

    Args:
        data_dir: Folder or archive; None for the environment variables.

    Raises:
        DataNotFound: No official games there.
    """
    return find_data_at(
        data_dir,
        _look_at,
        expected=f"the official ALFWorld games (a folder {DATA_VERSION} with train, valid_seen, valid_unseen, or an "
        "archive of it)",
        mend=_MEND,
        variable="ALFWORLD_DATA",
        default="~/.cache/alfworld",
    )


def _look_at(root: Path) -> DataFolder | None:
    """The games at ``root``, or at one of the places below it where people keep them."""
    if root.is_file():
        return DataFolder(root.resolve(), packed=True) if root.name.endswith(_ENDINGS) else None
    for place in (root, root / DATA_VERSION, root / "alfworld", root / "alfworld" / DATA_VERSION):
        if any((place / split).is_dir() for split in SPLITS):
            return DataFolder(place.resolve(), packed=False)
        for ending in _ENDINGS:
            archive = place / f"{DATA_VERSION}{ending}"
            if archive.is_file():
                return DataFolder(archive.resolve(), packed=True)
    return None
