"""What a purchase is worth: the score of the original WebShop, its quirks included.

    reward = type * (attributes + options + price) / (number of goal attributes + number of goal options + 1)

`type` is 1, 0.5, 0.1 or 0 by how much the two products' queries, categories and the nouns of their titles agree;
`attributes` and `options` count what the bought product and the chosen options have of the goal's; `price` is 1 when
the product's price is at most the goal's. Who bought another product than the goal's loses nothing if all that holds.
Formulas and thresholds: section 4.2 and `engine/goal.py` of the original. What surprises its readers:

- Titles are compared as sets of nouns, but divided by the number of nouns with repetitions, so that the goal's own
  product can have a `title_score` below 1. Without a common noun the reward is 0 whatever else agrees.
- Texts count as equal when `token_set_ratio` is above 85, and it is 100 as soon as the words of one text are among the
  words of the other: "large" is satisfied by "x-large" and "x-large" by "large".
- One chosen option may satisfy several of the goal's, and options that nobody asked for cost nothing.
- Options are reduced to colours first (see `colours.py`), but not those of synthetic goals, which are pairs.

`score_purchase` is the function; `PurchaseScorer` remembers, within bounds, what it has computed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from rapidfuzz import fuzz

from spa_gym.envs.webshop.colours import colour_of, colour_of_pair
from spa_gym.envs.webshop.nouns import NounTagger

if TYPE_CHECKING:
    from spa_gym.envs.webshop.goals import Goal
    from spa_gym.envs.webshop.product import Product

__all__ = ["Match", "PurchaseScore", "PurchaseScorer", "score_purchase"]

_LATIN_1 = dict.fromkeys(range(128, 256))
_NO_LETTER_OR_DIGIT = re.compile(r"\W")


@dataclass(frozen=True, slots=True)
class PurchaseScore:
    """The reward of one purchase and the parts it is made of."""

    reward: float
    """In [0, 1]."""
    components: dict[str, float | bool]
    """Under the original's names: `r_type`, `r_att`, `w_att`, `query_match`, `category_match`, `title_score`,
    `r_option` and `w_option` (only if the goal has options), `r_price`, `w_price`. An `r_` is the share that holds, a
    `w_` its weight in the sum."""


@dataclass(frozen=True, slots=True)
class Match:
    """What a product has of a goal before any option is chosen."""

    r_type: float
    query_match: bool
    category_match: bool
    title_score: float
    attributes: tuple[bool, ...]
    """One for each attribute of the goal, in its order."""


class PurchaseScorer:
    """Scores purchases out of one catalogue, in microseconds once a product has been seen with a goal.

    Safe to share between threads and environments; pickled without what it remembers.

    Args:
        nouns: Gives the lower-case nouns of a title, in order and with repetitions; see `nouns.py`.
        memory: How many titles, pairs of goal and product, and options are remembered, each.
    """

    def __init__(self, nouns: NounTagger, memory: int = 4096) -> None:
        self._nouns, self._memory = nouns, memory
        remember = lru_cache(memory)
        self._title_nouns = remember(self._find_title_nouns)
        self._goal_options = remember(_words_of_goal_options)
        self._chosen_option = remember(_words_of_chosen_option)
        self._words = remember(_words)
        self._match = remember(self._find_match)

    def __reduce__(self) -> tuple[Any, ...]:
        return PurchaseScorer, (self._nouns, self._memory)

    def score(self, product: Product, goal: Goal, price: float, options: Mapping[str, str]) -> PurchaseScore:
        """Score buying a product.

        Args:
            product: What is bought.
            goal: What was asked for.
            price: Of the product in dollars, as drawn when the catalogue was loaded (not the range that is shown).
            options: The chosen options, group to value.

        Returns:
            The reward and its components, equal to the original's to the last bit. A goal without attributes, on
            which the original divides by zero, has `r_att` 0.
        """
        match = self.match(product, goal)
        num_attributes, num_options = len(goal.attributes), len(goal.goal_options)
        num_terms = num_attributes + num_options + 1
        held_attributes, held_options = sum(match.attributes), sum(self.option_matches(goal, options))
        affordable = bool(price <= goal.price_upper)
        components: dict[str, float | bool] = {
            "r_type": match.r_type,
            "r_att": held_attributes / num_attributes if num_attributes else 0.0,
            "w_att": num_attributes / num_terms,
            "query_match": match.query_match,
            "category_match": match.category_match,
            "title_score": match.title_score,
        }
        if num_options:
            components["r_option"] = held_options / num_options
            components["w_option"] = num_options / num_terms
        components["r_price"] = affordable
        components["w_price"] = 1 / num_terms
        return PurchaseScore((held_attributes + held_options + affordable) / num_terms * match.r_type, components)

    def match(self, product: Product, goal: Goal) -> Match:
        """Return what of a goal a product has by itself: the same kind of thing, and which of the attributes."""
        # Texts, not objects, are remembered: a catalogue may build a Product anew each time it is asked for.
        return self._match(
            product.title, product.query, product.product_category,
            product.attributes, product.bullets, product.description,
            goal.name, goal.query, goal.product_category, goal.attributes,
        )  # fmt: skip

    def option_matches(self, goal: Goal, options: Mapping[str, str]) -> tuple[bool, ...]:
        """Return for each option of a goal, in its order, whether one of the chosen options satisfies it."""
        if not goal.goal_options:
            return ()
        chosen = [self._chosen_option(value) for value in options.values()]
        return tuple(
            any(self._alike(words, wanted) for words in chosen)
            for wanted in self._goal_options(tuple(goal.goal_options))
        )

    def _find_match(
        self,
        title: str, query: str, product_category: str,
        attributes: tuple[str, ...], bullets: tuple[str, ...], description: str,
        goal_name: str, goal_query: str, goal_product_category: str, goal_attributes: tuple[str, ...],
    ) -> Match:  # fmt: skip
        query_match = query == goal_query
        category_match = len(_categories(product_category) & _categories(goal_product_category)) >= 2
        title_score = self._title_score(title, goal_name)
        r_type = 1.0 if query_match or category_match or title_score > 0.2 else 0.5
        if title_score < 0.1:
            r_type = 0.1 if title_score else 0.0
        own = [self._words(attribute) for attribute in attributes]
        texts = (title.lower(), " ".join(bullets).lower(), description.lower())
        held = tuple(
            any(self._alike(words, self._words(wanted)) for words in own) or any(wanted in text for text in texts)
            for wanted in goal_attributes
        )
        return Match(r_type, query_match, category_match, title_score, held)

    def _title_score(self, title: str, goal_title: str) -> float:
        """The share of the goal's nouns (with repetitions) that its common nouns (without) make up."""
        wanted, number = self._title_nouns(goal_title)
        return len(self._title_nouns(title)[0] & wanted) / number if number else 0.2

    def _find_title_nouns(self, title: str) -> tuple[frozenset[str], int]:
        nouns = self._nouns(title)
        return frozenset(nouns), len(nouns)

    def _alike(self, words: str, wanted: str) -> bool:
        # The original rounds the ratio to an integer first. Its own ratio is never the higher of the two.
        ratio = fuzz.token_set_ratio(words, wanted)
        return round(ratio) > 85 and (ratio == 100.0 or _slow_token_set_ratio(words, wanted) > 85)


def score_purchase(
    product: Product, goal: Goal, price: float, options: Mapping[str, str], nouns: NounTagger
) -> PurchaseScore:
    """Score one purchase and remember nothing; arguments and result as in `PurchaseScorer`."""
    return PurchaseScorer(nouns).score(product, goal, price, options)


def _categories(path: str) -> frozenset[str]:
    """The parts of "Home & Kitchen › Bedding › Throw Pillows"."""
    return frozenset(part.strip() for part in path.split("›"))


def _slow_token_set_ratio(words: str, wanted: str) -> int:
    """Return the `token_set_ratio` of thefuzz 0.19, which the original pins.

    It finds common blocks with difflib, at times fewer than there are: of 110,878 pairs of options of one product among
    the official 1,000, 7 pass 85 with rapidfuzz only, such as "10x50 hd binoculars" and "15x60 hd binoculars".
    """
    first, second = set(words.split()), set(wanted.split())
    common = " ".join(sorted(first & second))
    one = f"{common} {' '.join(sorted(first - second))}".strip()
    other = f"{common} {' '.join(sorted(second - first))}".strip()
    pairs = ((common, one), (common, other), (one, other))
    return max(round(100 * SequenceMatcher(None, a, b).ratio()) if a and b else 0 for a, b in pairs)


def _words(text: str) -> str:
    """The text as the original's fuzzy matching sees it: no Latin-1 letters, only letters and digits, lower case."""
    return _NO_LETTER_OR_DIGIT.sub(" ", text.translate(_LATIN_1)).lower().strip()


def _words_of_chosen_option(value: str) -> str:
    return _words(colour_of(value))


def _words_of_goal_options(options: tuple[str | tuple[str, str], ...]) -> tuple[str, ...]:
    return tuple(_words(colour_of(option) if isinstance(option, str) else colour_of_pair(option)) for option in options)
