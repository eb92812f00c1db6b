"""The explorer: does things in a house, not the task."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from spa_gym.envs.virtualhome.env import VirtualHomeEnv
from spa_gym.envs.virtualhome.explorer import Explorer


def _wander(env: VirtualHomeEnv, task: int, steps: int = 40) -> tuple[list[str], int]:
    """Its actions in an episode, and how many of them were refused."""
    _, info = env.reset(options={"task_id": task})
    player = env.explorer(random.Random(task))
    actions, refused = [], 0
    for _ in range(steps):
        actions.append(player.act(info["admissible_actions"]))
        observation, _, terminated, _, info = env.step(actions[-1])
        player.observe(actions[-1], observation)
        refused += observation == "Nothing happens."
        if terminated:
            break
    return actions, refused


@pytest.fixture(scope="module")
def env() -> VirtualHomeEnv:
    """Small houses."""
    return VirtualHomeEnv(size="small")


def test_it_does_many_things_and_few_in_vain(env: VirtualHomeEnv) -> None:
    """It uses most verbs of daily life; hardly anything is refused."""
    verbs: Counter[str] = Counter()
    refused = total = 0
    for task in range(12):
        actions, vain = _wander(env, task)
        verbs.update(action.partition(" ")[0] for action in actions)
        refused, total = refused + vain, total + len(actions)
    assert refused < 0.1 * total
    assert verbs["walk"] < 0.75 * total
    assert {"walk", "grab", "put", "open", "close", "switch", "sit", "wash"} <= verbs.keys()


def test_it_pays_no_attention_to_the_task(env: VirtualHomeEnv) -> None:
    """Another goal sentence changes nothing."""
    observation, _ = env.reset(options={"task_id": 0})
    scene = observation.partition("\n")[0]
    one, two = (
        Explorer(f"{scene}\nYour task is to: {task}.", random.Random(0)) for task in ("sleep", "go to the bedroom")
    )
    assert [one.act() for _ in range(5)] == [two.act() for _ in range(5)]
