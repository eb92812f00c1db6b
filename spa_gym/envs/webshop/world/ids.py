"""Identifiers of generated products: one fixed pool of ids for all worlds, in an order of the world's own.

A world of N products uses the first max(1000, N) ids of the pool, so every default world has the same 1,000 ids, which
a tokenizer can hold as one token each, and an id tells nothing about the product behind it. Both ways, position to id
and id to position, are computed; nothing is stored.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

__all__ = ["FEWEST_IDS", "Ids", "pool_id"]

FEWEST_IDS = 1000
"""Ids that even a small world spreads its products over."""

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRSTVWXZ"
"""32 symbols, without those that look like another."""
_BITS = 45
_MASK = (1 << _BITS) - 1
_FACTOR, _OFFSET = 0x16A09E667F3D, 0x0BB67AE8584C
"""Odd factor and offset of a bijection on 45 bits; any would do (these are digits of square roots)."""
_INVERSE = pow(_FACTOR & _MASK | 1, -1, 1 << _BITS)
_ROUNDS = 4


def pool_id(number: int) -> str:
    """Return id `number` of the pool: `S` and nine symbols.

    Example:
        >>> len(pool_id(0)), pool_id(0) != pool_id(1)
        (10, True)
    """
    code = (number * (_FACTOR & _MASK | 1) + _OFFSET) & _MASK
    return "S" + "".join(_ALPHABET[code >> shift & 31] for shift in range(40, -1, -5))


def _pool_number(asin: str) -> int | None:
    if len(asin) != 10 or asin[0] != "S" or any(symbol not in _ALPHABET for symbol in asin[1:]):
        return None
    code = 0
    for symbol in asin[1:]:
        code = code << 5 | _ALPHABET.index(symbol)
    return (code - _OFFSET) * _INVERSE & _MASK


class Ids(Sequence[str]):
    """The ids of a world's products, by position.

    Args:
        num_products: how many products the world has.
        key: what the order depends on, such as the world's name.
    """

    def __init__(self, num_products: int, key: str) -> None:
        self._length = num_products
        self._pool = max(FEWEST_IDS, num_products)
        self._half = max(1, (self._pool - 1).bit_length() + 1 >> 1)
        digest = hashlib.sha256(f"spa-gym/webshop/ids/{key}".encode()).digest()
        self._keys = [int.from_bytes(digest[i * 4 : i * 4 + 4], "big") for i in range(_ROUNDS)]

    def __len__(self) -> int:
        """Return the number of products."""
        return self._length

    def __getitem__(self, index: Any) -> Any:
        """Return the id of the product at a position, or those of a slice as a tuple."""
        if isinstance(index, slice):
            return tuple(self[i] for i in range(self._length)[index])
        return pool_id(self._shuffle(range(self._length)[index], self._keys, left_first=False))

    def __iter__(self) -> Iterator[str]:
        """Go through all ids in order."""
        return (self[index] for index in range(self._length))

    def find(self, asin: str) -> int | None:
        """Return the position of an id, None where no product has it."""
        number = _pool_number(asin)
        if number is None or number >= self._pool:
            return None
        index = self._shuffle(number, self._keys[::-1], left_first=True)
        return index if index < self._length else None

    def _shuffle(self, number: int, keys: Sequence[int], left_first: bool) -> int:
        """A Feistel network over the pool, walked until it lands in the pool: a bijection, run either way."""
        half = self._half
        mask = (1 << half) - 1
        while True:
            left, right = number >> half, number & mask
            for key in keys:
                if left_first:
                    left, right = right ^ _mix(left, key, mask), left
                else:
                    left, right = right, left ^ _mix(right, key, mask)
            number = left << half | right
            if number < self._pool:
                return number


def _mix(value: int, key: int, mask: int) -> int:
    value = (value * 0x9E3779B1 + key) & 0xFFFFFFFF
    value = (value ^ value >> 15) * 0x85EBCA6B & 0xFFFFFFFF
    return (value ^ value >> 13) & mask
