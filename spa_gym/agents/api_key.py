"""The API key: where it comes from, whether it can be one, and how it stays out of every text that leaves the agent.

The key is read from the environment for each request and stored nowhere. Whatever a server or an exception says goes
through `redact` before it becomes a message, a log line or an action; settings go through `without_secrets` before they
become part of a record.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from spa_gym.agents.protocol import AgentError

__all__ = ["HIDDEN", "check_key", "read_key", "redact", "without_secrets"]

HIDDEN = "***"
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_KEY = re.compile(r"[\x21-\x7e]+")
_LOOKS_SECRET = re.compile(r"(?i)\bbearer\s+\S+|\bsk-[\w-]{6,}|(?<=://)[^/\s@]+(?=@)")
_SECRET_NAME = re.compile(
    r"(?i)(?:^|[_-])(?:api_?key|key|token|authorization|password|passwd|secret|credentials?|cookie)$"
)


def read_key(variable: str) -> str | None:
    """The key in an environment variable, without the line end that a file or a shell may leave; None if there is none.

    Raises:
        AgentError: `variable` is no name of a variable, or what it holds cannot be a key.
    """
    if not _VARIABLE.fullmatch(variable):
        raise AgentError(
            expected="api_key_env: the name of an environment variable",
            got="something that is no such name (not shown: it may be the key itself)",
            mend="export OPENAI_API_KEY=... and leave api_key_env out, or name another variable",
        )
    return check_key(os.environ.get(variable, ""), f"${variable}")


def check_key(key: str, source: str) -> str | None:
    """The key, trimmed; None if it is empty.

    Args:
        key: The key.
        source: Where it comes from, for the message.

    Raises:
        AgentError: it holds characters that no HTTP header can carry.
    """
    key = key.strip()
    if key and not _KEY.fullmatch(key):
        raise AgentError(
            expected=f"a key of printable ASCII characters without blanks in {source}",
            got=f"{len(key)} characters, one of which is not (not shown)",
            mend="copy the key again, without line ends, blanks or typographic quotes",
        )
    return key or None


def redact(text: str, key: str | None = None) -> str:
    """The text without the key and without what looks like one.

    >>> redact("Incorrect key abc123 in Bearer abc124 for http://me:pw@host/", "abc123")
    'Incorrect key *** in *** for http://***@host/'
    """
    return _LOOKS_SECRET.sub(HIDDEN, text.replace(key, HIDDEN) if key else text)


def without_secrets(value: Any, key: str | None = None) -> Any:
    """The same JSON value; what its name or its form says is secret is hidden.

    >>> without_secrets({"top_p": 0.9, "api_key": "abc", "headers": {"X-Auth-Token": "abc"}, "max_tokens": 3})
    {'top_p': 0.9, 'api_key': '***', 'headers': {'X-Auth-Token': '***'}, 'max_tokens': 3}
    """
    if isinstance(value, Mapping):
        return {
            name: HIDDEN if _SECRET_NAME.search(str(name)) else without_secrets(content, key)
            for name, content in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [without_secrets(item, key) for item in value]
    return redact(value, key) if isinstance(value, str) else value
