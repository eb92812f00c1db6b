"""Official data of our own making for all three environments, a few tasks each: what tests of all of them open."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.envs.alfworld.made_up import make_folder
from tests.envs.virtualhome.official.small_data import write_folder
from tests.envs.webshop.made_up_files import row, write_files

__all__ = ["OFFICIAL", "Official", "every_official"]


class Official(NamedTuple):
    """How an environment is made with such data."""

    id: str
    write: Callable[[Path], object]
    kwargs: dict[str, Any]
    patched: tuple[str, bytes, bytes]
    """A file, and what is put in place of what, to have other data."""


def _write_shop(folder: Path) -> Path:
    return write_files(folder, [row(number) for number in range(3)])


OFFICIAL = {
    "alfworld": Official(
        "SPA-ALFWorld-v0", make_folder, {"split": "train"},
        ("json_2.1.1/train/**/game.tw-pddl", b"is to: ", b"is to: x"),
    ),
    "webshop": Official(
        "SPA-WebShop-v0", _write_shop, {"split": "all", "human_goals": False},
        ("items_shuffle_1000.json", b"Brass", b"Glass"),
    ),
    "virtualhome": Official("SPA-VirtualHome-v0", write_folder, {"split": "eai"}, ("scenes.json", b"CLEAN", b"DIRTY")),
}  # fmt: skip
"""The three, by name."""

every_official = pytest.mark.parametrize("official", OFFICIAL.values(), ids=OFFICIAL.keys())
"""Runs a test with the argument `official` for each of the three."""
