"""Reading an instruction: what is asked for, found with the vocabulary of the generated shop.

Instructions of another shop (the official ones) are read by their words alone.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from spa_gym.envs.webshop.world.words import Kind, words

__all__ = ["Request", "any_of", "read_request"]

_CAP = re.compile(r"\$(\d+(?:\.\d+)?)|(\d+(?:\.\d+)?) dollars")
_SYNTHETIC = re.compile(r"(?:,? with|, and) [a-z ]+: (.+?)(?=, and |,? *$)")
"""Options as the official synthetic instructions name them: " with color: red, and size: large"."""
_WORD = re.compile(r"[a-z0-9][a-z0-9.'-]*[a-z0-9]|[a-z0-9]")
_IDLE = frozenset(
    """
    a about after also am an and any are as at be below buy by can color come comes cost costs could do dollars each
    find flavor for from get give good has have hello help how i i'd i'm if im in is it item kind less like look looking
    lower made make me more must my need needs no not of on one or order pair please price priced product quality really
    scent search set she should show size so some something spend style than that the them there they thing this to
    under up use used want wants we which with would you your
    """.split()
)


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for.

    Attributes:
        noun: the kind of product; "" where it is not a known one.
        attributes: asked attributes (of an unknown kind: single words), in the order of the text.
        values: asked option values; of an unknown kind they only show on the item page.
        cap: the most it may cost, dollars; None where nothing is said.
        brand: the asked brand, "" for none.
        text: the instruction without what was said about the price, lower case.
    """

    noun: str
    attributes: tuple[str, ...]
    values: tuple[str, ...]
    cap: float | None
    brand: str
    text: str

    @property
    def query(self) -> str:
        """What to search for: brand, attributes, kind and values, or all words that say something."""
        return " ".join(part for part in (self.brand, *self.attributes, self.noun, *self.values) if part)


def read_request(instruction: str) -> Request:
    """Read an instruction, or any other text that names a product.

    Example:
        >>> read_request("find me a silent running desk fan in teal under 40 dollars").query
        'silent running desk fan'
    """
    text = instruction.lower()
    price = _CAP.search(text)
    cap = float(price[1] or price[2]) if price else None
    text = _CAP.sub(" ", text)
    noun = _nouns().search(text)
    if noun is None:
        named = tuple(dict.fromkeys(_WORD.findall(_SYNTHETIC.sub(" ", text))))
        values = tuple(_SYNTHETIC.findall(text))
        return Request("", tuple(word for word in named if word not in _IDLE), values, cap, "", text)
    kind = _kinds()[noun[0]]
    rest = text[: noun.start()] + " ; " + text[noun.end() :]
    attributes, values, brands = _patterns(kind)
    found = tuple(dict.fromkeys(attributes.findall(rest)))
    rest = attributes.sub(" ; ", rest)
    brand = brands.search(rest)
    return Request(kind.noun, found, tuple(dict.fromkeys(values.findall(rest))), cap, brand[0] if brand else "", text)


def any_of(phrases: tuple[str, ...]) -> re.Pattern[str]:
    """A pattern for whole phrases, longest first."""
    longest_first = sorted(set(phrases), key=lambda phrase: (-len(phrase), phrase))
    return re.compile(r"(?<![\w-])(?:" + "|".join(map(re.escape, longest_first)) + r")(?![\w-])")


@functools.cache
def _kinds() -> dict[str, Kind]:
    return {name: kind for kind in words().kinds for name in (kind.noun, kind.plural)}


@functools.cache
def _nouns() -> re.Pattern[str]:
    return any_of(tuple(_kinds()))


@functools.cache
def _patterns(kind: Kind) -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    values = tuple(value for _, pool in kind.groups for value in pool)
    brands = tuple(brand.lower() for brand in words().brands)
    return any_of(kind.attributes), any_of(values), any_of(brands)
