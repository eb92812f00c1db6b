"""A data folder as the official one, over the hand-made house: two scenes, and a few records of every form."""

from __future__ import annotations

import copy
import gzip
import json
from pathlib import Path
from typing import Any

from tests.envs.virtualhome.tiny_house import tiny_house

__all__ = ["ACTIVITY", "EAI", "SITTER", "SPA", "graph", "write_folder", "write_tasks"]

_CALLED = {"wardrobe": "closet", "coat": "clothes_jacket"}
"""VirtualHome's names for what the hand-made house has under other ones."""

ACTIVITY: dict[str, Any] = {
    "id": "file1_1@1",
    "scene": 1,
    "title": "Open",
    "desc": "open the closet",
    "prog": ["[WALK] <closet> (26)", "[OPEN] <closet> (26)"],
    "new_nodes": [],
    "states": {},
    "edges_add": [],
    "edges_del": [],
    "goal_states": [[26, "OPEN"]],
    "goal_rels": [],
}
SITTER: dict[str, Any] = ACTIVITY | {
    "id": "file2_1@1",
    "prog": ["[WALK] <bed> (20)", "[SIT] <bed> (1.20)", "[STANDUP]", *ACTIVITY["prog"]],
    "goal_rels": [[10, "ON", 20]],
}
"""Its goal holds in the original only, where whoever has stood up stays ON the bed."""
EAI: dict[str, Any] = ACTIVITY | {
    "id": "7_1",
    "title": "Read",
    "desc": "read the novel",
    "prog": ["[WALK] <novel> (1000)", "[GRAB] <novel> (1000)", "[READ] <novel> (1000)"],
    "new_nodes": [[1000, "novel", "placable_objects", ["GRABBABLE", "READABLE", "MOVABLE"], ["CLEAN"]]],
    "edges_add": [[1000, "INSIDE", 1], [1000, "ON", 13], [1000, "CLOSE", 13], [13, "CLOSE", 1000]],
    "goal_states": [],
    "goal_rels": [[10, "HOLDS_RH", 1000]],
    "goal_actions": ["READ|LOOKAT"],
    "tl_goal": "",
    "eai_task": "Read book",
}
SPA: dict[str, Any] = {
    "id": "12",
    "task": "Read",
    "description": "read the novel",
    "new_program_lines": EAI["prog"],
    "path": "redacted",
    "object_id_dict": {"novel": 1000},
    "revised_graph": {
        "nodes": [],
        "revised_nodes": [{"from_id": 1000, "relation_type": "ON", "to_id": 13}],
        "revised_add_edges": [
            {"from_id": 10, "relation_type": "HOLDS_RH", "to_id": 1000},
            {"from_id": 10, "relation_type": "CLOSE", "to_id": 13},
        ],
    },
}


def graph() -> dict[str, Any]:
    """The hand-made house in VirtualHome's own format, with VirtualHome's class names; the caller may change it."""
    value = tiny_house().to_dict()
    for node in value["nodes"]:
        node["class_name"] = _CALLED.get(node["class_name"], node["class_name"])
    return copy.deepcopy(value)


def compact(value: dict[str, Any]) -> dict[str, Any]:
    """A graph as the compact file has it."""
    edges: dict[str, list[list[int]]] = {}
    for edge in value["edges"]:
        edges.setdefault(edge["relation_type"], []).append([edge["from_id"], edge["to_id"]])
    keys = ("id", "class_name", "category", "properties", "states")
    return {"nodes": [[node[key] for key in keys] for node in value["nodes"]], "edges": edges}


def write_tasks(path: Path, records: list[Any]) -> Path:
    """Write a task file; text is written as it is. It is packed where its name ends on `.gz`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [record if isinstance(record, str) else json.dumps(record) for record in records]
    content = ("\n".join(lines) + "\n").encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def write_folder(folder: Path) -> Path:
    """Write the whole folder: scenes 1 and 7, default states, and a task file of each form."""
    folder.mkdir(parents=True, exist_ok=True)
    scenes = {"1": compact(graph()), "7": compact(graph())}
    (folder / "scenes.json").write_text(json.dumps(scenes))
    (folder / "default_states.json").write_text(json.dumps({key: {"26": ["CLOSED", "DIRTY"]} for key in scenes}))
    many = [ACTIVITY | {"id": f"file{i}_1@1"} for i in range(10, 50)]
    unseen = [ACTIVITY | {"id": "file1_1@7", "scene": 7}]
    write_tasks(folder / "activity_tasks.jsonl.gz", [ACTIVITY, SITTER, *many, *unseen])
    write_tasks(folder / "eai_scene1_tasks.jsonl", [EAI])
    write_tasks(
        folder / "spa_test" / "new_seen_test.jsonl", [SPA, SPA | {"id": "13", "new_program_lines": ["[SLEEP]"]}]
    )
    return folder
