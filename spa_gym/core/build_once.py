"""Folders that are built once and then only read: a search index, a store of products.

Several processes may ask for the same folder at the same moment, a build may take minutes, the disk may be full in the
middle of it, and the process may be killed. In all these cases the folder is either absent or whole: it is built under
a hidden name beside its place, flushed, and renamed, and only the holder of a lock builds.

A folder is believed by its content: the manifest holds a checksum of every file. A folder of up to 64 MB is read whole
once in every process. A larger one is read whole when any of its files has another size, inode, or time of change than
when it was last read so; the system sets these whenever a file is written. A damaged folder is built again.

Beside a folder ``index`` there may lie ``.index.lock`` (empty, stays), ``.index.part-...`` (half-built, never read),
and ``.index.verified`` (of a large one: its files' sizes, inodes and times when their checksums were last right).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import shutil
import uuid
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import platformdirs

from spa_gym.core.atomic import atomic_write_text, flush_to_disk
from spa_gym.core.errors import BadArgument, DataCorrupt, WriteFailed
from spa_gym.core.lock import locked
from spa_gym.core.strict_json import parse_json_object

__all__ = ["MANIFEST_NAME", "built_folder", "cache_folder"]

MANIFEST_NAME = "manifest.json"
"""The file in every built folder: what it was built from, and the size in bytes and CRC-32 of each of its files.

CRC-32 because it is for damage; an attacker who can write the files can write the manifest too."""

_log = logging.getLogger(__name__)

_SMALL_BYTES = 64 << 20
"""Folders up to here are read in less time than importing numpy takes."""
_PART_BYTES = 1 << 20

_verified: dict[Path, dict[str, list[int]]] = {}
"""Folder -> state of its files when this process last found their checksums right."""


def cache_folder() -> Path:
    """Return where built folders go unless told otherwise: ``$SPA_GYM_CACHE``, or the user's cache folder.

    Raises:
        BadArgument: The variable names the home of a user who does not exist.
    """
    home = os.environ.get("SPA_GYM_CACHE")
    try:
        return Path(home).expanduser() if home else Path(platformdirs.user_cache_dir("spa-gym", appauthor=False))
    except RuntimeError as error:
        raise BadArgument("a folder in $SPA_GYM_CACHE", f"{home!r} ({error})", "give its whole path") from error


def built_folder(
    folder: Path, manifest: Mapping[str, Any], build: Callable[[Path], None], *, what: str, resumable: bool = False
) -> Path:
    """Return `folder`, whole and built from what `manifest` says; build it first where it is not.

    A folder with another manifest (other data, another version of the format) is built anew and replaced. So is one
    whose files are missing or not as they were written, with a warning: what builds it is at hand, so mending it is
    better than stopping. Whoever has the old files open or mapped keeps them until he closes them. A folder that is
    whole is only read, so it may lie on a read-only disk.

    Args:
        folder: Its place. Put the data's hash in the name where several versions shall live side by side.
        manifest: What the content depends on, JSON-able: content hash, version of the format, arguments.
        build: Writes the content into the folder it is given. Not called when another process has just built it.
        what: Names the content in error messages, such as "the search index".
        resumable: `build` may go on with what an earlier, broken-off call with the same manifest left in its folder.

    Returns:
        `folder`.

    Raises:
        WriteFailed: The system refused (disk full, no permission, ...); nothing half-built is in use.
        BadArgument: `folder` holds files but no manifest, so it is not ours to replace.
        DataCorrupt: The files changed while they were put in place.
    """
    folder = Path(folder)
    wanted = json.loads(json.dumps(dict(manifest)))
    if _fault(folder, wanted) is None:
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with locked(folder.with_name(f".{folder.name}.lock")):
            fault = _fault(folder, wanted)  # another process may have built it while this one waited
            if fault is not None:
                _refuse_what_is_not_ours(folder)
                if fault:
                    _log.warning("%s in %s is built again: %s", what, folder, fault)
                _build_and_replace(folder, wanted, build, resumable)
    except OSError as error:
        name = f" ({error.filename})" if error.filename else ""
        raise WriteFailed(
            f"to build {what} in {folder}",
            f"{error.strerror or error}{name}",
            "make room or set SPA_GYM_CACHE to a folder on another disk, and run it again; nothing half-built is used",
        ) from error
    fault = _fault(folder, wanted)
    if fault is not None:
        raise DataCorrupt(f"{what} in {folder} as it was just written", fault, f"remove {folder}, run it again")
    return folder


def _build_and_replace(folder: Path, wanted: dict[str, Any], build: Callable[[Path], None], resumable: bool) -> None:
    """Build under a hidden name and rename it to `folder`; the lock is held."""
    key = hashlib.sha256(json.dumps(wanted, sort_keys=True).encode()).hexdigest()[:16]
    part = folder.with_name(f".{folder.name}.part-{key if resumable else uuid.uuid4().hex[:16]}")
    _remove_leftovers(folder, keep=part)
    part.mkdir(exist_ok=True)
    try:
        build(part)
        (part / MANIFEST_NAME).unlink(missing_ok=True)  # left by a try that broke off between here and the renaming
        sizes = {name: state[0] for name, state in _states(part).items()}
        manifest = {"built_from": wanted, "sizes": sizes, "checksums": {name: _checksum(part / name) for name in sizes}}
        (part / MANIFEST_NAME).write_text(json.dumps(manifest, indent=1), "utf-8")
        for path in [*part.rglob("*"), part]:
            flush_to_disk(path)
        if folder.exists():
            os.rename(folder, folder.with_name(f".{folder.name}.part-old-{uuid.uuid4().hex[:8]}"))
        os.rename(part, folder)
        flush_to_disk(folder.parent)
    except BaseException:
        if not resumable:
            shutil.rmtree(part, ignore_errors=True)
        raise
    _remove_leftovers(folder, keep=None)


def _remove_leftovers(folder: Path, keep: Path | None) -> None:
    """Remove what killed processes left half-built; they cannot be at it still, for the lock is held."""
    prefix = f".{folder.name}.part-"
    for path in folder.parent.iterdir():
        if path.name.startswith(prefix) and path != keep:
            shutil.rmtree(path, ignore_errors=True)


def _refuse_what_is_not_ours(folder: Path) -> None:
    if folder.exists() and not (folder / MANIFEST_NAME).exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadArgument(
            f"an empty place, or a folder with a {MANIFEST_NAME}", f"{folder} with other files", "choose another folder"
        )


def _fault(folder: Path, wanted: dict[str, Any]) -> str | None:
    """Return what is wrong with a folder's files; "" if it is absent or built from something else, None if whole."""
    try:
        found = parse_json_object((folder / MANIFEST_NAME).read_bytes())
        states = _states(folder)
        if found.get("built_from") != wanted:
            return ""
        sizes = {name: state[0] for name, state in states.items() if name != MANIFEST_NAME}
        if sizes != found.get("sizes"):
            return "files are missing or have other sizes"
        return _damage(folder, states, found.get("checksums"))
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError as error:
        return f"it cannot be read ({error.strerror})"
    except ValueError as error:
        return f"its manifest is broken ({error})"


def _damage(folder: Path, states: dict[str, list[int]], checksums: Any) -> str | None:
    """Compare the content with the checksums, unless the files are known to be as they were when it was right."""
    if _verified.get(folder) == states:
        return None
    if not isinstance(checksums, dict):  # a release before checksums built it
        return ""
    stamp = folder.with_name(f".{folder.name}.verified")
    large = sum(state[0] for state in states.values()) > _SMALL_BYTES
    if not (large and _read_stamp(stamp) == states):
        for name in states.keys() - {MANIFEST_NAME}:
            if _checksum(folder / name) != checksums.get(name):
                return f"{name} is not as it was written"
        if large:
            with contextlib.suppress(WriteFailed):  # a read-only disk: the next process reads it whole again
                atomic_write_text(stamp, json.dumps(states))
    _verified[folder] = states
    return None


def _read_stamp(stamp: Path) -> Any:
    try:
        return parse_json_object(stamp.read_bytes())
    except (OSError, ValueError):
        return None


def _checksum(path: Path) -> int:
    """Return the CRC-32 of a file."""
    value = 0
    with open(path, "rb") as file:
        while part := file.read(_PART_BYTES):
            value = zlib.crc32(part, value)
    return value


def _states(folder: Path) -> dict[str, list[int]]:
    """Return size, inode and times of change of every file below `folder`, by its path with forward slashes."""
    states = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            stat = path.stat()
            states[path.relative_to(folder).as_posix()] = [
                stat.st_size,
                stat.st_ino,
                stat.st_mtime_ns,
                stat.st_ctime_ns,
            ]
    return states
