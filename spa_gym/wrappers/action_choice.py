"""`ActionChoice`: choose an admissible action by its number, for agents that want a discrete action space.

SB3, CleanRL and every other library of small agents can then act in a world of words; encode the observation with
``gymnasium.wrappers.TransformObservation`` (they have no text policies either).
"""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import numpy.typing as npt
from gymnasium.spaces import Discrete
from gymnasium.utils import RecordConstructorArgs

from spa_gym.core.errors import BadArgument, WrongType

__all__ = ["ActionChoice"]


class ActionChoice(gymnasium.Wrapper[str, int, str, str], RecordConstructorArgs):
    """Action i is the i-th of ``info["admissible_actions"]``; the space is ``Discrete(max_actions)``.

    ``info["action_mask"]`` (int8, shape ``(max_actions,)``, new each time) is 1 where an action stands;
    ``action_masks()`` gives the same as bool, which is what sb3-contrib's ``MaskablePPO`` asks for. A number without
    an action is sent on as the empty text: not understood, it costs a step and changes nothing.

    Args:
        env: The environment.
        max_actions: Size of the space, at least the longest list of admissible actions.

    Raises:
        BadArgument: ``max_actions`` is no positive int; or, while running, more actions are admissible than that.
    """

    def __init__(self, env: gymnasium.Env[str, str], max_actions: int = 256) -> None:
        if isinstance(max_actions, bool) or not isinstance(max_actions, int) or max_actions < 1:
            raise BadArgument("max_actions of at least 1", repr(max_actions), "pass a positive int")
        RecordConstructorArgs.__init__(self, max_actions=max_actions)
        gymnasium.Wrapper.__init__(self, env)
        self.action_space = Discrete(max_actions)  # type: ignore[assignment]  # numpy's int64 counts as int
        self._max_actions = max_actions
        self._choices: tuple[str, ...] = ()

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        """Starts an episode."""
        observation, info = self.env.reset(seed=seed, options=options)
        return observation, self._with_mask(info)

    def step(self, action: int) -> tuple[str, Any, bool, bool, dict[str, Any]]:
        """Does the admissible action of this number.

        Raises:
            WrongType: ``action`` is no number.
        """
        try:
            number = int(action)
        except (TypeError, ValueError) as error:
            raise WrongType("the number of an admissible action", f"{action!r:.80}", "pass an int") from error
        text = self._choices[number] if 0 <= number < len(self._choices) else ""
        observation, reward, terminated, truncated, info = self.env.step(text)  # type: ignore[arg-type]
        return observation, reward, terminated, truncated, self._with_mask(info)

    def action_masks(self) -> npt.NDArray[np.bool_]:
        """Which numbers stand for an action now; shape ``(max_actions,)``."""
        return np.arange(self._max_actions) < len(self._choices)

    def clone_wrapper_state(self) -> tuple[str, ...]:
        """The actions that can be chosen now."""
        return self._choices

    def restore_wrapper_state(self, state: tuple[str, ...]) -> None:
        """Goes back to them."""
        self._choices = state

    def _with_mask(self, info: dict[str, Any]) -> dict[str, Any]:
        self._choices = info["admissible_actions"]
        if len(self._choices) > self._max_actions:
            raise BadArgument(
                f"at most {self._max_actions} admissible actions",
                len(self._choices),
                f"wrap with ActionChoice(env, max_actions={len(self._choices)}) or more",
            )
        return {**info, "action_mask": self.action_masks().astype(np.int8)}
