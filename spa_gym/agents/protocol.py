"""The Agent protocol: what an evaluation asks of an agent.

An agent is any object with `act(observations, infos) -> actions`. It sees a batch of running episodes, one observation
and one info each. To the environment's own keys the evaluation adds two, enough for an agent with a memory:

- `info["slot"]`: which of the places in the batch the episode runs in; it keeps its slot until it ends;
- `info["episode_step"]`: 0 on the first observation of an episode (forget what the slot held), then 1, 2, ...

Ground truth (`progress`, `goal_share`) is taken out of the info before an agent sees it.

In place of an action an agent may return an exception: this episode ends with it, the others go on. An agent that
raises is called once more for each episode alone, to find the one that fails; one with a memory should return it.
`AgentUnusable` stops everything.

Optional members are used where an agent has them: `attach(envs)` is called once with the environments of the slots (the
expert needs them), and the record says that the agent is privileged; `use_slots(count)` is called once with the number
of slots; `settings() -> dict` says what makes this agent another one than its neighbour (model, prompt hash,
decoding) and goes into the run record; `usage() -> dict` counts so far (tokens, replies without an action, ...) and
`tokens` the tokens read and written, for the record too. Without `settings` the
public attributes with plain values are taken (`agents/identity.py`).

Functions, coroutines and objects that answer one episode at a time are agents too: `agents/one_episode.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

from spa_gym.core.errors import SpaGymError

__all__ = ["Agent", "AgentError", "EpisodeAgent", "AgentUnusable"]


class AgentError(SpaGymError):
    """An agent cannot be loaded, breaks the protocol, or fails."""


class AgentUnusable(AgentError):
    """An agent raises it that can play no episode: the evaluation stops. Any other exception ends one episode."""


@runtime_checkable
class Agent(Protocol):
    """Answers a batch of observations."""

    def act(self, observations: Sequence[str], infos: Sequence[dict[str, Any]]) -> Sequence[str | Exception]:
        """One action per observation, in the same order."""
        ...


class EpisodeAgent(Protocol):
    """Answers one observation; an optional `reset()` is called before each episode."""

    def act_one(self, observation: str, info: dict[str, Any]) -> str:
        """The action of one episode."""
        ...
