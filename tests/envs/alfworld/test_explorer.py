"""The explorer: errands of its own, without regard to the task on the wall."""

from __future__ import annotations

import random

import pytest

from spa_gym.envs.alfworld.engine import Engine
from spa_gym.envs.alfworld.explorer import _PATIENCE, Explorer
from spa_gym.envs.alfworld.generated import generated_tasks


def _walk(engine: Engine, explorer: Explorer, steps: int = 40) -> list[tuple[str, bool]]:
    walked = []
    for _ in range(steps):
        command = explorer.act(engine.admissible())
        reply, grounded = engine.act(command)
        explorer.observe(command, reply)
        walked.append((command, grounded))
    return walked


@pytest.mark.parametrize("grammar", ["2.1.2", "2.1.1"])
@pytest.mark.parametrize("size", ["official", "small"])
def test_it_does_things_and_shows_every_kind_of_command(size: str, grammar: str) -> None:
    walked = []
    for i in range(40):
        engine = Engine(generated_tasks(0, size, "train")[i].payload, grammar)
        walked += _walk(engine, Explorer(engine.intro(), random.Random(i), grammar))
    put = "move" if grammar == "2.1.2" else "put"
    verbs = {command.partition(" ")[0] for command, grounded in walked if grounded}
    assert {"go", "open", "take", "examine", "clean", "heat", "cool", put} <= verbs
    assert sum(grounded for _, grounded in walked) > 0.85 * len(walked)
    assert sum(command.startswith(put) for command, _ in walked) > 0.05 * len(walked)


def test_the_task_on_the_wall_changes_nothing() -> None:
    game = generated_tasks(0, "small", "train")[0].payload
    walks = []
    for task in ("put a mug in shelf.", "heat some apple and put it in fridge."):
        engine = Engine(game)
        intro = engine.intro().partition("Your task is to: ")[0] + "Your task is to: " + task
        walks.append(_walk(engine, Explorer(intro, random.Random(3))))
    assert walks[0] == walks[1]


def test_without_restlessness_or_a_list_it_runs_its_errands() -> None:
    engine = Engine(generated_tasks(0, "small", "train")[2].payload)
    explorer = Explorer(engine.intro(), random.Random(0), restless=0.0)
    for _ in range(60):
        command = explorer.act()
        explorer.observe(command, engine.act(command)[0])


def test_an_errand_ends_when_its_thing_is_put_down_or_patience_runs_out() -> None:
    engine = Engine(generated_tasks(0, "small", "train")[3].payload)
    explorer = Explorer(engine.intro(), random.Random(5), restless=0.0)
    errands, puts = set(), 0
    for _ in range(200):
        command = explorer.act()
        reply, grounded = engine.act(command)
        explorer.observe(command, reply)
        if grounded and command.startswith("move"):
            puts += 1
            assert explorer._left == _PATIENCE, "a new errand has begun"
        errands.add((explorer._expert.kind, explorer._expert.wanted, explorer._expert.target))
    assert puts >= 10 and len(errands) >= 10
