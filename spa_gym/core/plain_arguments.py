"""Arguments of an environment as what JSON can hold, so that every `EnvSpec` and every record can be written.

`EnvSpec.to_json` raises a bare `TypeError` for a `Path`, a function or numpy's numbers. Each of them has a plain form
that makes the same environment: the path's text, `package.module:function`, Python's own number.
"""

from __future__ import annotations

import importlib
import operator
import os
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

__all__ = ["import_name", "plain_arguments"]


def plain_arguments(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return arguments with plain values; what has no plain form stays as it is.

    Example:
        >>> from pathlib import PurePosixPath
        >>> plain_arguments({"data_dir": PurePosixPath("/data"), "noun_tagger": str.split, "size": "small"})
        {'data_dir': '/data', 'noun_tagger': 'builtins:str.split', 'size': 'small'}
    """
    return {name: _plain(value) for name, value in arguments.items()}


def import_name(function: Callable[..., Any]) -> str | None:
    """Return `module:name` of a function, or None if it cannot be imported by it (a lambda, a method of an object).

    Example:
        >>> import_name(plain_arguments), import_name(lambda: 0)
        ('spa_gym.core.plain_arguments:plain_arguments', None)
    """
    owner = getattr(function, "__objclass__", function)  # `str.split` has no module, its class has
    module, name = getattr(owner, "__module__", None), getattr(function, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(name, str):
        return None
    try:
        found = operator.attrgetter(name)(importlib.import_module(module))
    except (ImportError, AttributeError):
        return None
    return f"{module}:{name}" if found is function else None


def _plain(value: Any) -> Any:
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, np.generic):
        return value.item()
    return import_name(value) or value if callable(value) else value
