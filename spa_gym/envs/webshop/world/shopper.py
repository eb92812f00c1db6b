"""The shopper: buys what the instruction asks for, knowing only the pages that it has seen.

It searches for the kind with its attributes, opens the product that most probably fits, looks at the options and, where
the title does not say enough, at the features and the description, tries the next one if something does not fit, and
buys the best it has seen before its steps run out. It decides anew on every page, so it can also be asked what it would
do after somebody else's actions. What it clicks it writes as the page shows it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from spa_gym.envs.webshop.world.pages import Offer, Page, read_page
from spa_gym.envs.webshop.world.request import Request, any_of, read_request

__all__ = ["Shopper"]

_HIDDEN_ATTRIBUTE = 0.3
"""Guess that a product has an asked attribute that its title does not name."""
_IN_DESCRIPTION = 0.1
"""The same where the features do not name it either."""
_UNSEEN_VALUE = 0.8
"""Guess that a product comes in an asked option value."""
_RANGE_FITS = 0.5
"""Guess that a price from a range that the limit divides is below the limit."""
_PAGES = 3
"""Pages of results that it leafs through."""
_PER_PAGE = 10
"""Products on a full page of results."""


@dataclass(slots=True)
class _Known:
    """What it knows about a product."""

    offer: Offer
    order: int
    texts: list[str] = field(default_factory=list)
    read: set[str] = field(default_factory=set)
    values: dict[str, str] | None = None


class Shopper:
    """One episode's memory and decisions.

    Args:
        first_observation: the start page in text mode.
        steps: after how many steps the episode ends.

    Use: `act()` gives the next action; `observe(action, observation)` tells what any action answered.
    """

    def __init__(self, first_observation: str, steps: int = 10) -> None:
        self.page = read_page(first_observation)
        self.steps_left = steps
        self.current = ""
        self.chosen: dict[str, str] = {}
        self.products: dict[str, _Known] = {}
        self.number = self.farthest = 1
        self.set_request(read_request(self.page.instruction))

    def set_request(self, request: Request) -> None:
        """Pursue this request from now on."""
        self.request = request
        self.searched = False

    # -- memory ---------------------------------------------------------------------------------------------------

    def observe(self, action: str, observation: str) -> None:
        """Take in what an action answered."""
        before, self.page = self.page, read_page(observation)
        self.steps_left -= 1
        name, _, argument = action.strip().rstrip("]").partition("[")
        if self.page.kind == "results":
            self._see_results(before, name, argument)
        elif self.page.kind == "item":
            self._see_item(before, name, argument.lower())
        elif self.page.kind == "sub" and self.current in self.products:
            known = self.products[self.current]
            known.texts.append(self.page.text.lower())
            known.read.add(argument.lower())
        elif self.page.kind == "index":
            self.searched = False

    def _see_results(self, before: Page, name: str, argument: str) -> None:
        self.chosen = {}
        if name == "search":
            self.number = self.farthest = 1
            self.searched = self.searched or argument.lower() == self.request.query
        elif before.kind == "results" and before is not self.page:
            self.number += {"next >": 1, "< prev": -1}.get(argument.lower(), 0)
        self.farthest = max(self.farthest, self.number)
        for offer in self.page.offers:
            self.products.setdefault(offer.asin, _Known(offer, len(self.products), [offer.title.lower()]))

    def _see_item(self, before: Page, name: str, argument: str) -> None:
        if before.kind == "results" and name == "click":
            self.current = argument.upper()
        known = self.products.get(self.current)
        if known is not None:
            known.values = self.page.values or {}
        if before.kind == "item" and name == "click" and self.page.values and argument in self.page.values:
            self.chosen[self.page.values[argument] or argument] = argument

    # -- judgement ------------------------------------------------------------------------------------------------

    def _chances(self, known: _Known) -> list[float]:
        """For each thing asked for, the guess that the product has it; the first is the kind."""
        request, offer = self.request, known.offer
        kind = 1.0 if not request.noun or request.noun in offer.title.lower() else 0.0
        chances = [kind]
        hidden = (
            (0.0 if "description" in known.read else _IN_DESCRIPTION) if "features" in known.read else _HIDDEN_ATTRIBUTE
        )
        for attribute in request.attributes:
            told = any(attribute in text for text in known.texts)
            chances.append(1.0 if told else hidden)
        for value in request.values:
            chances.append(_UNSEEN_VALUE if known.values is None else float(value in known.values))
        if request.cap is not None:
            chances.append(_price_fits(offer, request.cap))
        return chances

    def _worth(self, asin: str) -> tuple[float, float, float, int]:
        """How much a product is worth buying: the chance that all fits, then how much fits, then brand and rank."""
        known = self.products[asin]
        if not self.request.noun:
            return self._worth_by_rank(known)
        chances = self._chances(known)
        everything = 1.0
        for chance in chances:
            everything *= chance
        brand = self.request.brand and self.request.brand in known.offer.title.lower()
        return everything, chances[0] * sum(chances), float(bool(brand)), -known.order

    def _worth_by_rank(self, known: _Known) -> tuple[float, float, float, int]:
        """The same for a request of an unknown kind: price and option values, and the order of the results."""
        offer, request = known.offer, self.request
        values = (_UNSEEN_VALUE if known.values is None else value in known.values for value in request.values)
        return _price_fits(offer, request.cap), float(sum(values)), 0.0, -known.order

    def _missing(self) -> list[str]:
        """Asked values that the open product has and that are not chosen yet."""
        values = self.page.values or {}
        if self.request.noun:
            asked = [value for value in values if value in self.request.values]
        else:
            named = set(any_of(tuple(values)).findall(self.request.text)) if values else set()
            groups: dict[str, str] = {}
            for value in values:
                if value in named and len(value) > len(groups.get(values[value] or value, "")):
                    groups[values[value] or value] = value
            asked = list(groups.values())
        return [value for value in asked if self.chosen.get(values[value] or value) != value]

    # -- decisions ------------------------------------------------------------------------------------------------

    def act(self) -> str:
        """The next action."""
        kind = self.page.kind
        if kind == "index" or (kind == "results" and not self.searched and self.steps_left > 3):
            return f"search[{self.request.query}]"
        if kind == "results":
            return self._on_results()
        if kind == "item":
            return self._on_item()
        return "click[< Prev]"

    def _on_results(self) -> str:
        here = [offer.asin for offer in self.page.offers]
        best = max(self.products, key=self._worth, default="")
        fits = best and self._worth(best)[0] > 0
        finish = 2 + len(self.request.values)
        more = len(here) == _PER_PAGE and self.number == self.farthest < _PAGES
        if not fits and more and self.steps_left > finish:
            return "click[Next >]"
        if best in here:
            return f"click[{best}]"
        if best and self.steps_left > finish and self.number > 1:
            return "click[< Prev]"
        if here:
            return f"click[{max(here, key=self._worth)}]"
        if self.number > 1:
            return "click[< Prev]"
        return f"search[{self.request.query}]" if not self.searched else "click[Back to Search]"

    def _on_item(self) -> str:
        known = self.products.get(self.current)
        missing = self._missing()
        finish = len(missing) + 1
        if known is not None and finish < self.steps_left:
            own = self._worth(self.current)
            best = max(self.products, key=self._worth)
            # Back, open it, choose there, buy.
            if self._worth(best)[:2] > own[:2] and self.steps_left >= 3 + len(self.request.values):
                return "click[< Prev]"
            if self.request.noun and 0.0 < own[0] < 1.0 and self.steps_left >= 2 + finish:
                for page in ("Features", "Description"):
                    if page.lower() not in known.read and self._doubtful(known):
                        return f"click[{page}]"
        return f"click[{missing[0]}]" if missing else "click[Buy Now]"

    def _doubtful(self, known: _Known) -> bool:
        """Some asked attribute has not been read yet."""
        return any(all(attribute not in text for text in known.texts) for attribute in self.request.attributes)


def _price_fits(offer: Offer, cap: float | None) -> float:
    if cap is None or offer.high <= cap:
        return 1.0
    return _RANGE_FITS if offer.low <= cap else 0.0
