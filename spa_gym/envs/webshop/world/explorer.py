"""The explorer: looks around in the shop on errands of its own and pays no attention to the instruction.

Its transcripts show a language model the shop (searching, results, options, tabs, what answers what) without showing
how the stated instruction is served: they are what `pretrain` trains on.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from spa_gym.core.draws import choice, sample
from spa_gym.envs.webshop.world.pages import Page
from spa_gym.envs.webshop.world.request import Request, read_request
from spa_gym.envs.webshop.world.shopper import Shopper
from spa_gym.envs.webshop.world.words import words

__all__ = ["Explorer"]

_FROM_PAGE = 0.75
"""Share of errands, where the page shows products, that go after one of them."""
_KIND_ON_PAGE = 0.3
"""Share of first errands that take the kind of product, and nothing else, from the start page."""
_TRIES = 0.3
"""Share of steps on an item page with options on which one of them is tried."""
_BUYS = 0.5
"""Share of errands that end with the purchase."""


@dataclass
class Explorer:
    """One episode of errands.

    Args:
        first_observation: the start page in text mode.
        rng: where the errands come from.
        restless: share of steps on which something that can be clicked is clicked instead.
    """

    first_observation: str
    rng: random.Random
    restless: float = 0.15

    def __post_init__(self) -> None:
        """Set out on the first errand."""
        self._shopper = Shopper(self.first_observation)
        self._shopper.set_request(self._errand())

    def act(self, admissible: tuple[str, ...] = ()) -> str:
        """The next action."""
        if self.rng.random() < self.restless:
            clicks = [action for action in admissible if action.startswith("click[") and action != "click[buy now]"]
            if clicks:
                return _as_shown(choice(self.rng, clicks), self._shopper.page)
        values = tuple(self._shopper.page.values or ())
        if values and self.rng.random() < _TRIES:
            return f"click[{choice(self.rng, values)}]"
        action = self._shopper.act()
        if action == "click[Buy Now]" and self.rng.random() > _BUYS:
            self._shopper.set_request(self._errand())
            return choice(self.rng, ("click[Back to Search]", "click[< Prev]", "click[Features]"))
        return action

    def observe(self, action: str, observation: str) -> None:
        """Take in what an action answered."""
        self._shopper.observe(action, observation)

    def _errand(self) -> Request:
        """A product to look for: one whose title was seen, or any kind with an attribute or two."""
        rng, page = self.rng, self._shopper.page
        titles = [offer.title for offer in page.offers] or [page.title]
        title = choice(rng, titles)
        if title and rng.random() < _FROM_PAGE:
            seen = read_request(title)
            return Request(seen.noun, seen.attributes[:3], (), None, "", title.lower())
        if page.kind == "index" and rng.random() < _KIND_ON_PAGE:
            noun = read_request(page.instruction).noun
            return Request(noun, (), (), None, "", noun)
        kind = choice(rng, words().kinds)
        attributes = sample(rng, kind.attributes, int(rng.random() * 3))
        values = tuple(choice(rng, pool) for _, pool in kind.groups if rng.random() < 0.5)
        return Request(kind.noun, tuple(attributes), values, None, "", kind.noun)


def _as_shown(action: str, page: Page) -> str:
    """The click as the page writes what is clicked."""
    shown = (*page.buttons, *(offer.asin for offer in page.offers))
    argument = action[len("click[") : -1]
    return next((f"click[{text}]" for text in shown if text.lower() == argument), action)
