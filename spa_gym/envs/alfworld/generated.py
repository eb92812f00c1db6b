"""The generated games as task sets: built one by one when they are asked for, the same for everybody."""

from __future__ import annotations

import functools

from spa_gym.core.errors import BadArgument
from spa_gym.core.tasks import Task, TaskSet, content_hash
from spa_gym.envs.alfworld.world import SIZES, SPLIT_SIZES, draw_blueprint

__all__ = ["GeneratedTaskSet", "generated_tasks"]

_KEPT = 512
"""Games kept per split; each holds the texts that the engine has computed, so this bounds the memory."""


class GeneratedTaskSet(TaskSet):
    """One split of a generated world.

    A task's payload is its `Game`; its id hashes the game's facts and instruction, so it names the content.

    Args:
        world_seed: which world.
        size: `"official"` or `"small"`.
        split: `"train"`, `"valid_seen"` or `"valid_unseen"`.
    """

    def __init__(self, world_seed: int, size: str, split: str) -> None:
        super().__init__(f"alfworld/generated/{size}/{world_seed}", split)
        self.world_seed, self.size = world_seed, size
        self._build = functools.lru_cache(maxsize=_KEPT)(self._build_task)

    def __len__(self) -> int:
        """Return the number of tasks of the split."""
        return SPLIT_SIZES[self.split]

    def __getitem__(self, index: int) -> Task:
        """Return the task at a position."""
        return self._build(range(len(self))[index])

    def __reduce__(self) -> tuple[object, ...]:
        """Travel to another process by name, not as games."""
        return generated_tasks, (self.world_seed, self.size, self.split)

    def _build_task(self, index: int) -> Task:
        blueprint = draw_blueprint(self.world_seed, self.size, self.split, index)
        identity = content_hash({"facts": blueprint.facts, "goal": blueprint.goal_text})
        return Task(identity, blueprint.goal.kind, blueprint.goal_text, blueprint.game())


def generated_tasks(world_seed: int = 0, size: str = "official", split: str = "train") -> GeneratedTaskSet:
    """The task set of a split of a generated world, the same object for everybody in this process.

    Raises:
        BadArgument: an unknown split or size, or a world seed that is no non-negative integer.
    """
    if split not in SPLIT_SIZES:
        raise BadArgument(f"a split out of {', '.join(SPLIT_SIZES)}", repr(split), "pass split='train'")
    if size not in SIZES:
        raise BadArgument(f"a size out of {', '.join(SIZES)}", repr(size), "pass size='official'")
    if isinstance(world_seed, bool) or not isinstance(world_seed, int) or world_seed < 0:
        raise BadArgument("a world_seed that is an integer from 0", repr(world_seed), "pass world_seed=0")
    return _shared(world_seed, size, split)


@functools.lru_cache(maxsize=64)
def _shared(world_seed: int, size: str, split: str) -> GeneratedTaskSet:
    return GeneratedTaskSet(world_seed, size, split)
