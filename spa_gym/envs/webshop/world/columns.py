"""The columns of a generated catalogue: prices and kinds of all products, without writing their texts.

A million products take half a minute, so the columns of a large catalogue are made once per machine and memory-mapped.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np

from spa_gym.core.build_once import built_folder, cache_folder
from spa_gym.envs.webshop.catalogue import Columns
from spa_gym.envs.webshop.world.family import Family
from spa_gym.envs.webshop.world.words import words

__all__ = ["DrawnCatalogue", "generated_columns"]

_FEW = 20_000
"""Products whose columns are not worth a file."""
_DRAWN = ("price_low", "price_high", "combinations", "category", "query")


class DrawnCatalogue(Protocol):
    """What of a generated catalogue its columns follow from."""

    content_hash: str

    def __len__(self) -> int:
        """Return the number of products."""
        ...

    def families(self) -> Iterator[Family]:
        """Go through all families in order; the last may reach beyond the catalogue."""
        ...


def generated_columns(catalogue: DrawnCatalogue) -> Columns:
    """The columns of a generated catalogue; no product has instructions of its own (the goals are made elsewhere)."""
    if len(catalogue) <= _FEW:
        drawn = _draw(catalogue)
    else:
        manifest = {"columns": 1, "catalogue": catalogue.content_hash}
        folder = cache_folder() / "webshop" / f"generated-columns-{catalogue.content_hash[:16]}"
        built_folder(folder, manifest, functools.partial(_save, catalogue), what="the prices of the generated shop")
        drawn = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in _DRAWN}
    vocabulary = words()
    return Columns(
        price_low=drawn["price_low"],
        price_high=drawn["price_high"],
        human_goals=np.zeros(len(catalogue), np.int32),
        has_instruction=np.zeros(len(catalogue), np.bool_),
        combinations=drawn["combinations"],
        category=drawn["category"],
        query=drawn["query"],
        categories=tuple(department.name for department in vocabulary.departments),
        queries=tuple(kind.plural for kind in vocabulary.kinds),
        attribute_counts={},
    )


def _save(catalogue: DrawnCatalogue, folder: Path) -> None:
    for name, column in _draw(catalogue).items():
        np.save(folder / f"{name}.npy", column)


def _draw(catalogue: DrawnCatalogue) -> dict[str, np.ndarray]:
    vocabulary = words()
    departments = {department.name: i for i, department in enumerate(vocabulary.departments)}
    kinds = {kind.noun: i for i, kind in enumerate(vocabulary.kinds)}
    size = len(catalogue)
    drawn: dict[str, np.ndarray] = {
        "price_low": np.empty(size),
        "price_high": np.full(size, np.nan),
        "combinations": np.ones(size, np.int64),
        "category": np.empty(size, np.int32),
        "query": np.empty(size, np.int32),
    }
    index = 0
    for family in catalogue.families():
        for traits in family.members[: size - index]:
            drawn["price_low"][index] = traits.pricing[0]
            if len(traits.pricing) > 1:
                drawn["price_high"][index] = traits.pricing[1]
            for values in traits.options.values():
                drawn["combinations"][index] *= len(values)
            drawn["category"][index] = departments[family.kind.department]
            drawn["query"][index] = kinds[family.kind.noun]
            index += 1
    return drawn
