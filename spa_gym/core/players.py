"""The players that an environment brings along, for whoever makes transcripts with them.

A demonstrator pursues the task and knows only what an agent sees, so its episodes can be imitated; an explorer runs
errands of its own and shows the world without showing how the task is solved. Both see one episode through its texts:
they are made after a reset, say the next action, and are told what every action answered, also those of others.
"""

from __future__ import annotations

import random
from typing import Any, Protocol, runtime_checkable

import gymnasium

from spa_gym.core.errors import BadArgument
from spa_gym.core.tasks import TaskSet

__all__ = ["Demonstrator", "Explorer", "PlayableEnv", "playable"]


class Demonstrator(Protocol):
    """Somebody who pursues the task of one episode and has seen only its texts."""

    def act(self) -> str:
        """Return the next action; asking twice without `observe` between gives the same."""
        ...

    def observe(self, action: str, observation: str, /) -> None:
        """Take in what an action answered, whoever chose it."""
        ...


class Explorer(Protocol):
    """Somebody who runs errands of their own in one episode, without regard to the task."""

    def act(self, admissible: tuple[str, ...] = ()) -> str:
        """Return the next action; now and then, one of the admissible ones at random."""
        ...

    def observe(self, action: str, observation: str, /) -> None:
        """Take in what an action answered, whoever chose it."""
        ...


@runtime_checkable
class PlayableEnv(Protocol):
    """A bare environment that brings players along, as all three of the package do."""

    tasks: TaskSet

    def demonstrator(self) -> Demonstrator:
        """Return a demonstrator for the episode that was just reset."""
        ...

    def explorer(self, rng: random.Random) -> Explorer:
        """Return an explorer for the episode that was just reset; its errands come from `rng`."""
        ...

    def entity_names(self) -> list[str]:
        """Return names that occur in the texts, for tokenizers that make each of them one token."""
        ...


def playable(env: gymnasium.Env[Any, Any]) -> PlayableEnv:
    """Return the bare environment of a wrapped one, which brings players along.

    Raises:
        BadArgument: It does not.
    """
    bare = env.unwrapped
    if not isinstance(bare, PlayableEnv):
        wanted = "an environment with tasks, demonstrator(), explorer(rng) and entity_names()"
        raise BadArgument(wanted, type(bare).__name__, "write these methods as spa_gym.core.players describes them")
    return bare
