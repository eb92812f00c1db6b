"""`HouseholdTask`: what a VirtualHome task's payload holds, whatever source it comes from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from spa_gym.envs.virtualhome.goal import Goal
from spa_gym.envs.virtualhome.house import House
from spa_gym.envs.virtualhome.verbs import Command

__all__ = ["HouseholdTask"]


@dataclass(frozen=True, slots=True)
class HouseholdTask:
    """A house at its start, what is wanted there, and how somebody did it, where that is known."""

    house: House
    goal: Goal
    source: str
    """Name of the record or house that it comes from, for messages."""
    program: tuple[Command, ...] = ()
    """The recorded program; empty where there is none."""
    spa: Any = field(default=None, repr=False)
    """The end state that SPA's own rule compares with (`official/spa_rule.py`), or None."""
