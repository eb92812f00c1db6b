"""Everything that a data folder offers for records of any form: given a line of a task file, what is to be played.

`Library.prepare` checks a record to its end: the house is built, and every node that program or goal names is there.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spa_gym.core.errors import DataCorrupt, DataNotFound
from spa_gym.envs.virtualhome.goal import Goal
from spa_gym.envs.virtualhome.house import House
from spa_gym.envs.virtualhome.official.data_folder import DataFolder
from spa_gym.envs.virtualhome.official.record import Record, house_of, parse_record, record_name
from spa_gym.envs.virtualhome.official.recorded_goal import recorded_goal
from spa_gym.envs.virtualhome.official.scenes import shared_scenes
from spa_gym.envs.virtualhome.official.script import commands_of
from spa_gym.envs.virtualhome.official.spa_records import SpaRecord, SpaStarts, is_spa_record, parse_spa_record
from spa_gym.envs.virtualhome.official.spa_rule import SpaEnd, parse_spa_end, symbolic_goal
from spa_gym.envs.virtualhome.official.task_file import TaskFile
from spa_gym.envs.virtualhome.verbs import Command

__all__ = ["EAI_FILE", "Library", "Prepared"]

EAI_FILE = "eai_scene1_tasks.jsonl"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A record with everything that it refers to."""

    record: Record | SpaRecord
    form: str
    """`eai`, `activity` or `spa`."""
    house: House
    program: tuple[Command, ...]
    goal: Goal | None
    """The goal as recorded; None where the record has none."""
    spa: SpaEnd | None
    """The end that SPA's rule compares with."""
    start: str
    """What names the graph that it starts from, in the task's id."""


class Library:
    """The scenes and records of a folder.

    Args:
        folder: where they lie.

    Raises:
        DataCorrupt: the file of scenes is cut off.
    """

    def __init__(self, folder: DataFolder) -> None:
        self.folder = folder
        self.scenes = shared_scenes(folder, folder.fingerprint())

    def prepare(self, value: Any, where: str, name: str) -> Prepared:
        """Check a record and build its house.

        Args:
            value: what its line holds.
            where: file and record, for messages.
            name: what the record is called.

        Raises:
            DataCorrupt: it is broken, or refers to what is not there.
            DataNotFound: a file that it needs is missing.
        """
        if is_spa_record(value):
            record = parse_spa_record(value, where, name)
            house, start = self._starts.start(record, where)
            end = parse_spa_end(record.end, house, where)
            program = commands_of(record.program, house.position_of, where)
            named = house.mask(node_id for line in record.program for node_id in line.ids)
            return Prepared(record, "spa", house, program, symbolic_goal(end, house, named), end, start)
        record = parse_record(value, where, name)
        house, scene = house_of(record, self.scenes, where)
        program = commands_of(record.program, house.position_of, where)
        goal = recorded_goal(record, house, where) if record.has_goal else None
        return Prepared(record, record.form, house, program, goal, None, scene.digest)

    def initial_graph(self, value: Any, where: str, name: str) -> Path | None:
        """The file of the graph that a record starts from; None if it starts from a scene.

        Args:
            value: what its line holds, as `prepare` takes it.
            where: file and record, for messages.
            name: what the record is called.
        """
        return self._starts.file(parse_spa_record(value, where, name)) if is_spa_record(value) else None

    @functools.cached_property
    def _starts(self) -> SpaStarts:
        return SpaStarts(self.folder, self.scenes, list(self._eai_records()))

    def _eai_records(self) -> Iterator[Record]:
        """The records of the EAI file that can be read; none where there is no such file."""
        try:
            file = TaskFile(self.folder.task_file(EAI_FILE))
        except (DataNotFound, DataCorrupt):
            return
        for number, value in file:
            name = record_name(value, number)
            try:
                yield parse_record(value, file.where(number, name), name)
            except DataCorrupt:
                continue
