"""Unicode: membership, seeded sampling from examples, equality, and its behaviour in Gymnasium's machinery."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from gymnasium.vector.utils import batch_space, concatenate, create_empty_array

from spa_gym.core.errors import BadArgument
from spa_gym.core.spaces import Unicode


def test_contains() -> None:
    space = Unicode(5)
    for text in ("", "a", "\n", "\x00", "éß🗝", "\ud800", "x" * 5, np.str_("abc")):
        assert text in space
    for other in ("x" * 6, b"abc", None, 3, ["a"], np.array("abc")):
        assert other not in space


def test_sampling_is_seeded_and_covers_the_examples() -> None:
    examples = ("look", "go north", "open 🚪")
    one, two = Unicode(20, examples, seed=4), Unicode(20, examples, seed=4)
    drawn = [one.sample() for _ in range(60)]
    assert drawn == [two.sample() for _ in range(60)]
    assert set(drawn) == set(examples)
    with pytest.raises(BadArgument, match="mask"):
        one.sample(mask=np.ones(3))


@pytest.mark.parametrize(
    ("max_length", "examples", "said"),
    [(0, ("",), "at least 1"), (3, (), "no example"), (3, ("four",), "'four'"), (3, (4,), "got 4")],
)
def test_bad_arguments(max_length: int, examples: tuple[str, ...], said: str) -> None:
    with pytest.raises(BadArgument, match=said):
        Unicode(max_length, examples)


def test_equality_pickling_and_repr() -> None:
    space = Unicode(7, ("a", "b"))
    assert space == Unicode(7) and space != Unicode(8) and space != "x"
    assert pickle.loads(pickle.dumps(space)) == copy.deepcopy(space) == space
    assert repr(Unicode(7, ("x" * 7,) * 500)) == "Unicode(max_length=7)"
    assert not space.is_np_flattenable


def test_batches_are_tuples_of_texts() -> None:
    space = Unicode(7, ("a", "b"))
    batch = batch_space(space, 3)
    assert ("a", "", "🗝") in batch and ("a", "b") not in batch
    assert concatenate(space, ["a", "🗝"], create_empty_array(space, 2)) == ("a", "🗝")
