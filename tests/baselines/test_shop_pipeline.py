"""The pipeline on the generated shop, at a size of seconds: every stage, and what a policy reads of long pages."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest

import spa_gym  # noqa: F401  (registers the ids)
from spa_gym.baselines.models.checkpoint import load_checkpoint
from spa_gym.baselines.models.codec import Codec
from spa_gym.baselines.models.tokens import encode
from spa_gym.baselines.training.estimator import EstimatorConfig, fit_estimator
from spa_gym.baselines.training.estimator_inference import ProgressModel
from spa_gym.baselines.training.explore import ExploreConfig, explore
from spa_gym.baselines.training.ppo import train_ppo
from spa_gym.baselines.training.pretrain import pretrain
from spa_gym.baselines.training.recipes import RECIPES
from spa_gym.baselines.training.sft import sft
from spa_gym.core.run_record import RunRecord
from spa_gym.core.trajectory import read_jsonl, write_jsonl
from spa_gym.leaderboard.evaluate import evaluate
from tests.baselines.tiny_runs import explored, made_up_exploration, ppo_config, sft_config, small_pools

SHOP: dict[str, Any] = {"env_id": "SPA-WebShop-v0", "env_kwargs": {"size": "small"}}


@dataclass(frozen=True)
class Shop:
    """The first two stages."""

    pretrained: RunRecord
    imitated: RunRecord
    start: Path


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    folder = tmp_path_factory.mktemp("shop")
    recipe = RECIPES["shop"]
    config = replace(
        recipe,
        sources=(replace(recipe.sources[0], worlds=2),),
        tokens=8_000,
        text_episodes=60,
        hidden=32,
        layers=1,
        heads=1,
        evaluate=(),
        device="cpu",
        out=folder / "pretrain",
    )
    with pytest.MonkeyPatch.context() as patch:
        small_pools(patch)
        pretrained = pretrain(config)
    imitated = sft(sft_config(config.out / "checkpoint", folder / "sft", **SHOP, evaluate=("test",), max_eval_tasks=3))
    return Shop(pretrained, imitated, folder / "sft" / "checkpoint")


def test_the_first_stages_know_their_environment(shop: Shop) -> None:
    assert shop.pretrained.env_id == shop.imitated.env_id == "SPA-WebShop-v0"
    assert set(shop.imitated.final) == {"test/greedy", "test/sampled"}
    view = load_checkpoint(shop.start).codec.view
    assert view == RECIPES["shop"].view and view.lower, "what is cut from the pages goes with the checkpoint"


def test_exploration_on_the_shop(shop: Shop, tmp_path: Path) -> None:
    record = explore(ExploreConfig(start=str(shop.start), out=tmp_path, tasks=2, samples=2, device="cpu", **SHOP))
    played = read_jsonl(tmp_path / "trajectories.jsonl")
    assert len(played) == 4 and record.env_steps == sum(t.num_steps for t in played) > 0
    codec = load_checkpoint(shop.start).codec
    for t in played:  # what was read while playing is what training reads
        row = encode(t, codec)
        pieces = [row.ids[a : b + 1] for a, b in zip(row.step_starts, row.step_ends, strict=True)]
        assert all(tuple(p[: len(s.action_ids or ())]) == s.action_ids for p, s in zip(pieces, t.steps, strict=True))


def test_the_estimator_on_the_shop(shop: Shop, tmp_path: Path) -> None:
    write_jsonl(tmp_path / "played.jsonl", explored(env_id="SPA-WebShop-v0"))
    config = EstimatorConfig(str(shop.start), tmp_path / "played.jsonl", tmp_path, epochs=1, device="cpu")
    record = fit_estimator(config)
    assert record.env_id == "SPA-WebShop-v0" and record.metrics["episodes"] == 14
    played = explored(2, "SPA-WebShop-v0")
    contributions = ProgressModel.load(tmp_path / "checkpoint", device="cpu").contributions_of(played)
    assert [len(c) for c in contributions] == [t.num_steps for t in played]
    assert all(np.isfinite(c).all() for c in contributions)


@pytest.mark.parametrize("method", ["ppo", "spa", "spa-penalty"])
def test_reinforcement_learning_on_the_shop(method: str, shop: Shop, tmp_path: Path) -> None:
    options = {"tasks": 8, "samples": 2, "epochs": 1} if method != "ppo" else {}
    config = ppo_config(
        shop.start,
        tmp_path,
        **SHOP,
        method=method,
        options=options,
        entropy=0.01,
        evaluate_split="valid",
        final_splits=("test",),
        env_steps=100,
    )
    spent = 0
    if options:
        spent = sum(t.num_steps for t in made_up_exploration(config, tasks=8, samples=2))
        config = replace(config, env_steps=config.env_steps + spent)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("spa_gym.baselines.training.ppo.evaluate_policy", _few_tasks)
        record = train_ppo(config)
    assert record.metrics["exploration_env_steps"] == spent and record.env_steps >= config.env_steps
    assert record.curves["kl"][0] == 0.0 and record.curves["success_greedy"][-1] == 0.0
    assert set(record.final) == {"test/greedy", "test/sampled"}
    before, after = load_checkpoint(shop.start), load_checkpoint(tmp_path / "checkpoint")
    assert after.codec.view == before.codec.view
    assert not any(a.equal(b) for a, b in zip(before.model.parameters(), after.model.parameters(), strict=True))


def _few_tasks(*arguments: Any, **options: Any) -> dict[str, Any]:
    from spa_gym.baselines.policy_evaluation import evaluate_policy

    return evaluate_policy(*arguments, **{**options, "max_tasks": 2})


def test_the_policy_is_an_agent_of_the_leaderboard(shop: Shop, tmp_path: Path) -> None:
    from spa_gym.baselines.models.agent import ModelAgent

    agent = ModelAgent(str(shop.start), device="cpu")
    record = evaluate(
        "SPA-WebShop-v0", {"size": "small"}, "test", agent, 3, 0, tmp_path, max_tasks=4, progress_bar=False
    )
    assert record.metrics["num_tasks"] == 4


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


def test_what_is_clicked_is_one_token_of_what_was_read(shop: Shop) -> None:
    codec = load_checkpoint(shop.start).codec
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


def test_pages_are_cut_but_nothing_is_lost_that_is_acted_on(shop: Shop) -> None:
    codec = load_checkpoint(shop.start).codec
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


def test_a_page_that_was_read_before_is_told_by_its_first_words(shop: Shop) -> None:
    codec = load_checkpoint(shop.start).codec
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
