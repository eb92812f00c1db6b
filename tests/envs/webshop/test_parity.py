"""Recordings of the original, replayed: pages in all modes, what can be clicked, rewards and their parts, ends."""

from __future__ import annotations

import gzip
import json
from typing import Any

import gymnasium as gym
import pytest

from spa_gym.envs.webshop.env import WebShopEnv
from spa_gym.envs.webshop.parity import clickables, differences, recorded_nouns
from tests.official_data import webshop_folder, webshop_recordings

TRACES = webshop_recordings("webshop_traces.jsonl.gz")
SEARCHES = webshop_recordings("webshop_search.jsonl.gz")

pytestmark = pytest.mark.skipif(
    webshop_folder() is None or TRACES is None or SEARCHES is None,
    reason="no official shop or no recordings of it: set SPA_GYM_DATA to a folder with webshop_1k/ and golden/ in it",
)


def read(path: Any) -> list[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def shop(**arguments: Any) -> WebShopEnv:
    env = gym.make(
        "SPA-WebShop-v0", source="official", data_dir=webshop_folder(), num_products=1000, split="all", **arguments
    ).unwrapped
    assert isinstance(env, WebShopEnv)
    return env


@pytest.mark.data
def test_every_step_of_the_recordings_is_the_same() -> None:
    recordings = read(TRACES)
    catalogue = shop(human_goals=False).shop.catalogue
    nouns = recorded_nouns(recordings, {product.asin: product.title for product in catalogue})
    envs: dict[tuple[str, str], WebShopEnv] = {}
    steps = 0
    for recording in recordings:
        key = recording["goal_set"], recording["observation_mode"]
        if key not in envs:
            envs[key] = shop(
                human_goals=key[0] == "human", observation_mode=key[1], noun_tagger=nouns.__getitem__, data_seed=42
            )
        assert list(differences(envs[key], recording)) == [], recording["episode"]
        steps += len(recording["steps"])
    assert steps > 100


@pytest.mark.data
def test_every_recorded_search_finds_the_same_products_in_the_same_order() -> None:
    ours = shop(human_goals=False).shop
    wrong = []
    for row in read(SEARCHES):
        found = [ours.catalogue.asins[index] for index in ours.search(row["query"].lower())]
        if found != row["docids"]:
            wrong.append(row["query"])
    assert wrong == []


@pytest.mark.data
def test_a_difference_is_found() -> None:
    recording = read(TRACES)[0]
    env = shop(human_goals=recording["goal_set"] == "human", observation_mode=recording["observation_mode"])
    first = recording["steps"][0]
    for key, value in (("observation", "another"), ("reward", 0.5), ("done", True)):
        altered = {**recording, "steps": [{**first, key: value}]}
        assert any(key in line for line in differences(env, altered))
    altered = {**recording, "initial_observation": "another page", "steps": []}
    assert len(list(differences(env, altered))) == 1
    assert clickables(env.reset(seed=0)[1]["admissible_actions"]) == ["search"]
