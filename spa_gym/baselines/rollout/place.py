"""`Place`: a point in an episode that can be gone on from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spa_gym.core.cloning import EnvState
    from spa_gym.core.trajectory import Step

__all__ = ["Place"]


@dataclass(frozen=True, slots=True)
class Place:
    """A point in an episode that can be gone on from: the state of the environment, and what led there."""

    state: EnvState
    history: tuple[Step, ...]
