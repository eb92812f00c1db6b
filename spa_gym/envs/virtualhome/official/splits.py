"""The splits of the official tasks.

`eai` are EAI's tasks with goals, `spa_seen` and `spa_unseen` SPA's two test files. The activities come without splits,
so these are ours: `valid_unseen` is one of the seven scenes, which the other two splits never enter; `valid_seen` are
one in twenty of the records in the other scenes, drawn by a hash of the record's id, and `train` is the rest. Only
records whose program has at most 40 actions, SPA's step limit, belong to them. An activity may occur in `train` in
another scene; what is unseen is the house.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

__all__ = ["SPLITS", "Split", "activity_split"]

_UNSEEN_SCENE = 7
_ONE_IN = 20
_LONGEST = 40


class Split(NamedTuple):
    """Where the records of a split are."""

    file: str
    subfolder: str = ""
    activities: bool = False
    """The file holds all three splits of activities."""


SPLITS: Final[Mapping[str, Split]] = {
    "train": Split("activity_tasks.jsonl", activities=True),
    "valid_seen": Split("activity_tasks.jsonl", activities=True),
    "valid_unseen": Split("activity_tasks.jsonl", activities=True),
    "eai": Split("eai_scene1_tasks.jsonl"),
    "spa_seen": Split("new_seen_test.jsonl", "spa_test"),
    "spa_unseen": Split("new_unseen_test.jsonl", "spa_test"),
}
"""By name."""


def activity_split(value: Any, name: str) -> str:
    """The split that an activity belongs to; "" for one that is too long, or that cannot be told.

    Args:
        value: what its line holds.
        name: its id.
    """
    if not isinstance(value, Mapping):
        return ""
    program, scene = value.get("prog"), value.get("scene")
    if not isinstance(program, list) or len(program) > _LONGEST:
        return ""
    if str(scene) == str(_UNSEEN_SCENE):
        return "valid_unseen"
    drawn = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
    return "train" if drawn % _ONE_IN else "valid_seen"
