"""The generated tasks as task sets: built one by one when they are asked for, the same for everybody.

They are made for the repaired rules. VirtualHome 2.3.0 lets nobody sleep and nobody take anything off; where it is
played, tasks that ask for that give way to others of their family.
"""

from __future__ import annotations

from typing import ClassVar

from spa_gym.core.generated_tasks import GeneratedTaskSet
from spa_gym.core.tasks import Task
from spa_gym.envs.virtualhome.fidelity import fidelity_named
from spa_gym.envs.virtualhome.world.layout import SIZES
from spa_gym.envs.virtualhome.world.tasks import SPLIT_SIZES, draw_task

__all__ = ["HouseholdTaskSet", "generated_tasks", "tasks_for_fidelity"]


class HouseholdTaskSet(GeneratedTaskSet):
    """One split of a generated world; a task's payload is its `HouseholdTask`."""

    world = "virtualhome"
    sizes = SIZES
    split_sizes = SPLIT_SIZES
    without: ClassVar[tuple[str, ...]] = ()
    """Kinds of clauses that no goal has."""

    def draw(self, index: int) -> Task:
        """Draw the task at a position."""
        return draw_task(self.world_seed, self.size, self.split, index, self.without)


class _WakefulTaskSet(HouseholdTaskSet):
    """What can be done in VirtualHome 2.3.0."""

    without = ("sleep", "take_off")


generated_tasks = HouseholdTaskSet.shared


def tasks_for_fidelity(fidelity: str, world_seed: int, size: str, split: str) -> HouseholdTaskSet:
    """The tasks that can be solved in a fidelity.

    Raises:
        BadArgument: one of the arguments names something that does not exist.
    """
    flags = fidelity_named(fidelity)
    kind = HouseholdTaskSet if flags.take_off_works and flags.posture_persists else _WakefulTaskSet
    return kind.shared(world_seed, size, split)
