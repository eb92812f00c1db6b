"""The three environments side by side: what the tests that hold for all of them must know of each."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from spa_gym.core.tasks import TaskSet
from spa_gym.core.text_env import TextEnv
from spa_gym.envs.alfworld.env import ALFWorldEnv
from spa_gym.envs.alfworld.generated import GeneratedGames
from spa_gym.envs.virtualhome.env import VirtualHomeEnv
from spa_gym.envs.virtualhome.world.generated import HouseholdTaskSet
from spa_gym.envs.webshop.env import WebShopEnv
from spa_gym.envs.webshop.goal_tasks import GoalTaskSet
from spa_gym.envs.webshop.world.catalogue import generated_catalogue
from spa_gym.envs.webshop.world.goals import GeneratedGoals

__all__ = ["SIZES", "WORLDS", "World", "every_world", "every_world_and_size"]

SIZES = ("official", "small")


@dataclass(frozen=True)
class World:
    """One environment; what is not said here is the same for all."""

    id: str
    env: Callable[..., TextEnv]
    fresh: Callable[[int, str, str], TaskSet]
    """A split of a generated world by seed, size and name, made anew: nothing of it has been drawn."""
    split_sizes: dict[str, dict[str, int]]
    """Number of tasks by size of the world and split, the default of both first."""
    frozen: tuple[int, str]
    """How many tasks of each split are hashed, and their hash. The generated world is part of the id's version: when
    this hash changes, results are no longer comparable."""
    step_limit: int
    idle: str
    """An action that can be sent for ever and leads nowhere."""
    walk: int
    """So many random steps do not end an episode."""
    official: str
    """What is said to be missing where official data are asked for and not there."""
    shortest_plans: bool
    """The expert's plans are shortest ones, so that its progress is the share of the plan that is done."""
    goal_is_success: bool
    """Where the whole goal holds the task is solved; in a shop, one must still buy."""

    def tasks(self, world_seed: Any = 0, size: str = "small", split: str = "train") -> TaskSet:
        """A split of a generated world, as its environment has it."""
        return self.env(world_seed=world_seed, size=size, split=split).tasks

    def digest(self) -> str:
        """Hash of the first tasks of every split of both sizes."""
        digest = hashlib.sha256()
        for size, splits in self.split_sizes.items():
            for split in splits:
                tasks = self.tasks(0, size, split)
                for index in range(self.frozen[0]):
                    digest.update(tasks[index].id.encode() + tasks[index].goal.encode())
        return digest.hexdigest()[:16]


def _fresh_goals(world_seed: int, size: str, split: str) -> TaskSet:
    goals = GeneratedGoals(generated_catalogue(None, world_seed, size))
    return GoalTaskSet("webshop", split, goals, goals.ranges[split])


_ROOMS = {"train": 4000, "valid_seen": 200, "valid_unseen": 200}
_HOUSES = {"train": 2000, "valid_seen": 400, "valid_unseen": 400}
_OF_A_SHOP = {"valid": 200, "test": 200}

WORLDS = {
    "alfworld": World(
        id="SPA-ALFWorld-v0",
        env=ALFWorldEnv,
        fresh=GeneratedGames,
        split_sizes={"official": _ROOMS, "small": _ROOMS},
        frozen=(30, "88c30e6e45e73d6b"),
        step_limit=40,
        idle="look",
        walk=10,
        official="json_2.1.1",
        shortest_plans=True,
        goal_is_success=True,
    ),
    "webshop": World(
        id="SPA-WebShop-v0",
        env=WebShopEnv,
        fresh=_fresh_goals,
        split_sizes={"official": {"train": 4000, **_OF_A_SHOP}, "small": {"train": 2400, **_OF_A_SHOP}},
        frozen=(30, "3f10d5a81241a455"),
        step_limit=10,
        idle="nonsense",
        walk=2,
        official="items_shuffle",
        shortest_plans=True,
        goal_is_success=False,
    ),
    "virtualhome": World(
        id="SPA-VirtualHome-v0",
        env=VirtualHomeEnv,
        fresh=HouseholdTaskSet,
        split_sizes={"official": _HOUSES, "small": _HOUSES},
        frozen=(25, "af11beff7555f80b"),
        step_limit=40,
        idle="sing a song",
        walk=10,
        official="VirtualHome's scenes",
        shortest_plans=False,
        goal_is_success=True,
    ),
}
"""The three, by name."""

every_world = pytest.mark.parametrize("world", WORLDS.values(), ids=WORLDS.keys())
"""Runs a test with the argument `world` for each of the three."""

every_world_and_size = pytest.mark.parametrize(
    ("world", "size"),
    [pytest.param(world, size, id=f"{name}-{size}") for name, world in WORLDS.items() for size in SIZES],
)
"""The same in both sizes."""
