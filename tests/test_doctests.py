"""The examples in the docstrings of the light floors run as they stand."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import spa_gym

LIGHT = ("spa_gym.core", "spa_gym.testing", "spa_gym.registration", "spa_gym.wrappers", "spa_gym.agents")
MODULES = [
    module.name for module in pkgutil.walk_packages(spa_gym.__path__, "spa_gym.") if module.name.startswith(LIGHT)
]


@pytest.mark.parametrize("name", ["spa_gym", *MODULES])
def test_docstring_examples(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)
    assert result.failed == 0
