"""What a policy reads of the shop's long pages: cut, but nothing is lost that is acted on."""

from __future__ import annotations

from typing import Any

import gymnasium
import pytest

import spa_gym  # noqa: F401  (registers the ids)
from spa_gym.baselines.models.checkpoint import load_checkpoint
from spa_gym.baselines.models.codec import Codec
from spa_gym.baselines.training.recipes import RECIPES
from tests.baselines.tiny_runs import tiny_pretraining


@pytest.fixture(scope="module")
def codec(tmp_path_factory: pytest.TempPathFactory) -> Codec:
    out = tmp_path_factory.mktemp("shop") / "pretrain"
    tiny_pretraining("shop", out)
    return load_checkpoint(out / "checkpoint").codec


def test_the_view_goes_with_the_checkpoint(codec: Codec) -> None:
    assert codec.view == RECIPES["shop"].view and codec.view.lower


def _demonstration(codec: Codec, size: str, task: int) -> list[tuple[list[int], str, list[int]]]:
    """What a policy would read before each action of the demonstrator: ids, the page, the action's ids."""
    env = gymnasium.make("SPA-WebShop-v0", size=size, split="test")
    observation, _ = env.reset(options={"task_id": task})
    bare: Any = env.unwrapped
    player, reader, steps, done = bare.demonstrator(), codec.reader(), [], False
    while not done:
        action = player.act()
        steps.append((list(reader.read(observation)), observation, list(codec.encode_action(action))))
        observation, _, terminated, truncated, _ = env.step(action)
        player.observe(action, observation)
        done = terminated or truncated
    steps.append((list(reader.read(observation)), observation, []))
    return steps


def test_what_is_clicked_is_one_token_of_what_was_read(codec: Codec) -> None:
    names = {index: name for name, index in codec.tokenizer.get_added_vocab().items()}
    clicked = 0
    for task in range(12):
        read: set[int] = set()
        for ids, _, action in _demonstration(codec, "small", task):
            read |= set(ids)
            copied = [index for index in action if index in names]
            assert set(copied) <= read, codec.decode_action(action)
            if codec.decode_action(action).startswith("click[s"):
                clicked += 1
                assert len(copied) == 1 and len(action) <= 3
    assert clicked >= 12


def test_pages_are_cut_but_nothing_is_lost_that_is_acted_on(codec: Codec) -> None:
    for size, most in (("small", 45), ("official", 110)):
        tokens = steps = 0
        for task in range(8):
            demonstration = _demonstration(codec, size, task)
            instruction = demonstration[0][1].split(" [SEP] ")[2].lower()
            assert instruction.replace("$", "").replace(".00 dollars", " dollars") in codec.view.of(demonstration[0][1])
            for ids, page, _ in demonstration[1:-1]:
                text = codec.view.of(page)
                assert instruction not in text and text.startswith("back to search [sep] ")
                products = [part.lower() for part in page.split(" [SEP] ") if len(part) == 10 and part[0] == "S"]
                if "[SEP] Next >" in page:
                    assert products and [word for word in text.split() if word in products] == products
                    assert text.endswith(products[-1]), "a product's id comes after its title and price"
                tokens, steps = tokens + len(ids), steps + 1
            done = codec.view.of(demonstration[-1][1])
            assert done == "thank you for shopping with us!", "the score is not to be read"
        assert tokens / steps < most


def test_a_page_that_was_read_before_is_told_by_its_first_words(codec: Codec) -> None:
    seen: set[str] = set()
    repeated = 0
    for task in range(6):
        seen.clear()
        for ids, page, _ in _demonstration(codec, "small", task):
            if page in seen:
                repeated += 1
                assert len(ids) <= 3
            seen.add(page)
    assert repeated >= 6
