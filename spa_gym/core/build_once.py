"""Folders that are built once and then only read: a search index, a store of products.

Several processes may ask for the same folder at the same moment, a build may take minutes, the disk may be full in the
middle of it, and the process may be killed. In all these cases the folder is either absent or whole: it is built under
a hidden name beside its place, flushed, and renamed, and only the holder of a lock builds.

Beside a folder ``index`` there may lie ``.index.lock`` (empty, stays) and ``.index.part-...`` (half-built, never read).
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import platformdirs

from spa_gym.core.atomic import flush_to_disk
from spa_gym.core.errors import BadArgument, DataCorrupt, WriteFailed
from spa_gym.core.lock import locked

__all__ = ["MANIFEST_NAME", "built_folder", "cache_folder"]

MANIFEST_NAME = "manifest.json"
"""The file in every built folder: what it was built from, and the size in bytes of each of its files."""


def cache_folder() -> Path:
    """Return where built folders go unless told otherwise: ``$SPA_GYM_CACHE``, or the user's cache folder."""
    home = os.environ.get("SPA_GYM_CACHE")
    return Path(home).expanduser() if home else Path(platformdirs.user_cache_dir("spa-gym", appauthor=False))


def built_folder(
    folder: Path, manifest: Mapping[str, Any], build: Callable[[Path], None], *, what: str, resumable: bool = False
) -> Path:
    """Return `folder`, whole and built from what `manifest` says; build it first where it is not.

    A folder with another manifest (other data, another version of the format) is built anew and replaced. So is one
    whose files are missing or have another size than when they were written: what builds it is at hand, so mending it
    is better than stopping. Whoever has the old files open or mapped keeps them until he closes them. A folder that is
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
        DataCorrupt: The files changed size while they were put in place.
    """
    folder = Path(folder)
    wanted = json.loads(json.dumps(dict(manifest)))
    if _is_whole(folder, wanted):
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with locked(folder.with_name(f".{folder.name}.lock")):
            if not _is_whole(folder, wanted):  # another process may have built it while this one waited
                _refuse_what_is_not_ours(folder)
                _build_and_replace(folder, wanted, build, resumable)
    except OSError as error:
        name = f" ({error.filename})" if error.filename else ""
        raise WriteFailed(
            f"to build {what} in {folder}",
            f"{error.strerror or error}{name}",
            "make room or set SPA_GYM_CACHE to a folder on another disk, and run it again; nothing half-built is used",
        ) from error
    if not _is_whole(folder, wanted):
        raise DataCorrupt(f"{what} in {folder} as it was just written", "other files", f"remove {folder}, run it again")
    return folder


def _build_and_replace(folder: Path, wanted: dict[str, Any], build: Callable[[Path], None], resumable: bool) -> None:
    """Build under a hidden name and rename it to `folder`; the lock is held."""
    key = hashlib.sha256(json.dumps(wanted, sort_keys=True).encode()).hexdigest()[:16]
    part = folder.with_name(f".{folder.name}.part-{key if resumable else uuid.uuid4().hex[:16]}")
    _remove_leftovers(folder, keep=part)
    part.mkdir(exist_ok=True)
    try:
        build(part)
        sizes = _sizes(part)
        sizes.pop(MANIFEST_NAME, None)  # left by an earlier try that broke off between here and the renaming
        (part / MANIFEST_NAME).write_text(json.dumps({"built_from": wanted, "sizes": sizes}, indent=1), "utf-8")
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


def _is_whole(folder: Path, wanted: dict[str, Any]) -> bool:
    """Tell whether the folder has this manifest and all its files have the sizes written there."""
    try:
        found = json.loads((folder / MANIFEST_NAME).read_text("utf-8"))
        if not isinstance(found, dict) or found.get("built_from") != wanted:
            return False
        sizes = _sizes(folder)
    except (OSError, ValueError):
        return False
    sizes.pop(MANIFEST_NAME)
    return sizes == found.get("sizes")


def _sizes(folder: Path) -> dict[str, int]:
    """The size in bytes of every file below `folder`, by its path from there with forward slashes."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in files}
