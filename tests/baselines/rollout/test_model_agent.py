"""A trained policy behind the agent protocol plays what the rollout engine plays."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import gymnasium
import pytest

from spa_gym.agents import load_agent
from spa_gym.agents.protocol import AgentUnusable
from spa_gym.baselines.models import shipped
from spa_gym.baselines.models.checkpoint import load_checkpoint
from spa_gym.baselines.models.shipped import resolve_start
from spa_gym.baselines.rollout import agent as agent_module
from spa_gym.baselines.rollout.agent import ModelAgent
from spa_gym.baselines.rollout.engine_cached import CachedEngine
from spa_gym.baselines.rollout.protocol import EpisodeSpec
from spa_gym.core.errors import BadArgument, DataNotFound
from spa_gym.core.trajectory import read_jsonl
from spa_gym.leaderboard.evaluate import evaluate
from tests.baselines.conftest import Pipeline
from tests.baselines.tiny_runs import KWARGS

TASKS = [0, 40, 80, 120, 160]


def _agent_actions(agent: Any, out: Path, num_envs: int, env_kwargs: dict[str, Any] = KWARGS) -> list[list[str]]:
    evaluate(
        "SPA-ALFWorld-v0",
        env_kwargs,
        "valid_seen",
        agent,
        num_envs=num_envs,
        out_dir=out,
        max_tasks=5,
        progress_bar=False,
    )
    return [[step.action for step in t.steps] for t in read_jsonl(out / "trajectories.jsonl")]


def test_greedily_it_plays_what_the_engine_plays(pipeline: Pipeline, tmp_path: Path) -> None:
    loaded = load_checkpoint(pipeline.start)
    played = CachedEngine(loaded.model, loaded.codec).run(
        lambda: gymnasium.make("SPA-ALFWorld-v0", split="valid_seen", **KWARGS),
        [EpisodeSpec(task_id=task) for task in TASKS],
        temperature=0.0,
    )
    expected = [[step.action for step in t.steps] for t in played]
    assert _agent_actions(ModelAgent(str(pipeline.start), device="cpu"), tmp_path / "a", 2) == expected
    assert all(len(actions) == 6 for actions in expected)


def test_sampled_episodes_depend_on_their_task_and_seed_alone(pipeline: Pipeline, tmp_path: Path) -> None:
    def play(name: str, num_envs: int, seed: int = 0) -> list[list[str]]:
        agent = ModelAgent(str(pipeline.start), temperature=1.0, seed=seed, device="cpu")
        return _agent_actions(agent, tmp_path / name, num_envs)

    alone = play("alone", 1)
    assert alone == play("together", 5)
    assert alone != play("other", 5, seed=1)


def test_a_cut_off_action_is_read_on_as_the_engine_reads_it(pipeline: Pipeline, tmp_path: Path) -> None:
    loaded = load_checkpoint(pipeline.start)
    played = CachedEngine(loaded.model, loaded.codec).run(
        lambda: gymnasium.make("SPA-ALFWorld-v0", split="valid_seen", **KWARGS),
        [EpisodeSpec(task_id=task) for task in TASKS],
        temperature=0.0,
        max_action_tokens=2,
    )
    agent = ModelAgent(str(pipeline.start), max_action_tokens=2, device="cpu")
    assert _agent_actions(agent, tmp_path / "a", 3) == [[step.action for step in t.steps] for t in played]


def test_what_is_read_next_begins_with_the_end_of_the_action(pipeline: Pipeline) -> None:
    """The end is read whether the policy wrote it or was cut off before, as `encode` lays it out."""
    agent = ModelAgent(str(pipeline.start), device="cpu")
    codec = agent._codec
    agent._readers[0] = codec.reader()
    seen = [*codec.encode_observation("Nothing happens."), *codec.act_ids]
    for written in ([codec.eoa_id], [7, codec.eoa_id]):
        agent._pending[0] = written[:1]
        agent._read(0, "Nothing happens.", {"episode_step": 3})
        assert agent._pending[0] == [*written, *seen]


def test_an_episode_that_outgrows_the_model_is_played_on_in_silence(pipeline: Pipeline, tmp_path: Path) -> None:
    agent = ModelAgent(str(pipeline.start), device="cpu")
    agent._max_length = 200
    actions = _agent_actions(agent, tmp_path / "a", 2, {"size": "small", "max_episode_steps": 30})
    assert all(len(episode) == 30 for episode in actions)
    assert all(episode[0] and not episode[-1] for episode in actions)


def test_it_is_found_by_its_spec_and_says_what_it_is(pipeline: Pipeline) -> None:
    agent = load_agent(f"model:{pipeline.start}", seed=4, temperature=0.5)
    settings = agent.settings()  # type: ignore[attr-defined]
    assert settings["temperature"] == 0.5 and settings["seed"] == 4 and settings["recipe"]["stage"] == "sft"
    assert isinstance(agent, ModelAgent)


def test_its_settings_tell_checkpoints_apart_and_no_paths(pipeline: Pipeline, tmp_path: Path) -> None:
    shutil.copytree(pipeline.start, tmp_path / "runs" / "start")
    first = ModelAgent(str(tmp_path / "runs" / "start"), device="cpu").settings()
    shutil.move(tmp_path / "runs", tmp_path / "elsewhere")
    assert ModelAgent(str(tmp_path / "elsewhere" / "start"), device="cpu").settings() == {
        **first,
        "model": "elsewhere/start",
    }
    assert first["model"] == "runs/start" and len(first["checkpoint_hash"]) == 16
    (tmp_path / "elsewhere" / "start" / "notes.txt").write_text("trained longer")
    changed = ModelAgent(str(tmp_path / "elsewhere" / "start"), device="cpu").settings()
    assert changed["checkpoint_hash"] != first["checkpoint_hash"]


def test_a_device_that_fails_stops_the_evaluation(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    agent = ModelAgent(str(pipeline.start), device="cpu")

    def fail(*arguments: object) -> None:
        raise RuntimeError("out of memory")

    monkeypatch.setattr(agent, "_read", fail)
    with pytest.raises(AgentUnusable, match="out of memory.*--num-envs"):
        agent.act(["look around"], [{"slot": 0, "episode_step": 0, "task_id": "0"}])


def test_more_episodes_than_rows_are_refused(pipeline: Pipeline) -> None:
    agent = ModelAgent(str(pipeline.start), device="cpu")
    with pytest.raises(BadArgument, match="--num-envs 256"):
        agent.use_slots(257)
    with pytest.raises(BadArgument, match="--num-envs 256"):
        agent.act(["look around"], [{"slot": 256, "episode_step": 0, "task_id": "0"}])


def test_tokens_are_counted(pipeline: Pipeline, tmp_path: Path) -> None:
    agent = ModelAgent(str(pipeline.start), device="cpu")
    _agent_actions(agent, tmp_path / "a", 2)
    assert agent.tokens > 5 * 6 * 5


def test_shipped_checkpoints_go_by_name(pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tiny").symlink_to(pipeline.start)
    monkeypatch.setattr(shipped, "SHIPPED", tmp_path)
    assert resolve_start("tiny") == str(tmp_path / "tiny")
    assert resolve_start("other") == "other" and resolve_start("./tiny") == "./tiny" and resolve_start("") == ""
    assert ModelAgent("tiny", device="cpu").settings()["recipe"]["stage"] == "sft"
    assert isinstance(agent_module.load_agent("tiny", device="cpu"), ModelAgent)


def test_a_path_with_nothing_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataNotFound, match="train one first"):
        ModelAgent(str(tmp_path / "nothing"))
