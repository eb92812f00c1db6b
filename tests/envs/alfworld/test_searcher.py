"""The searching expert: it knows what it saw and nothing else, and solves nearly everything within the step limit."""

from __future__ import annotations

import random

import gymnasium as gym
import pytest

import spa_gym  # noqa: F401  (registers the ids)
from spa_gym.envs.alfworld.engine import Engine
from spa_gym.envs.alfworld.game import Goal
from spa_gym.envs.alfworld.generated import generated_tasks
from spa_gym.envs.alfworld.searcher import SearchingExpert
from tests.envs.alfworld.kitchen import INTRO, kitchen

LIMIT = 40


def _play(engine: Engine, expert: SearchingExpert, limit: int = LIMIT) -> int:
    """Steps until the goal holds; limit + 1 where it does not."""
    for step in range(limit):
        command = expert.act()
        expert.observe(command, engine.act(command)[0])
        if engine.won:
            return step + 1
    return limit + 1


@pytest.mark.parametrize("grammar", ["2.1.2", "2.1.1"])
@pytest.mark.parametrize("split", ["train", "valid_unseen"])
@pytest.mark.parametrize("size", ["official", "small"])
def test_it_solves_nearly_all_tasks_in_time(size: str, split: str, grammar: str) -> None:
    tasks = generated_tasks(0, size, split)
    solved = 0
    for i in range(150):
        engine = Engine(tasks[i].payload, grammar)
        solved += _play(engine, SearchingExpert(engine.intro(), grammar)) <= LIMIT
    assert solved >= 0.97 * 150


@pytest.mark.parametrize("size", ["official", "small"])
def test_it_goes_on_after_somebody_elses_actions(size: str) -> None:
    tasks, solved = generated_tasks(4, size, "train"), 0
    for i in range(60):
        engine, rng = Engine(tasks[i].payload), random.Random(i)
        expert = SearchingExpert(engine.intro())
        for _ in range(8):
            if not engine.won:
                command = rng.choice([c for c in engine.admissible() if "teddybear" not in c and "paper" not in c])
                expert.observe(command, engine.act(command)[0])
        solved += engine.won or _play(engine, expert, 60) <= 60
    assert solved >= 0.95 * 60


@pytest.mark.parametrize(
    ("task", "understood"),
    [
        ("put a mug in shelf.", ("put", "mug", "shelf")),
        ("put some mug on shelf.", ("put", "mug", "shelf")),
        ("put a clean mug in shelf.", ("clean", "mug", "shelf")),
        ("clean some mug and put it in shelf.", ("clean", "mug", "shelf")),
        ("put a hot mug in shelf.", ("heat", "mug", "shelf")),
        ("heat some mug and put it in shelf.", ("heat", "mug", "shelf")),
        ("put a cool mug in shelf.", ("cool", "mug", "shelf")),
        ("cool some mug and put it in shelf.", ("cool", "mug", "shelf")),
        ("put two mug in shelf.", ("two", "mug", "shelf")),
        ("find two mug and put them in shelf.", ("two", "mug", "shelf")),
        ("look at mug under the desklamp.", ("light", "mug", "desklamp")),
        ("examine the mug with the desklamp.", ("light", "mug", "desklamp")),
        ("write a poem.", ("", "", "")),
    ],
)
def test_every_wording_of_a_task_is_understood(task: str, understood: tuple[str, str, str]) -> None:
    expert = SearchingExpert(INTRO.replace("put a clean mug in shelf.", task))
    assert (expert.kind, expert.wanted, expert.target) == understood
    assert isinstance(expert.act(), str)


def test_it_knows_nothing_that_was_not_seen() -> None:
    """Two rooms that look the same from the outside are searched alike until something is seen."""
    moved = "objecttype mug_bar_01 mugtype\npickupable mug_bar_01\ncleanable mug_bar_01\n"
    other = kitchen(without="mug_bar_01", extra=moved + "inreceptacle mug_bar_01 microwave_bar_01")
    experts = []
    for game in (kitchen(), other):
        engine = Engine(game)
        expert = SearchingExpert(engine.intro())
        experts.append((engine, expert))
    (one, first), (two, second) = experts
    assert one.intro() == two.intro()
    while True:
        command = first.act()
        assert second.act() == command
        a, b = one.act(command)[0], two.act(command)[0]
        if a != b:
            break
        first.observe(command, a)
        second.observe(command, b)


def test_a_neighbour_that_cannot_be_gone_to_is_looked_into_from_where_one_stands() -> None:
    engine = Engine(kitchen(Goal("pick_and_place_simple", "mug", "shelf"), without="mug_bar_01"))
    expert = SearchingExpert(engine.intro().replace("put a clean mug", "put a mug"))
    assert _play(engine, expert, 60) <= 60


def test_the_environment_lends_one() -> None:
    env = gym.make("SPA-ALFWorld-v0", size="small", grammar="2.1.1")
    observation, info = env.reset(options={"task_id": 2})
    expert = env.unwrapped.demonstrator()  # type: ignore[attr-defined]
    done = False
    while not done:
        command = expert.act()
        observation, _, terminated, truncated, info = env.step(command)
        expert.observe(command, observation)
        done = terminated or truncated
    assert info["success"]
