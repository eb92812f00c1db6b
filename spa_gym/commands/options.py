"""Options that several commands share, and how `--env-arg key=value` is read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

import tyro

from spa_gym.core.errors import BadArgument
from spa_gym.core.strict_json import parse_json

__all__ = ["KeyValues", "env_kwargs", "parse_pairs"]

KeyValues = Annotated[list[str], tyro.conf.UseAppendAction, tyro.conf.arg(metavar="KEY=VALUE")]


def parse_pairs(pairs: Iterable[str], option: str) -> dict[str, Any]:
    """Read `key=value` pairs.

    A value that is JSON (a number, true, false, null, a list, ...) is taken as such, anything else as text.

    Args:
        pairs: The texts.
        option: Name of the option, for the message.

    Raises:
        BadArgument: A text has no "=", or no name before it.

    >>> parse_pairs(["size=small", "world_seed=3", "list_help=true", "grammar=2.1.2"], "--env-arg")
    {'size': 'small', 'world_seed': 3, 'list_help': True, 'grammar': '2.1.2'}
    """
    read: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name.isidentifier():
            raise BadArgument(f"{option} KEY=VALUE", repr(pair), f"for example {option} size=small")
        if value in ("True", "False", "None"):
            value = {"True": "true", "False": "false", "None": "null"}[value]
        try:
            read[name] = parse_json(value)
        except ValueError:
            read[name] = value
    return read


def env_kwargs(env_arg: Iterable[str], data_dir: str | None) -> dict[str, Any]:
    """Arguments of the environment from `--env-arg` and `--data-dir`."""
    return {**parse_pairs(env_arg, "--env-arg"), **({"data_dir": data_dir} if data_dir is not None else {})}
