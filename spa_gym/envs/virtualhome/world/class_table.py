"""All classes of the generated world by name: furniture and things in one table."""

from __future__ import annotations

import functools

from spa_gym.envs.virtualhome.world.furniture import furniture
from spa_gym.envs.virtualhome.world.object_class import ObjectClass
from spa_gym.envs.virtualhome.world.things import things

__all__ = ["object_class"]


@functools.cache
def object_class(name: str) -> ObjectClass:
    """The class of that name, furniture or thing.

    Raises:
        KeyError: the generated world has no such class.
    """
    return furniture().get(name) or things()[name]
