"""`HistoryObservation`: the observation becomes the episode so far, for agents without a memory of their own.

The text is the first observation (it states the task), then the last turns in the form

    > action
    observation

with a line ``[earlier turns left out: 3]`` where turns were left out.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import gymnasium
from gymnasium.utils import RecordConstructorArgs

from spa_gym.core.errors import BadArgument
from spa_gym.core.spaces import Unicode

__all__ = ["HistoryObservation"]

_GAP = "\n[earlier turns left out: {}]"


class HistoryObservation(gymnasium.Wrapper[str, str, str, str], RecordConstructorArgs):
    """Shows the first observation and up to ``turns`` turns, the newest last.

    Args:
        env: The environment.
        turns: Most turns (action and its observation) shown, at least 1.

    Raises:
        BadArgument: ``turns`` is no positive int, or the environment's spaces are not texts.
    """

    def __init__(self, env: gymnasium.Env[str, str], turns: int = 40) -> None:
        RecordConstructorArgs.__init__(self, turns=turns)
        gymnasium.Wrapper.__init__(self, env)
        if isinstance(turns, bool) or not isinstance(turns, int) or turns < 1:
            raise BadArgument("turns of at least 1", repr(turns), "pass a positive int")
        seen, said = env.observation_space, env.action_space
        if not isinstance(seen, Unicode) or not isinstance(said, Unicode):
            raise BadArgument(
                "spaces of texts (Unicode)", f"{seen!r}, {said!r}", "wrap the TextEnv first, then the rest"
            )
        self._max_action_length = said.max_length
        a_turn = len("\n> \n") + said.max_length + seen.max_length
        self.observation_space = Unicode(seen.max_length + len(_GAP) + 20 + turns * a_turn, seen.examples)
        self._first, self._left_out = "", 0
        self._turns: deque[str] = deque(maxlen=turns)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        """Starts an episode with an empty history."""
        observation, info = self.env.reset(seed=seed, options=options)
        self._first, self._left_out = observation, 0
        self._turns.clear()
        return observation, info

    def step(self, action: str) -> tuple[str, Any, bool, bool, dict[str, Any]]:
        """Steps, and returns the history up to and with this turn."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        said = action[: self._max_action_length] if isinstance(action, str) else ""
        self._left_out += len(self._turns) == self._turns.maxlen
        self._turns.append(f"\n> {said}\n{observation}")
        gap = _GAP.format(self._left_out) if self._left_out else ""
        return self._first + gap + "".join(self._turns), reward, terminated, truncated, info

    def clone_wrapper_state(self) -> tuple[str, int, tuple[str, ...]]:
        """First observation, number of turns left out, and the turns shown."""
        return self._first, self._left_out, tuple(self._turns)

    def restore_wrapper_state(self, state: tuple[str, int, tuple[str, ...]]) -> None:
        """Goes back to them."""
        self._first, self._left_out, turns = state
        self._turns = deque(turns, maxlen=self._turns.maxlen)
