"""Opening a shop: catalogue, prices, goals and search put together, once per process for everybody.

The search index is built once per machine, in `cache_folder()`, and memory-mapped from there by every process; where
that folder cannot be written, a small shop's index is built in memory.
"""

from __future__ import annotations

import functools
import logging
import os
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from spa_gym.core.build_once import built_folder, cache_folder
from spa_gym.core.errors import WriteFailed
from spa_gym.core.tasks import TaskSet
from spa_gym.envs.webshop.catalogue import Catalogue
from spa_gym.envs.webshop.goal_tasks import official_tasks
from spa_gym.envs.webshop.goals import GoalSet, official_goals
from spa_gym.envs.webshop.official.catalogue import shared_catalogue
from spa_gym.envs.webshop.prices import draw_prices
from spa_gym.envs.webshop.product import search_text
from spa_gym.envs.webshop.search.index import SearchIndex
from spa_gym.envs.webshop.shop import Shop
from spa_gym.envs.webshop.world.catalogue import generated_catalogue
from spa_gym.envs.webshop.world.goals import generated_tasks

__all__ = ["generated_shop", "index_folder", "official_shop", "open_index"]

_log = logging.getLogger(__name__)

_SMALL = 20_000
"""Products up to which an index in memory takes seconds."""

_ENOUGH_GOALS = 1501
"""From here on the split of the paper leaves something to train on."""

_KEPT_SHOPS = 64


def generated_shop(
    num_products: int | None = None,
    world_seed: int = 0,
    size: str = "official",
    split: str = "train",
    show_attrs: bool = False,
) -> tuple[Shop, TaskSet]:
    """Open a generated shop, and a split of its goals; arguments as in `WebShopEnv`.

    Raises:
        BadArgument: an argument names something that does not exist.
    """
    catalogue = generated_catalogue(num_products, world_seed, size)
    tasks = _generated_tasks(catalogue, split)
    return _generated(catalogue, world_seed, show_attrs), tasks


def official_shop(
    data_dir: str | os.PathLike[str] | None,
    num_products: int | None,
    data_seed: int,
    human_goals: bool | None,
    split: str,
    show_attrs: bool,
) -> tuple[Shop, TaskSet]:
    """Open the official shop, and a split of its goals; arguments as in `WebShopEnv`.

    Raises:
        BadArgument: there is no such split, or the data are too small for it.
        DataNotFound: the official files are not there.
        DataCorrupt: one of them is not what it should be.
    """
    catalogue = shared_catalogue(data_dir, num_products)
    if human_goals is None:
        human_goals = int(catalogue.columns.human_goals.sum()) >= _ENOUGH_GOALS
    shop, goals = _official(catalogue, data_seed, bool(human_goals), show_attrs)
    return shop, _official_tasks(goals, split)


def open_index(catalogue: Catalogue) -> SearchIndex:
    """Open the search index of a catalogue, and build it first where this machine has none.

    Raises:
        WriteFailed: it is not there and cannot be written, and the catalogue is too large for memory.
    """
    folder = index_folder(catalogue)
    try:
        built_folder(
            folder,
            {"content": catalogue.content_hash, "format": SearchIndex.FORMAT},
            lambda part: SearchIndex.build(_documents(catalogue), part, len(catalogue)),
            what="the search index",
        )
    except WriteFailed as error:
        if len(catalogue) > _SMALL:
            raise
        _log.warning("the search index is built in memory, because it cannot be kept: %s", error)
        return SearchIndex.in_memory(_documents(catalogue))
    return SearchIndex.open(folder)


def index_folder(catalogue: Catalogue) -> Path:
    """Where the search index of a catalogue lies, or is going to."""
    return cache_folder() / "webshop" / f"index-{catalogue.content_hash[:16]}"


def _documents(catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    return ((product.asin, search_text(product)) for product in catalogue)


# Keyed by the catalogue object: both sources give the same object for the same arguments in a process.


@functools.lru_cache(_KEPT_SHOPS)
def _index_of(catalogue: Catalogue) -> SearchIndex:
    return open_index(catalogue)


@functools.lru_cache(_KEPT_SHOPS)
def _generated(catalogue: Catalogue, world_seed: int, show_attrs: bool) -> Shop:
    prices = draw_prices(catalogue, random.Random(f"spa-gym/webshop/{world_seed}/prices"))
    return Shop(catalogue, prices, _index_of(catalogue), show_attrs)


@functools.lru_cache(_KEPT_SHOPS)
def _generated_tasks(catalogue: Catalogue, split: str) -> TaskSet:
    return generated_tasks(catalogue, split)  # type: ignore[arg-type]


@functools.lru_cache(_KEPT_SHOPS)
def _official(catalogue: Catalogue, data_seed: int, human_goals: bool, show_attrs: bool) -> tuple[Shop, GoalSet]:
    prices, goals = _prices_and_goals(catalogue, data_seed, human_goals)
    return Shop(catalogue, prices, _index_of(catalogue), show_attrs), goals


@functools.lru_cache(_KEPT_SHOPS)
def _prices_and_goals(catalogue: Catalogue, data_seed: int, human_goals: bool) -> tuple[np.ndarray, GoalSet]:
    """One stream for both, as in the original: the prices first, then the goals' caps."""
    rng = random.Random(data_seed)
    prices = draw_prices(catalogue, rng)
    return prices, official_goals(catalogue, prices, human_goals, rng)


@functools.lru_cache(_KEPT_SHOPS)
def _official_tasks(goals: GoalSet, split: str) -> TaskSet:
    return official_tasks(goals, split)
