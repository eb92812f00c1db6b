"""Goals of the generated shop: what to buy, in words; made one by one when they are asked for.

The order is the official one: test goals first, then valid, then train. A product is the target of one split only
(where there are enough products), and an instruction belongs to one split by its hash, so no split repeats another's.
"""

from __future__ import annotations

import functools
import random
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

from spa_gym.core.arguments import one_of
from spa_gym.core.draws import choice, sample, weighted
from spa_gym.envs.webshop.goal_tasks import GoalTaskSet
from spa_gym.envs.webshop.goals import NO_CAP, Goal
from spa_gym.envs.webshop.world.catalogue import GeneratedCatalogue
from spa_gym.envs.webshop.world.family import FAMILY_SIZE, Family, Traits
from spa_gym.envs.webshop.world.phrases import say_goal

__all__ = ["GeneratedGoals", "generated_goals", "generated_tasks"]

_SPLITS = ("test", "valid", "train")
_SIZES = {"test": (200, 2), "valid": (200, 2), "train": (4000, 12)}
"""Goals of a split: at most so many, and so many for each product of the shop."""
_PRODUCT_SHARES = {"test": 0.2, "valid": 0.2}
_BUCKETS = {"test": (0,), "valid": (1,), "train": (2, 3, 4, 5, 6, 7)}
"""Which of the eight remainders of its hash make an instruction one of the split."""
_MOST_TARGETS = 2000
"""Products, of a large catalogue, that goals ask for."""
_WITHOUT_OPTIONS = 0.1
"""Share of goals that ask for no option; in the official 6,910 it is 3 %, in the 12,087 human ones a quarter."""
_UNCAPPED = 0.1
_BRAND = {True: 0.3, False: 0.05}
"""Share of goals that name the brand, where a family has one brand and where it has five."""
_ALL_IN_TITLE = 0.4
"""Share of goals, of those that could ask for an attribute that the title does not name, which do not."""
_KEPT_GOALS = 8192


class GeneratedGoals:
    """The goals of a generated catalogue, in order; satisfies `Goals`.

    Args:
        catalogue: the products.

    Attributes:
        ranges: split -> positions of its goals.
    """

    def __init__(self, catalogue: GeneratedCatalogue) -> None:
        self.catalogue = catalogue
        self._key = f"spa-gym/webshop/{catalogue.name}/goals"
        self._slots: list[tuple[int, int]] = []
        self.ranges: dict[str, range] = {}
        targets = self._targets()
        for split in _SPLITS:
            most, per_product = _SIZES[split]
            start = len(self._slots)
            self._slots += self._plan(split, targets[split], min(most, per_product * len(catalogue)))
            self.ranges[split] = range(start, len(self._slots))
        self._goal = functools.lru_cache(_KEPT_GOALS)(self._make)

    def __len__(self) -> int:
        """Return the number of goals."""
        return len(self._slots)

    def __getitem__(self, index: int) -> Goal:
        """Return the goal at a position."""
        return self._goal(range(len(self._slots))[index])

    def occurrence(self, index: int) -> int:
        """Return 0: no two goals have the same content."""
        return 0

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel to another process by name."""
        return generated_goals, (self.catalogue,)

    def _traits(self, product: int) -> Traits:
        return self.catalogue.family(product // FAMILY_SIZE).members[product % FAMILY_SIZE]

    def _targets(self) -> dict[str, list[int]]:
        """The products that each split asks for; all splits share them where a split would have none."""
        rng = random.Random(f"{self._key}/targets")
        size = len(self.catalogue)
        if size <= _MOST_TARGETS:
            candidates = list(range(size))
        else:
            candidates = list(dict.fromkeys(int(rng.random() * size) for _ in range(_MOST_TARGETS)))
        candidates = [i for i in candidates if self._traits(i).attributes] or candidates
        candidates = sample(rng, candidates, len(candidates))
        targets: dict[str, list[int]] = {}
        start = 0
        for split, share in _PRODUCT_SHARES.items():
            stop = start + int(share * len(candidates))
            targets[split] = candidates[start:stop]
            start = stop
        targets["train"] = candidates[start:]
        return {split: own or candidates for split, own in targets.items()}

    def _plan(self, split: str, targets: Sequence[int], count: int) -> list[tuple[int, int]]:
        """Which product each goal of a split asks for, and how many goals of the split ask for it before."""
        rng = random.Random(f"{self._key}/{split}")
        plain = [i for i in targets if not self._traits(i).options]
        chosen = [i for i in targets if self._traits(i).options]
        number = count if not chosen else int(_WITHOUT_OPTIONS * count) if plain else 0
        slots = [(plain[k % len(plain)], k // len(plain)) for k in range(number)]
        slots += [(chosen[k % len(chosen)], k // len(chosen)) for k in range(count - number)]
        return sample(rng, slots, len(slots))

    def _make(self, index: int) -> Goal:
        split = next(split for split, positions in self.ranges.items() if index in positions)
        product, number = self._slots[index]
        goals = self._goals_of(product, index, _BUCKETS[split])
        for _ in range(number):
            next(goals)
        return next(goals)

    def _goals_of(self, product: int, index: int, buckets: tuple[int, ...]) -> Iterator[Goal]:
        """Different goals for a product, without end, whose instructions fall into these buckets."""
        rng = random.Random(f"{self._key}/product/{product}")
        family = self.catalogue.family(product // FAMILY_SIZE)
        own = family.members[product % FAMILY_SIZE]
        page = self.catalogue[product]
        told: set[str] = set()
        while True:
            attributes = _asked_attributes(rng, own, family, page.title)
            options = _asked_options(rng, own, family)
            cap = None if rng.random() < _UNCAPPED else _cap(rng, own, family)
            brand = own.brand if rng.random() < _BRAND[family.one_brand] else None
            kind = own.kind
            text = say_goal(rng, kind.noun, kind.noun == kind.plural, attributes, options, cap, brand)
            if zlib.crc32(text.encode()) % 8 not in buckets or text in told:
                continue
            told.add(text)
            yield Goal(
                asin=page.asin,
                category=page.category,
                query=page.query,
                name=page.title,
                product_category=page.product_category,
                instruction_text=text,
                attributes=tuple(attributes),
                price_upper=NO_CAP if cap is None else float(cap),
                goal_options=tuple(value for _, value in options),
                index=index,
            )


def _asked_attributes(rng: random.Random, own: Traits, family: Family, title: str) -> list[str]:
    """One to three attributes, at most one of them not in the title; mostly one that some of the family lack."""
    count = min(len(own.attributes), 1 + weighted(rng, (0.3, 0.45, 0.25)))
    rare = [a for a in own.attributes if any(a not in other.attributes for other in family.members)]
    first = [choice(rng, rare)] if rare and count and rng.random() < 0.85 else []
    others = [a for a in own.attributes if a not in first]
    asked = first + sample(rng, others, count - len(first))
    hidden = [a for a in asked if a not in title]
    dropped = hidden if len(hidden) < len(asked) and rng.random() < _ALL_IN_TITLE else hidden[1:]
    return [a for a in asked if a not in dropped]


def _asked_options(rng: random.Random, own: Traits, family: Family) -> list[tuple[str, str]]:
    """A value of most groups, at least one; often one that some member of the family does not offer."""
    asked = []
    groups = list(own.options)
    kept = [group for group in groups if rng.random() < 0.85] or groups[:1]
    for group in kept:
        values = own.options[group]
        rare = [v for v in values if any(v not in other.options.get(group, ()) for other in family.members)]
        asked.append((group, choice(rng, rare if rare and rng.random() < 0.6 else values)))
    return asked


def _cap(rng: random.Random, own: Traits, family: Family) -> int:
    """A round price above the product's highest, and below the next dearer member's where there is room."""
    price = max(own.pricing)
    step = 5 if price < 50 else 10 if price < 200 else 50
    first = int(price // step + 1) * step
    dearer = [min(other.pricing) for other in family.members if min(other.pricing) > price * 1.3]
    caps = [first + step * k for k in range(4)]
    tight = [cap for cap in caps if cap < min(dearer, default=0.0)]
    return choice(rng, tight or caps[:1] if dearer else caps)


@functools.lru_cache(maxsize=64)
def generated_goals(catalogue: GeneratedCatalogue) -> GeneratedGoals:
    """The goals of a generated catalogue, the same object for everybody in this process."""
    return GeneratedGoals(catalogue)


def generated_tasks(catalogue: GeneratedCatalogue, split: str = "train") -> GoalTaskSet:
    """A split of the goals of a generated catalogue, as tasks.

    Args:
        catalogue: the products.
        split: `"train"`, `"valid"`, `"test"`, or `"all"` in the order of the goals.

    Raises:
        BadArgument: there is no such split.
    """
    goals = generated_goals(catalogue)
    positions = {**goals.ranges, "all": range(len(goals))}
    one_of("split", split, sorted(positions), suggested="train")
    return GoalTaskSet(f"webshop/generated/{catalogue.name}", split, goals, positions[split])
