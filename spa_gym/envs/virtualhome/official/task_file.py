"""Task files: one JSON record a line, packed or not; what is broken is refused by name, and the rest is read."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from spa_gym.core.errors import DataCorrupt
from spa_gym.core.strict_json import parse_json
from spa_gym.envs.virtualhome.official.graph_checks import refuse
from spa_gym.envs.virtualhome.official.packed_file import read_unpacked

__all__ = ["Refusal", "TaskFile", "shared_task_file"]


class Refusal(NamedTuple):
    """Something that is not used, and why."""

    name: str
    reason: str


class TaskFile:
    """A task file, split into lines; a line is read when it is asked for.

    Args:
        path: the file.

    Raises:
        DataNotFound: there is no such file.
        DataCorrupt: not a single line can be read.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        content, fault = read_unpacked(self.path)
        lines = content.split(b"\n")
        self._lines = {number: line for number, line in enumerate(lines, start=1) if line.strip()}
        self.fault: Refusal | None = None
        """What is wrong with the file as a whole: it is cut off or damaged, so that records at its end are missing."""
        if fault:
            self.fault = Refusal(self.path.name, f"{fault} after {len(self._lines)} lines; the records there are used")
        if not self._lines:
            refuse(f"{self.path}: a task record on each line", fault or "an empty file")

    def __len__(self) -> int:
        """Number of lines that are not empty."""
        return len(self._lines)

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of these lines, from 1."""
        return tuple(self._lines)

    def where(self, number: int, name: str = "") -> str:
        """How messages call a line."""
        return f"{self.path.name}: {name or f'line {number}'}"

    def read(self, number: int) -> Any:
        """What a line holds.

        Raises:
            DataCorrupt: it is no JSON.
        """
        try:
            return parse_json(self._lines[number])
        except ValueError as error:
            raise DataCorrupt(
                f"{self.where(number)}: one JSON object", f"{error}", "restore the line; the others stay usable"
            ) from error

    def __iter__(self) -> Iterator[tuple[int, Any]]:
        """All lines that can be read, with their numbers."""
        for number in self._lines:
            try:
                yield number, self.read(number)
            except DataCorrupt:
                continue


@functools.lru_cache(maxsize=4)
def shared_task_file(path: Path, fingerprint: str) -> TaskFile:
    """A task file, the same object while it stays the same (`DataFolder.fingerprint`)."""
    return TaskFile(path)
