"""Writing that never leaves half a file: into a hidden neighbour first, flushed to the disk, then renamed over.

Whatever happens on the way (a full disk, Ctrl-C, kill -9), the path holds either the old content or the new one.
"""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Iterator
from pathlib import Path

from spa_gym.core.errors import WriteFailed

__all__ = ["atomic_path", "atomic_write_bytes", "atomic_write_text", "flush_to_disk"]


@contextlib.contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary path to write to, and put it in place of `path` when the block ends well.

    The temporary file lies in the same folder (which is made where it is missing) and keeps the suffix, for writers
    that look at it. When the block raises, the temporary file is removed and `path` is as it was.

    Args:
        path: Where the content shall be in the end.

    Yields:
        The path to write to; the block must create the file.

    Raises:
        WriteFailed: The system refused (disk full, no permission, ...).
    """
    target = Path(path)
    temporary = target.with_name(f".tmp-{uuid.uuid4().hex[:12]}-{target.name}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        flush_to_disk(temporary)
        os.replace(temporary, target)
        flush_to_disk(target.parent)
    except OSError as error:
        raise WriteFailed(
            f"to write {target}",
            f"{error.strerror or error}",
            "make room or choose another folder, and run the command again; what was there before is untouched",
        ) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def atomic_write_bytes(path: str | os.PathLike[str], data: bytes | bytearray | memoryview) -> None:
    """Write bytes to a file, all or nothing.

    Args:
        path: The file.
        data: Its whole new content.

    Raises:
        WriteFailed: The system refused; the old file is untouched.
    """
    with atomic_path(path) as temporary, open(temporary, "wb") as file:
        file.write(data)


def atomic_write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write text to a file as UTF-8 with the line ends it has, all or nothing.

    Half of a surrogate pair has no UTF-8; it is written as its escape, which in JSON means the same.

    Args:
        path: The file.
        text: Its whole new content.

    Raises:
        WriteFailed: The system refused; the old file is untouched.
    """
    atomic_write_bytes(path, text.encode("utf-8", "backslashreplace"))


def flush_to_disk(path: Path) -> None:
    """Force a file's content, or a folder's list of names, to the disk."""
    if path.is_dir() and os.name == "nt":  # a folder cannot be opened there, and needs no flush
        return
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
