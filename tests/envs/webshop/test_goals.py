"""Goals: the recorded ones in their order, and the rules they are made by."""

from __future__ import annotations

import gzip
import itertools
import json
import pickle
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spa_gym.core.errors import BadArgument, TaskNotFound
from spa_gym.envs.webshop.catalogue import MemoryCatalogue
from spa_gym.envs.webshop.goals import NO_CAP, ORDER_SEED, Goal, GoalSet, official_goals
from spa_gym.envs.webshop.official.catalogue import official_catalogue
from spa_gym.envs.webshop.official.store import StoredCatalogue
from spa_gym.envs.webshop.official.store_writer import write_store
from spa_gym.envs.webshop.prices import draw_prices
from spa_gym.envs.webshop.product import HumanAnnotation, Product
from tests.envs.webshop.tiny_shop import tiny_product
from tests.official_data import webshop_folder, webshop_recordings

RECORDINGS = {
    True: webshop_recordings("webshop_goals_human_seed42.json"),
    False: webshop_recordings("webshop_goals_synthetic_seed42.json.gz"),
}


def goals_of(products: list[Product], human: bool, seed: int = 42) -> GoalSet:
    catalogue, rng = MemoryCatalogue(products), random.Random(seed)
    return official_goals(catalogue, draw_prices(catalogue, rng), human, rng)


def as_recorded(goal: Goal, human: bool) -> dict[str, Any]:
    options = list(goal.goal_options) if human else dict(goal.goal_options)  # type: ignore[arg-type]
    names = set(Goal.__slots__) - {"attributes", "goal_options", "index"}
    return {name: getattr(goal, name) for name in names} | {
        "attributes": list(goal.attributes),
        "goal_options": options,
    }


@pytest.mark.skipif(not webshop_folder() or not all(RECORDINGS.values()), reason="no official data or recordings")
@pytest.mark.parametrize(("human", "count"), [(True, 13), (False, 6910)])
@pytest.mark.parametrize("stored", [False, True])
def test_recorded_goals(human: bool, count: int, stored: bool, tmp_path: Path) -> None:
    path = RECORDINGS[human]
    assert path
    data = path.read_bytes()
    recorded = json.loads(gzip.decompress(data) if path.suffix == ".gz" else data)["goals"]
    catalogue, rng = official_catalogue(webshop_folder()), random.Random(42)
    if stored:
        write_store(tmp_path, catalogue)
        catalogue = StoredCatalogue(tmp_path)
    goals = official_goals(catalogue, draw_prices(catalogue, rng), human, rng)
    assert len(goals) == len(recorded) == count
    assert [as_recorded(goal, human) for goal in goals] == recorded
    assert [goal.index for goal in goals] == list(range(count))


WANTED = {"instruction": "find me a lamp", "instruction_attributes": ("warm light", "brass")}


def test_synthetic_goals_are_all_combinations_shuffled() -> None:
    products = [
        tiny_product(0),
        tiny_product(1, options={"size": ("s", "m", "l"), "color": ("red", "blue"), "a": ("x",)}, **WANTED),
        tiny_product(2, options={}, instruction="find me", instruction_attributes=("warm light",)),
        tiny_product(3, options={"size": (), "color": ("red",)}, **WANTED),
    ]
    goals = goals_of(products, human=False)
    expected = [
        (("a", "x"), ("color", color), ("size", size))
        for color, size in itertools.product(("red", "blue"), ("s", "m", "l"))
    ]
    expected = [*expected, ()]
    random.Random(ORDER_SEED).shuffle(expected)
    assert [goal.goal_options for goal in goals] == expected
    goal = goals[expected.index((("a", "x"), ("color", "red"), ("size", "s")))]
    assert goal.instruction_text == (
        f"find me a lamp with a: x, and color: red, and size: s, and price lower than {goal.price_upper:.2f} dollars"
    )
    assert goal.weight == (1 / 7 + 1 / 6) / 2
    bare = goals[expected.index(())]
    assert bare.instruction_text == f"find me, and price lower than {bare.price_upper:.2f} dollars"


def test_human_goals_skip_annotations_without_attributes() -> None:
    notes = tuple(
        HumanAnnotation(f"i want lamp {number}..", attributes, ("red",))
        for number, attributes in enumerate([("warm light",), (), ("brass",)])
    )
    goals = goals_of([tiny_product(0), tiny_product(1, human=notes), tiny_product(2, human=notes[:1])], human=True)
    found = sorted((goal.asin, goal.instruction_text.split(",")[0], goal.attributes) for goal in goals)
    assert found == [
        ("TINY000001", "i want lamp 0", ("warm light",)),
        ("TINY000001", "i want lamp 2", ("brass",)),
        ("TINY000002", "i want lamp 0", ("warm light",)),
    ]
    assert all(goal.goal_options == ("red",) and goal.weight == 1.0 for goal in goals)


@pytest.mark.parametrize(
    ("price", "caps"),
    [
        (5.0, {20.0, 30.0, 40.0}),
        (10.0, {30.0, 40.0, 50.0}),
        (9.99, {20.0, 30.0, 40.0}),
        (955.0, {970.0, 980.0, 990.0}),
        (965.0, {980.0, 990.0}),
        (975.0, {990.0}),
        (980.0, {NO_CAP}),
        (5000.0, {NO_CAP}),
    ],
)
def test_price_caps(price: float, caps: set[float]) -> None:
    products = [tiny_product(number, pricing=(price,), options={}, **WANTED) for number in range(60)]
    goals = list(goals_of(products, human=False))
    assert {goal.price_upper for goal in goals} == caps
    assert all((", and price lower than" in goal.instruction_text) == (goal.price_upper != NO_CAP) for goal in goals)


def test_goals_depend_on_the_seed_and_nothing_else() -> None:
    products = [tiny_product(number, pricing=(5.0, 50.0), **WANTED) for number in range(9)]
    first, again, other = (list(goals_of(products, False, seed)) for seed in (42, 42, 43))
    assert first == again and first != other
    assert [goal.goal_options for goal in first] == [goal.goal_options for goal in other]


def test_positions() -> None:
    goals = goals_of([tiny_product(1, **WANTED)], human=False)
    assert len(goals) == 4 and pickle.loads(pickle.dumps(goals))[2] == goals[2]
    for index in (-1, 4):
        with pytest.raises(TaskNotFound, match="a goal from 0 to 3"):
            goals[index]
    assert len(goals_of([tiny_product(1)], human=True)) == 0


def test_goals_without_number_are_refused_before_memory_is_taken() -> None:
    groups = {f"group {number}": tuple(map(str, range(100))) for number in range(20)}
    with pytest.raises(BadArgument, match="at most 100,000,000 goals.*human_goals=True"):
        goals_of([tiny_product(number, options=groups, **WANTED) for number in range(3)], human=False)


def test_equal_goals_are_told_apart() -> None:
    doubled = tiny_product(1, options={"size": ("s", "m", "s"), "color": ("red", "red")}, **WANTED)
    goals = goals_of([doubled, tiny_product(2, **WANTED)], human=False)
    ids = [goal.id(goals.occurrence(index)) for index, goal in enumerate(goals)]
    assert len(set(ids)) == len(goals) == 10
    assert [goals.occurrence(index) for index, goal in enumerate(goals) if goal.asin == "TINY000002"] == [0] * 4
    note = HumanAnnotation("a lamp", ("warm light",), ())
    dear = tiny_product(1, pricing=(5000.0,), human=(note, note, HumanAnnotation("b", ("brass",), ()), note))
    goals = goals_of([tiny_product(0, human=(note,)), dear], human=True)
    ids = [goal.id(goals.occurrence(index)) for index, goal in enumerate(goals)]
    assert len(set(ids)) == 5
    assert sorted(goals.occurrence(index) for index in range(5)) == [0, 0, 0, 1, 2]


def test_an_id_is_a_hash_of_the_content() -> None:
    goals = goals_of([tiny_product(1, **WANTED)], human=False)
    assert goals[0].id() == goals[0].id(0) != goals[0].id(1)
    assert len(goals[0].id()) == 16 and np.all([goals[0].id() != goals[i].id() for i in (1, 2, 3)])
