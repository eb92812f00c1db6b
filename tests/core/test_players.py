"""All environments bring players along that keep to the protocols; what does not is refused by name."""

from __future__ import annotations

import random

import gymnasium
import pytest

import spa_gym  # noqa: F401  (registers the ids)
from spa_gym.core.errors import BadArgument
from spa_gym.core.players import Demonstrator, Explorer, playable
from tests.toy import Toy


@pytest.mark.parametrize("env_id", ["SPA-ALFWorld-v0", "SPA-WebShop-v0", "SPA-VirtualHome-v0"])
def test_the_players_of_an_environment(env_id: str) -> None:
    env = gymnasium.make(env_id, size="small")
    _, info = env.reset(options={"task_id": 5})
    bare = playable(env)
    assert bare is env.unwrapped and len(bare.tasks) > 5
    demonstrator: Demonstrator = bare.demonstrator()
    explorer: Explorer = bare.explorer(random.Random(0))
    for turn in range(6):
        action = explorer.act(info["admissible_actions"]) if turn % 2 else demonstrator.act()
        assert turn % 2 or demonstrator.act() == action
        observation, _, terminated, _, info = env.step(action)
        for player in (demonstrator, explorer):
            player.observe(action, observation)
        if terminated:
            break
    names = bare.entity_names()
    assert len(names) == len(set(names)) > 100 and all(name.isascii() for name in names)


def test_an_environment_without_players_is_refused() -> None:
    with pytest.raises(BadArgument, match=r"demonstrator\(\).*got Toy.*core\.players"):
        playable(Toy())
