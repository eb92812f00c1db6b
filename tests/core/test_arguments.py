"""Arguments are refused with what was expected, what came, and what to pass instead; and nothing else is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from spa_gym.core.arguments import is_integer, non_negative_int, one_of
from spa_gym.core.errors import BadArgument


def test_a_known_name_passes() -> None:
    one_of("split", "test", ("train", "test"))
    one_of("size", "small", {"official": 1, "small": 2})
    one_of("engine", "fast", iter(["fast"]))


@pytest.mark.parametrize("value", ["tset", "", None, True, 3, ["train"], {"train"}, "TRAIN", b"train"], ids=repr)
def test_anything_else_is_refused(value: Any) -> None:
    with pytest.raises(BadArgument, match="a split out of train, test; got ") as caught:
        one_of("split", value, ("train", "test"))
    assert caught.value.got == repr(value) and caught.value.mend == "pass split='train'"


def test_the_article_and_the_suggestion() -> None:
    with pytest.raises(BadArgument, match="an engine out of fast, textworld; got 'f'. To mend it: pass engine='fast'"):
        one_of("engine", "f", ("fast", "textworld"))
    with pytest.raises(BadArgument, match="a split out of all, test, train; .*pass split='train'"):
        one_of("split", "valid", ("all", "test", "train"), suggested="train")


@pytest.mark.parametrize("value", [0, 7, 2**70, np.int64(7), np.uint8(7)], ids=repr)
def test_whole_numbers_become_plain_ints(value: Any) -> None:
    got = non_negative_int("world_seed", value)
    assert type(got) is int and got == value and is_integer(value)


@pytest.mark.parametrize("value", [-1, np.int64(-1), True, False, 0.0, 1.5, "0", None, (0,)], ids=repr)
def test_what_is_no_whole_number_from_zero_is_refused(value: Any) -> None:
    with pytest.raises(BadArgument, match="a world_seed that is an integer from 0; got .*pass world_seed=0"):
        non_negative_int("world_seed", value)
