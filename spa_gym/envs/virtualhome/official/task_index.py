"""Which lines of a task file are the tasks of a split: found once, and kept in the user's cache folder.

Finding them means checking every record and running its program (2 ms each), which is too long for every start of a
process. What is kept is a small file, named after path, size and time of all that was read; it holds line numbers and
ids, no data. Another version of this code does not use what an earlier one has kept.
"""

from __future__ import annotations

import functools
import gzip
import hashlib
import json
import logging
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tqdm import tqdm

from spa_gym.core.atomic import atomic_write_bytes
from spa_gym.core.build_once import cache_folder
from spa_gym.core.errors import DataCorrupt, SpaGymError, WriteFailed
from spa_gym.envs.virtualhome.official.library import Library
from spa_gym.envs.virtualhome.official.playable import check_solvable, goal_rule, playable_goal
from spa_gym.envs.virtualhome.official.record import Record, record_name
from spa_gym.envs.virtualhome.official.splits import SPLITS, activity_split
from spa_gym.envs.virtualhome.official.task_file import Refusal, TaskFile

__all__ = ["Entry", "TaskIndex", "task_index"]

_log = logging.getLogger(__name__)

_CODE = (
    "official/*.py",
    "planning/*.py",
    "expert.py",
    "rules/*.py",
    "simulator.py",
    "state.py",
    "blueprint.py",
    "fidelity.py",
    "goal.py",
    "house.py",
)


class Entry(NamedTuple):
    """A record that is a task."""

    line: int
    name: str
    task_id: str
    family: str


class TaskIndex(NamedTuple):
    """What a task file has for a split."""

    entries: list[Entry]
    refused: list[Refusal]
    """Records that are broken or that nobody can solve."""


def task_index(
    split: str, file: TaskFile, library: Library, fidelity: str, spa_rule: bool, fingerprint: str
) -> TaskIndex:
    """The index of a split, from the cache or made now.

    Args:
        split: one of `SPLITS`.
        file: its task file.
        library: what its records refer to.
        fidelity: what the tasks are to be played in.
        spa_rule: SPA's rule is to judge them.
        fingerprint: `DataFolder.fingerprint` of the task files.
    """
    key = {"code": _code_hash(), "data": fingerprint}
    path = cache_folder() / "virtualhome" / f"{split}-{fidelity}{'-spa' * spa_rule}-{fingerprint[:20]}.json.gz"
    kept = _load(path, key)
    if kept is not None:
        return kept
    index = TaskIndex([], [file.fault] if file.fault else [])
    names: set[str] = set()
    ids: dict[str, str] = {}
    numbers = tqdm(file.numbers, desc=f"checking {file.path.name}", unit="record", delay=1.0, leave=False)
    for number, name, value in _members(split, file, numbers, index.refused):
        name = name if name not in names else f"{name} (line {number})"  # two of SPA's records are called 3
        names.add(name)
        where = file.where(number, name)
        try:
            prepared = library.prepare(value, where, name)
            if isinstance(prepared.record, Record) and not prepared.record.has_goal:
                continue
            goal = playable_goal(prepared, fidelity, where)
            check_solvable(prepared, goal, fidelity, spa_rule, where)
            task_id = prepared.record.task_id(prepared.start, goal_rule(fidelity))
            if task_id in ids:
                raise DataCorrupt(f"{where}: a record of its own", f"the same as {ids[task_id]}")
        except Exception as error:  # whatever is wrong with one record, the others stay usable
            fault = f"{error}" if isinstance(error, SpaGymError) else f"{where}: {type(error).__name__}: {error}"
            index.refused.append(Refusal(name, fault))
            continue
        ids[task_id] = name
        index.entries.append(Entry(number, name, task_id, prepared.record.family))
    _keep(path, key, index)
    return index


def _members(split: str, file: TaskFile, numbers: Any, refused: list[Refusal]) -> Iterator[tuple[int, str, Any]]:
    """Line, name and content of the records of a split; a line that is no JSON belongs to every split, as refused."""
    for number in numbers:
        try:
            value = file.read(number)
        except DataCorrupt as error:
            refused.append(Refusal(f"line {number}", str(error)))
            continue
        name = record_name(value, number)
        if not SPLITS[split].activities or activity_split(value, name) == split:
            yield number, name, value


@functools.cache
def _code_hash() -> str:
    folder = Path(__file__).parents[1]
    paths = sorted(path for pattern in _CODE for path in folder.glob(pattern))
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()


def _load(path: Path, key: dict[str, str]) -> TaskIndex | None:
    try:
        kept = json.loads(gzip.decompress(path.read_bytes()))
        if kept["key"] == key:
            return TaskIndex([Entry(*one) for one in kept["entries"]], [Refusal(*one) for one in kept["refused"]])
    except FileNotFoundError:
        pass
    except (OSError, EOFError, zlib.error, ValueError, TypeError, KeyError) as error:
        _log.warning("the kept index %s cannot be read (%s) and is made again", path, error)
    return None


def _keep(path: Path, key: dict[str, str], index: TaskIndex) -> None:
    content = json.dumps({"key": key, "entries": index.entries, "refused": index.refused})
    try:
        atomic_write_bytes(path, gzip.compress(content.encode(), 6))
    except WriteFailed as error:
        _log.warning("the index is not kept, so that the next process makes it again: %s", error)
