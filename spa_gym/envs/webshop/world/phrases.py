"""How people ask: the grammar of the generated instructions.

An instruction is an opening, the product with the asked attributes before or behind it, the asked option values with or
without their group's name, and what it may cost. Attributes and values are named as the pages name them.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from spa_gym.core.draws import choice, sample

__all__ = ["say_goal"]

_OPENINGS = (
    "i am looking for",
    "i'm looking for",
    "hello, i am looking for",
    "i need",
    "i really need",
    "we need",
    "i want",
    "i want to buy",
    "i would like",
    "i would like to order",
    "i'd like to get",
    "i am after",
    "i am trying to find",
    "i am shopping for",
    "i have to replace",
    "find me",
    "please find me",
    "help me find",
    "please help me find",
    "can you find me",
    "can you show me",
    "could you look for",
    "show me",
    "get me",
    "order me",
    "looking for",
    "my sister asked for",
    "my neighbour wants",
    "as a present i need",
    "please pick out",
)
_OPTIONS = {
    "color": ("in {v}", "in the color {v}", "in {v} color", "that comes in {v}", "and the color should be {v}"),
    "size": ("in size {v}", "size {v}", "in the {v} size", "and the size should be {v}"),
    "style": ("in the style {v}", "in the {v} style", "style {v}", "and the style should be {v}"),
    "scent": ("with {v} scent", "in the scent {v}", "with the scent {v}", "in {v}"),
    "flavor name": ("in {v} flavor", "with {v} flavor", "in the flavor {v}", "in {v}"),
    "fit type": ("with a {v} fit", "in {v} fit", "and the fit should be {v}"),
}
_CAPS = (
    " under {c} dollars",
    " for less than {c} dollars",
    ", and price lower than {c}.00 dollars",
    ", and it must cost less than {c} dollars",
    ", priced below ${c}",
    " for {c} dollars or less",
    ", no more than {c} dollars please",
    ", my budget is {c} dollars",
    " that costs at most {c} dollars",
    ", i can spend up to {c} dollars",
    ", below {c} dollars",
    ", it should not cost more than {c} dollars",
)
_SPENDING = ("i have {c} dollars to spend on", "for at most {c} dollars i want", "with a limit of {c} dollars, find me")
_BEHIND = (" that {are} {a}", " which {are} {a}", ", {it} should be {a}", ", {it} must be {a}", ", {a}")
_BRANDS = (" from {b}", " by {b}", " made by {b}")
_SPENDING_FIRST, _NO_ARTICLE = 0.12, 0.1


def say_goal(
    rng: random.Random,
    noun: str,
    plural: bool,
    attributes: Sequence[str],
    options: Sequence[tuple[str, str]],
    cap: int | None,
    brand: str | None,
) -> str:
    """Return an instruction.

    Args:
        rng: where the wording comes from.
        noun: the kind of product.
        plural: the noun is a plural ("tweezers").
        attributes: asked attributes, any number.
        options: asked options, pairs of group and value.
        cap: the most it may cost, whole dollars; None: nothing is said.
        brand: the asked brand; None: nothing is said.
    """
    asked = sample(rng, attributes, len(attributes))
    number_before = int(rng.random() * (len(asked) + 1)) if rng.random() < 0.6 else len(asked)
    before, behind = asked[:number_before], asked[number_before:]
    thing = " ".join((", ".join(before), noun)).strip()
    article = "" if rng.random() < _NO_ARTICLE else "some " if plural else "an " if thing[0] in "aeiou" else "a "
    pieces = [
        choice(rng, _BEHIND).format(
            a=" and ".join(behind), are="are" if plural else "is", it="they" if plural else "it"
        )
        if behind
        else "",
        "".join(_say_option(rng, group, value) for group, value in sample(rng, options, len(options))),
    ]
    rest = "".join(sample(rng, pieces, 2))
    maker = choice(rng, _BRANDS).format(b=brand.lower()) if brand else ""
    if cap is not None and rng.random() < _SPENDING_FIRST:
        return f"{choice(rng, _SPENDING).format(c=cap)} {article}{thing}{maker}{rest}"
    limit = "" if cap is None else choice(rng, _CAPS).format(c=cap)
    return f"{choice(rng, _OPENINGS)} {article}{thing}{maker}{rest}{limit}"


def _say_option(rng: random.Random, group: str, value: str) -> str:
    ways = _OPTIONS[group]
    return (" " if rng.random() < 0.7 else ", ") + choice(rng, ways).format(v=value)
