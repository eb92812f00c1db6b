"""The two forms in which scenes are kept: VirtualHome's own graph files, and one compact file of all seven.

VirtualHome's own form is an object with `nodes` and `edges`; its files of initial and final graphs hold such an object
under `init_graph`. The compact file has the number of a scene as its key, nodes as lists and edges by relation.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from spa_gym.core.errors import DataCorrupt
from spa_gym.envs.virtualhome.house import House, build_house
from spa_gym.envs.virtualhome.official.graph_checks import (
    check_household,
    checked_edge,
    checked_nodes,
    number_of,
    refuse,
)
from spa_gym.envs.virtualhome.official.packed_file import read_json

__all__ = ["read_compact_scenes", "read_scene_file"]


def read_scene_file(path: str | os.PathLike[str]) -> House:
    """Read a graph in VirtualHome's own form.

    Args:
        path: such as `raw_scenes/TrimmedTestScene1_graph.json`; it may be packed.

    Returns:
        The house, named after the file.

    Raises:
        DataCorrupt: the file is cut off or no household; the message names the node or edge.
        DataNotFound: there is no such file.
    """
    path = Path(path)
    value = read_json(path)
    if isinstance(value, Mapping) and isinstance(value.get("init_graph"), Mapping):
        value = value["init_graph"]
    where = str(path)
    if not isinstance(value, Mapping) or not isinstance(value.get("edges"), list) or "nodes" not in value:
        refuse(f"{where}: an object with lists `nodes` and `edges`", _keys(value))
    nodes = checked_nodes(value["nodes"], where)
    check_household(nodes, where)
    ids = {node.id for node in nodes}
    edges = []
    for edge in value["edges"]:
        if not isinstance(edge, Mapping) or not {"from_id", "relation_type", "to_id"} <= edge.keys():
            refuse(f"{where}: every edge with from_id, relation_type, to_id", f"{edge!r:.120}")
        edges.append(checked_edge(edge["from_id"], edge["relation_type"], edge["to_id"], ids, where))
    return build_house(path.stem.removesuffix(".json"), nodes, edges)


def read_compact_scenes(path: Path) -> dict[int, Callable[[], House]]:
    """Read the compact file of all scenes.

    Returns:
        Scene number -> what checks and builds its house, so that a broken scene does not take the others with it.

    Raises:
        DataCorrupt: the file is cut off, or has not numbers of scenes as its keys.
        DataNotFound: there is no such file.
    """
    value = read_json(path)
    numbers = [number_of(key) for key in value] if isinstance(value, Mapping) else [None]
    if None in numbers:
        raise DataCorrupt(f"{path}: an object with numbers of scenes as keys", _keys(value), "restore the file")
    return {
        number: _builder(path, number, scene)
        for number, scene in zip(numbers, value.values(), strict=True)
        if number is not None
    }


def _builder(path: Path, number: int, scene: Any) -> Callable[[], House]:
    def build() -> House:
        where = f"{path}: scene {number}"
        if not isinstance(scene, Mapping) or not isinstance(scene.get("edges"), Mapping) or "nodes" not in scene:
            refuse(f"{where}: an object with `nodes` and, by relation, `edges`", _keys(scene))
        nodes = checked_nodes(scene["nodes"], where)
        check_household(nodes, where)
        ids = {node.id for node in nodes}
        edges = []
        for relation, pairs in scene["edges"].items():
            for pair in pairs if isinstance(pairs, list) else [pairs]:
                if not isinstance(pair, list) or len(pair) != 2:
                    refuse(f"{where}: every {relation} edge as a list of two ids", f"{pair!r:.80}")
                edges.append(checked_edge(pair[0], relation, pair[1], ids, where))
        return build_house(f"scene {number}", nodes, edges)

    return build


def _keys(value: Any) -> str:
    return f"keys {', '.join(map(repr, value))}"[:120] if isinstance(value, Mapping) else f"{value!r:.80}"
