"""Asking an agent for the actions of a batch, so that a failure ends one episode and not the evaluation."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from spa_gym.agents.protocol import Agent, AgentError, AgentUnusable
from spa_gym.core.strict_json import replace_surrogates

__all__ = ["answers_of", "one_line"]

_MAX_ERROR = 500
"""Characters of an error in a row."""


def answers_of(agent: Agent, observations: Sequence[str], infos: Sequence[dict[str, Any]]) -> list[str | BaseException]:
    """Return for each episode an action, or what the agent failed with.

    Args:
        agent: The agent. One that raises is called once more for each episode alone.
        observations: One for each episode.
        infos: One for each episode.

    Raises:
        AgentError: The agent gave another number of actions.
        AgentUnusable: The agent can play no episode.
    """
    try:
        answers = agent.act(observations, infos)
    except AgentUnusable:
        raise
    except Exception as error:  # whatever an agent of somebody else raises
        if len(observations) == 1:
            return [error]
        return [answers_of(agent, [seen], [info])[0] for seen, info in zip(observations, infos, strict=True)]
    expected = f"a list of {len(observations)} actions, each a str"
    mend = "return one str per observation from act()"
    if isinstance(answers, str) or not hasattr(answers, "__len__") or len(answers) != len(observations):
        raise AgentError(expected, f"{type(answers).__name__} {answers!r:.80}", mend)
    return [
        answer
        if isinstance(answer, (str, BaseException))
        else AgentError(expected, f"an action of type {type(answer).__name__}: {answer!r:.80}", mend)
        for answer in answers
    ]


def one_line(error: BaseException) -> str:
    """Return what an agent failed with and where, on one line of bounded length."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return replace_surrogates(text[: _MAX_ERROR - len(where)] + where)
