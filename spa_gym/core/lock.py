"""Locks on files that the system lets go of when the process that holds them dies, however it dies.

The file itself stays where it is: removing it would let two processes hold two files of the same name.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from spa_gym.core.errors import FolderInUse, WriteFailed

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

__all__ = ["alone_in", "locked", "locked_or_busy"]

_log = logging.getLogger(__name__)


@contextlib.contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Keep every other run out of a folder while the block runs; `<folder>/.lock` stays behind, held by nobody.

    On a file system without locks the block runs with a warning.

    Args:
        folder: Where a run writes; it is made where it is missing.

    Raises:
        FolderInUse: Another run holds it.
        WriteFailed: The folder cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WriteFailed(f"to write to the folder {folder}", str(error), "choose another --out") from error
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(locked_or_busy(folder / ".lock"))
        except BlockingIOError as error:
            raise FolderInUse(
                f"{folder} for this run alone",
                "a run that is still writing there",
                "wait for it or end it, then start the same command again; or choose another --out",
            ) from error
        except OSError as error:
            _log.warning("no lock on %s (%s): do not start another run there meanwhile", folder, error)
        yield


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file alone, waiting for whoever has it.

    Args:
        path: The file; it is made where it is missing, its folder is not.
    """
    with _opened(path) as handle:
        if sys.platform == "win32":
            while True:
                try:
                    msvcrt.locking(handle, msvcrt.LK_LOCK, 1)  # gives up after ten seconds
                    break
                except OSError:
                    continue
        else:
            fcntl.flock(handle, fcntl.LOCK_EX)
        with _held(handle):
            yield


@contextlib.contextmanager
def locked_or_busy(path: Path) -> Iterator[None]:
    """Hold the lock file alone, or do not wait.

    Args:
        path: The file; it is made where it is missing, its folder is not.

    Raises:
        BlockingIOError: Somebody else holds it, in this process or another.
        OSError: The file cannot be opened, or its file system has no locks.
    """
    with _opened(path) as handle:
        if sys.platform == "win32":
            try:
                msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
            except PermissionError as error:
                raise BlockingIOError(error.errno, "the file is locked", str(path)) from error
        else:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with _held(handle):
            yield


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[int]:
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        yield handle
    finally:
        os.close(handle)


@contextlib.contextmanager
def _held(handle: int) -> Iterator[None]:
    """Let go of the lock at the end; closing is not enough: a child forked meanwhile has the same open file."""
    try:
        yield
    finally:
        if sys.platform == "win32":
            msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)
        else:
            fcntl.flock(handle, fcntl.LOCK_UN)
