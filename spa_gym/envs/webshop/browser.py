"""`BrowserBackend`: a session in a real browser. Headless Chromium, driven by Selenium 4, on the site of this package.

It keeps the protocol of `backend.Backend`, so that an environment plays the same episodes on either:

- the site is served by a thread of this process on a free loopback port, with the environment's own shop;
- `act` does the action in the page: it types into a search field and submits, or clicks the button, link or option
  that has the name. A query that no field of a page can hold (a bare carriage return) goes through the address bar;
- everything that the environment returns is read off the page: the visible text nodes, what can be clicked, and the
  reward; which page it is comes from its address, which holds the whole state. In mode "html" the observation is the
  original's markup of that page, not the site's;
- `restore` opens the state's address, so cloned states work, also those of an episode without a browser;
- when Chromium, its tab or its driver dies, it is started once more on the same page and the action is done again; if
  that fails too, the call raises `BrowserDied`.

The browser starts on the first `begin`, which takes one or two seconds, needs some 500 MB, and belongs to one
environment; after a fork the child starts its own. `close` ends it.
"""

from __future__ import annotations

import logging
import os
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from spa_gym.core.errors import SpaGymError
from spa_gym.core.tasks import Task
from spa_gym.envs.webshop.checkout import score
from spa_gym.envs.webshop.goals import Goal
from spa_gym.envs.webshop.pages.html_pages import render
from spa_gym.envs.webshop.pages.page_state import PageState
from spa_gym.envs.webshop.pages.product_view import click_actions
from spa_gym.envs.webshop.pages.text_nodes import joined, visible
from spa_gym.envs.webshop.pages.text_pages import rich
from spa_gym.envs.webshop.reward import PurchaseScore, PurchaseScorer
from spa_gym.envs.webshop.session import Rng, parse_action, search, start
from spa_gym.envs.webshop.shop import Shop
from spa_gym.envs.webshop.site.browser_page import EMPTY_FIELD, LEAVE_BY, SUBMIT_FIELD, BrowserPage, read_page
from spa_gym.envs.webshop.site.chromium import Chromium, broken_errors, find_programs
from spa_gym.envs.webshop.site.server import SiteServer
from spa_gym.envs.webshop.site.site import Site

__all__ = ["BrowserBackend", "BrowserDied"]

_log = logging.getLogger(__name__)

_MEND = "see whether `chromium --headless=new` starts here, and whether there is memory for it"
_TASK = 0
"""The site of a backend has one task at a time."""


class BrowserDied(SpaGymError):
    """Chromium or its driver died, and starting it again did not help."""


class BrowserBackend:
    """A session in headless Chromium.

    Args:
        shop: the shop.
        scorer: what a purchase is worth.
        observation_mode: `"text"`, `"text_rich"` or `"html"`.

    Raises:
        DependencyNotInstalled: Selenium, Chromium or its driver is not installed.
    """

    width, height = 1280, 900
    """Size of the page in a screenshot, in pixels."""

    def __init__(self, shop: Shop, scorer: PurchaseScorer, observation_mode: str) -> None:
        find_programs()
        self.shop, self.scorer, self._mode = shop, scorer, observation_mode
        self.purchase: PurchaseScore | None = None
        self._chromium: Chromium | None = None
        self._server: SiteServer | None = None
        self._owner = os.getpid()

    def begin(self, goal: Goal) -> None:
        """Start a session for a goal: open its start page."""
        self._goal = goal
        self._site().tasks = [Task(goal.id(), goal.category, goal.instruction_text, goal)]
        self.restore(start(goal))

    def act(self, action: str, rng: Rng) -> bool:
        """Do an action in the page."""
        parsed = parse_action(action)
        if parsed is None or self.state.kind == "done":
            return False
        name, argument = parsed
        self._site().rng = rng
        if name == "search":
            self._go(lambda browser: self._type(browser, argument, rng))
            return True
        place = self._page.find(argument) if name == "click" and argument != "search" else None
        if place is None:
            return False
        self._go(lambda browser: self._click(browser, *place))
        return True

    def observation(self) -> str:
        """Return the page in the observation mode."""
        if self._mode == "text":
            return joined(visible(self._page.nodes))
        if self._mode == "text_rich":
            return rich(visible(self._page.nodes), self.state)
        return render(self.state, self.shop)

    def admissible(self) -> tuple[str, ...]:
        """Return the actions that the page offers: a search where it has the bar, else its buttons, links, options."""
        if self._page.search:
            return (f"search[{self.state.instruction}]",)
        names = (*self._page.buttons, *self._page.links, *self._page.options)
        return click_actions(tuple(dict.fromkeys(names)))

    def restore(self, state: PageState) -> None:
        """Open the address of a page."""
        self.state = state
        self._go()

    def screenshot(self) -> np.ndarray:
        """Return the picture of the page, uint8 of shape (900, 1280, 3)."""
        picture: list[np.ndarray] = []
        self._go(lambda browser: picture.append(browser.screenshot()))
        return picture[-1]

    def close(self) -> None:
        """End the browser and the server."""
        if self._owner == os.getpid():
            if self._chromium is not None:
                self._chromium.close()
            if self._server is not None:
                self._server.close()
        self._chromium = self._server = None

    def _serving(self) -> SiteServer:
        """The server, started where there is none; after a fork, the child's own."""
        if self._server is None or self._owner != os.getpid():
            tasks = self._server.site.tasks if self._server is not None else []
            self._server = SiteServer(Site(self.shop, tasks, self.scorer))
            self._server.start()
            self._chromium, self._owner = None, os.getpid()
        return self._server

    def _site(self) -> Site:
        return self._serving().site

    def _go(self, what: Callable[[Chromium], Any] | None = None) -> None:
        """Do something in the browser, or only open the current page; then read the page that follows.

        A browser that turns out to be dead is started once more, on the current page.
        """
        broken = broken_errors()
        for last in (False, True):
            try:
                if self._chromium is None:
                    self._chromium = Chromium(self.width, self.height)
                    self._open(self._chromium)
                elif what is None:
                    self._open(self._chromium)
                if what is not None:
                    what(self._chromium)
                page = read_page(self._chromium)
                break
            except broken as error:
                self._discard()
                if last:
                    raise BrowserDied("a Chromium that runs", _short(error), _MEND) from error
                _log.warning("Chromium failed (%s); it is started again on the same page", _short(error))
        self._adopt(page)

    def _adopt(self, page: BrowserPage) -> None:
        """Take what was read as the current page."""
        state = self._site().read(page.address)[1]
        if page.style != f"page-{state.kind}":
            raise BrowserDied(f"the page {page.address[:200]}", f"one of style {page.style!r}", _MEND)
        self.purchase = (
            score(state.asin, state.options, self._goal, self.shop, self.scorer) if state.kind == "done" else None
        )
        self.state = replace(state, reward=page.reward) if state.kind == "done" else state
        self._page = page

    def _discard(self) -> None:
        if self._chromium is not None:
            self._chromium.close()
        self._chromium = None

    def _open(self, browser: Chromium) -> None:
        browser.driver.get(self._url(self.state))

    def _url(self, state: PageState) -> str:
        server = self._serving()
        return server.url.rstrip("/") + server.site.addresses.write(state, _TASK)

    def _click(self, browser: Chromium, selector: str, index: int) -> None:
        element = browser.run(LEAVE_BY, selector, index)
        element.click()

    def _type(self, browser: Chromium, query: str, rng: Rng) -> None:
        if not any(unicodedata.category(char) in ("Cc", "Cs") for char in query):
            browser.run(EMPTY_FIELD)
            browser.insert(query)
            if browser.run(SUBMIT_FIELD, query):
                return
        browser.driver.get(self._url(search(self.state, tuple(query.split(" ")), 1, self.shop, rng)))


def _short(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else ''}"
