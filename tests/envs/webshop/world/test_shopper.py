"""The shopper: knows only what it has seen, copies from the page, and mostly gets what is asked for."""

from __future__ import annotations

import random
from typing import Any

import gymnasium as gym
import pytest

import spa_gym  # noqa: F401  (registers the ids)
from spa_gym.envs.webshop.world.pages import read_page
from spa_gym.envs.webshop.world.request import read_request


def _play(
    env: Any, task: int, rng: random.Random | None = None, noise: float = 0.0
) -> tuple[list[str], dict[str, Any]]:
    """Actions of an episode and the last info; with `noise`, some actions are drawn at random instead."""
    observation, info = env.reset(options={"task_id": task})
    shopper = env.unwrapped.demonstrator()
    actions = []
    done = False
    while not done:
        action = shopper.act()
        if rng is not None and rng.random() < noise:
            action = info["admissible_actions"][int(rng.random() * len(info["admissible_actions"]))]
        elif action.startswith("click["):
            argument = action[len("click[") : -1]
            assert f" [SEP] {argument} " in f" [SEP] {observation} ", (action, observation)
        actions.append(action)
        observation, _, terminated, truncated, info = env.step(action)
        shopper.observe(action, observation)
        done = terminated or truncated
    return actions, info


@pytest.mark.parametrize(("size", "least"), [("official", 0.85), ("small", 0.95)])
def test_it_mostly_succeeds_within_10_steps_and_never_runs_out_of_them(size: str, least: float) -> None:
    env = gym.make("SPA-WebShop-v0", size=size, split="valid")
    episodes = [_play(env, task) for task in range(200)]
    assert sum(info["success"] for _, info in episodes) >= least * 200
    assert all(actions[-1] == "click[Buy Now]" for actions, _ in episodes)
    assert all(info["grounded"] for _, info in episodes)
    assert min(len(actions) for actions, _ in episodes) >= 3


def test_it_reads_more_pages_only_where_the_title_leaves_something_open() -> None:
    env = gym.make("SPA-WebShop-v0", size="small", split="train")
    for task in range(60):
        actions, info = _play(env, task)
        goal = env.unwrapped.tasks[task].payload
        if len(actions) == 3 + len(goal.goal_options) and info["success"]:
            assert "click[Features]" not in actions
        if "click[Description]" in actions:
            assert "click[Features]" in actions


@pytest.mark.parametrize("size", ["official", "small"])
def test_it_goes_on_from_pages_that_others_led_it_to(size: str) -> None:
    env = gym.make("SPA-WebShop-v0", size=size, split="train", max_episode_steps=14)
    rng = random.Random(0)
    episodes = [_play(env, task, rng, noise=0.2) for task in range(150)]
    solved = sum(info["success"] for _, info in episodes)
    assert solved > 60


def test_requests() -> None:
    request = read_request(
        "my sister asked for some wrinkle shy denim apron by velmora that is waxed canvas, in the style short strap in "
        "khaki, and price lower than 40.00 dollars"
    )
    assert (request.noun, request.attributes, request.values) == (
        "denim apron", ("wrinkle shy", "waxed canvas"), ("short strap", "khaki"),
    )  # fmt: skip
    assert (request.cap, request.brand) == (40.0, "velmora")
    assert request.query == "velmora wrinkle shy waxed canvas denim apron short strap khaki"


def test_requests_of_unknown_kinds_are_read_by_their_words() -> None:
    request = read_request(
        "Find me machine washable throw blankets for living room with color: dark blue, and size: 50x60, and price "
        "lower than 30.00 dollars"
    )
    assert (request.noun, request.cap, request.values) == ("", 30.0, ("dark blue", "50x60"))
    assert request.query == "machine washable throw blankets living room dark blue 50x60"
    assert read_request("").query == ""


def test_pages() -> None:
    head = "Instruction: [SEP] find it [SEP] Back to Search [SEP] "
    results = read_page(
        head + "Page 2 (Total results: 50) [SEP] < Prev [SEP] Next > [SEP] S1 [SEP] A lamp [SEP] $6.63 to $8.37"
    )
    assert results.kind == "results" and results.buttons == ("Back to Search", "< Prev", "Next >")
    assert [(offer.asin, offer.title, offer.low, offer.high) for offer in results.offers] == [
        ("S1", "A lamp", 6.63, 8.37)
    ]
    item = read_page(
        head
        + "< Prev [SEP] color [SEP] red [SEP] size [SEP] 2 l [SEP] A lamp [SEP] Price: $2.0 [SEP] Rating: N.A. [SEP] "
        "Description [SEP] Features [SEP] Reviews [SEP] Buy Now"
    )
    assert item.kind == "item" and item.values == {"red": "color", "2 l": "size"} and item.title == "A lamp"
    assert read_page(head + "< Prev [SEP] Warm light [SEP] Cold light").text == "Warm light [SEP] Cold light"
    assert read_page("WebShop [SEP] Instruction: [SEP] find it [SEP] Search").instruction == "find it"
    assert read_page("Thank you for shopping with us! [SEP] ...").kind == "done"
