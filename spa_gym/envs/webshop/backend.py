"""Where a session of the shop takes place: in this process, or in a browser; one protocol for both.

The environment decides on tasks, reward and end; a backend shows pages and does actions. The one in this process is
the original's text environment without its HTML; the one in `browser.py` drives a real Chromium over the site.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

from spa_gym.core.extras import require_extra
from spa_gym.envs.webshop.checkout import score
from spa_gym.envs.webshop.goals import Goal
from spa_gym.envs.webshop.pages import html_pages, text_pages
from spa_gym.envs.webshop.pages.page_state import PageState
from spa_gym.envs.webshop.reward import PurchaseScore, PurchaseScorer
from spa_gym.envs.webshop.session import Rng, act, start
from spa_gym.envs.webshop.shop import Shop

__all__ = ["BACKENDS", "OBSERVATION_MODES", "Backend", "ProcessBackend"]

OBSERVATION_MODES: dict[str, Callable[[PageState, Shop], str]] = {
    "text": text_pages.text,
    "text_rich": text_pages.text_rich,
    "html": html_pages.render,
}
"""Name of an observation mode, and what renders a page in it."""


class Backend(Protocol):
    """One session at a time: the pages of one goal."""

    state: PageState
    """The page that the session is on; its `reward` is set on the last one."""
    purchase: PurchaseScore | None
    """On the last page: what the purchase is worth, and why."""

    def begin(self, goal: Goal) -> None:
        """Start a session for a goal, on the start page."""
        ...

    def act(self, action: str, rng: Rng) -> bool:
        """Do an action; return whether it was executed. Never raises, whatever the text."""
        ...

    def observation(self) -> str:
        """Return the page as text, in the observation mode."""
        ...

    def admissible(self) -> tuple[str, ...]:
        """Return the actions that would be executed on this page, in the original's order."""
        ...

    def restore(self, state: PageState) -> None:
        """Go to a page of a session for the goal of the last `begin`."""
        ...

    def screenshot(self) -> Any:
        """Return the picture of the page, uint8 of shape (height, width, 3); None where there is none."""
        ...

    def close(self) -> None:
        """Give back what the backend holds; to close twice is fine."""
        ...


class ProcessBackend:
    """The session in this process.

    Args:
        shop: the shop.
        scorer: what a purchase is worth.
        observation_mode: a key of `OBSERVATION_MODES`.
    """

    def __init__(self, shop: Shop, scorer: PurchaseScorer, observation_mode: str) -> None:
        self.shop, self.scorer = shop, scorer
        self._render = OBSERVATION_MODES[observation_mode]
        self.purchase: PurchaseScore | None = None

    def begin(self, goal: Goal) -> None:
        """Start a session for a goal."""
        self._goal, self.purchase = goal, None
        self.state = start(goal)

    def act(self, action: str, rng: Rng) -> bool:
        """Do an action."""
        state = act(self.state, action, self.shop, rng)
        if state is None:
            return False
        self.restore(state)
        return True

    def observation(self) -> str:
        """Return the page in the observation mode."""
        return self._render(self.state, self.shop)

    def admissible(self) -> tuple[str, ...]:
        """Return the actions of the page."""
        return page_actions(self.state, self.shop)

    def restore(self, state: PageState) -> None:
        """Go to a page; on the last one the purchase is scored."""
        self.purchase = None
        if state.kind == "done":
            self.purchase = score(state.asin, state.options, self._goal, self.shop, self.scorer)
            state = state if state.reward is not None else replace(state, reward=self.purchase.reward)
        self.state = state

    def screenshot(self) -> None:
        """There is no picture of a text."""

    def close(self) -> None:
        """Nothing is held."""


def page_actions(state: PageState, shop: Shop) -> tuple[str, ...]:
    """Return the actions that are executed on a page: one search where it has a bar, else its clicks, in order."""
    if state.kind == "item":
        return shop.view_of(state.asin).admissible
    if state.kind == "results":
        turns = ("click[< prev]", "click[next >]") if state.page > 1 else ("click[next >]",)
        return ("click[back to search]", *turns, *(shop.view(index).click for index in state.shown()))
    if state.kind == "sub":
        return ("click[back to search]", "click[< prev]")
    return () if state.kind == "done" else (f"search[{state.instruction}]",)


def _in_browser(shop: Shop, scorer: PurchaseScorer, observation_mode: str) -> Backend:
    require_extra("browser", "selenium", "backend='browser'")
    from spa_gym.envs.webshop.browser import BrowserBackend

    return BrowserBackend(shop, scorer, observation_mode)


BACKENDS: dict[str, Callable[[Shop, PurchaseScorer, str], Backend]] = {
    "text": ProcessBackend,
    "browser": _in_browser,
}
"""Name of a backend, and what makes one from the shop, the score of purchases and the observation mode."""
