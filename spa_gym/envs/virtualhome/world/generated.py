"""The generated tasks as task sets: built one by one when they are asked for, the same for everybody."""

from __future__ import annotations

from spa_gym.core.generated_tasks import GeneratedTaskSet
from spa_gym.core.tasks import Task
from spa_gym.envs.virtualhome.world.layout import SIZES
from spa_gym.envs.virtualhome.world.tasks import SPLIT_SIZES, draw_task

__all__ = ["HouseholdTaskSet", "generated_tasks"]


class HouseholdTaskSet(GeneratedTaskSet):
    """One split of a generated world; a task's payload is its `HouseholdTask`."""

    world = "virtualhome"
    sizes = SIZES
    split_sizes = SPLIT_SIZES

    def draw(self, index: int) -> Task:
        """Draw the task at a position."""
        return draw_task(self.world_seed, self.size, self.split, index)


generated_tasks = HouseholdTaskSet.shared
