r"""A client that posts JSON to one address: the chat agent and the completions engine share it.

Plain urllib, not the `openai` package. A request here is one POST, so that package saves little; and what must hold
(no redirect, a bounded answer, no key in any text, an end within a second after Ctrl-C) would have to be built around
its client as well. This way the agents need no dependency that the server's environment may pin otherwise.
"""

from __future__ import annotations

import http.client
import json
import logging
import re
import threading
import time
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlsplit

from spa_gym.agents.api_key import redact
from spa_gym.agents.protocol import AgentError
from spa_gym.core.strict_json import parse_json_object

__all__ = ["JsonClient", "RequestFailed", "check_address"]

logger = logging.getLogger(__name__)

MAX_ANSWER = 8 * 2**20
"""Bytes; the longest replies of today's models have some hundred thousand."""
RETRY_STATUS = frozenset({408, 409, 425, 429, 500, 502, 503, 504})
LONGEST_WAIT = 60.0
_SHOWN = 500
_ESCAPE = re.compile(r"\\(?:u[dD][89abAB]\w\w\\u[dD][c-fC-F]\w\w|u[dD][89a-fA-F]\w\w|.)", re.DOTALL)


class RequestFailed(AgentError):
    """A request without an answer, after all attempts."""

    def __init__(self, expected: object, got: object = None, mend: str | None = None, *, status: int = 0) -> None:
        super().__init__(expected, got, mend)
        self.status = status
        """Of HTTP; 0 if there was no whole answer."""
        self.unreachable = False
        """No connection could be made."""
        self.may_pass = False
        """Another attempt may succeed."""
        self.wait = 0.0
        """Seconds that the server asks to wait."""


def check_address(url: str, mend: str) -> str:
    """The address without a final slash.

    Raises:
        AgentError: it is no address of an HTTP server, or it holds a user name or password.
    """
    expected = "the address of an OpenAI-compatible server, http(s)://HOST[:PORT]/PATH"
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:  # a port or an IPv6 address that is none
        raise AgentError(expected, repr(redact(url)), mend) from None
    if "@" in parts.netloc:
        raise AgentError(expected, "one with a user name or password (not shown)", "put the key into $OPENAI_API_KEY")
    if not usable or parts.query or parts.fragment or not re.fullmatch(r"[\x21-\x7e]+", url):
        raise AgentError(expected, repr(redact(url)), mend)
    return url.rstrip("/")


def _opener() -> urllib.request.OpenerDirector:
    """What urllib opens addresses with, less the handler that follows redirects: the key is for one host alone."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler,
        urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.HTTPErrorProcessor,
    ):
        opener.add_handler(handler())
    return opener


class JsonClient:
    """Posts JSON objects to one address and reads JSON objects.

    Args:
        url: The address.
        timeout: Seconds for one request.
        retries: Further attempts after a failure that may pass (429, 5xx, no connection, a broken answer).
        backoff: Seconds before the first of them; doubled each time, at least what the server asks for.
        lasting: Says in which failures another attempt does not help, though the status says so.
    """

    def __init__(
        self, url: str, *, timeout: float, retries: int, backoff: float, lasting: re.Pattern[str] | None = None
    ) -> None:
        if not (timeout > 0 and retries >= 0 and backoff >= 0):
            got = f"timeout={timeout}, retries={retries}, backoff={backoff}"
            raise AgentError("timeout > 0, retries >= 0 and backoff >= 0", got, "correct the argument")
        self.url, self.timeout, self.retries, self.backoff, self.lasting = url, timeout, retries, backoff, lasting
        self._opener = _opener()

    def post(self, body: dict[str, Any], key: str | None, stop: threading.Event) -> dict[str, Any]:
        """Send, and send again while that may help.

        Args:
            body: The request.
            key: Sent as a bearer token; None sends none.
            stop: Ends the waiting between attempts.

        Raises:
            RequestFailed: no attempt had an answer.
        """
        headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {key}"} if key else {})}
        request = urllib.request.Request(self.url, json.dumps(body).encode(), headers)
        wait = self.backoff
        for attempt in range(1, self.retries + 2):
            try:
                return self._send(request, key)
            except RequestFailed as failure:
                if not failure.may_pass or attempt > self.retries or stop.is_set():
                    raise
                delay = max(wait, failure.wait)
                logger.warning(
                    "%s: %s; attempt %d of %d in %.1f s", self.url, failure.got, attempt + 1, self.retries + 1, delay
                )
                if stop.wait(delay):
                    raise
            wait = min(2 * wait, LONGEST_WAIT)
        raise AssertionError("the last attempt returns or raises")

    def _send(self, request: urllib.request.Request, key: str | None) -> dict[str, Any]:
        """One attempt. What urllib raises may quote the header or the answer: it is never shown as it is."""
        try:
            try:
                with self._opener.open(request, timeout=self.timeout) as response:
                    content = self._read(response)
            except urllib.error.HTTPError as error:
                with error:
                    said = error.read(2**16).decode(errors="replace")
                raise self._refused(error, redact(said, key)) from None
            return parse_json_object(_ESCAPE.sub(_whole_character, content.decode()))
        except (OSError, http.client.HTTPException, ValueError, RecursionError) as error:
            reason = getattr(error, "reason", error)
            failure = self._failed(f"{type(error).__name__}: {redact(str(reason), key)[:_SHOWN]}")
            broken_off = isinstance(reason, (TimeoutError, ConnectionResetError, BrokenPipeError))
            failure.unreachable = isinstance(error, urllib.error.URLError) and not broken_off
            failure.may_pass = True
        raise failure

    def _read(self, response: Any) -> bytes:
        """The body, as long as it is short and comes in time."""
        deadline, content = time.monotonic() + self.timeout, bytearray()
        while chunk := response.read1(2**16):
            content += chunk
            if len(content) > MAX_ANSWER:
                raise self._failed(f"an answer of more than {MAX_ANSWER // 2**20} MB")
            if time.monotonic() > deadline:
                raise TimeoutError(f"no whole answer in {self.timeout:g} s")
        return bytes(content)

    def _refused(self, error: urllib.error.HTTPError, said: str) -> RequestFailed:
        failure = self._failed(f"HTTP {error.code}: {said[:_SHOWN]}", error.code)
        failure.may_pass = error.code in RETRY_STATUS and not (self.lasting and self.lasting.search(said))
        failure.wait = _retry_after(error)
        return failure

    def _failed(self, got: str, status: int = 0) -> RequestFailed:
        return RequestFailed(f"an answer from {self.url}", got, "check that the server runs", status=status)


def _whole_character(escape: re.Match[str]) -> str:
    r"""A JSON escape; half of a surrogate pair, which is no character, becomes U+FFFD."""
    half = len(escape[0]) == 6 and escape[0][2] in "dD"
    return r"\ufffd" if half else escape[0]


def _retry_after(error: urllib.error.HTTPError) -> float:
    """Seconds that the server asks to wait, at most a minute; 0 if it does not say."""
    try:
        return max(0.0, min(LONGEST_WAIT, float(error.headers.get("Retry-After", 0))))
    except (TypeError, ValueError):  # an HTTP date
        return 0.0
