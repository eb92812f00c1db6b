"""Arguments that JSON has not: each becomes something plain that makes the same environment."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spa_gym.core.plain_arguments import import_name, plain_arguments


class Tagger:
    @staticmethod
    def words(text: str) -> list[str]:
        return text.split()

    def nouns(self, text: str) -> list[str]:
        return text.split()

    def __call__(self, text: str) -> list[str]:
        return text.split()


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (Path("/data/x"), "/data/x"),
        (np.int64(3), 3),
        (np.float32(0.5), 0.5),
        (np.bool_(True), True),
        (np.str_("a"), "a"),
        (str.split, "builtins:str.split"),
        (json.dumps, "json:dumps"),
        (Tagger.words, f"{__name__}:Tagger.words"),
        (Tagger, f"{__name__}:Tagger"),
        (len, "builtins:len"),
        *((same, same) for same in (None, 7, 1.5, True, "text", [1], {"a": [2]})),
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_plain_form(value: Any, plain: Any) -> None:
    (found,) = plain_arguments({"x": value}).values()
    assert found == plain and type(found) is type(plain)
    json.dumps(found)


@pytest.mark.parametrize(
    "value",
    [lambda: 0, Tagger().nouns, Tagger(), partial(str.split, sep=",")],
    ids=["lambda", "method", "object", "partial"],
)
def test_what_has_no_name_stays(value: Any) -> None:
    assert plain_arguments({"x": value}) == {"x": value} and import_name(value) is None
