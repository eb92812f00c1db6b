"""Tasks of a generated world, each drawn from its name alone."""

from __future__ import annotations

import random
from collections.abc import Collection
from typing import Final

from spa_gym.core.draws import choice
from spa_gym.core.tasks import Task, content_hash
from spa_gym.envs.virtualhome.goal_clauses import Clause, goal_sentence
from spa_gym.envs.virtualhome.house import House
from spa_gym.envs.virtualhome.household_task import HouseholdTask
from spa_gym.envs.virtualhome.simulator import Simulator
from spa_gym.envs.virtualhome.world.build import house_of
from spa_gym.envs.virtualhome.world.draft import Draft
from spa_gym.envs.virtualhome.world.families import FAMILIES
from spa_gym.envs.virtualhome.world.goals import goal_of
from spa_gym.envs.virtualhome.world.layout import NUM_HOUSES, draw_layout

__all__ = ["SPLIT_SIZES", "draw_task"]

SPLIT_SIZES: Final = {"train": 2000, "valid_seen": 400, "valid_unseen": 400}
"""Number of tasks of each split of a generated world."""

_THINGS: Final = {"official": (40, 56), "small": (15, 20)}
"""Fewest and most things that lie in a house."""
_MOST_CLAUSES: Final = 4


def draw_task(world_seed: int, size: str, split: str, index: int, without: Collection[str] = ()) -> Task:
    """Task `index` of a split of a generated world; its id hashes the graph and the goal's words.

    Args:
        world_seed: which world, any integer.
        size: one of `SIZES`.
        split: a key of `SPLIT_SIZES`.
        index: position in the split; any number from 0, the splits merely stop at `SPLIT_SIZES`.
        without: kinds of clauses that no goal may have; a task with one is drawn anew, the others stay what they are.
    """
    name = f"virtualhome/{world_seed}/{size}/{split}/{index}"
    group = "valid_unseen" if split == "valid_unseen" else "train"
    family = choice(random.Random(f"spa-gym/{name}"), list(FAMILIES))
    attempt = 0
    while True:
        rng = random.Random(f"spa-gym/{name}/{attempt}")
        layout = draw_layout(world_seed, size, group, int(rng.random() * NUM_HOUSES[group]))
        draft = Draft(layout, size == "small", rng)
        clauses = FAMILIES[family](draft)
        if clauses and any(clause.kind in without for clause in clauses):
            clauses = None
        if clauses and len(clauses) <= _MOST_CLAUSES and not (len(clauses) == 1 and _at_hand(draft, clauses[0])):
            task = _task(name, size, family, draft, clauses)
            if task is not None:
                return task
        attempt += 1


def _at_hand(draft: Draft, clause: Clause) -> bool:
    """Whether a thing stands right beside where it is wanted, which would make a task of three steps."""
    beside = {i for target in draft.pieces(clause.target) for i in draft.neighbours(target)}
    return any(laid.class_name == clause.subject and laid.piece in beside for laid in draft.things)


def _task(name: str, size: str, family: str, draft: Draft, clauses: list[Clause]) -> Task | None:
    """The task, or None where a part of the goal holds at the start."""
    low, high = _THINGS[size]
    draft.fill(low + int(draft.rng.random() * (high - low + 1)))
    house = house_of(draft, name)
    goal = goal_of(clauses, house)
    if goal.share(Simulator(house).state, 0):
        return None
    sentence = goal_sentence(clauses)
    return Task(content_hash([_graph(house), sentence]), family, sentence, HouseholdTask(house, goal, name))


def _graph(house: House) -> list[object]:
    """The graph as JSON can hold it; sets of nodes in hexadecimal digits."""
    rows = [[relation, [f"{row:x}" for row in house.rows[relation]]] for relation in sorted(house.rows)]
    return [house.ids, house.class_names, house.categories, house.properties, house.states, rows]
