"""Journal: finished episodes, appended one line each, so that a killed run goes on where it stopped.

An evaluation keeps one, and an exploration. The first line names the run; each further line is one finished episode.
A line is flushed to the disk as its episode ends. A process killed in the middle of a line leaves a torn last line,
which the next start cuts off; a torn line elsewhere, or one that is no entry, is damage and is refused.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, TypeVar

from spa_gym.core.errors import BadArgument, DataCorrupt, SpaGymError, WriteFailed
from spa_gym.core.strict_json import parse_json_object

__all__ = ["Journal", "differences"]

Entry = TypeVar("Entry")


class Journal(Generic[Entry]):
    """An append-only file of entries under one header.

    Args:
        path: the file; made with its folder where it is missing, continued where it is there.
        header: what identifies the run; must equal the header of a file that is already there.
        read: makes an entry of the JSON object of a line; an error says that it is none.

    Raises:
        BadArgument: the file belongs to another run.
        WriteFailed: the disk refuses the write.
        DataCorrupt: a line before the last cannot be read.
    """

    def __init__(self, path: str | Path, header: dict[str, Any], read: Callable[[dict[str, Any]], Entry]) -> None:
        self.path = Path(path)
        header = json.loads(json.dumps(header))  # as it will be read back: tuples become lists
        lines = self._read()
        if lines and lines[0] != header:
            raise BadArgument(
                expected=f"the journal of the same run in {self.path}",
                got=differences(lines[0], header),
                mend="give another --out, or delete the file to start anew",
            )
        self.entries: list[Entry] = [self._checked(n, read, line) for n, line in enumerate(lines[1:], start=2)]
        """Episodes that were finished before."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("a", encoding="utf-8")
        except OSError as error:
            raise WriteFailed(f"to write {self.path}", f"{error.strerror}", "choose another --out") from error
        if not lines:
            self.append(header)

    def append(self, entry: dict[str, Any]) -> None:
        """Write one entry through to the disk.

        Raises:
            WriteFailed: the write failed (a full disk, say); the entries before it are safe.
        """
        try:
            self._file.write(json.dumps(entry) + "\n")
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            self.close()
            raise WriteFailed(
                expected=f"to write {self.path}",
                got=f"{error.strerror or error}; the episodes before this one are saved",
                mend="make room on the disk and give the same command again: it goes on from there",
            ) from error

    def close(self) -> None:
        """Close the file; twice is fine."""
        try:
            self._file.close()
        except OSError:  # what a full disk left in the buffer was reported by append
            pass

    def _read(self) -> list[dict[str, Any]]:
        """Entries of the file, its torn last line cut off."""
        if not self.path.exists():
            return []
        data = self.path.read_bytes()
        whole = data[: data.rfind(b"\n") + 1]
        if len(whole) < len(data):
            os.truncate(self.path, len(whole))
        return [self._checked(n, parse_json_object, line) for n, line in enumerate(whole.splitlines(), start=1)]

    def _checked(self, number: int, read: Callable[[Any], Any], line: Any) -> Any:
        try:
            return read(line)
        except (KeyError, TypeError, ValueError, AttributeError, SpaGymError) as error:
            raise DataCorrupt(
                expected=f"the journal of a run in {self.path}",
                got=f"line {number}: {type(error).__name__}: {error}",
                mend="delete that line (its episode is played again), or the file to start anew",
            ) from error


def differences(old: dict[str, Any], new: dict[str, Any]) -> str:
    """Name what is not the same in two headers, with both values; empty where all of it is."""
    names = sorted(name for name in {*old, *new} if old.get(name) != new.get(name))
    return "; ".join(f"{name}: {old.get(name)!r:.200} there, {new.get(name)!r:.200} now" for name in names)
