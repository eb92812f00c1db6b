"""The official tasks as task sets: a house is built when its task is asked for.

A record that is broken, that refers to what is not there, whose goal holds at the start or that nobody can solve is no
task: `OfficialTaskSet.refused` names it with the reason, a warning says how many there are, and the rest is used.
"""

from __future__ import annotations

import functools
import hashlib
import logging
import os
from collections import Counter
from pathlib import Path
from typing import Any

from spa_gym.core.arguments import one_of
from spa_gym.core.errors import DataNotFound
from spa_gym.core.tasks import Task, TaskSet
from spa_gym.envs.virtualhome.fidelity import fidelity_named
from spa_gym.envs.virtualhome.household_task import HouseholdTask
from spa_gym.envs.virtualhome.official.data_folder import DataFolder, find_folder
from spa_gym.envs.virtualhome.official.library import EAI_FILE, Library
from spa_gym.envs.virtualhome.official.packed_file import read_unpacked
from spa_gym.envs.virtualhome.official.playable import playable_goal
from spa_gym.envs.virtualhome.official.splits import SPLITS
from spa_gym.envs.virtualhome.official.task_file import Refusal, shared_task_file
from spa_gym.envs.virtualhome.official.task_index import task_index

__all__ = ["OfficialTaskSet", "official_tasks"]

_log = logging.getLogger(__name__)

_BUILT = 256
"""Tasks kept built per split; each holds a house of up to 100 kB."""


class OfficialTaskSet(TaskSet):
    """A split of the official tasks, in the order of the file.

    A task's payload is a `HouseholdTask`; its `source` is the form and id of the record. The id hashes the record, the
    scene it starts from and how its goal is read.

    Args:
        split: one of `SPLITS`.
        folder: where the files lie.
        fidelity: what the tasks are to be played in.
        spa_rule: SPA's rule is to judge them.
        fingerprint: of the files, see `DataFolder.fingerprint`.

    Raises:
        DataNotFound: the task file is missing, or there is no usable record of this split in it.
        DataCorrupt: the task file or the file of scenes cannot be read.
    """

    refused: tuple[Refusal, ...]
    """Records that are no tasks, by name, and why."""

    def __init__(self, split: str, folder: DataFolder, fidelity: str, spa_rule: bool, fingerprint: str) -> None:
        super().__init__("virtualhome/official", split)
        self.folder, self.fidelity, self.spa_rule = folder, fidelity, spa_rule
        self._library = Library(folder)
        path = folder.task_file(SPLITS[split].file, SPLITS[split].subfolder)
        self._file = shared_task_file(path, fingerprint)
        index = task_index(split, self._file, self._library, fidelity, spa_rule, fingerprint)
        self._entries, self.refused = index.entries, tuple(index.refused)
        self._ids = {entry.task_id: i for i, entry in enumerate(self._entries)}
        self._build = functools.lru_cache(maxsize=_BUILT)(self._build_task)
        if self.refused:
            name, reason = self.refused[0]
            _log.warning("%s: %d tasks of split %r; %d records are refused, the first: %s: %s",
                         path, len(self), split, len(self.refused), name, reason)  # fmt: skip
        if not self._entries:
            raise DataNotFound(
                f"tasks of split {split!r} in {path}",
                f"{len(self._file)} records, none of them usable"
                + (f" ({self.refused[0].reason})" if self.refused else ""),
                "restore the file, or choose another split",
            )

    def __len__(self) -> int:
        """Return the number of tasks."""
        return len(self._entries)

    def __getitem__(self, index: int) -> Task:
        """Return the task at a position, built now or a short while ago."""
        return self._build(range(len(self._entries))[index])

    def index_of(self, task_id: str) -> int:
        """Return the position of a task, by its id or by the id of its record."""
        index = self._ids.get(task_id)
        if index is None:
            index = next((i for i, entry in enumerate(self._entries) if entry.name == task_id), None)
        if index is None:
            raise self.not_found(task_id)
        return index

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel to another process as the names of split and folder."""
        return official_tasks, (self.split, self.folder.path, self.fidelity, self.spa_rule)

    @functools.cached_property
    def data_hash(self) -> str:
        """Hash of the scenes and of the records behind the split; how the files are packed does not matter.

        It is made when it is first asked for, in about half a second.
        """
        digest = hashlib.sha256(self._library.scenes.content_hash().encode())
        for path in _task_files(self.split, self.folder):
            digest.update(read_unpacked(path)[0])
        for entry in self._entries:
            path = self._library.initial_graph(self._file.read(entry.line), self._file.where(entry.line), entry.name)
            digest.update(b"" if path is None else path.read_bytes())
        return digest.hexdigest()

    @property
    def task_types(self) -> Counter[str]:
        """How many tasks of each family there are; no house is built for it."""
        return Counter(entry.family for entry in self._entries)

    def _build_task(self, index: int) -> Task:
        entry = self._entries[index]
        where = self._file.where(entry.line, entry.name)
        prepared = self._library.prepare(self._file.read(entry.line), where, entry.name)
        goal = playable_goal(prepared, self.fidelity, where)
        source = f"{prepared.form} {entry.name}"
        payload = HouseholdTask(prepared.house, goal, source, prepared.program, prepared.spa)
        return Task(entry.task_id, entry.family, prepared.record.text, payload)


def official_tasks(
    split: str, data_dir: str | os.PathLike[str] | None = None, fidelity: str = "repaired", spa_rule: bool = False
) -> OfficialTaskSet:
    """The official tasks of a split, the same object for everybody in this process.

    Args:
        split: one of `SPLITS`.
        data_dir: the folder with the files; None: `$SPA_GYM_DATA`.
        fidelity: what the tasks are to be played in: in `"repaired"`, goals that only a defect brings about are read
            anew (see `recorded_goal.py`).
        spa_rule: SPA's rule is to judge them, not the goal: splits `"spa_seen"` and `"spa_unseen"` only.

    Raises:
        BadArgument: there is no such split or fidelity.
        DataNotFound: there are no scenes, or no tasks of this split.
        DataCorrupt: a file as a whole cannot be read.
    """
    one_of("split", split, SPLITS, suggested="valid_unseen")
    fidelity_named(fidelity)
    folder = find_folder(data_dir)
    return _shared(split, folder, fidelity, spa_rule, folder.fingerprint(*_task_files(split, folder)))


def _task_files(split: str, folder: DataFolder) -> list[Path]:
    """The file of a split, and for SPA's splits the file whose records tell the starts."""
    paths = [folder.task_file(SPLITS[split].file, SPLITS[split].subfolder)]
    if SPLITS[split].subfolder:
        paths += [path for ending in ("", ".gz") if (path := folder.path / f"{EAI_FILE}{ending}").is_file()]
    return paths


@functools.lru_cache(maxsize=16)
def _shared(split: str, folder: DataFolder, fidelity: str, spa_rule: bool, fingerprint: str) -> OfficialTaskSet:
    return OfficialTaskSet(split, folder, fidelity, spa_rule, fingerprint)
