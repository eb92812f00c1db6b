"""`Record`: one line of a task file in the two forms over VirtualHome's scenes, and the house that it starts in.

Both give a program and the initial graph as a difference to a scene. EAI's form (Embodied Agent Interface) lays its
states over the scene itself; its records may have a goal with actions, or none. The form of activities lays them over
the scene with `default_states.json`; its goals are states and relations. The keys tell which form a record has, so a
file may mix them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from spa_gym.core.tasks import content_hash
from spa_gym.envs.virtualhome.house import Edge, House
from spa_gym.envs.virtualhome.official.graph_checks import (
    checked_edge,
    checked_nodes,
    checked_states,
    number_of,
    refuse,
)
from spa_gym.envs.virtualhome.official.house_patch import patched_house
from spa_gym.envs.virtualhome.official.scenes import Scene, Scenes
from spa_gym.envs.virtualhome.official.script import Line, parse_program
from spa_gym.envs.virtualhome.verbs import VERBS
from spa_gym.envs.virtualhome.vocabulary import STATES

__all__ = ["Record", "house_of", "parse_record", "record_name"]

_EAI_KEYS = ("eai_task", "tl_goal", "goal_actions")
_GOAL_KEYS = ("goal_states", "goal_rels", "goal_actions")
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Record:
    """A task record, checked as far as it can be without its scene."""

    name: str
    """The record's id."""
    form: str
    """`eai` or `activity`."""
    scene: int
    title: str
    description: str
    family: str
    """What kind of task it is: EAI's own name for it where there is one, otherwise the title."""
    program: tuple[Line, ...]
    has_goal: bool
    goal_states: tuple[tuple[int, str], ...]
    goal_relations: tuple[Edge, ...]
    goal_actions: tuple[frozenset[str], ...]
    """Each one of some verbs, on whatever object, in this order."""
    raw: Mapping[str, Any] = field(repr=False)
    """The whole record: what it changes in the scene is checked when the house is built."""

    @property
    def text(self) -> str:
        """The instruction, in SPA's words."""
        return f"The task is {self.title} ({self.description})."

    def task_id(self, start: str, goal_rule: str) -> str:
        """The id of the task: the hash of the record, of the scene it starts from, and of how its goal is read."""
        return content_hash({"record": self.raw, "scene": start, "goal": goal_rule})


def record_name(value: Any, line_number: int) -> str:
    """What a record is called: its id, or its line where it has none that can be printed on one line."""
    name = value.get("id") if isinstance(value, Mapping) else None
    name = str(name) if isinstance(name, (str, int)) else ""
    return name if name.isprintable() and 0 < len(name) <= _LONGEST_NAME else f"line {line_number}"


def parse_record(value: Any, where: str, name: str) -> Record:
    """Read a record.

    Args:
        value: the JSON object of its line.
        where: file and record, for messages.
        name: what the record is called.

    Raises:
        DataCorrupt: something is missing, or is not what it must be.
    """
    if not isinstance(value, Mapping):
        refuse(f"{where}: a JSON object", f"{value!r:.80}")
    missing = [key for key in ("scene", "prog") if key not in value]
    if missing:
        refuse(f"{where}: a record with {', '.join(missing)}", f"keys {', '.join(map(str, value))}"[:160])
    form = "activity" if "eai_task" not in value and _has_goal(value) and not _has_any(value, _EAI_KEYS) else "eai"
    texts = {key: value.get(key) or "" for key in ("title", "desc", "eai_task")}
    for key, text in texts.items():
        if not isinstance(text, str):
            refuse(f"{where}: a text as its {key}", f"{text!r:.80}")
    scene = value["scene"] if type(value["scene"]) is int else number_of(value["scene"])
    if scene is None:
        refuse(f"{where}: the number of its scene", f"{value['scene']!r:.80}")
    return Record(
        name=name,
        form=form,
        scene=scene,
        title=texts["title"],
        description=texts["desc"],
        family=texts["eai_task"] or texts["title"] or form,
        program=parse_program(value["prog"], where),
        has_goal=_has_goal(value),
        goal_states=tuple(_goal_state(item, where) for item in _list(value, "goal_states", where)),
        goal_relations=tuple(_triple(item, where) for item in _list(value, "goal_rels", where)),
        goal_actions=tuple(_verbs(item, where) for item in _list(value, "goal_actions", where)),
        raw=value,
    )


def house_of(record: Record, scenes: Scenes, where: str) -> tuple[House, Scene]:
    """Build the house that a record starts in.

    Args:
        record: the record.
        scenes: where its scene is.
        where: file and record, for messages.

    Returns:
        The house, and the scene that it was made from.

    Raises:
        DataCorrupt: the scene is missing or broken, or the record changes what is not there.
        DataNotFound: `default_states.json` is needed and missing.
    """
    scene = scenes.scene(record.scene, default_states=record.form == "activity")
    base, raw = scene.house, record.raw
    new_nodes = checked_nodes(raw.get("new_nodes") or [], where, base.position_of)
    ids = {*base.ids, *(node.id for node in new_nodes)}
    states = raw.get("states") or {}
    if not isinstance(states, Mapping):
        refuse(f"{where}: states by node id", f"{states!r:.80}")
    changed = {}
    for key, words in states.items():
        node_id = number_of(key)
        if node_id not in ids:
            refuse(f"{where}: states of nodes that are there", f"no node {key!r:.40}")
        changed[node_id] = checked_states(words, f"{where}: node {key}")
    edges: dict[str, list[Edge]] = {}
    for key in ("edges_add", "edges_del"):
        triples = (_triple(item, where) for item in _list(raw, key, where))
        edges[key] = [checked_edge(*triple, ids, where) for triple in triples]
    house = patched_house(
        base, f"{record.form} {record.name}", new_nodes, changed, edges["edges_add"], edges["edges_del"], scene.nodes
    )
    return house, scene


def _has_goal(value: Mapping[str, Any]) -> bool:
    return _has_any(value, _GOAL_KEYS)


def _has_any(value: Mapping[str, Any], keys: tuple[str, ...]) -> bool:
    return any(key in value for key in keys)


def _list(value: Mapping[str, Any], key: str, where: str) -> list[Any]:
    items = value.get(key) or []
    if not isinstance(items, list):
        refuse(f"{where}: a list as its {key}", f"{items!r:.80}")
    return items


def _triple(item: Any, where: str) -> Edge:
    if not isinstance(item, list) or len(item) != 3:
        refuse(f"{where}: edges as [id, relation, id]", f"{item!r:.80}")
    return item[0], item[1], item[2]


def _goal_state(item: Any, where: str) -> tuple[int, str]:
    if not isinstance(item, list) or len(item) != 2 or str(item[1]).upper() not in STATES:
        refuse(f"{where}: goal states as [id, state] with a state out of {', '.join(STATES)}", f"{item!r:.80}")
    return item[0], str(item[1]).upper()


def _verbs(item: Any, where: str) -> frozenset[str]:
    verbs = frozenset(word.strip().upper() for word in str(item).split("|"))
    unknown = sorted(verbs - VERBS.keys())
    if unknown:
        refuse(f"{where}: goal actions out of VirtualHome's verbs", ", ".join(unknown)[:80])
    return verbs
