"""The official catalogue: where its files lie, whether they are the published ones, and loading them."""

from __future__ import annotations

import json
import os
from pathlib import Path

from spa_gym.core.errors import DataNotFound
from spa_gym.envs.webshop.catalogue import Catalogue, MemoryCatalogue
from spa_gym.envs.webshop.official_rows import products_from_rows

__all__ = ["official_catalogue"]


def official_catalogue(data_dir: str | os.PathLike[str] | None = None, num_products: int | None = None) -> Catalogue:
    """Open the official catalogue.

    Args:
        data_dir: Folder with the published files; None for `$SPA_GYM_DATA`.
        num_products: How many rows to read from the start; None for all.

    Raises:
        DataNotFound: The files are not there.
    """
    root = Path(data_dir if data_dir is not None else os.environ.get("SPA_GYM_DATA", "."))
    for folder in (root, root / "webshop", root / "webshop_1k"):
        if (folder / "items_shuffle_1000.json").is_file():
            break
    else:
        raise DataNotFound(
            "the official WebShop files (items_shuffle_1000.json, ...)", f"nothing in {root}", "set data_dir"
        )
    rows, instructions, human = (
        json.loads((folder / name).read_text("utf-8"))
        for name in ("items_shuffle_1000.json", "items_ins_v2_1000.json", "items_human_ins.json")
    )
    return MemoryCatalogue(products_from_rows(rows[:num_products], instructions, human))
