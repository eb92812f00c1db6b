"""Arguments checked in one place, so that every refusal reads the same: expected, got, and what to pass instead."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping
from typing import Any

from spa_gym.core.errors import BadArgument

__all__ = ["given_once", "is_integer", "non_negative_int", "one_of"]


def one_of(name: str, value: object, known: Iterable[str], *, suggested: str | None = None) -> None:
    """Refuse an argument that names nothing known.

    Args:
        name: The argument's name.
        value: What was passed.
        known: The names it may have, in the order in which they are told.
        suggested: Which of them the error proposes; None: the first.

    Raises:
        BadArgument: `value` is none of them.

    Example:
        >>> one_of("split", "train", ("train", "test"))
        >>> one_of("split", "tset", ("train", "test"))
        Traceback (most recent call last):
            ...
        spa_gym.core.errors.BadArgument: expected a split out of train, test; got 'tset'. To mend it: pass split='train'
    """
    names = tuple(known)
    if not isinstance(value, str) or value not in names:
        article = "an" if name[0] in "aeiou" else "a"
        mend = f"pass {name}={suggested or names[0]!r}"
        raise BadArgument(f"{article} {name} out of {', '.join(names)}", f"{value!r:.80}", mend)


def given_once(env_kwargs: Mapping[str, Any], **given: Any) -> dict[str, Any]:
    """Return the arguments of an environment together with those that have a place of their own, the split above all.

    Args:
        env_kwargs: The arguments, as a user gives them in one dict.
        **given: Those that were given beside it.

    Raises:
        BadArgument: One of them is in both places, so that a record could name one and the environment use the other.

    Example:
        >>> given_once({"size": "small"}, split="test")
        {'split': 'test', 'size': 'small'}
        >>> given_once({"split": "train"}, split="test")
        Traceback (most recent call last):
            ...
        spa_gym.core.errors.BadArgument: expected split in one place; got split='test', and split='train' in env_kwargs\
. To mend it: leave split out of env_kwargs (--env-arg)
    """
    for name in given:
        if name in env_kwargs:
            got = f"{name}={given[name]!r}, and {name}={env_kwargs[name]!r} in env_kwargs"
            raise BadArgument(f"{name} in one place", got, f"leave {name} out of env_kwargs (--env-arg)")
    return {**given, **env_kwargs}


def is_integer(value: Any) -> bool:
    """Tell whether a value is a whole number (an int, or numpy's) and no bool."""
    try:
        operator.index(value)  # an array has the method, and refuses
    except TypeError:
        return False
    return not isinstance(value, bool)


def non_negative_int(name: str, value: Any) -> int:
    """Return an argument as a plain int, so that numpy's integers name the same world as Python's.

    Args:
        name: The argument's name.
        value: What was passed.

    Raises:
        BadArgument: It is no whole number from 0.

    Example:
        >>> non_negative_int("world_seed", 3)
        3
    """
    if not is_integer(value) or value.__index__() < 0:
        raise BadArgument(f"a {name} that is an integer from 0", repr(value), f"pass {name}=0")
    return value.__index__()
