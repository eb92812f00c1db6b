"""Plain data from outside, checked against type annotations: what a record, a row or a trajectory must look like.

`misfit` compares a value with an annotation and returns the first thing that is wrong, with its place. A dataclass or
a `TypedDict` stands for the dict of its fields. A bool is no number, an int is a float, a number is finite, and an int
has 64 bits. `Annotated[int, Bounds(0, 9)]` bounds a number, or the length of a text or list.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import types
from collections.abc import Callable
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints, is_typeddict

__all__ = ["Bounds", "misfit"]

Check = Callable[[Any], str]
"""Returns the misfit with its place in front, "" if there is none."""


@dataclasses.dataclass(frozen=True)
class Bounds:
    """Least and largest value, or length, both included."""

    low: float
    high: float


def misfit(value: Any, annotation: Any) -> str:
    """Return what is wrong with a value, "" if nothing is.

    Args:
        value: Plain data, as a JSON reader returns it.
        annotation: `Any`, `None`, bool, int, float, str, unions, `list[X]`, `tuple[X, ...]`, `dict[str, X]`,
            `Annotated[X, Bounds(...)]`, a dataclass or a `TypedDict`. Fields that a dataclass does not have are wrong,
            further keys of a `TypedDict` are not.

    Example:
        >>> misfit({"seeds": [0, 1]}, dict[str, list[int]])
        ''
        >>> misfit({"seeds": [0, True]}, dict[str, list[int]])
        'seeds[1]: expected an int, got True'
    """
    return _check_of(annotation)(value).removeprefix(".").removeprefix(": ")


@functools.cache
def _check_of(annotation: Any) -> Check:
    """Build the check of an annotation once."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if annotation in _SCALARS:
        return _SCALARS[annotation]
    if origin is Annotated:
        return _bounded(_check_of(parts[0]), parts[1])
    if origin in (Union, types.UnionType):
        return _one_of([_check_of(part) for part in parts])
    if origin in (list, tuple):
        return _each(_check_of(parts[0]))
    if origin is dict:
        return _values(_check_of(parts[1]))
    if dataclasses.is_dataclass(annotation) or is_typeddict(annotation):
        return _fields(annotation)
    raise TypeError(f"expected an annotation of plain data, got {annotation!r}")


def _wrong(expected: str, value: Any) -> str:
    return f": expected {expected}, got {value!r:.60}"


_INT, _INF = 2**63, math.inf
_SCALARS: dict[Any, Check] = {
    Any: lambda value: "",
    type(None): lambda value: "" if value is None else _wrong("null", value),
    bool: lambda value: "" if type(value) is bool else _wrong("true or false", value),
    int: lambda value: "" if type(value) is int and -_INT <= value < _INT else _wrong("an int", value),
    float: lambda value: (
        ""
        if type(value) is float and -_INF < value < _INF or type(value) is int and -_INT <= value < _INT
        else _wrong("a number", value)
    ),
    str: lambda value: "" if type(value) is str else _wrong("text", value),
}


def _bounded(check: Check, bounds: Bounds) -> Check:
    def bounded(value: Any) -> str:
        found = check(value)
        size = len(value) if not found and isinstance(value, str | list | tuple) else value
        if found or bounds.low <= size <= bounds.high:
            return found
        what = "" if size is value else "a length "
        return _wrong(f"{what}from {bounds.low:g} to {bounds.high:g}", size)

    return bounded


def _one_of(checks: list[Check]) -> Check:
    def one_of(value: Any) -> str:
        found = []
        for check in checks:
            found.append(check(value))
            if not found[-1]:
                return ""
        return max(found, key=lambda text: text.index(":"))  # of the part that got furthest

    return one_of


def _each(check: Check) -> Check:
    def each(value: Any) -> str:
        if not isinstance(value, list | tuple):
            return _wrong("a list", value)
        if not any(map(check, value)):  # the usual case, in one loop of the interpreter's own
            return ""
        return next(f"[{place}]{found}" for place, item in enumerate(value) if (found := check(item)))

    return each


def _values(check: Check) -> Check:
    def values(value: Any) -> str:
        if not isinstance(value, dict) or not all(isinstance(name, str) for name in value):
            return _wrong("an object", value)
        return next((f".{name:.60}{found}" for name, item in value.items() if (found := check(item))), "")

    return values


def _fields(owner: Any) -> Check:
    hints = get_type_hints(owner, include_extras=True)
    if dataclasses.is_dataclass(owner):
        entries, missing = dataclasses.fields(owner), dataclasses.MISSING
        required = {entry.name for entry in entries if entry.default is missing is entry.default_factory}
    else:
        required = set(owner.__required_keys__)
    closed = not is_typeddict(owner)
    checks = {name: _check_of(hint) for name, hint in hints.items()}

    def fields(value: Any) -> str:
        if not isinstance(value, dict):
            return _wrong("an object", value)
        absent = sorted(required - value.keys())
        unknown = [name for name in value if name not in checks] if closed else []
        if absent or unknown:
            told = [f"{name!r} missing" for name in absent] + [f"{name!r:.40} unknown" for name in unknown]
            return f": {', '.join(told[:5])}"
        found = (f".{name}{wrong}" for name in checks if name in value and (wrong := checks[name](value[name])))
        return next(found, "")

    return fields
