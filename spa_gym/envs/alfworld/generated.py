"""The generated games as task sets: what the worlds are called, their splits and sizes, and how a game is drawn."""

from __future__ import annotations

from spa_gym.core.generated_tasks import GeneratedTaskSet
from spa_gym.core.tasks import Task, content_hash
from spa_gym.envs.alfworld.world import SIZES, SPLIT_SIZES, draw_blueprint

__all__ = ["GeneratedGames", "generated_tasks"]


class GeneratedGames(GeneratedTaskSet):
    """One split of a generated world.

    A task's payload is its `Game`; its id hashes the game's facts and instruction, so it names the content.
    """

    world, sizes, split_sizes = "alfworld", SIZES, SPLIT_SIZES

    def draw(self, index: int) -> Task:
        """Draw the game at a position."""
        blueprint = draw_blueprint(self.world_seed, self.size, self.split, index)
        identity = content_hash({"facts": blueprint.facts, "goal": blueprint.goal_text})
        return Task(identity, blueprint.goal.kind, blueprint.goal_text, blueprint.game())


def generated_tasks(world_seed: int = 0, size: str = "official", split: str = "train") -> GeneratedGames:
    """The task set of a split of a generated world, the same object for everybody in this process.

    Raises:
        BadArgument: an unknown split or size, or a world seed that is no integer from 0.
    """
    return GeneratedGames.shared(world_seed, size, split)
