"""One policy, the first admissible action, in every form in which people write agents."""

from __future__ import annotations

import asyncio
import threading
from functools import partial
from typing import Any


def function(observation: str, info: dict[str, Any]) -> str:
    return info["admissible_actions"][0]


def keyword(obs: str, *, info: dict[str, Any]) -> str:
    return info["admissible_actions"][0]


async def coroutine(observation: str, info: dict[str, Any]) -> str:
    await asyncio.sleep(0)
    return info["admissible_actions"][0]


def with_style(style: str, observation: str, info: dict[str, Any]) -> str:
    return info["admissible_actions"][0]


class Batch:
    def act(self, observations, infos):
        return [info["admissible_actions"][0] for info in infos]


class Singular:
    def act(self, observation, info):
        return info["admissible_actions"][0]


class KeywordOnly:
    def act(self, observation, *, info):
        return info["admissible_actions"][0]


class ActOne:
    def act_one(self, observation, info):
        return info["admissible_actions"][0]


class AsyncActOne:
    async def act_one(self, observation, info):
        await asyncio.sleep(0)
        return info["admissible_actions"][0]


class Callable:
    def __call__(self, observation, info):
        return info["admissible_actions"][0]


class Remembers:
    """Has a memory of one episode, which other episodes would spoil."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.task = ""
        self.tokens = 0

    def reset(self) -> None:
        self.seen, self.task = [], ""

    def act(self, observation, info):
        assert len(self.seen) == info["episode_step"]
        assert self.task in ("", info["task_id"])
        self.seen, self.task, self.tokens = [*self.seen, observation], info["task_id"], self.tokens + 1
        return info["admissible_actions"][0]


class NoCopy(Remembers):
    def __init__(self) -> None:
        super().__init__()
        self.lock = threading.Lock()


FORMS = {
    "function": lambda: function,
    "keyword": lambda: keyword,
    "coroutine": lambda: coroutine,
    "partial": lambda: partial(with_style, "plain"),
    "batch": Batch,
    "singular": Singular,
    "keyword_only": KeywordOnly,
    "act_one": ActOne,
    "async_act_one": AsyncActOne,
    "callable": Callable,
    "remembers": Remembers,
}


class ActOnObservationAlone:
    def act(self, obs):
        return "look"


class ActWithoutArguments:
    def act(self):
        return "look"


class ActOfThree:
    def act(self, a, b, c):
        return "look"


class AsyncBatch:
    async def act(self, observations, infos):
        return ["look" for _ in observations]


def needs_a_keyword(observation: str, *, temperature: float) -> str:
    return "look"


WRONG = [ActWithoutArguments(), ActOfThree(), AsyncBatch(), needs_a_keyword, lambda: "x", lambda a, b, c: "x"]
