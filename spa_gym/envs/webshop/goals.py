"""The official goals: what to buy, in the original's order, each made only when it is asked for.

The original makes a goal of every annotation by a person (human goals), or of every combination of options of every
product with an instruction (synthetic goals), and shuffles them with a seed of its own. The full catalogue has
millions of synthetic goals, so a `GoalSet` keeps four numbers per instruction and the shuffled order, and no goal.
"""

from __future__ import annotations

import bisect
import random
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np

from spa_gym.core.errors import BadArgument, TaskNotFound
from spa_gym.core.tasks import content_hash
from spa_gym.envs.webshop.catalogue import Catalogue
from spa_gym.envs.webshop.product import HumanAnnotation, Product

__all__ = ["NO_CAP", "ORDER_SEED", "Goal", "GoalSet", "Goals", "official_goals"]

ORDER_SEED = 233
"""The original's seed of the goals' order."""

NO_CAP = 1000000.0
"""Price cap of a goal whose product is too dear for one; then the instruction names no price either."""

_CAPS = [10.0 * step for step in range(1, 100)]
_CANDIDATES = 4
_MOST_GOALS = 100_000_000
"""Shuffling that many takes a minute and 400 MB; the published files stay far below."""


@dataclass(frozen=True, slots=True)
class Goal:
    """One thing to buy."""

    asin: str
    """The product that the instruction was written for; buying another one may earn as much."""
    category: str
    query: str
    name: str
    """Title of that product."""
    product_category: str
    instruction_text: str
    """All that the agent is told."""
    attributes: tuple[str, ...]
    """Attributes that the instruction asks for."""
    price_upper: float
    """The most it may cost, dollars."""
    goal_options: tuple[str, ...] | tuple[tuple[str, str], ...]
    """Values (human goals) or pairs of group and value (synthetic goals)."""
    weight: float = 1.0
    """How likely the original draws it when it is not told which."""
    index: int = field(default=0, compare=False)
    """Its place in the original's order of all goals, which names its sessions."""

    def id(self, occurrence: int = 0) -> str:
        """Return the hash of what defines the goal.

        Args:
            occurrence: How many goals of the set with the very same content come before it.
        """
        content: list[Any] = [self.asin, self.instruction_text, self.attributes, self.price_upper, self.goal_options]
        return content_hash([*content, occurrence] if occurrence else content)


class Goals(Protocol):
    """An ordered, read-only set of goals."""

    def __len__(self) -> int:
        """Return the number of goals."""
        ...

    def __getitem__(self, index: int) -> Goal:
        """Return the goal at a position from 0 to `len(self) - 1`."""
        ...

    def occurrence(self, index: int) -> int:
        """Return a number that tells the goal from all others with the same content; 0 where there is no other."""
        ...


class GoalSet:
    """The official goals of a catalogue; made by `official_goals`.

    Args:
        catalogue: The products.
        human: Whether the goals are those that people wrote.
        sources: int, shape (num_sources,): the product of each instruction, ascending.
        caps: float64, shape (num_sources,): the price cap of each instruction.
        counts: int, shape (num_sources,): how many goals it makes.

    Raises:
        BadArgument: There are more goals than can be shuffled.
    """

    def __init__(
        self, catalogue: Catalogue, human: bool, sources: np.ndarray, caps: np.ndarray, counts: np.ndarray
    ) -> None:
        self.catalogue, self.human = catalogue, human
        self._sources, self._caps = sources, caps
        self._starts = np.concatenate([[0], np.cumsum(counts, dtype=np.float64)])
        if self._starts[-1] > _MOST_GOALS:
            raise BadArgument(
                f"at most {_MOST_GOALS:,} goals", f"{self._starts[-1]:,.0f}", "pass human_goals=True or num_products=N"
            )
        self._starts = self._starts.astype(np.int64)
        # Shuffling positions permutes them as shuffling the goals themselves would.
        order = array("I", range(self._starts[-1]))
        random.Random(ORDER_SEED).shuffle(order)  # type: ignore[arg-type]  (any mutable sequence will do)
        self._order = np.frombuffer(order, dtype=np.uint32)

    def __len__(self) -> int:
        """Return the number of goals."""
        return len(self._order)

    def __getitem__(self, index: int) -> Goal:
        """Make the goal at a position from 0 to `len(self) - 1`.

        Raises:
            TaskNotFound: There is no such position.
        """
        source, offset = self._locate(index)
        product = self.catalogue[int(self._sources[source])]
        goal = self._human(product, source) if self.human else self._synthetic(product, source, offset)
        return replace(goal, index=int(index))

    def __iter__(self) -> Iterator[Goal]:
        """Go through all goals in order."""
        return (self[index] for index in range(len(self)))

    def occurrence(self, index: int) -> int:
        """Return a number that tells the goal from all others with the same content.

        Goals can only be alike when they stem from one product: from two equal annotations, or from an option value
        that a group lists twice.
        """
        source, offset = self._locate(index)
        position = int(self._sources[source])
        product = self.catalogue[position]
        if self.human:
            first = int(np.searchsorted(self._sources, position))
            goal = self._human(product, source)
            return sum(self._human(product, earlier) == goal for earlier in range(first, source))
        occurrence = 0
        for values, choice in _choices(product, offset):
            occurrence = occurrence * len(values) + values[:choice].count(values[choice])
        return occurrence

    def __repr__(self) -> str:
        """Show kind and size."""
        return f"{type(self).__name__}({len(self)} {'human' if self.human else 'synthetic'} goals)"

    def _locate(self, index: int) -> tuple[int, int]:
        """The instruction that a goal stems from, and which of its goals it is."""
        if not 0 <= index < len(self):
            raise TaskNotFound(f"a goal from 0 to {len(self) - 1}", f"{index}", "choose a position in this range")
        number = int(self._order[index])
        source = int(np.searchsorted(self._starts, number, side="right")) - 1
        return source, number - int(self._starts[source])

    def _human(self, product: Product, source: int) -> Goal:
        first = int(np.searchsorted(self._sources, self._sources[source]))
        note = _usable(product)[source - first]
        text = note.instruction.strip(".")
        return self._goal(product, source, text, note.attributes, note.options, 1.0)

    def _synthetic(self, product: Product, source: int, offset: int) -> Goal:
        names = sorted(product.options)
        chosen = [values[choice] for values, choice in _choices(product, offset)]
        options = tuple(zip(names, chosen, strict=True))
        text = ", and ".join(f"{name}: {value}" for name, value in options)
        attributes, counts = product.instruction_attributes, self.catalogue.columns.attribute_counts
        weight = sum(1.0 / counts[attribute] for attribute in attributes) / len(attributes)
        text = f"{product.instruction} with {text}" if text else f"{product.instruction}"
        return self._goal(product, source, text, attributes, options, weight)

    def _goal(self, product: Product, source: int, text: str, attributes: Any, options: Any, weight: float) -> Goal:
        cap = float(self._caps[source])
        if cap != NO_CAP:
            text = f"{text}, and price lower than {cap:.2f} dollars"
        return Goal(
            product.asin, product.category, product.query, product.title, product.product_category,
            text, attributes, cap, options, weight,
        )  # fmt: skip


def official_goals(catalogue: Catalogue, prices: np.ndarray, human: bool, rng: random.Random) -> GoalSet:
    """Make the goals that the original makes, in its order.

    An annotation or instruction without attributes makes no goal. Each of the others draws a price cap: of the first
    four multiples of 10 above the product's price, up to 990, two are drawn and the larger is taken; with fewer than
    two there is none.

    Args:
        catalogue: The products.
        prices: What they cost, from `draw_prices` with the same `rng`.
        human: Goals that people wrote; otherwise one for each combination of options.
        rng: The stream; two values are drawn for each instruction that gets a cap.

    Returns:
        The goals.

    Raises:
        BadArgument: There are more goals than can be shuffled.
    """
    columns = catalogue.columns
    if human:
        sources = np.repeat(np.arange(len(columns.human_goals)), columns.human_goals)
        counts = np.ones(len(sources), dtype=np.int64)
    else:
        sources = np.flatnonzero(columns.has_instruction)
        counts = columns.combinations[sources]
    caps = np.array([_draw_cap(price, rng) for price in prices[sources].tolist()], dtype=np.float64)
    return GoalSet(catalogue, human, sources, caps, counts)


def _draw_cap(price: float, rng: random.Random) -> float:
    start = bisect.bisect_right(_CAPS, price)
    candidates = _CAPS[start : start + _CANDIDATES]
    return max(rng.sample(candidates, 2)) if len(candidates) >= 2 else NO_CAP


def _usable(product: Product) -> list[HumanAnnotation]:
    return [note for note in product.human if note.attributes]


def _choices(product: Product, offset: int) -> list[tuple[tuple[str, ...], int]]:
    """The values of each group, in order of the groups' names, and which one combination number `offset` takes.

    The last group turns fastest, as in `itertools.product`.
    """
    choices = []
    for name in sorted(product.options, reverse=True):
        values = product.options[name]
        offset, choice = divmod(offset, len(values))
        choices.append((values, choice))
    return choices[::-1]
