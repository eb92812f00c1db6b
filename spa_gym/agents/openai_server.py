"""OpenAIServerAgent: a language model behind an OpenAI-compatible HTTP server (vLLM, SGLang, llama.cpp, a hosted API).

The whole episode is one chat: the observation is a user message, the reply an assistant message, so a server with
prefix caching reads each text once. Only the last message lists the admissible actions: the lists of the steps before
were most of the prompt, and no longer hold.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from spa_gym.agents.api_key import HIDDEN, read_key, redact, without_secrets
from spa_gym.agents.json_client import JsonClient, RequestFailed, check_address
from spa_gym.agents.protocol import AgentError
from spa_gym.agents.reply_watch import ReplyWatch
from spa_gym.agents.side_by_side import side_by_side
from spa_gym.core.replies import parse_reply, without_thinking

__all__ = ["SYSTEM_PROMPT", "OpenAIServerAgent", "parse_action"]

logger = logging.getLogger(__name__)

SYSTEM_PROMPT = (
    "You act in a text world. Each message shows what you see and which actions are possible now. "
    'Think briefly if it helps, then end your reply with one line "Action: " followed by exactly one action, '
    "written as listed. Where the list has a search[...], the words in its brackets are yours to choose."
)
_NO_SYSTEM_ROLE = re.compile(
    r"(?i)system\W{1,3}(?:role|message|prompt|instruction)|role\W{1,4}system|roles must alternate"
)
_OVERFLOW = re.compile(
    r"(?i)context[ _]?(?:length|window|size)|maximum (?:model|sequence|input|prompt) length|max_model_len"
    r"|too many tokens|(?:prompt|input|messages?) (?:is |are )?too long|longer than the maximum"
    r"|exceeds? the (?:maximum|limit|model)"
)
_LASTING = re.compile(
    f"(?:{_NO_SYSTEM_ROLE.pattern[4:]})|(?:{_OVERFLOW.pattern[4:]})|insufficient_quota", re.IGNORECASE
)
_FOR_ALL = frozenset({301, 302, 303, 307, 308, 401, 402, 404})
"""What the server says to one request it would say to all: moved, no valid key, no money, no such model."""
_SHORTEST_SECRET = 6
"""A shorter key is a placeholder that may be a word of a reply."""


def parse_action(reply: str) -> str:
    r"""What goes to the environment: the action in a reply, or the trimmed reply if it has no definite one.

    >>> parse_action("The mug is in the sink.\nAction: take mug 1 from sinkbasin 1")
    'take mug 1 from sinkbasin 1'
    >>> parse_action("  look \n")
    'look'
    """
    return parse_reply(reply).sent


@dataclass(frozen=True)
class _Answer:
    """What the agent reads of a chat completion."""

    text: str
    cut: bool
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class OpenAIServerAgent:
    """Asks `POST {base_url}/chat/completions` for each action, many episodes at once.

    An episode whose request fails gets an `AgentError` in place of its action; the others go on. None leaves a field
    out of the request, for servers that refuse it: `max_tokens=None, extra_body={"max_completion_tokens": 4096}`.

    Args:
        model: the model's name on the server.
        base_url: up to and with the version, for example `http://localhost:8000/v1`; default `$OPENAI_BASE_URL`.
        api_key_env: environment variable that holds the key; none is sent where it is not set. The key goes to the host
            of `base_url` alone; it is never stored, logged or shown.
        temperature: sampling temperature; 0 is greedy.
        max_tokens: most tokens of one reply, reasoning included.
        seed: sent along; whether it is kept is up to the server.
        list_actions: show the admissible actions under the last observation.
        system_prompt: the instruction; its hash goes into the run record. A server that knows no system role gets it in
            the first user message; "" sends none.
        concurrency: most requests in flight.
        timeout: seconds for one request.
        retries: further attempts after a failure that may pass (429, 5xx, no connection), with doubled waiting times.
        backoff: seconds before the first further attempt.
        extra_body: more fields of the request, for example {"top_p": 0.9}.
        patience: after so many first replies without an action, or so many failed requests in a row, the run stops;
            None: never.
    """

    def __init__(
        self,
        model: str,
        base_url: str | None = None,
        *,
        api_key_env: str = "OPENAI_API_KEY",
        temperature: float | None = 0.0,
        max_tokens: int | None = 4096,
        seed: int | None = 0,
        list_actions: bool = True,
        system_prompt: str = SYSTEM_PROMPT,
        concurrency: int = 16,
        timeout: float = 120.0,
        retries: int = 5,
        backoff: float = 1.0,
        extra_body: dict[str, Any] | None = None,
        patience: int | None = 20,
    ) -> None:
        advice = "give --agent-arg base_url=http://localhost:8000/v1, or set OPENAI_BASE_URL"
        url = check_address(base_url or os.environ.get("OPENAI_BASE_URL", ""), advice) + "/chat/completions"
        self._client = JsonClient(url, timeout=timeout, retries=retries, backoff=backoff, lasting=_LASTING)
        read_key(api_key_env)  # a key that can be none is refused before the first request
        self.model, self.api_key_env, self.concurrency = model, api_key_env, concurrency
        self.list_actions, self.system_prompt = list_actions, system_prompt
        fields = {"temperature": temperature, "max_tokens": max_tokens, "seed": seed, **(extra_body or {})}
        self.decoding = {name: value for name, value in fields.items() if value is not None}
        self.tokens = 0
        self._watch = ReplyWatch(patience)
        self._system_role = bool(system_prompt)
        self._chats: dict[int, list[dict[str, str]]] = {}

    def settings(self) -> dict[str, Any]:
        """What goes into the run record: model, decoding, prompt hash; neither address nor key nor other secrets."""
        prompt_hash = hashlib.sha256(self.system_prompt.encode("utf-8", "replace")).hexdigest()[:16]
        decoding = without_secrets(self.decoding, read_key(self.api_key_env))
        return {"model": self.model, **decoding, "list_actions": self.list_actions, "prompt_hash": prompt_hash}

    def usage(self) -> dict[str, int]:
        """Counts so far: tokens, replies, and of them those without an action, empty, or cut at the token limit."""
        return {**self._watch.counts, "total_tokens": self.tokens}

    def act(self, observations: Sequence[str], infos: Sequence[dict[str, Any]]) -> list[str | AgentError]:
        """One action per observation; requests run side by side.

        Returns:
            The actions; for an episode that cannot go on (a request failed, the context is full) the error.

        Raises:
            AgentUnusable: no episode can go on.
        """
        self._watch.executed(bool(info.get("grounded", True)) for info in infos if info.get("episode_step", 0) > 0)
        slots = [info.get("slot", place) for place, info in enumerate(infos)]
        requests = []
        for slot, observation, info in zip(slots, observations, infos, strict=True):
            if info.get("episode_step", 0) == 0 or slot not in self._chats:
                self._chats[slot] = []
            requests.append([*self._chats[slot], _message("user", self._show(observation, info))])
            self._chats[slot].append(_message("user", observation))
        answers = side_by_side(self._ask, requests, self.concurrency)
        no_answer_yet = not self._watch.counts["replies"] and all(isinstance(answer, Exception) for answer in answers)
        return [self._take(slot, answer, no_answer_yet) for slot, answer in zip(slots, answers, strict=True)]

    def _take(self, slot: int, answer: _Answer | Exception, no_answer_yet: bool) -> str | AgentError:
        """The action in an answer; the reply joins the chat, without its reasoning."""
        if isinstance(answer, RequestFailed):
            overflow = answer.status in (400, 413, 422, 500) and bool(_OVERFLOW.search(str(answer.got)))
            error = self._explain(answer, overflow)
            if not overflow:
                self._watch.failed(error, no_answer_yet or answer.unreachable or answer.status in _FOR_ALL)
            return error
        if isinstance(answer, Exception):
            raise answer
        self.tokens += answer.total_tokens
        self._watch.counts["prompt_tokens"] += answer.prompt_tokens
        self._watch.counts["completion_tokens"] += answer.completion_tokens
        reply = parse_reply(answer.text)
        self._watch.reply(answer.text, bool(reply.action), answer.cut)
        self._chats[slot].append(_message("assistant", (without_thinking(answer.text) or "").strip() or answer.text))
        return reply.sent

    def _show(self, observation: str, info: dict[str, Any]) -> str:
        actions = info.get("admissible_actions", ()) if self.list_actions else ()
        return observation + ("\n\nPossible actions:\n" + "\n".join(actions) if actions else "")

    def _ask(self, chat: list[dict[str, str]], stop: threading.Event) -> _Answer:
        """One completion; a server that refuses the system role is asked again without it."""
        with_role = self._system_role
        try:
            return self._complete(chat, with_role, stop)
        except RequestFailed as failure:
            if not with_role or failure.status < 400 or not _NO_SYSTEM_ROLE.search(str(failure.got)):
                raise
        if self._system_role:
            self._system_role = False
            logger.warning("%s takes no system message; the instruction goes into the first message", self._client.url)
        return self._complete(chat, False, stop)

    def _complete(self, chat: list[dict[str, str]], with_role: bool, stop: threading.Event) -> _Answer:
        if with_role:
            messages = [_message("system", self.system_prompt), *chat]
        elif self.system_prompt:
            messages = [_message("user", f"{self.system_prompt}\n\n{chat[0]['content']}"), *chat[1:]]
        else:
            messages = chat
        key = read_key(self.api_key_env)
        answer = self._client.post({"model": self.model, "messages": messages, **self.decoding}, key, stop)
        try:
            choice = answer["choices"][0]
            text = _text(choice["message"]["content"])
        except (KeyError, IndexError, TypeError):
            raise RequestFailed(
                f"a chat completion from {self._client.url}",
                f"an answer without choices or without a text: {redact(str(answer), key)[:300]}",
                "check that the server speaks the protocol of OpenAI's chat completions",
            ) from None
        usage = answer.get("usage")
        counts = [_count(usage, name) for name in ("prompt_tokens", "completion_tokens", "total_tokens")]
        if key and len(key) >= _SHORTEST_SECRET:
            text = text.replace(key, HIDDEN)
        return _Answer(text, choice.get("finish_reason") == "length", *counts)

    def _explain(self, failure: RequestFailed, overflow: bool) -> AgentError:
        """The failure with what to do about it."""
        expected, got = failure.expected, str(failure.got)
        if overflow:
            return AgentError(
                expected="a chat that fits into the model's context",
                got=f"a context overflow, which ends this episode ({got})",
                mend="serve the model with a longer context, lower --agent-arg max_tokens, or give list_actions=false",
            )
        mend = failure.mend or ""
        if failure.status in (401, 403):
            mend = f"check that ${self.api_key_env} holds the key of this server"
        elif 300 <= failure.status < 400:
            mend = "the key goes to no other address: give the one that the server moved to as base_url"
        elif "max_completion_tokens" in got:
            mend = """give --agent-arg max_tokens=null --agent-arg extra_body='{"max_completion_tokens": 4096}'"""
        elif failure.status == 400 and "temperature" in got:
            mend = "give --agent-arg temperature=null"
        elif failure.status or failure.unreachable:
            key = f"${self.api_key_env} holds its key"
            mend = f"check that the server runs, serves the model {self.model!r}, and that {key}"
        return AgentError(expected, got, mend)


def _message(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


def _text(content: Any) -> str:
    """The text of a message; parts that are no text (reasoning, say) are no part of the reply.

    Raises:
        TypeError: it is neither a text, nor a list of parts, nor null.
    """
    if content is None or isinstance(content, str):
        return content or ""
    if not isinstance(content, list):
        raise TypeError
    parts = (part.get("text") if _is_text(part) else part for part in content)
    return "".join(part for part in parts if isinstance(part, str))


def _is_text(part: Any) -> bool:
    return isinstance(part, Mapping) and part.get("type", "text") in ("text", "output_text")


def _count(usage: Any, name: str) -> int:
    """A number of tokens; 0 if the server says something else."""
    value = usage.get(name) if isinstance(usage, Mapping) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
