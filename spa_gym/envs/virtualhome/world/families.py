"""The families of generated tasks: name -> how a task of the family is set up in a draft."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from spa_gym.envs.virtualhome.goal_clauses import Clause
from spa_gym.envs.virtualhome.world import chores, leisure, meals
from spa_gym.envs.virtualhome.world.draft import Draft

__all__ = ["FAMILIES", "Family"]

Family = Callable[[Draft], "list[Clause] | None"]
"""Lays out what its goal is about and returns the goal's clauses; none where the house has not what it needs."""

FAMILIES: Final[dict[str, Family]] = {
    "put_away": chores.put_away,
    "bring": chores.bring,
    "open_close": chores.open_close,
    "switch": chores.switch,
    "clean": chores.clean,
    "laundry": chores.laundry,
    "prepare_food": meals.prepare_food,
    "serve_food": meals.serve_food,
    "set_table": meals.set_table,
    "snack": meals.snack,
    "dress": leisure.dress,
    "go_out": leisure.go_out,
    "computer_work": leisure.computer_work,
    "rest": leisure.rest,
    "evening": leisure.evening,
    "reading": leisure.reading,
}
"""The value of a task's `task_type` -> its family."""
