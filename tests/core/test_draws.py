"""The draws that worlds are made of: pinned, for every world changes when one of them does."""

from __future__ import annotations

import random
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from spa_gym.core.draws import choice, sample, weighted

THINGS = ("mug", "pan", "cup", "pot", "jar")


def test_draws_are_pinned() -> None:
    rng = random.Random("spa-gym/draws")
    assert [choice(rng, THINGS) for _ in range(6)] == ["mug", "cup", "pot", "pot", "jar", "mug"]
    assert [weighted(rng, (1, 0.5, 3)) for _ in range(8)] == [0, 0, 1, 2, 0, 0, 2, 2]
    assert sample(rng, THINGS, 3) == ["cup", "jar", "mug"]


def test_every_draw_takes_one_number_and_a_sample_one_for_each_item() -> None:
    ours, theirs = random.Random(5), random.Random(5)
    choice(ours, THINGS)
    weighted(ours, (1, 2))
    sample(ours, THINGS, 3)
    for _ in range(5):
        theirs.random()
    assert ours.random() == theirs.random()


def test_positions_come_as_often_as_they_weigh() -> None:
    rng = random.Random(0)
    counts = Counter(weighted(rng, (1, 0, 3)) for _ in range(4000))
    assert counts[1] == 0 and abs(counts[2] / counts[0] - 3) < 0.3


@given(st.lists(st.floats(0, 1e6), min_size=1), st.integers())
def test_a_position_is_always_one_of_them(weights: list[float], seed: int) -> None:
    assert 0 <= weighted(random.Random(seed), weights) < len(weights)


@given(st.lists(st.integers(), unique=True), st.integers(0, 20), st.integers())
def test_a_sample_has_different_items_and_never_more_than_there_are(items: list[int], count: int, seed: int) -> None:
    drawn = sample(random.Random(seed), items, count)
    assert len(drawn) == min(count, len(items)) == len(set(drawn)) and set(drawn) <= set(items)
