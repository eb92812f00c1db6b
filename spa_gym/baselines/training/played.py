"""The episodes that a stage has played: on the disk as each ends, so that a killed stage plays only the others.

Each process of a run has a journal of its own in `<out>/state/`, for it alone knows when its episodes end. When the
stage is started again the main process reads all of them, however many processes there were, and tells the others.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from operator import index
from pathlib import Path
from typing import Any

from spa_gym.baselines.distributed import from_main, is_main, rank
from spa_gym.core.errors import BadArgument, CheckpointMismatch
from spa_gym.core.journal import Journal
from spa_gym.core.trajectory import Trajectory, from_record, to_record

__all__ = ["Played"]


@dataclass(frozen=True, slots=True)
class _Entry:
    """A finished episode, as a journal keeps it."""

    position: int
    seconds: float
    trajectory: Trajectory

    @classmethod
    def read(cls, line: dict[str, Any]) -> _Entry:
        return cls(index(line["position"]), float(line["seconds"]), from_record(line["trajectory"], "the journal"))


class Played:
    """Finished episodes of a stage, by their position in its list of episodes.

    Args:
        folder: where the stage writes.
        settings: what must not have changed between the runs (`plain_settings`).

    Attributes:
        before: those that an earlier run of the stage has finished, the same on all processes.
        seconds: what they took.

    Raises:
        CheckpointMismatch: the episodes there belong to other settings.
        DataCorrupt: a line of a journal cannot be read.
        WriteFailed: the disk refuses the write.
    """

    def __init__(self, folder: Path, settings: dict[str, Any]) -> None:
        self._place, self._settings = folder / "state", settings
        self.before: dict[int, Trajectory] = {}
        self.seconds = 0.0
        self._journal: Journal[_Entry] | None = None
        if is_main():
            own = self._place / f"journal-{rank()}.jsonl"
            for path in sorted({own, *self._place.glob("journal-*.jsonl")}):
                journal = self._read(path)
                if path == own:
                    self._journal = journal
                else:
                    journal.close()
        self.before, self.seconds = from_main((self.before, self.seconds))

    def _read(self, path: Path) -> Journal[_Entry]:
        journal = self._open(path)
        for entry in journal.entries:
            self.before[entry.position] = entry.trajectory
            self.seconds = max(self.seconds, entry.seconds)
        journal.entries.clear()  # they are many
        return journal

    def _open(self, path: Path) -> Journal[_Entry]:
        try:
            return Journal(path, self._settings, _Entry.read)
        except BadArgument as error:
            raise CheckpointMismatch(
                f"a run with the same settings in {self._place}",
                f"one with other settings ({error.got})",
                f"choose another --out, or remove {self._place} to start over",
            ) from error

    def keep(self, position: int, trajectory: Trajectory, seconds: float) -> None:
        """Write a finished episode through to the disk.

        Args:
            position: its place in the stage's list of episodes.
            trajectory: the episode.
            seconds: of work so far, this run's and those before it.

        Raises:
            WriteFailed: the write failed (a full disk, say); the episodes before it are safe.
        """
        if self._journal is None:
            self._journal = self._open(self._place / f"journal-{rank()}.jsonl")
        self._journal.append({"position": position, "seconds": seconds, "trajectory": to_record(trajectory)})

    def close(self) -> None:
        """Close the journal; the episodes stay."""
        if self._journal is not None:
            self._journal.close()

    def clear(self) -> None:
        """Remove the journals (the main process): the stage is done."""
        self.close()
        if is_main():
            shutil.rmtree(self._place, ignore_errors=True)
