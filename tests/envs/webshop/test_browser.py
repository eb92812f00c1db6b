"""Episodes in a real Chromium: the same as in this process, picture, cloning, and what happens when it dies."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.error import DependencyNotInstalled

from spa_gym.envs.webshop.backend import ProcessBackend
from spa_gym.envs.webshop.env import WebShopEnv
from spa_gym.envs.webshop.site import chromium
from tests.envs.webshop.tiny_shop import goal_for, tiny_product, tiny_scorer, tiny_shop

try:
    chromium.find_programs()
    MISSING = ""
except DependencyNotInstalled as error:
    MISSING = str(error)
needs_chromium = pytest.mark.skipif(bool(MISSING), reason=MISSING)

ODD = tiny_product(
    12,
    '1/4 "zip" & <b>it\'s</b>',
    bullets=("", " ", "a\rb\nc"),
    options={"size": ("a", 'b "x"', "é"), "fit": ("a", "description", "c / d")},
)
SHOP = tiny_shop(ODD, show_attrs=True)
ODD_ACTIONS = (
    "search[1/4 #% \"quoted\" 'it' +&=]",
    "search[LAMP 😀 é]",
    "search[ ]",
    "search[lamp\rzip\tx]",
    "search[\ud800]",
    "search[<r>]",
    "search[<c> garden]",
    "search[search_results item_page lamp]",
    f"search[{'lamp ' * 600}]",
    "search[]",
    "click[search]",
    "click[no such thing]",
    "Click[buy now]",
    "click[Buy Now] please",
    "think\nclick[buy now]",
    "",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from spa_gym.envs.webshop.browser import BrowserBackend

    backend = BrowserBackend(SHOP, tiny_scorer(), "text")
    yield backend
    backend.close()


def play(backend: Any, seed: int, mode: str) -> None:
    """Play one episode here and in the browser, and compare everything after each step."""
    rng = random.Random(seed)
    here = ProcessBackend(SHOP, tiny_scorer(), mode)
    goal = goal_for(SHOP.catalogue[rng.choice((3, 12))], index=seed)
    here.begin(goal)
    backend.begin(goal)
    for _ in range(15):
        assert backend.state == here.state
        assert backend.observation() == here.observation()
        assert backend.admissible() == here.admissible()
        assert backend.purchase == here.purchase
        action = rng.choice(ODD_ACTIONS if rng.random() < 0.25 or not here.admissible() else here.admissible())
        chance = partial(np.random.default_rng, rng.getrandbits(32))
        executed = here.act(action, chance)
        assert backend.act(action, chance) == executed, action


@needs_chromium
@pytest.mark.slow
@pytest.mark.parametrize(("mode", "seed"), [("text", 0), ("text", 1), ("text_rich", 2), ("html", 3)])
def test_the_same_episode_as_in_this_process(browser: Any, mode: str, seed: int) -> None:
    browser._mode = mode
    play(browser, seed, mode)


@needs_chromium
@pytest.mark.slow
def test_the_environment_in_a_browser() -> None:
    arguments = {"size": "small", "num_products": 60, "render_mode": "rgb_array"}
    env = gym.make("SPA-WebShop-v0", backend="browser", **arguments)
    other = gym.make("SPA-WebShop-v0", size="small", num_products=60)
    observation, info = env.reset(seed=3, options={"task_id": 1})
    assert (observation, info) == other.reset(seed=3, options={"task_id": 1})
    assert isinstance(env.unwrapped, WebShopEnv) and isinstance(other.unwrapped, WebShopEnv)
    pictures = []
    for action in list(env.unwrapped.expert()):
        assert env.step(action) == other.step(action)
        pictures.append(env.render())
    assert all(picture.shape == (900, 1280, 3) and picture.dtype == np.uint8 for picture in pictures)
    assert len({picture.tobytes() for picture in pictures}) == len(pictures) > 2
    assert pictures[0].std() > 5, "something is to be seen"
    env.close()


@needs_chromium
@pytest.mark.slow
def test_states_go_between_the_two(browser: Any) -> None:
    browser._mode = "text"
    here = ProcessBackend(SHOP, tiny_scorer(), "text")
    goal = goal_for(ODD)
    here.begin(goal)
    browser.begin(goal)
    states = [here.state]
    for action in (
        "search[1/4]",
        "click[tiny000012]",
        "click[a]",
        "click[features]",
        "click[< prev]",
        "click[buy now]",
    ):
        assert here.act(action, np.random.default_rng)
        states.append(here.state)
    for state in [*states[::-1], states[3]]:
        browser.restore(state)
        here.restore(state)
        assert (browser.state, browser.observation()) == (here.state, here.observation())
    assert browser.act("click[é]", np.random.default_rng) and here.act("click[é]", np.random.default_rng)
    assert browser.observation() == here.observation()


def processes(group: int) -> list[int]:
    """The living processes of a process group."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                fields = (folder / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(fields[2]) == group and fields[0] != "Z":
                found.append(int(folder.name))
    return found


@needs_chromium
@pytest.mark.slow
@pytest.mark.parametrize("victim", ["browser", "driver"])
def test_a_browser_that_dies_is_started_again_on_the_same_page(
    browser: Any, victim: str, caplog: pytest.LogCaptureFixture
) -> None:
    browser._mode = "text"
    browser.begin(goal_for(ODD))
    assert browser.act("search[1/4]", np.random.default_rng) and browser.act("click[tiny000012]", np.random.default_rng)
    group = browser._chromium.driver_pid
    for pid in processes(group):
        if (pid == group) == (victim == "driver"):
            os.kill(pid, signal.SIGKILL)
    assert browser.act("click[é]", np.random.default_rng)
    assert browser.state.options == {"size": "é"} and "started again" in caplog.text
    assert browser._chromium.driver_pid != group and processes(group) == [], "nothing is left of the first"


@needs_chromium
@pytest.mark.slow
def test_a_browser_that_cannot_be_started_again(browser: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from spa_gym.envs.webshop.browser import BrowserDied

    browser.begin(goal_for(ODD))
    before = browser.state
    monkeypatch.setattr(chromium, "find_programs", lambda: ("/bin/false", "/bin/false"))
    os.killpg(browser._chromium.driver_pid, signal.SIGKILL)
    with pytest.raises(BrowserDied, match="To mend it: see whether"):
        browser.act("search[1/4]", np.random.default_rng)
    assert browser.state == before
    monkeypatch.undo()
    assert browser.act("search[1/4]", np.random.default_rng) and browser.state.keywords == ("1/4",)


@needs_chromium
@pytest.mark.slow
def test_closing_leaves_nothing_behind() -> None:
    running = chromium.Chromium(400, 300)
    folder, group = Path(running._folder), running.driver_pid
    assert group is not None and len(processes(group)) > 1 and folder.is_dir()
    assert running.screenshot().shape == (300, 400, 3)
    running.close()
    running.close()
    until = time.monotonic() + 10
    while processes(group) and time.monotonic() < until:
        time.sleep(0.01)
    assert processes(group) == [] and not folder.exists()


@pytest.mark.parametrize("absent", ["Chromium", "chromedriver"])
def test_without_chromium_the_error_says_how_to_get_it(absent: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("selenium")
    drivers = absent == "Chromium"
    monkeypatch.setattr(chromium.shutil, "which", lambda name: "/usr/bin/x" if ("driver" in name) == drivers else None)
    with pytest.raises(DependencyNotInstalled, match=rf"{absent}.*apt-get install chromium chromium-driver") as refused:
        gym.make("SPA-WebShop-v0", backend="browser", size="small", num_products=60)
    assert "pip install 'spa-gym[browser]'" in str(refused.value)


def test_without_selenium_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "selenium", None)
    with pytest.raises(DependencyNotInstalled, match=r"spa-gym\[browser\]"):
        gym.make("SPA-WebShop-v0", backend="browser", size="small", num_products=60)
