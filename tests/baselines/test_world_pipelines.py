"""The pipeline on the worlds other than the rooms, at a size of seconds: every stage, each world by its own recipe."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import spa_gym  # noqa: F401  (registers the ids)
from spa_gym.baselines.learning.estimator_inference import ProgressModel
from spa_gym.baselines.models.checkpoint import load_checkpoint
from spa_gym.baselines.models.tokens import encode
from spa_gym.baselines.policy_evaluation import evaluate_policy
from spa_gym.baselines.studies import STUDIES
from spa_gym.baselines.training.estimator import EstimatorConfig, fit_estimator
from spa_gym.baselines.training.explore import ExploreConfig, explore
from spa_gym.baselines.training.recipes import RECIPES
from spa_gym.baselines.training.sft import sft
from spa_gym.baselines.training.train import train
from spa_gym.core.run_record import RunRecord
from spa_gym.core.trajectory import read_jsonl, write_jsonl
from spa_gym.leaderboard.evaluate import evaluate
from tests.baselines.tiny_runs import explored, made_up_exploration, ppo_config, sft_config, tiny_pretraining

_KWARGS: dict[str, Any] = {"size": "small", "max_episode_steps": 10}


@dataclass(frozen=True)
class World:
    """A world, and the first two stages on it."""

    recipe: str
    env_id: str
    splits: tuple[str, str]
    """Of the curves and of the tables."""
    pretrained: RunRecord
    imitated: RunRecord
    start: Path

    @property
    def small(self) -> dict[str, Any]:
        """Settings that every stage takes."""
        return {"env_id": self.env_id, "env_kwargs": _KWARGS}


@pytest.fixture(scope="module", params=["webshop", "virtualhome"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    study = STUDIES[request.param]
    folder = tmp_path_factory.mktemp(request.param)
    pretrained = tiny_pretraining(study.start, folder / "pretrain")
    config = sft_config(folder / "pretrain" / "checkpoint", folder / "sft", env_id=study.env_id)
    imitated = sft(replace(config, evaluate=(study.table_split,), max_eval_tasks=3))
    splits = (study.curve_split, study.table_split)
    yield World(study.start, study.env_id, splits, pretrained, imitated, folder / "sft" / "checkpoint")


def test_the_first_stages_know_their_environment(world: World) -> None:
    assert world.pretrained.env_id == world.imitated.env_id == world.env_id
    assert set(world.imitated.final) == {f"{world.splits[1]}/greedy", f"{world.splits[1]}/sampled"}
    view = load_checkpoint(world.start).codec.view
    assert view == RECIPES[world.recipe].view, "what is cut from the texts goes with the checkpoint"


def test_exploration(world: World, tmp_path: Path) -> None:
    config = ExploreConfig(start=str(world.start), out=tmp_path, tasks=2, samples=2, device="cpu", **world.small)
    record = explore(config)
    played = read_jsonl(tmp_path / "trajectories.jsonl")
    assert len(played) == 4 and record.env_steps == sum(t.num_steps for t in played) > 0
    codec = load_checkpoint(world.start).codec
    for t in played:  # what was read while playing is what training reads
        row = encode(t, codec)
        pieces = [row.ids[a : b + 1] for a, b in zip(row.step_starts, row.step_ends, strict=True)]
        assert all(tuple(p[: len(s.action_ids or ())]) == s.action_ids for p, s in zip(pieces, t.steps, strict=True))


def test_the_estimator(world: World, tmp_path: Path) -> None:
    write_jsonl(tmp_path / "played.jsonl", explored(env_id=world.env_id))
    config = EstimatorConfig(str(world.start), tmp_path / "played.jsonl", tmp_path, epochs=1, device="cpu")
    record = fit_estimator(config)
    assert record.env_id == world.env_id and record.metrics["episodes"] == 14
    played = explored(2, world.env_id)
    contributions = ProgressModel.load(tmp_path / "checkpoint", device="cpu").contributions_of(played)
    assert [len(c) for c in contributions] == [t.num_steps for t in played]
    assert all(np.isfinite(c).all() for c in contributions)


@pytest.mark.parametrize("method", ["ppo", "spa", "spa-penalty"])
def test_reinforcement_learning(method: str, world: World, tmp_path: Path) -> None:
    options = {"tasks": 8, "samples": 2, "epochs": 1} if method != "ppo" else {}
    config = ppo_config(
        world.start,
        tmp_path,
        **world.small,
        method=method,
        options=options,
        entropy=0.01,
        evaluate_split=world.splits[0],
        final_splits=(world.splits[1],),
        env_steps=100,
    )
    spent = 0
    if options:
        spent = sum(t.num_steps for t in made_up_exploration(config, tasks=8, samples=2))
        config = replace(config, env_steps=config.env_steps + spent)
    with pytest.MonkeyPatch.context() as patch:
        for module in ("training.train", "policy_evaluation"):
            patch.setattr(f"spa_gym.baselines.{module}.evaluate_policy", _few_tasks)
        record = train(config)
    assert record.metrics["exploration_env_steps"] == spent and record.env_steps >= config.env_steps
    assert record.curves["kl"][0] == 0.0 and record.curves["success_greedy"][-1] == 0.0
    assert set(record.final) == {f"{world.splits[1]}/greedy", f"{world.splits[1]}/sampled"}
    before, after = load_checkpoint(world.start), load_checkpoint(tmp_path / "checkpoint")
    assert after.codec.view == before.codec.view
    assert not any(a.equal(b) for a, b in zip(before.model.parameters(), after.model.parameters(), strict=True))


def _few_tasks(*arguments: Any, **options: Any) -> dict[str, Any]:
    return evaluate_policy(*arguments, **{**options, "max_tasks": 2})


def test_the_policy_is_an_agent_of_the_leaderboard(world: World, tmp_path: Path) -> None:
    from spa_gym.baselines.rollout.agent import ModelAgent

    agent, split = ModelAgent(str(world.start), device="cpu"), world.splits[1]
    record = evaluate(world.env_id, _KWARGS, split, agent, 3, 0, tmp_path, max_tasks=4, progress_bar=False)
    assert record.metrics["num_tasks"] == 4
