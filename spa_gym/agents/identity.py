"""Which agent it is: its name, its arguments, and a hash of the code that answers.

An evaluation compares them before it takes up what is in a folder, so that the figures of one agent are never shown as
those of another. The hash covers the code as it is loaded (functions, the methods of a class and its bases, what they
close over, the functions and plain values of their module that they name) and the file of the module.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import re
import sys
import types
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from spa_gym.agents.one_episode import FunctionAgent, ObjectAgent
from spa_gym.agents.protocol import Agent

__all__ = ["agent_arguments", "agent_name", "agent_source", "public_value"]

_PLAIN = (str, int, float, bool, bytes, complex, type(None), type(...))
_SECRET = re.compile(r"(^|_)(api_?key|key|secret|password|passwd|token|auth|authorization)$", re.IGNORECASE)
_MAX_TEXT = 1000
"""Longer arguments are recorded as a hash."""


def agent_name(agent: Agent) -> str:
    """Return the name of a function, or of an object's class."""
    subject = _subject(agent)
    while isinstance(subject, partial):
        subject = subject.func
    return getattr(subject, "__qualname__", type(subject).__qualname__)


def agent_arguments(agent: Agent) -> dict[str, Any]:
    """Return the arguments that an agent keeps in public attributes; none where it has `settings()` to say them.

    Empty containers are left out: they are memories, as a rule.
    """
    subject = _subject(agent)
    if hasattr(subject, "settings"):
        return {}
    found = {name: value for name, value in _attributes(subject) if _is_json(value) and value not in ({}, [])}
    return {name: public_value(name, value) for name, value in found.items()}


def agent_source(agent: Agent) -> dict[str, str]:
    """Return where the agent's code is from, and its hash."""
    subject = _subject(agent)
    code = _CodeHash(subject)
    code.add(subject)
    root = _code_of(subject)
    return {"name": f"{root.__module__}:{root.__qualname__}", "hash": code.hexdigest()}


def public_value(name: str, value: Any) -> Any:
    """Return an argument as a record may show it: keys, addresses, paths and long values only as a hash."""
    text = str(value)
    private = _SECRET.search(name) or "://" in text or (isinstance(value, str) and Path(value).is_absolute())
    if value is not None and (private or len(text) > _MAX_TEXT):
        return f"sha256:{hashlib.sha256(text.encode('utf-8', 'backslashreplace')).hexdigest()[:16]}"
    return value


def _subject(agent: Any) -> Any:
    """What a user gave: the function or object in the adapter."""
    if isinstance(agent, ObjectAgent):
        return agent.agent
    return agent.function if isinstance(agent, FunctionAgent) else agent


def _code_of(subject: Any) -> Any:
    while isinstance(subject, partial):
        subject = subject.func
    return subject if hasattr(subject, "__qualname__") and hasattr(subject, "__module__") else type(subject)


def _attributes(subject: Any) -> Iterator[tuple[str, Any]]:
    """Public attributes of an object, sorted by name; a leading underscore says "not an argument"."""
    own = dict(getattr(subject, "__dict__", {}))
    for base in type(subject).__mro__:
        slots = base.__dict__.get("__slots__", ())
        names = (slots,) if isinstance(slots, str) else slots
        own.update((name, getattr(subject, name)) for name in names if hasattr(subject, name))
    return ((name, own[name]) for name in sorted(own) if not name.startswith("_") and name != "tokens")


def _is_json(value: Any) -> bool:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return False
    return True


class _CodeHash:
    """A hash of code and of the values that it uses, the same in every process."""

    def __init__(self, subject: Any) -> None:
        self._subject, self._sha = subject, hashlib.sha256()
        self._seen: dict[int, Any] = {}  # values, so that no id is given twice
        self._module = _code_of(subject).__module__
        self._files: set[str] = set()

    def hexdigest(self) -> str:
        for name in sorted(self._files):
            file = getattr(sys.modules.get(name), "__file__", None)
            if file is not None and Path(file).is_file():
                self._sha.update(hashlib.sha256(Path(file).read_bytes()).digest())
        return self._sha.hexdigest()[:16]

    def add(self, value: Any) -> None:
        """Mix in a value: by content where it is plain, by code where it has some, else by its type."""
        if isinstance(value, _PLAIN):
            self._mix(f"{type(value).__name__}:{value!r}")
        elif isinstance(value, np.ndarray):
            self._mix(f"array:{value.dtype}:{value.shape}:{hashlib.sha256(value.tobytes()).hexdigest()}")
        elif id(value) in self._seen:
            self._mix("again")
        else:
            self._seen[id(value)] = value
            self._add_structure(value)

    def _add_structure(self, value: Any) -> None:
        self._mix(type(value).__qualname__)
        if isinstance(value, (list, tuple)):
            self._add_all(value)
        elif isinstance(value, (set, frozenset)):
            self._add_all(sorted(value, key=repr))
        elif isinstance(value, Mapping):
            self._add_all(part for item in value.items() for part in item)
        elif isinstance(value, types.CodeType):
            self._add_all((value.co_code, value.co_names, value.co_varnames, value.co_freevars, value.co_consts))
        elif isinstance(value, types.FunctionType):
            self._add_function(value)
        elif isinstance(value, (staticmethod, classmethod, types.MethodType)):
            self._add_all((value.__func__, getattr(value, "__self__", None)))
        elif isinstance(value, property):
            self._add_all((value.fget, value.fset))
        elif isinstance(value, partial):
            self._add_all((value.func, value.args, value.keywords))
        elif inspect.isclass(value):
            self._add_class(value)
        elif hasattr(value, "__wrapped__"):
            self.add(value.__wrapped__)
        else:
            self._add_object(value)

    def _add_object(self, value: Any) -> None:
        own = type(value).__module__ == self._module
        if own:
            self.add(type(value))
        if hasattr(value, "settings"):
            return
        for name, part in _attributes(value):
            # The agent's own plain attributes are its arguments; of other people's objects only those can be told.
            if _is_json(part) != own or (own and value is not self._subject):
                self._add_all((name, part))

    def _add_function(self, function: types.FunctionType) -> None:
        self._files.add(function.__module__)
        self._add_all((function.__code__, function.__defaults__, function.__kwdefaults__))
        self._add_all(_cells(function))
        for name in sorted(_names(function.__code__)):
            found = function.__globals__.get(name)
            if isinstance(found, (*_PLAIN, tuple, list, dict, set, frozenset)) or (
                isinstance(found, (types.FunctionType, type)) and found.__module__ == self._module
            ):
                self._add_all((name, found))

    def _add_class(self, found: type) -> None:
        self._mix(found.__qualname__)
        for base in found.__mro__:
            if base.__module__.partition(".")[0] in sys.stdlib_module_names:
                continue
            self._files.add(base.__module__)
            for name, member in base.__dict__.items():
                is_code = isinstance(member, (types.FunctionType, staticmethod, classmethod, property, partial))
                if is_code or (not name.startswith("_") and isinstance(member, (*_PLAIN, tuple, list, dict))):
                    self._add_all((name, member))

    def _add_all(self, values: Any) -> None:
        for value in values:
            self.add(value)

    def _mix(self, text: str) -> None:
        self._sha.update(text.encode("utf-8", "backslashreplace") + b"\0")


def _cells(function: types.FunctionType) -> Iterator[Any]:
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # a name that is not bound yet
            yield None


def _names(code: types.CodeType) -> set[str]:
    """Names that a function reads from its module, its inner functions' too."""
    inner = (const for const in code.co_consts if isinstance(const, types.CodeType))
    return {*code.co_names}.union(*map(_names, inner))
