"""ExpertAgent: plays what the environment's own expert says; the check that a split can be solved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import gymnasium as gym

from spa_gym.agents.protocol import AgentError

__all__ = ["ExpertAgent"]


class ExpertAgent:
    """Follows `env.unwrapped.expert()`, with full knowledge of the state.

    It cannot play from text alone: the evaluation calls `attach(envs)` with the environment of each slot.
    """

    def __init__(self) -> None:
        self._envs: Sequence[gym.Env[Any, Any]] = ()
        self._plans: dict[int, Iterator[str]] = {}

    def attach(self, envs: Sequence[gym.Env[Any, Any]]) -> None:
        """Take the environments of the slots, in slot order."""
        self._envs = envs
        self._plans.clear()

    def act(self, observations: Sequence[str], infos: Sequence[dict[str, Any]]) -> list[str]:
        """The expert's next action in each episode."""
        return [self._next(info.get("slot", place), info) for place, info in enumerate(infos)]

    def _next(self, slot: int, info: dict[str, Any]) -> str:
        if slot >= len(self._envs) or not hasattr(self._envs[slot].unwrapped, "expert"):
            raise AgentError(
                expected="an environment with expert() in every slot",
                got=f"none in slot {slot}",
                mend="call agent.attach(envs) with SPA environments before act",
            )
        if info.get("episode_step", 0) == 0 or slot not in self._plans:
            self._plans[slot] = self._plan(slot)
        action = next(self._plans[slot], None)
        if action is None:  # the plan ran out before the task ended: ask again from the state that is
            self._plans[slot] = self._plan(slot)
            action = next(self._plans[slot], None)
        return action if action is not None else next(iter(info["admissible_actions"]), "")

    def _plan(self, slot: int) -> Iterator[str]:
        env: Any = self._envs[slot].unwrapped
        return iter(env.expert())
