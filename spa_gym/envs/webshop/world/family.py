"""Families of near-duplicates: what sets the products of the shop apart, before any text is written.

The shop stocks products five at a time. A family shares its kind, its attributes, its options and its price; then one
member has an attribute exchanged, another lacks some option values, another costs about twice as much ... so that for
most instructions there are products that fit in all respects but one.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from spa_gym.core.arguments import one_of
from spa_gym.core.draws import choice, sample, weighted
from spa_gym.envs.webshop.product import DEFAULT_PRICE
from spa_gym.envs.webshop.world.words import Department, Kind, words

__all__ = ["FAMILY_SIZE", "SIZES", "Family", "Style", "Traits", "draw_family"]

FAMILY_SIZE = 5


@dataclass(frozen=True)
class Style:
    """How much there is to a product; frequencies are lists of (value, weight)."""

    attributes: tuple[tuple[int, float], ...]
    """Attributes of a product."""
    values: tuple[tuple[int, float], ...]
    """Values of an option group."""
    option_groups: tuple[float, ...] | None
    """Weights of 0, 1, 2, 3 option groups; None: the department's."""
    ranged: float
    """Share of products, of those with options, whose page shows a price range."""
    unpriced: float
    """Share of products without a price of their own, which cost `DEFAULT_PRICE`."""
    luxury: float
    """Share of families that cost several times as much as their kind does."""
    price_scale: float
    """Factor on the prices of the vocabulary."""
    round_prices: bool
    """Whole dollars on a coarse grid instead of dollars and cents."""


SIZES = {
    "official": Style(
        attributes=((0, 185), (1, 191), (2, 189), (3, 134), (4, 120), (5, 70), (6, 60), (7, 51)),
        values=((2, 20), (3, 15), (4, 14), (5, 12), (6, 10), (8, 10), (10, 8), (14, 6), (20, 5), (30, 4)),
        option_groups=None,
        ranged=0.22,
        unpriced=0.089,
        luxury=0.17,
        price_scale=0.85,
        round_prices=False,
    ),
    "small": Style(
        attributes=((1, 1), (2, 4), (3, 4), (4, 1)),
        values=((2, 3), (3, 4), (4, 3)),
        option_groups=(0.15, 0.45, 0.40),
        ranged=0.0,
        unpriced=0.0,
        luxury=0.0,
        price_scale=1.0,
        round_prices=True,
    ),
}
"""The statistics of the official 1,000 products, and short pages for studies with small policies."""

_ENDINGS = (0.99, 0.99, 0.95, 0.49, 0.0, 0.5)
_GOLDEN = 0.6180339887498949


@dataclass(frozen=True, slots=True)
class Traits:
    """What sets a product apart."""

    kind: Kind
    brand: str
    line: str
    attributes: tuple[str, ...]
    options: dict[str, tuple[str, ...]]
    pricing: tuple[float, ...]
    missing: tuple[str, ...]
    """Attributes that other members of the family have and this one does not."""


@dataclass(frozen=True, slots=True)
class Family:
    """Near-duplicates of one kind; `members[i]` are the traits of product `FAMILY_SIZE * index + i`."""

    kind: Kind
    members: tuple[Traits, ...]
    one_brand: bool
    """All members are of one brand."""


def _count(rng: random.Random, frequencies: tuple[tuple[int, float], ...]) -> int:
    return frequencies[weighted(rng, [weight for _, weight in frequencies])][0]


def draw_family(world_seed: int, size: str, index: int) -> Family:
    """Draw family `index` of a world.

    Args:
        world_seed: which world, any integer.
        size: a key of `SIZES`.
        index: from 0, without end.

    Raises:
        BadArgument: an unknown size.
    """
    one_of("size", size, SIZES)
    style = SIZES[size]
    rng = random.Random(f"spa-gym/webshop/{world_seed}/{size}/family/{index}")
    department = _department(world_seed, index)
    kind = choice(rng, department.kinds)
    core = _core_attributes(rng, kind, style)
    options = _options(rng, kind, department, style)
    price = _price(rng, kind, style)
    changes = _changes(rng, bool(core), bool(options))
    vocabulary = words()
    one_brand = rng.random() < 0.3
    brands = (
        [choice(rng, vocabulary.brands)] * FAMILY_SIZE if one_brand else sample(rng, vocabulary.brands, FAMILY_SIZE)
    )
    lines = sample(rng, vocabulary.lines, FAMILY_SIZE)
    attributes_of = [_exchanged(rng, core, kind) if change == "attribute" else core for change in changes]
    known = tuple(dict.fromkeys(attribute for attributes in attributes_of for attribute in attributes))
    members = []
    for change, brand, line, attributes in zip(changes, brands, lines, attributes_of, strict=True):
        offered = _thinned(rng, options, kind) if change == "options" else options
        cost = _dearer(rng, price, style) if change == "price" else _near(rng, price, style)
        pricing = _pricing(rng, cost, bool(offered), style)
        missing = tuple(attribute for attribute in known if attribute not in attributes)
        shuffled = tuple(sample(rng, attributes, len(attributes)))
        members.append(Traits(kind, brand, line, shuffled, dict(offered), pricing, missing))
    return Family(kind, tuple(members), one_brand)


def _department(world_seed: int, index: int) -> Department:
    """The department of a family; steps of the golden ratio keep the shares close to the weights in any stretch."""
    departments = words().departments
    total = sum(department.weight for department in departments)
    point = (world_seed * 0.754877666 + index * _GOLDEN) % 1.0 * total
    for department in departments:
        point -= department.weight
        if point < 0:
            return department
    return departments[-1]


def _changes(rng: random.Random, attributes: bool, options: bool) -> list[str]:
    """What is different about each member; one is like the family."""
    changes = ["", "price"]
    changes.append("attribute" if attributes else "price")
    changes.append("options" if options else "attribute" if attributes else "")
    changes.append("attribute" if attributes else "options" if options else "")
    return sample(rng, changes, len(changes))


def _core_attributes(rng: random.Random, kind: Kind, style: Style) -> list[str]:
    count = _count(rng, style.attributes)
    own, common = kind.attributes[:5], kind.attributes[5:]
    from_own = sum(rng.random() < 0.6 for _ in range(count))
    return sample(rng, own, from_own) + sample(rng, common, count - min(from_own, len(own)))


def _exchanged(rng: random.Random, core: list[str], kind: Kind) -> list[str]:
    """The attributes with one exchanged for another that fits the kind."""
    attributes = list(core)
    others = [attribute for attribute in kind.attributes if attribute not in core]
    attributes[int(rng.random() * len(attributes))] = choice(rng, others)
    return attributes


def _options(rng: random.Random, kind: Kind, department: Department, style: Style) -> dict[str, tuple[str, ...]]:
    weights = style.option_groups or department.option_groups
    groups = kind.groups[: weighted(rng, weights)]
    if len(groups) == 1 and len(kind.groups) > 1 and rng.random() < 0.4:
        groups = kind.groups[1:2]
    options = {}
    for name, pool in groups:
        kept = set(sample(rng, range(len(pool)), _count(rng, style.values)))
        options[name] = tuple(value for i, value in enumerate(pool) if i in kept)
    return options


def _thinned(rng: random.Random, options: dict[str, tuple[str, ...]], kind: Kind) -> dict[str, tuple[str, ...]]:
    """The options with half the values of one group gone, and others in their place where there are any."""
    names = list(options)
    name = names[int(rng.random() * len(names))]
    pool = dict(kind.groups)[name]
    values = options[name]
    gone = set(sample(rng, values, (len(values) + 1) // 2))
    fresh = set(sample(rng, [value for value in pool if value not in values], len(gone)))
    kept = tuple(value for value in pool if value in fresh or (value in values and value not in gone))
    return {**options, name: kept or values[:1]}


def _price(rng: random.Random, kind: Kind, style: Style) -> float:
    low, high = kind.prices
    price = low * (high / low) ** rng.random() ** 1.4
    if rng.random() < style.luxury:
        price *= 2.5 + 5.0 * rng.random()
    return _tidy(rng, price * style.price_scale, style)


def _near(rng: random.Random, price: float, style: Style) -> float:
    return price if rng.random() < 0.5 else _tidy(rng, price * (0.9 + 0.2 * rng.random()), style)


def _dearer(rng: random.Random, price: float, style: Style) -> float:
    """A price that the caps of the others exclude."""
    return _tidy(rng, max(price + 12.0, price * (1.6 + rng.random())), style)


def _tidy(rng: random.Random, price: float, style: Style) -> float:
    if not style.round_prices:
        return round(math.floor(price) + choice(rng, _ENDINGS), 2)
    step = 1 if price < 20 else 5 if price < 100 else 20
    return float(max(step, round(price / step) * step))


def _pricing(rng: random.Random, price: float, has_options: bool, style: Style) -> tuple[float, ...]:
    if rng.random() < style.unpriced:
        return (DEFAULT_PRICE,)
    if has_options and rng.random() < style.ranged:
        return (price, _tidy(rng, price * (1.15 + 0.6 * rng.random()), style))
    return (price,)
