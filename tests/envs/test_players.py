"""What holds for the players of every environment: the same episode again, and something to say to any text.

How well they do, and what they must not know, stands in each environment's own tests.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import gymnasium as gym
import pytest

import spa_gym  # noqa: F401  (registers the ids)
from spa_gym.core.players import Demonstrator, Explorer
from spa_gym.envs.alfworld.explorer import Explorer as HouseholdExplorer
from spa_gym.envs.alfworld.searcher import SearchingExpert as HouseholdSearcher
from spa_gym.envs.virtualhome.explorer import Explorer as HouseExplorer
from spa_gym.envs.virtualhome.searcher import SearchingExpert as HouseSearcher
from spa_gym.envs.webshop.world.explorer import Explorer as ShopExplorer
from spa_gym.envs.webshop.world.shopper import Shopper
from tests.envs.worlds import World, every_world, every_world_and_size

PLAYERS: dict[str, tuple[Callable[[str], Demonstrator], Callable[[str, random.Random], Explorer]]] = {
    "alfworld": (HouseholdSearcher, HouseholdExplorer),
    "webshop": (Shopper, ShopExplorer),
    "virtualhome": (HouseSearcher, HouseExplorer),
}
"""Demonstrator and explorer of each environment, made from a first observation."""

STRANGE = (
    "",
    "?",
    "You see nothing.",
    "You see nothing. Your task is to: wait.",
    "You see nothing.\nYour task is to: dance.",
    "The task is Relax (I sit down).",
    "WebShop",
    "Instruction: [SEP] x",
    "Instruction: [SEP] x [SEP] Back to Search [SEP] ?",
    "Instruction: [SEP] x [SEP] Back to Search [SEP] Page 1 (Total results: 0) [SEP] Next >",
)
"""Observations that no environment gives, or only another one, or only later."""


def _play(env: gym.Env[str, str], task: int, explores: int | None) -> list[tuple[str, str]]:
    """Actions and answers of an episode by the demonstrator, or by the explorer with a seed."""
    _, info = env.reset(options={"task_id": task})
    bare: Any = env.unwrapped
    player = bare.demonstrator() if explores is None else bare.explorer(random.Random(explores))
    seen: list[tuple[str, str]] = []
    done = False
    while not done:
        action = player.act() if explores is None else player.act(info["admissible_actions"])
        observation, _, terminated, truncated, info = env.step(action)
        player.observe(action, observation)
        seen.append((action, observation))
        done = terminated or truncated
    return seen


@every_world_and_size
def test_a_demonstrator_plays_the_same_episode_again(world: World, size: str) -> None:
    env, other = (gym.make(world.id, size=size) for _ in range(2))
    for task in range(12):
        assert _play(env, task, None) == _play(other, task, None)


@every_world
def test_an_explorer_does_what_its_seed_says(world: World) -> None:
    env = gym.make(world.id, size="small")
    for task in (1, 3):
        assert _play(env, task, 7) == _play(env, task, 7) != _play(env, task, 8)


@pytest.mark.parametrize("text", STRANGE)
@pytest.mark.parametrize("name", PLAYERS)
def test_a_demonstrator_survives_any_text(name: str, text: str) -> None:
    for answer in ("Nothing happens.", *STRANGE):
        player = PLAYERS[name][0](text)
        for _ in range(20):
            action = player.act()
            assert isinstance(action, str) and action
            player.observe(action, answer)


@pytest.mark.parametrize("text", STRANGE)
@pytest.mark.parametrize("name", PLAYERS)
def test_an_explorer_survives_any_text(name: str, text: str) -> None:
    for answer in ("Nothing happens.", *STRANGE):
        player = PLAYERS[name][1](text, random.Random(0))
        for turn in range(20):
            action = player.act(("look",) if turn % 2 else ())
            assert isinstance(action, str) and action
            player.observe(action, answer)
