"""Generated houses and programs in VirtualHome's own formats, which the real simulator reads."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from spa_gym.core.atomic import atomic_write_text
from spa_gym.envs.virtualhome.house import House
from spa_gym.envs.virtualhome.verbs import Command

__all__ = ["program_lines", "scene_text", "write_scene"]


def scene_text(house: House) -> str:
    """A house as the JSON text of a VirtualHome scene file."""
    return json.dumps(house.to_dict(), indent=None, separators=(",", ":"), sort_keys=True) + "\n"


def write_scene(house: House, path: str | Path) -> Path:
    """Write a house to a scene file, in one piece or not at all; returns its path."""
    path = Path(path)
    atomic_write_text(path, scene_text(house))
    return path


def program_lines(commands: Iterable[Command], house: House) -> list[str]:
    """Commands as lines of a VirtualHome program.

    Example:
        >>> from spa_gym.envs.virtualhome.house import Node, build_house
        >>> nodes = [Node(1, "kitchen", "Rooms"), Node(2, "character"), Node(7, "fridge")]
        >>> house = build_house("doctest", nodes, [(2, "INSIDE", 1), (7, "INSIDE", 1)])
        >>> program_lines([Command("WALK", (2,)), Command("STANDUP")], house)
        ['[WALK] <fridge> (7)', '[STANDUP]']
    """
    return [
        " ".join([f"[{verb}]", *(f"<{house.class_names[i]}> ({house.ids[i]})" for i in objects)])
        for verb, objects in commands
    ]
