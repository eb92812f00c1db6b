"""SPA's test records (`new_seen_test.jsonl`, `new_unseen_test.jsonl`): all are read, and used where the start is known.

A record has a program and the end that it must lead to, but of its start only the path of a file: below the folder
`init_and_final_graphs/`, as SPA's code reads it. Where that file is not there, the start of the EAI record with the
same program on the same objects serves, since both were made from one published graph. All others are refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spa_gym.core.errors import DataCorrupt
from spa_gym.core.tasks import content_hash
from spa_gym.envs.virtualhome.house import House
from spa_gym.envs.virtualhome.official.data_folder import DataFolder
from spa_gym.envs.virtualhome.official.graph_checks import refuse
from spa_gym.envs.virtualhome.official.record import Record, house_of
from spa_gym.envs.virtualhome.official.scene_file import read_scene_file
from spa_gym.envs.virtualhome.official.scenes import Scenes
from spa_gym.envs.virtualhome.official.script import Line, parse_program
from spa_gym.envs.virtualhome.official.spa_rule import parse_spa_end

__all__ = ["SpaRecord", "SpaStarts", "is_spa_record", "parse_spa_record"]

_KEYS = ("new_program_lines", "revised_graph")
_PATH = re.compile(r"(TrimmedTestScene\d+_graph[/\\].*)\.\w+$")


@dataclass(frozen=True, slots=True)
class SpaRecord:
    """A record in SPA's form, checked as far as it can be without its start."""

    name: str
    title: str
    description: str
    program: tuple[Line, ...]
    objects: Mapping[str, Any]
    """Class -> id of the node that the record means by it."""
    path: str
    """Where its graphs lay on the machine that it was made on."""
    end: Any = field(repr=False)
    """Its `revised_graph`, see `spa_rule.py`."""

    @property
    def family(self) -> str:
        """What kind of task it is: its title."""
        return self.title or "spa"

    @property
    def text(self) -> str:
        """The instruction."""
        return f"The task is {self.title} ({self.description})."

    def task_id(self, start: str, goal_rule: str) -> str:
        """The id of the task: the hash of the record, of the graph it starts from, and of how its goal is read."""
        record = {"program": [str(line) for line in self.program], "end": self.end, "text": self.text}
        return content_hash({"record": record, "start": start, "goal": goal_rule})


def is_spa_record(value: Any) -> bool:
    """Whether a line of a task file has SPA's form."""
    return isinstance(value, Mapping) and any(key in value for key in _KEYS)


def parse_spa_record(value: Mapping[str, Any], where: str, name: str) -> SpaRecord:
    """Read a record.

    Raises:
        DataCorrupt: something is missing, or is not what it must be.
    """
    missing = [key for key in _KEYS if key not in value]
    if missing:
        refuse(f"{where}: a record with {', '.join(missing)}", f"keys {', '.join(map(str, value))}"[:160])
    title, description, path = (value.get(key) or "" for key in ("task", "description", "path"))
    objects = value.get("object_id_dict") or {}
    if not all(isinstance(text, str) for text in (title, description, path)) or not isinstance(objects, Mapping):
        refuse(
            f"{where}: texts as task, description, path, and ids by class as object_id_dict",
            f"{title!r}, {objects!r:.80}",
        )
    program = parse_program(value["new_program_lines"], where)
    return SpaRecord(name, title, description, program, objects, path, value["revised_graph"])


class SpaStarts:
    """Finds the graphs that SPA's records start from.

    Args:
        folder: where `init_and_final_graphs/` may lie.
        scenes: the scenes of EAI's records.
        records: EAI's records.
    """

    def __init__(self, folder: DataFolder, scenes: Scenes, records: list[Record]) -> None:
        self._folder, self._scenes = folder, scenes
        self._records: dict[tuple[tuple[str, tuple[int, ...]], ...], list[Record]] = {}
        for record in records:
            self._records.setdefault(_actions(record.program), []).append(record)

    def start(self, record: SpaRecord, where: str) -> tuple[House, str]:
        """The house that a record starts in.

        Returns:
            The house, and what names its graph.

        Raises:
            DataCorrupt: its initial graph is not there, or is broken.
        """
        path = self.file(record)
        if path is not None:
            return read_scene_file(path), f"{path.parent.name}/{path.name}"
        others = self._records.get(_actions(record.program), [])
        for other in sorted(others, key=lambda one: (one.description != record.description, one.title != record.title)):
            house, _scene = house_of(other, self._scenes, where)
            if _fits(record, house, where):
                return house, f"EAI record {other.name}"
        tried = f"EAI's {', '.join(one.name for one in others)} with the same program are other houses"
        raise DataCorrupt(
            f"{where}: its initial graph",
            f"no such file, and {tried if others else 'no EAI record with the same program'}",
            f"put the published {self._folder.initial_graphs.name}/ into {self._folder.path}, and records with paths",
        )

    def file(self, record: SpaRecord) -> Path | None:
        """The file of a record's initial graph; None if it is not there."""
        match = _PATH.search(record.path)
        relative = Path(match[1].replace("\\", "/") + ".json") if match else None
        if relative is None or ".." in relative.parts:
            return None
        path = self._folder.initial_graphs / relative
        return path if path.is_file() else None


def _actions(program: tuple[Line, ...]) -> tuple[tuple[str, tuple[int, ...]], ...]:
    return tuple((line.verb, line.ids) for line in program)


def _fits(record: SpaRecord, house: House, where: str) -> bool:
    """Whether all that a record names is in a house, as what the record takes it for."""
    for class_name, node_id in record.objects.items():
        position = house.position_of.get(node_id) if type(node_id) is int else None
        if position is None or house.class_names[position] != class_name:
            return False
    try:
        parse_spa_end(record.end, house, where)
    except DataCorrupt:
        return False
    return True
