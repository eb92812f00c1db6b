"""Checks the options of an agent against the annotations of its constructor.

Options come from the command line, where a value that is not JSON is a text: `list_actions=no` is the text "no", which
Python would take for true.
"""

from __future__ import annotations

import inspect
import json
import types
from collections.abc import Mapping
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from spa_gym.agents.protocol import AgentError

__all__ = ["check_option_types"]

_EXAMPLES = {
    bool: "true",
    int: "3",
    float: "0.5",
    str: '"text"',
    dict: '{"name": 1}',
    list: "[1, 2]",
    type(None): "null",
}


def check_option_types(factory: Any, options: Mapping[str, Any], spec: str) -> None:
    """Refuse an option whose value its annotation does not allow; what has no plain annotation may be anything.

    Args:
        factory: The agent's class, or a function that makes it.
        options: The options by name.
        spec: What the user calls the agent, for the message.

    Raises:
        AgentError: a value has another type.
    """
    try:
        hints = get_type_hints(factory.__init__ if inspect.isclass(factory) else factory)
    except (AttributeError, NameError, TypeError):  # annotations for type checkers alone
        return
    for name, value in options.items():
        if name in hints and not _allows(hints[name], value):
            wanted = hints[name].__name__ if inspect.isclass(hints[name]) else hints[name]
            raise AgentError(
                expected=f"an option {name} of the type {wanted} for the agent {spec!r}",
                got=f"a value of the type {type(value).__name__}",
                mend=f"write it as JSON, for example --agent-arg {name}={_example(hints[name], value)}",
            )


def _allows(hint: Any, value: Any) -> bool:
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return any(_allows(part, value) for part in get_args(hint))
    if origin is Literal:
        return value in get_args(hint)
    plain = origin or hint
    if plain is None or plain is type(None):
        return value is None
    if plain is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if plain is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if plain in (bool, str, dict, list):
        return isinstance(value, plain)
    return True


def _example(hint: Any, value: Any) -> str:
    parts = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
    kinds = [get_origin(part) or part for part in parts]
    if str in kinds and not isinstance(value, str):
        return f"'{json.dumps(str(value))}'"
    return next((_EXAMPLES[kind] for kind in kinds if kind in _EXAMPLES), "...")
