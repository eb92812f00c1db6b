"""The explorer: looks around in the shop on errands of its own and pays no attention to the instruction.

Its transcripts show a language model the shop (searching, results, options, tabs, what answers what) without showing
how the stated instruction is served: they are what `pretrain` trains on.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from spa_gym.envs.webshop.generated.family import choice, sample
from spa_gym.envs.webshop.generated.pages import Page
from spa_gym.envs.webshop.generated.request import Request, read_request
from spa_gym.envs.webshop.generated.shopper import Shopper
from spa_gym.envs.webshop.generated.words import words

__all__ = ["Explorer"]

_FROM_PAGE = 0.5
"""Share of errands that go after a product whose title is on the page."""
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
        rng = self.rng
        titles = [offer.title for offer in self._shopper.page.offers] or [self._shopper.page.title]
        title = choice(rng, titles)
        if title and rng.random() < _FROM_PAGE:
            seen = read_request(title)
            return Request(seen.noun, seen.attributes[:3], (), None, "", title.lower())
        kind = choice(rng, words().kinds)
        attributes = sample(rng, kind.attributes, int(rng.random() * 3))
        values = tuple(choice(rng, pool) for _, pool in kind.groups if rng.random() < 0.5)
        return Request(kind.noun, tuple(attributes), values, None, "", kind.noun)


def _as_shown(action: str, page: Page) -> str:
    """The click as the page writes what is clicked."""
    shown = (*page.buttons, *(offer.asin for offer in page.offers))
    argument = action[len("click[") : -1]
    return next((f"click[{text}]" for text in shown if text.lower() == argument), action)
