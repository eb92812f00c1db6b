"""`Site`: what every request to the shop is answered with, without a socket; thread-safe, and nothing is kept.

A page is a GET, and its address holds its whole state. A button is a POST of its label to the page it stands on; the
rules of the environment (`session.act`) say which page follows, and the answer sends the browser there.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

from spa_gym.envs.webshop.checkout import score
from spa_gym.envs.webshop.goals import Goal
from spa_gym.envs.webshop.pages.html_pages import render
from spa_gym.envs.webshop.pages.page_state import PageState
from spa_gym.envs.webshop.reward import PurchaseScorer
from spa_gym.envs.webshop.session import Rng, act, search, start
from spa_gym.envs.webshop.shop import Shop
from spa_gym.envs.webshop.site.addresses import PATHS, Addresses, Refusal, parse
from spa_gym.envs.webshop.site.frame_pages import Tasks, refusal_page, score_details, tasks_page
from spa_gym.envs.webshop.site.skin import SiteSkin

__all__ = ["Response", "Site"]

_log = logging.getLogger(__name__)

_STATIC = Path(__file__).parent / "static"
_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
_SECURITY = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}


@dataclass(frozen=True, slots=True)
class Response:
    """An answer: status, header fields, body."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


class Site:
    """The shop as a web site.

    Args:
        shop: The shop.
        tasks: The tasks; a task's payload is its `Goal`.
        scorer: What a purchase is worth.
        rng: Gives the generator for the search `<r>`, which finds products by chance.
    """

    def __init__(self, shop: Shop, tasks: Tasks, scorer: PurchaseScorer, rng: Rng = np.random.default_rng) -> None:
        self.shop, self.tasks, self.scorer, self.rng = shop, tasks, scorer, rng
        self.addresses = Addresses(shop)
        self._files, self._version = _static_files()
        self._pages: dict[str, Callable[[str], Response]] = {"/": self._tasks_page, "/random": self._random_task}

    def respond(self, method: str, target: str, body: bytes = b"") -> Response:
        """Answer a request; never raises.

        Args:
            method: HTTP method.
            target: Path and query, as they stand in the request.
            body: Of a POST: a form.

        Returns:
            The answer; for HEAD with the body, which the server leaves out.
        """
        try:
            response = self._respond(method, target, body)
        except Refusal as refusal:
            response = self.refuse(refusal)
        except Exception:
            _log.exception("a page of the shop failed: %s %.200s", method, target)
            response = self.refuse(Refusal(500, "Something went wrong in the shop.", "Go back and try again."))
        return _secured(response)

    def refuse(self, refusal: Refusal) -> Response:
        """Return the page that says what is wrong and what to do."""
        headers = {"Allow": "GET, HEAD, POST"} if refusal.status == 405 else {}
        page = refusal_page(refusal.status, refusal.what, refusal.mend, self._version)
        return _secured(_page(page, refusal.status, headers))

    def read(self, target: str) -> tuple[int, PageState]:
        """Return the task and the page that an address stands for; the last page without its reward.

        Raises:
            Refusal: It stands for none.
        """
        parts = urlsplit(target)
        task = self._task(parts.query)
        goal: Goal = self.tasks[task].payload
        return task, self.addresses.read(parts.path, parts.query, start(goal))

    def _respond(self, method: str, target: str, body: bytes) -> Response:
        if method not in ("GET", "HEAD", "POST"):
            raise Refusal(405, f"The shop does not know the method {method[:20]}.", "Use a browser.")
        try:
            parts = urlsplit(target)
        except ValueError:
            raise Refusal(400, "The address is not readable.", "Go back, or start at the first page.") from None
        if parts.path in PATHS:
            return self._click(target, body) if method == "POST" else self._show(target)
        if method != "POST" and parts.path in self._pages:
            return self._pages[parts.path](parts.query)
        if method != "POST" and parts.path in self._files:
            return self._files[parts.path]
        raise Refusal(404, "There is no such page.", "Start at the first page.")

    def _show(self, target: str) -> Response:
        task, state = self.read(target)
        bottom = ""
        if state.kind == "done":
            state, bottom = self._score(task, state)
        here = self.addresses.write(state, task)
        skin = SiteSkin(here, lambda page: self.addresses.write(page, task), task, self._version, bottom)
        return _page(render(state, self.shop, skin).replace("\r", "&#13;"))  # a parser makes a bare CR a line feed

    def _click(self, target: str, body: bytes) -> Response:
        task, state = self.read(target)
        form = dict(parse(body.decode("ascii", "replace")))
        after: PageState | None = None
        if form.get("search_query") and state.kind != "done":
            after = search(state, tuple(form["search_query"].lower().split(" ")), 1, self.shop, self.rng)
        elif "click" in form:
            after = act(state, f"click[{form['click']}]", self.shop, self.rng)
        return _redirect(self.addresses.write(after or state, task))

    def _score(self, task: int, state: PageState) -> tuple[PageState, str]:
        goal: Goal = self.tasks[task].payload
        purchase = score(state.asin, state.options, goal, self.shop, self.scorer)
        product, price = self.shop.view_of(state.asin).product, self.shop.price_of(state.asin)
        details = score_details(state, goal, product, price, purchase, task, len(self.tasks))
        return replace(state, reward=purchase.reward), details

    def _task(self, query: str) -> int:
        text = dict(parse(query)).get("task", "")
        if text.isascii() and text.isdecimal() and len(text) < 16 and int(text) < len(self.tasks):
            return int(text)
        what = f"There is no task {text[:40]!r}." if text else "The address names no task."
        raise Refusal(404, what, f"The tasks are numbered from 0 to {len(self.tasks) - 1}.")

    def _tasks_page(self, query: str) -> Response:
        text = dict(parse(query)).get("first", "0")
        first = int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else 0
        first = min(first, len(self.tasks) - 1)
        return _page(tasks_page(self.tasks, first, len(self.shop.catalogue), self._version))

    def _random_task(self, _: str) -> Response:
        return _redirect(f"/task?task={secrets.randbelow(len(self.tasks))}")


def _page(text: str, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    body = text.encode("utf-8", "replace")
    return Response(status, {"Content-Type": "text/html; charset=utf-8", **(headers or {})}, body)


def _secured(response: Response) -> Response:
    return replace(response, headers={**_SECURITY, "Cache-Control": "no-cache", **response.headers})


def _redirect(address: str) -> Response:
    return Response(303, {"Location": address, "Content-Type": "text/plain; charset=utf-8"}, b"See the new address.\n")


@lru_cache(maxsize=1)
def _static_files() -> tuple[dict[str, Response], str]:
    """The style sheet, script and pictures by address, and a version that changes whenever one of them does."""
    files: dict[str, Response] = {}
    digest = hashlib.sha256()
    for path in sorted(_STATIC.rglob("*")):
        if path.suffix in _TYPES:
            body = path.read_bytes()
            digest.update(body)
            headers = {"Content-Type": _TYPES[path.suffix], "Cache-Control": "public, max-age=86400, immutable"}
            files[f"/static/{path.relative_to(_STATIC).as_posix()}"] = Response(200, headers, body)
    return files, digest.hexdigest()[:12]
