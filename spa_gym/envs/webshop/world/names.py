"""The names that occur in the texts of generated shops, for tokenizers that make each of them one token."""

from __future__ import annotations

from spa_gym.envs.webshop.world.ids import FEWEST_IDS, pool_id
from spa_gym.envs.webshop.world.words import words

__all__ = ["entity_names"]

_BUTTONS = ("Back to Search", "< Prev", "Next >", "Description", "Features", "Reviews", "Buy Now", "[SEP]")


def entity_names() -> list[str]:
    """The ids of default shops, the buttons, and the words and phrases of the vocabulary; printable ASCII.

    Whole prices are there as the pages write them (`$40.0`), and round price limits (`40`).
    """
    vocabulary = words()
    names = [*_BUTTONS]
    for kind in vocabulary.kinds:
        names += [kind.noun, kind.plural, *kind.attributes, *kind.parts, *kind.uses]
        names += [group for group, _ in kind.groups]
    names += [value for values in vocabulary.values.values() for value in values]
    names += [*vocabulary.brands, *(brand.lower() for brand in vocabulary.brands), *vocabulary.lines]
    names += [*vocabulary.qualities, *vocabulary.audiences]
    names += [f"${price}" for price in _whole_prices()]
    names += [str(cap) for cap in (*range(5, 70, 5), *range(70, 240, 10), *range(250, 1301, 50))]
    names += [pool_id(number) for number in range(FEWEST_IDS)]
    return list(dict.fromkeys(names))


def _whole_prices() -> list[float]:
    return [float(price) for price in (*range(1, 400), *range(400, 1101, 20))]
