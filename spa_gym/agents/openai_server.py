"""OpenAIServerAgent: a language model behind an OpenAI-compatible HTTP server (vLLM, SGLang, llama.cpp, a hosted API).

Plain urllib: the server lives in its own environment with its own pins, and this package needs none of them. The whole
episode is one chat: the observation is a user message, the reply an assistant message, so a server with prefix caching
reads each text once.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from spa_gym.agents.protocol import AgentError

__all__ = ["SYSTEM_PROMPT", "OpenAIServerAgent", "parse_action"]

logger = logging.getLogger(__name__)

SYSTEM_PROMPT = (
    "You act in a text world. Each message shows what you see and which actions are possible now. "
    'Think briefly if it helps, then end your reply with one line "Action: " followed by exactly one action, '
    "written as listed."
)
RETRY_STATUS = frozenset({408, 409, 425, 429, 500, 502, 503, 504})
ACTION_LINE = re.compile(r"^\W*action\W*?:\s*(.+)$", re.IGNORECASE | re.MULTILINE)


def parse_action(reply: str) -> str:
    r"""The action in a reply: what follows the last "Action:", otherwise its last line that is not empty.

    >>> parse_action("The mug is in the sink.\nAction: take mug 1 from sinkbasin 1")
    'take mug 1 from sinkbasin 1'
    >>> parse_action("  look \n")
    'look'
    """
    reply = reply.rpartition("</think>")[2]
    found = ACTION_LINE.findall(reply) or [line for line in reply.splitlines() if line.strip()][-1:] or [""]
    return found[-1].strip().strip("*`\"'").strip()


class OpenAIServerAgent:
    """Asks `POST {base_url}/chat/completions` for each action, many episodes at once.

    Args:
        model: the model's name on the server.
        base_url: up to and with the version, for example `http://localhost:8000/v1`; default `$OPENAI_BASE_URL`.
        api_key_env: environment variable that holds the key; none is sent where it is not set. The key is never stored
            or logged.
        temperature: sampling temperature; 0 is greedy.
        max_tokens: most tokens of one reply.
        seed: sent along; whether it is kept is up to the server.
        list_actions: show the admissible actions under each observation.
        system_prompt: the instruction; its hash goes into the run record.
        concurrency: most requests in flight.
        timeout: seconds for one request.
        retries: further attempts after a refusal that may pass (429, 5xx, no connection), with doubled waiting times.
        backoff: seconds before the first further attempt.
        extra_body: more fields of the request, for example {"top_p": 0.9}.
    """

    def __init__(
        self,
        model: str,
        base_url: str | None = None,
        *,
        api_key_env: str = "OPENAI_API_KEY",
        temperature: float = 0.0,
        max_tokens: int = 512,
        seed: int = 0,
        list_actions: bool = True,
        system_prompt: str = SYSTEM_PROMPT,
        concurrency: int = 16,
        timeout: float = 120.0,
        retries: int = 5,
        backoff: float = 1.0,
        extra_body: dict[str, Any] | None = None,
    ) -> None:
        base_url = base_url or os.environ.get("OPENAI_BASE_URL", "")
        if not base_url.startswith(("http://", "https://")):
            raise AgentError(
                expected="the address of an OpenAI-compatible server",
                got=repr(base_url),
                mend="give --agent-arg base_url=http://localhost:8000/v1, or set OPENAI_BASE_URL",
            )
        self.model, self.url = model, base_url.rstrip("/") + "/chat/completions"
        self.api_key_env, self.list_actions, self.system_prompt = api_key_env, list_actions, system_prompt
        self.concurrency, self.timeout, self.retries, self.backoff = concurrency, timeout, retries, backoff
        self.decoding = {"temperature": temperature, "max_tokens": max_tokens, "seed": seed, **(extra_body or {})}
        self.tokens = 0
        self._lock = threading.Lock()
        self._chats: dict[int, list[dict[str, str]]] = {}

    def settings(self) -> dict[str, Any]:
        """What goes into the run record: model, decoding, prompt hash; neither address nor key."""
        prompt_hash = hashlib.sha256(self.system_prompt.encode()).hexdigest()[:16]
        return {"model": self.model, **self.decoding, "list_actions": self.list_actions, "prompt_hash": prompt_hash}

    def act(self, observations: Sequence[str], infos: Sequence[dict[str, Any]]) -> list[str]:
        """One action per observation; requests run side by side."""
        slots = [info.get("slot", place) for place, info in enumerate(infos)]
        for slot, observation, info in zip(slots, observations, infos, strict=True):
            if info.get("episode_step", 0) == 0 or slot not in self._chats:
                self._chats[slot] = [{"role": "system", "content": self.system_prompt}]
            self._chats[slot].append({"role": "user", "content": self._show(observation, info)})
        with ThreadPoolExecutor(max_workers=max(1, min(self.concurrency, len(slots)))) as pool:
            replies = list(pool.map(lambda slot: self._ask(self._chats[slot]), slots))
        for slot, reply in zip(slots, replies, strict=True):
            self._chats[slot].append({"role": "assistant", "content": reply})
        return [parse_action(reply) for reply in replies]

    def _show(self, observation: str, info: dict[str, Any]) -> str:
        actions = info.get("admissible_actions", ()) if self.list_actions else ()
        return observation + ("\n\nPossible actions:\n" + "\n".join(actions) if actions else "")

    def _ask(self, messages: list[dict[str, str]]) -> str:
        body = json.dumps({"model": self.model, "messages": messages, **self.decoding}).encode()
        headers = {"Content-Type": "application/json"}
        if key := os.environ.get(self.api_key_env):
            headers["Authorization"] = f"Bearer {key}"
        answer = self._post(urllib.request.Request(self.url, body, headers))
        try:
            content = answer["choices"][0]["message"]["content"] or ""
        except (KeyError, IndexError, TypeError) as error:
            raise self._error(f"an answer without choices: {json.dumps(answer)[:300]}") from error
        with self._lock:
            self.tokens += int((answer.get("usage") or {}).get("total_tokens") or 0)
        return str(content)

    def _post(self, request: urllib.request.Request) -> Any:
        """Send, and send again where the refusal may pass."""
        wait = self.backoff
        for attempt in range(self.retries + 1):
            try:
                with urllib.request.urlopen(request, timeout=self.timeout) as response:
                    return json.load(response)
            except urllib.error.HTTPError as error:
                said = f"HTTP {error.code}: {error.read(2000).decode(errors='replace')[:500]}"
                if error.code not in RETRY_STATUS or attempt == self.retries:
                    raise self._error(said) from error
                wait = max(wait, _retry_after(error))
            except (urllib.error.URLError, TimeoutError, ConnectionError, json.JSONDecodeError) as error:
                said = f"{type(error).__name__}: {getattr(error, 'reason', error)}"
                if attempt == self.retries:
                    raise self._error(said) from error
            logger.warning(
                "%s said %s; attempt %d of %d in %.1f s", self.url, said, attempt + 2, self.retries + 1, wait
            )
            time.sleep(wait)
            wait = min(2 * wait, 60.0)
        raise self._error("no answer")  # retries < 0

    def _error(self, got: str) -> AgentError:
        mend = (
            f"check that the server runs, serves the model {self.model!r}, and that ${self.api_key_env} holds its key"
        )
        return AgentError(expected=f"a chat completion from {self.url}", got=got, mend=mend)


def _retry_after(error: urllib.error.HTTPError) -> float:
    """Seconds that the server asks to wait, at most a minute; 0 where it does not say."""
    try:
        return min(60.0, float(error.headers.get("Retry-After", 0)))
    except (TypeError, ValueError):  # an HTTP date
        return 0.0
