"""The texts of a generated product: title, description and bullets, from its traits.

An attribute stands in the title, in a bullet or in the description, word for word; a product that does not have it says
it nowhere. Only the title, the description and the first bullet are searched, as in the original shop.
"""

from __future__ import annotations

import functools
import random

from spa_gym.core.draws import choice, sample, weighted
from spa_gym.envs.webshop.product import Product, price_tag
from spa_gym.envs.webshop.world.family import Traits
from spa_gym.envs.webshop.world.words import Kind, words

__all__ = ["write_product"]

_IN_TITLE = {"official": 0.72, "small": 0.9}
"""Share of attributes that the title names."""
_MOST_IN_TITLE = {"official": 4, "small": 2}

_BULLETS = ((1, 97), (2, 19), (3, 49), (4, 85), (5, 561), (6, 59), (7, 92), (8, 22))
"""Bullets per product among the official 1,000."""
_TOLD = 0.25
"""Share of the other attributes that the description tells instead of a bullet."""
_EMPTY_DESCRIPTION = {"official": 0.3, "small": 0.6}

_ATTRIBUTE_BULLETS = (
    "{A}: made with this in mind from the first sketch to the last stitch.",
    "The {n} is {a}, which our buyers name first when they are asked why they chose it.",
    "{A} by design.",
    "We kept it {a}, batch after batch, because that is what people come back for.",
    "Truly {a}, as tested in our own rooms over a long season.",
)
_ATTRIBUTE_SENTENCES = (
    "It is {a} as well.",
    "Being {a}, it asks for little and gives a lot back.",
    "You get {n} quality that is {a} without costing more.",
    "Our team made sure that it stays {a} for years.",
)
_SENTENCES = (
    "The {p0} and the {p1} are checked by hand before anything leaves the house.",
    "It does its job for {u0} just as well as for {u1}.",
    "Think of {u2}: that is where it earns its keep.",
    "A {q} {p2} rounds it off.",
    "We began with a {q} {p0} and changed it until {g} stopped complaining.",
    "Many {g} told us that they use it for {u1}.",
    "The {p1} sits where your hand expects it to be.",
    "It arrives in a plain carton that you can use again.",
    "If anything is amiss, write to us and we will put it right within a week.",
    "Keep the {p2} away from open flames and store it somewhere dry.",
    "Small differences from one piece to the next are part of how it is made.",
    "The {p0} comes apart without tools, and spare ones can be had.",
    "A leaflet in five languages explains the {p1} and how to look after it.",
    "Made for {u0}, tried by {g}, and liked by both.",
    "Whoever looks for {plural} that last will be glad of the {q} {p1}.",
    "We draw, test and pack all our {plural} under one roof.",
    "The first {n} that we ever sold is still in use for {u1}.",
    "Nothing about the {p2} is glued that could be joined instead.",
    "On request we engrave the {p0}, which {g} like to give away.",
    "There is a {q} way to clean the {p1}: lukewarm water and a little patience.",
    "Take it along for {u2}; it weighs less than it looks.",
    "The {p0} has been redrawn twice since last spring, and it shows.",
    "You will find the {p2} {q}, and the rest of it {r}.",
    "Orders that reach us before noon leave on the same day.",
)
_BULLETS_PLAIN = (
    "The {p0} is {q} and the {p1} can be had as a spare part.",
    "Made for {u0}, and at its best there.",
    "A {q} present for {g}, wrapped in paper without a price on it.",
    "Good to have for {u1} and for {u2}.",
    "What is in the carton: one {n} with {p1} and {p2}, a leaflet in five languages and a card with our address, "
    "should you want to ask something.",
    "Please measure twice before you order, since the {p0} cannot be changed afterwards.",
    "Our {plural} are looked over one by one, so you will hardly ever meet a loose {p2}.",
    "Two years of warranty on the {p1}, and a friendly answer to every letter about it.",
    "The {p2} is where others save money; we do not.",
    "Ask {g} who own one: the {p0} is what they talk about.",
    "Its {p1} is {r}, and will be so after years of {u0}.",
    "Comes ready for use; the {p0} needs no assembly worth the name.",
    "Weighed, measured and signed by the person who packed it.",
    "Looks {q} beside other {plural} from our workshop.",
    "For {u2}, take two of them and keep the spare {p2}.",
    "{u1_} were on our minds when we drew the {p1}.",
)
_TITLE_TAILS = (
    "for {u0}",
    "with {p0}",
    "made for {u1} and {u2}",
    "with {q} {p1}",
    "including {p2}",
    "{r} and {s}",
    "{q} {plural}",
)
_HINTS = (
    "See also our {h} {plural}.",
    "We make {h} {plural} as well.",
    "Should you want {h} {plural}, look at the others that we make.",
)
"""What a shop says about its other products: searched like everything else, and no attribute of this one, which is why
the words are hyphenated here and nowhere else."""
_HINTED = 0.6
"""Share of products, of those that lack something that their family has, which point to it."""
_SHORT_BULLETS = ("made for {u0}", "comes with {p0}", "good for {u1}", "{q} {p1}")


def write_product(asin: str, traits: Traits, rng: random.Random, size: str) -> Product:
    """Write a product's texts.

    Args:
        asin: its id.
        traits: what sets it apart.
        rng: where the wording comes from.
        size: `"official"` or `"small"`.
    """
    kind = traits.kind
    shown = [a for a in traits.attributes if rng.random() < _IN_TITLE[size]][: _MOST_IN_TITLE[size]]
    left = [a for a in traits.attributes if a not in shown]
    if size == "small":
        title, bullets, description = _small(traits, shown, left, rng)
    else:
        title, bullets, description = _official(traits, shown, left, rng)
    return Product(
        asin=asin,
        title=title,
        description=description,
        bullets=bullets,
        pricing=traits.pricing,
        price_tag=price_tag(traits.pricing),
        options=traits.options,
        option_images={value: None for values in traits.options.values() for value in values},
        attributes=traits.attributes,
        image="",
        category=kind.department,
        query=kind.plural,
        product_category=kind.path,
    )


def _small(traits: Traits, shown: list[str], left: list[str], rng: random.Random) -> tuple[str, tuple[str, ...], str]:
    kind = traits.kind
    name = traits.brand if len(shown) == 2 else f"{traits.brand} {traits.line}"
    title = " ".join((name, *shown, kind.noun))
    phrases = _phrases(kind)
    bullets = left[:3] + sample(rng, phrases.short, 2 - len(left) if len(left) < 2 else 0)
    description = left[3] if len(left) > 3 else _hint(traits, rng)
    if not description and rng.random() >= _EMPTY_DESCRIPTION["small"]:
        description = choice(rng, phrases.short)
    return title, tuple(sample(rng, bullets, len(bullets))), description


def _official(
    traits: Traits, shown: list[str], left: list[str], rng: random.Random
) -> tuple[str, tuple[str, ...], str]:
    kind, phrases = traits.kind, _phrases(traits.kind)
    title = _official_title(traits, shown, rng)
    empty = rng.random() < _EMPTY_DESCRIPTION["official"]
    told = [] if empty else [a for a in left if rng.random() < _TOLD]
    points = [a for a in left if a not in told]
    number = max(len(points), _BULLETS[weighted(rng, [weight for _, weight in _BULLETS])][0])
    deck = [*phrases.bullets, *phrases.sentences]
    lines = [f"{_filled(_ATTRIBUTE_BULLETS, a, kind.noun, rng)} {_point(deck, rng, 1)}" for a in points]
    lines += [_point(deck, rng, 1 + int(rng.random() * 3)) for _ in range(number - len(lines))]
    bullets = tuple(sample(rng, lines, len(lines)))
    if empty:
        return title, bullets, ""
    sentences = [_filled(_ATTRIBUTE_SENTENCES, a, kind.noun, rng) for a in told]
    # Few and many sentences are both common: the official lengths reach from 100 to 1,500 characters.
    number = 2 + int(22 * rng.random() ** 1.5)
    sentences += [choice(rng, variants) for variants in sample(rng, phrases.sentences, number)]
    sentences.append(_hint(traits, rng))
    return title, bullets, " ".join(sentence for sentence in sample(rng, sentences, len(sentences)) if sentence)


def _point(deck: list[list[str]], rng: random.Random, number: int) -> str:
    """So many sentences from the deck, which is never empty (8 bullets take 24 at most)."""
    taken = [deck.pop(int(rng.random() * len(deck))) for _ in range(number)]
    return " ".join(choice(rng, variants) for variants in taken)


def _official_title(traits: Traits, shown: list[str], rng: random.Random) -> str:
    kind, phrases = traits.kind, _phrases(traits.kind)
    before = shown[: 1 + int(2 * rng.random())]
    after = shown[len(before) :]
    head = " ".join((traits.brand, traits.line, *before, kind.noun))
    goal = 7 + int(24 * rng.random() ** 1.1)
    variant = int(rng.random() * _VARIANTS)
    tails = [variants[variant] for variants in sample(rng, phrases.tails, len(phrases.tails))]
    segments = [head, *after]
    length = sum(segment.count(" ") + 1 for segment in segments)
    while length < goal and tails:
        segments.append(tails.pop())
        length += segments[-1].count(" ") + 1
    return head + "".join(f", {segment}" for segment in sample(rng, segments[1:], len(segments) - 1))


def _hint(traits: Traits, rng: random.Random) -> str:
    """A sentence about an attribute that this product does not have, or nothing."""
    if not traits.missing or rng.random() >= _HINTED:
        return ""
    hyphenated = choice(rng, traits.missing).replace(" ", "-")
    return choice(rng, _HINTS).format(h=hyphenated, plural=traits.kind.plural)


def _filled(templates: tuple[str, ...], attribute: str, noun: str, rng: random.Random) -> str:
    return choice(rng, templates).format(a=attribute, A=attribute.capitalize(), n=noun)


_VARIANTS = 3
"""Ways in which a sentence about a kind is filled in."""


class _Phrases:
    """The sentences about a kind, filled in once, so that writing a product is mostly choosing.

    `tails[i][v]`, and so on: template i in variant v; a variant uses each part, use and quality in one place.
    """

    def __init__(self, kind: Kind) -> None:
        rng = random.Random(f"spa-gym/webshop/phrases/{kind.noun}")
        variants = [_fillings(kind, rng) for _ in range(_VARIANTS)]
        self.sentences = _filled_in(_SENTENCES, variants)
        self.bullets = _filled_in(_BULLETS_PLAIN, variants)
        self.tails = _filled_in(_TITLE_TAILS, variants)
        self.short = [template.format_map(variants[0]) for template in _SHORT_BULLETS]


@functools.cache
def _phrases(kind: Kind) -> _Phrases:
    return _Phrases(kind)


def _filled_in(templates: tuple[str, ...], variants: list[dict[str, str]]) -> list[list[str]]:
    return [[template.format_map(words_in) for words_in in variants] for template in templates]


def _fillings(kind: Kind, rng: random.Random) -> dict[str, str]:
    parts, uses = sample(rng, kind.parts, 3), sample(rng, kind.uses, 3)
    qualities = sample(rng, words().qualities, 3)
    return {
        "n": kind.noun, "plural": kind.plural, "g": choice(rng, words().audiences),
        "q": qualities[0], "r": qualities[1], "s": qualities[2],
        "p0": parts[0], "p1": parts[1], "p2": parts[2],
        "u0": uses[0], "u1": uses[1], "u2": uses[2], "u1_": uses[1].capitalize(),
    }  # fmt: skip
