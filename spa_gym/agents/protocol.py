"""The Agent protocol, and the adapter that makes an agent of a plain function.

An agent is any object with `act(observations, infos) -> actions`. It sees a batch of running episodes, one observation
and one info each. To the environment's own keys the evaluation adds two, enough for an agent with a memory:

- `info["slot"]`: which of the places in the batch the episode runs in; it keeps its slot until it ends;
- `info["episode_step"]`: 0 on the first observation of an episode (forget what the slot held), then 1, 2, ...

Ground truth (`progress`, `goal_share`) is taken out of the info before an agent sees it.

Three optional members are used where an agent has them: `attach(envs)` is called once with the environments of the
slots (the expert needs them), `settings() -> dict` goes into the run record (model, prompt hash, decoding), `tokens`
counts the tokens read and written so far.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, Protocol, cast, runtime_checkable

from spa_gym.core.errors import SpaGymError

__all__ = ["Agent", "AgentError", "FunctionAgent", "as_agent"]


class AgentError(SpaGymError):
    """An agent cannot be loaded, or breaks the protocol."""


@runtime_checkable
class Agent(Protocol):
    """Answers a batch of observations."""

    def act(self, observations: Sequence[str], infos: Sequence[dict[str, Any]]) -> Sequence[str]:
        """One action per observation, in the same order."""
        ...


class FunctionAgent:
    """An agent made of a function of one observation, or of one observation and its info.

    >>> FunctionAgent(lambda observation: observation.upper()).act(["look", "go"], [{}, {}])
    ['LOOK', 'GO']
    >>> FunctionAgent(lambda observation, info: info["goal"]).act(["look"], [{"goal": "find a mug"}])
    ['find a mug']
    """

    def __init__(self, function: Callable[..., str]) -> None:
        self.function = function
        self.with_info = _wants_info(function)

    def act(self, observations: Sequence[str], infos: Sequence[dict[str, Any]]) -> list[str]:
        """The function's answer to each observation in turn."""
        if self.with_info:
            return [self.function(observation, info) for observation, info in zip(observations, infos, strict=True)]
        return [self.function(observation) for observation in observations]


def as_agent(candidate: Agent | Callable[..., str]) -> Agent:
    """Take an agent as it is; wrap a function.

    Args:
        candidate: an object with `act`, or a function observation -> action, or (observation, info) -> action.

    Raises:
        AgentError: it is neither.
    """
    if isinstance(candidate, type):
        raise AgentError(
            expected="an agent", got=f"the class {candidate!r}", mend="give an instance: call the class first"
        )
    if callable(getattr(candidate, "act", None)):
        return cast(Agent, candidate)
    if callable(candidate):
        return FunctionAgent(candidate)
    raise AgentError(
        expected="an object with act(observations, infos), or a function observation -> action",
        got=f"{type(candidate).__name__}",
        mend="give it an `act` method that returns one action per observation",
    )


def _wants_info(function: Callable[..., str]) -> bool:
    """Whether the function takes two positional arguments."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # some builtins have no signature
        return False
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    required = [p for p in positional if p.default is p.empty]
    if len(required) > 2 or (not positional and not any(p.kind is p.VAR_POSITIONAL for p in parameters)):
        raise AgentError(
            expected="a function of (observation) or of (observation, info)",
            got=f"one with {len(required)} required arguments",
            mend="write `def act(observation: str, info: dict) -> str`",
        )
    return len(required) == 2 or (len(positional) >= 2 and positional[1].name == "info")
