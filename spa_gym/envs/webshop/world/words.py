"""The vocabulary of the generated shop: departments, kinds of products, option values, brands; all invented by hand.

`shop_words.json` holds it, comma-separated lists in strings. What a kind of product offers is listed with it:
`"options": "size:clothing, color:colors"` means groups `size` and `color`, whose values come from the lists
`clothing` and `colors` of `values`.
"""

from __future__ import annotations

import functools
import hashlib
import json
from dataclasses import dataclass
from importlib import resources
from typing import Any

__all__ = ["Department", "Kind", "Words", "words"]


@dataclass(frozen=True)
class Kind:
    """A kind of product."""

    noun: str
    plural: str
    department: str
    path: str
    """The chain of categories; no two kinds share two of its parts, so that none passes for another."""
    prices: tuple[float, float]
    """Cheapest and dearest, dollars."""
    groups: tuple[tuple[str, tuple[str, ...]], ...]
    """Option groups it may have: name and all values."""
    attributes: tuple[str, ...]
    """Two-word phrases that fit it: its own, then those of the department."""
    parts: tuple[str, ...]
    uses: tuple[str, ...]


@dataclass(frozen=True)
class Department:
    """A department of the shop and how often things occur in it."""

    name: str
    weight: int
    """Products of the department among the official 1,000."""
    option_groups: tuple[int, ...]
    """How many of those have 0, 1, 2, 3 option groups."""
    kinds: tuple[Kind, ...]


@dataclass(frozen=True)
class Words:
    """The whole vocabulary; `digest` is a hash of the file."""

    departments: tuple[Department, ...]
    values: dict[str, tuple[str, ...]]
    brands: tuple[str, ...]
    lines: tuple[str, ...]
    qualities: tuple[str, ...]
    audiences: tuple[str, ...]
    digest: str

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """All kinds of products."""
        return tuple(kind for department in self.departments for kind in department.kinds)


def _list(text: str) -> tuple[str, ...]:
    return tuple(item.strip() for item in text.split(","))


def _kind(raw: dict[str, Any], department: str, head: dict[str, Any], values: dict[str, tuple[str, ...]]) -> Kind:
    noun, plural = raw["name"].split("|")
    area, shelf = raw["path"].split("|")
    groups = (option.split(":") for option in _list(raw["options"]))
    return Kind(
        noun=noun,
        plural=plural,
        department=department,
        path=" › ".join((head["top"], f"{area} and {shelf}", shelf, plural.title())),
        prices=(raw["price"][0], raw["price"][1]),
        groups=tuple((name, values[pool]) for name, pool in groups),
        attributes=(*_list(raw["attributes"]), *_list(head["attributes"])),
        parts=_list(raw["parts"]),
        uses=_list(raw["uses"]),
    )


@functools.cache
def words() -> Words:
    """The vocabulary, read once per process."""
    text = resources.files("spa_gym.envs.webshop.world").joinpath("shop_words.json").read_text(encoding="utf-8")
    raw = json.loads(text)
    values = {name: _list(pool) for name, pool in raw["values"].items()}
    departments = tuple(
        Department(
            name,
            head["weight"],
            tuple(head["option_groups"]),
            tuple(_kind(k, name, head, values) for k in head["types"]),
        )
        for name, head in raw["departments"].items()
    )
    heads, tails = _list(raw["brands"]["heads"]), _list(raw["brands"]["tails"])
    return Words(
        departments=departments,
        values=values,
        brands=tuple(head + tail for head in heads for tail in tails),
        lines=_list(raw["lines"]),
        qualities=_list(raw["qualities"]),
        audiences=_list(raw["audiences"]),
        digest=hashlib.sha256(text.encode()).hexdigest(),
    )
