"""Agents that answer one episode at a time: functions, coroutines, and objects with `act_one` or a singular `act`.

The signature decides, before the first action. One positional argument is an observation; a second one that is named
`info`, or a keyword `info`, is its info; `act(observations, infos)` answers a batch. Coroutines of a batch run at the
same time. What an answer raises takes its place, so that it ends this episode alone.
"""

from __future__ import annotations

import asyncio
import copy
import inspect
import weakref
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Literal, cast

from spa_gym.agents.protocol import Agent, AgentError, AgentUnusable, EpisodeAgent

__all__ = ["FunctionAgent", "ObjectAgent", "as_agent"]

_FORMS = (
    "write `def act(observation: str, info: dict) -> str`, or a class with `act(self, observations, infos)` that "
    "returns one action per observation, or with `act_one(self, observation, info)`"
)


class FunctionAgent:
    """An agent made of a function of one observation, or of one observation and its info; it may be a coroutine.

    >>> FunctionAgent(lambda observation: observation.upper()).act(["look", "go"], [{}, {}])
    ['LOOK', 'GO']
    >>> FunctionAgent(lambda observation, info: info["goal"]).act(["look"], [{"goal": "find a mug"}])
    ['find a mug']
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self._info = _how_info_is_passed(function)
        self._runner: asyncio.Runner | None = None
        if any(map(inspect.iscoroutinefunction, (function, getattr(type(function), "__call__", None)))):  # noqa: B004
            self._runner = asyncio.Runner()
            weakref.finalize(self, self._runner.close)

    def use_slots(self, count: int) -> None:
        """Reject a coroutine if it cannot be run."""
        if self._runner is not None and _loop_is_running():
            raise AgentError(
                expected="a coroutine as agent where no event loop is running",
                got="a running one, as in a notebook",
                mend="call `await asyncio.to_thread(evaluate, ...)`",
            )

    def act(self, observations: Sequence[str], infos: Sequence[dict[str, Any]]) -> list[str | Exception]:
        """Return the function's answer to each observation, or what it raised."""
        if self._runner is not None:
            return self._runner.run(self._gather(observations, infos))
        return [self._answer(observation, info) for observation, info in zip(observations, infos, strict=True)]

    def _answer(self, observation: str, info: dict[str, Any]) -> Any:
        try:
            return self._call(observation, info)
        except AgentUnusable:
            raise
        except Exception as error:  # whatever it is, it ends this episode alone
            return error

    def _call(self, observation: str, info: dict[str, Any]) -> Any:
        function = self._function(info)
        if self._info == "positional":
            return function(observation, info)
        return function(observation, info=info) if self._info == "keyword" else function(observation)

    def _function(self, info: dict[str, Any]) -> Callable[..., Any]:
        return self.function

    async def _gather(self, observations: Sequence[str], infos: Sequence[dict[str, Any]]) -> list[Any]:
        async def answer(observation: str, info: dict[str, Any]) -> Any:
            return await cast(Awaitable[Any], self._call(observation, info))

        answers = (answer(observation, info) for observation, info in zip(observations, infos, strict=True))
        return await asyncio.gather(*answers, return_exceptions=True)


class ObjectAgent(FunctionAgent):
    """An agent made of an object that answers one episode at a time.

    With a `reset()` the object has a memory: each slot gets a copy of its own, which is reset before each episode.

    Args:
        agent: The object.
        method: Name of the method that answers.
    """

    def __init__(self, agent: Any, method: Literal["act", "act_one"]) -> None:
        super().__init__(getattr(agent, method))
        self.agent, self._method = agent, method
        self._of_slot: list[Any] = []

    @property
    def tokens(self) -> int:
        """Tokens read and written so far, where the object counts them."""
        return sum(getattr(each, "tokens", 0) for each in self._of_slot or [self.agent])

    def use_slots(self, count: int) -> None:
        """Make a copy for each slot beyond the first."""
        super().use_slots(count)
        if not hasattr(self.agent, "reset"):
            return
        try:
            self._of_slot = [self.agent, *(copy.deepcopy(self.agent) for _ in range(count - 1))]
        except Exception as error:  # deepcopy raises what the object's parts like
            raise AgentError(
                expected="an agent with reset() that can be copied, one for each episode that runs at once",
                got=f"{type(error).__name__}: {error}",
                mend="play one episode at a time (--num-envs 1), or write act(observations, infos)",
            ) from error

    def _function(self, info: dict[str, Any]) -> Callable[..., Any]:
        if not self._of_slot:
            return self.function
        agent = self._of_slot[info["slot"]]
        if info.get("episode_step", 0) == 0:
            agent.reset()
        return getattr(agent, self._method)


def as_agent(candidate: Agent | EpisodeAgent | Callable[..., Any]) -> Agent:
    """Take an agent as it is; wrap what answers one episode at a time.

    Args:
        candidate: An object with `act(observations, infos)`; an object with `act_one(observation, info)`,
            `act(observation, info)` or `act(observation)`; or a function of (observation) or (observation, info).

    Raises:
        AgentError: It is none of these.
    """
    if isinstance(candidate, type):
        raise AgentError(
            expected="an agent", got=f"the class {candidate!r}", mend="give an instance: call the class first"
        )
    act = getattr(candidate, "act", None)
    if callable(act) and _answers_a_batch(act):
        if inspect.iscoroutinefunction(act):
            raise AgentError("an act(observations, infos) that is no coroutine", f"{act!r:.80}", _FORMS)
        return cast(Agent, candidate)
    if callable(getattr(candidate, "act_one", None)):
        return ObjectAgent(candidate, "act_one")
    if callable(act):
        return ObjectAgent(candidate, "act")
    if callable(candidate):
        return FunctionAgent(candidate)
    raise AgentError(
        expected="an object with act(observations, infos), or a function observation -> action",
        got=f"{type(candidate).__name__}",
        mend=_FORMS,
    )


def _signature(function: Callable[..., Any]) -> inspect.Signature | None:
    try:
        return inspect.signature(function)
    except (TypeError, ValueError):  # some builtins have none
        return None


def _positional(signature: inspect.Signature) -> list[inspect.Parameter]:
    return [p for p in signature.parameters.values() if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]


def _has(signature: inspect.Signature, kind: Any) -> bool:
    return any(parameter.kind is kind for parameter in signature.parameters.values())


def _answers_a_batch(act: Callable[..., Any]) -> bool:
    """Whether a method takes observations and infos: it has a second argument, which is not named `info`."""
    signature = _signature(act)
    if signature is None or _has(signature, inspect.Parameter.VAR_POSITIONAL):
        return True
    positional = _positional(signature)
    if sum(p.default is p.empty for p in positional) > 2:
        return False
    return any(p.name != "info" and (p.default is p.empty or p.name == "infos") for p in positional[1:2])


def _how_info_is_passed(function: Callable[..., Any]) -> Literal["positional", "keyword", "not"]:
    signature = _signature(function)
    if signature is None:
        return "not"
    positional = _positional(signature)
    required = sum(p.default is p.empty for p in positional)
    keywords = {p.name: p for p in signature.parameters.values() if p.kind is p.KEYWORD_ONLY}
    unknown = any(p.default is p.empty and name != "info" for name, p in keywords.items())
    if required > 2 or unknown or not (positional or _has(signature, inspect.Parameter.VAR_POSITIONAL)):
        name = getattr(function, "__qualname__", type(function).__qualname__)
        got = f"{name}{signature}"
        raise AgentError(expected="a function of (observation) or of (observation, info)", got=got, mend=_FORMS)
    if required == 2 or (len(positional) >= 2 and positional[1].name == "info"):
        return "positional"
    return "keyword" if "info" in keywords else "not"


def _loop_is_running() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
