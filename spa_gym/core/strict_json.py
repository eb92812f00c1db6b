"""JSON that comes from outside, read strictly: one reader for records, journals, archives, checkpoints and replies.

Python's own reader accepts `NaN`, numbers beyond float64, half of a surrogate pair and two values for one key, and
raises `RecursionError` for deep nesting. Each of these fails later, far from the file that holds it. Here all of them
are a `ValueError`.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

__all__ = ["parse_json", "parse_json_object", "replace_surrogates"]

_MAX_DEPTH = 200
"""Deeper nesting is an error. Nothing that the package writes is deeper than 10; Python's own limit depends on how
deep the caller's stack is already."""
_LONG_NUMBER = re.compile(r"\d{309}")
"""The largest float64 has 309 digits."""


def parse_json(content: bytes | str, *, nan_is_null: bool = False, allow_surrogates: bool = False) -> Any:
    r"""Return the value of a JSON text.

    Args:
        content: the text; bytes are UTF-8.
        nan_is_null: read NaN and infinite numbers, which Python writes, as null.
        allow_surrogates: accept half of a surrogate pair as an escape, which Python writes.

    Raises:
        ValueError: the text is not JSON or not UTF-8, is nested more than 200 deep, has a key twice in one object, or
            holds NaN, a number beyond float64 or half of a surrogate pair.

    Example:
        >>> parse_json('{"score": 1.0}')
        {'score': 1.0}
        >>> parse_json('[NaN]')
        Traceback (most recent call last):
            ...
        ValueError: NaN is no finite number
    """
    text = content.decode("utf-8") if isinstance(content, bytes) else content
    hooks: dict[str, Any] = {"parse_constant": _null if nan_is_null else _not_finite, "parse_float": _finite}
    if _LONG_NUMBER.search(text):
        hooks["parse_int"] = _finite_int
    try:
        value = json.loads(text, object_pairs_hook=_distinct, **hooks)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if text.count("[") + text.count("{") > _MAX_DEPTH and _depth_exceeds(value, _MAX_DEPTH):
        raise ValueError("it is nested too deeply")
    if not allow_surrogates:
        _check_surrogates(value, text)
    return value


def parse_json_object(content: bytes | str) -> dict[str, Any]:
    """Return the value of a JSON text that must be an object.

    Raises:
        ValueError: as :func:`parse_json`, or the value is no object.
    """
    value = parse_json(content)
    if not isinstance(value, dict):
        raise ValueError(f"it holds a JSON {_KINDS.get(type(value), 'null')}, not an object")
    return value


def replace_surrogates(text: str) -> str:
    r"""Return a text that can be written: half of a surrogate pair becomes U+FFFD, which stands for no character.

    Example:
        >>> replace_surrogates("look \ud83d")
        'look \ufffd'
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


_KINDS = {list: "array", str: "string", int: "number", float: "number", bool: "boolean"}


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        twice = next(name for place, (name, _) in enumerate(pairs) if name in dict(pairs[:place]))
        raise ValueError(f"the key {twice!r:.40} is there twice")
    return made


def _null(text: str) -> None:
    return None


def _finite_int(text: str) -> int:
    try:
        float(number := int(text))
    except OverflowError:
        _not_finite(text)
    return number


def _finite(text: str) -> float:
    return number if math.isfinite(number := float(text)) else _not_finite(text)


def _not_finite(text: str) -> NoReturn:
    raise ValueError(f"{text:.40} is no finite number")


def _depth_exceeds(value: Any, limit: int) -> bool:
    """Walk level by level, without recursion."""
    level = [value]
    for _ in range(limit + 1):
        level = [item for item in level if isinstance(item, (dict, list))]
        if not level:
            return False
        level = [child for item in level for child in (item.values() if isinstance(item, dict) else item)]
    return True


def _check_surrogates(value: Any, text: str) -> None:
    try:
        if "\\ud" in text.lower():
            json.dumps(value, ensure_ascii=False).encode()
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"half of a surrogate pair is not a character ({error.reason})") from error
