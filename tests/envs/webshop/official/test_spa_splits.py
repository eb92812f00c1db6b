"""SPA's lists are those of its code."""

from __future__ import annotations

import json

import pytest

from spa_gym.envs.webshop.official.spa_splits import HUMAN_GOALS, SPA_SPLITS, spa_positions
from tests.official_data import webshop_folder


def test_sizes_and_range() -> None:
    assert {split: len(set(spa_positions(split))) for split in SPA_SPLITS} == {
        "spa_train": 1624,
        "spa_test": 200,
        "spa_test_500": 500,
    }
    assert all(0 <= position < HUMAN_GOALS for split in SPA_SPLITS for position in spa_positions(split))


@pytest.mark.skipif(webshop_folder() is None, reason="no official data: set SPA_GYM_DATA")
@pytest.mark.parametrize("split", SPA_SPLITS)
def test_equal_the_released_lists(split: str) -> None:
    folder = webshop_folder()
    assert folder
    name = {"spa_train": "spa_train_indices", "spa_test": "spa_test_indices", "spa_test_500": "spa_test_indices_500"}
    assert list(spa_positions(split)) == json.loads((folder / f"{name[split]}.json").read_text("utf-8"))
    assert len(json.loads((folder / "human_goals.json").read_text("utf-8"))) == HUMAN_GOALS
