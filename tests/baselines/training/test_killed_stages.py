"""`kill -9` in imitation, in an exploration, in the final evaluation: started again, each ends as if never stopped."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from spa_gym.baselines.learning.learner import Learner
from spa_gym.baselines.models.checkpoint import load_checkpoint
from spa_gym.baselines.training import explore as explore_module
from spa_gym.baselines.training.explore import ExploreConfig, explore
from spa_gym.baselines.training.played import Played
from spa_gym.baselines.training.sft import sft
from spa_gym.baselines.training.train import train
from spa_gym.core.errors import CheckpointMismatch, DataCorrupt
from spa_gym.core.run_record import RunRecord
from spa_gym.core.trajectory import Trajectory, read_jsonl
from tests.baselines.conftest import Pipeline
from tests.baselines.killed import die_calling, die_saving, together
from tests.baselines.tiny_runs import DEVICE, KWARGS, explored, ppo_config, sft_config

pytestmark = pytest.mark.skipif(os.name == "nt", reason="there is no kill -9")

APPEND = "spa_gym.core.journal:Journal.append"


def _same_weights(a: Path, b: Path) -> bool:
    pairs = zip(load_checkpoint(a).model.parameters(), load_checkpoint(b).model.parameters(), strict=True)
    return all(x.equal(y) for x, y in pairs)


def test_imitation(pipeline: Pipeline, tmp_path: Path) -> None:
    start = pipeline.folder / "pretrain" / "checkpoint"
    settings: dict[str, Any] = {"epochs": 3, "demonstrations": 6, "batch_episodes": 2, "env_kwargs": KWARGS}
    settings |= {"evaluate": ("valid_seen",), "max_eval_tasks": 2}
    whole = sft(sft_config(start, tmp_path / "whole", **settings))
    config = sft_config(start, tmp_path / "killed", **settings)
    assert die_saving(sft, config, config.out, 2, "half") == -9
    position = json.loads((config.out / "state" / "position.json").read_text())["position"]
    assert position["epoch"] == 1 and not (config.out / "record.json").exists()
    record = sft(config)
    assert (record.updates, record.tokens, record.curves) == (whole.updates, whole.tokens, whole.curves)
    assert record.final == whole.final and whole.final
    assert _same_weights(tmp_path / "whole" / "checkpoint", config.out / "checkpoint")


def test_the_final_evaluation_of_a_training(
    pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between two ways to play a split: all of it is played again, and nothing is learned again."""
    settings: dict[str, Any] = {"env_steps": 30, "final_splits": ("valid_seen",), "final_tasks": 3}
    whole = train(ppo_config(pipeline.start, tmp_path / "whole", **settings))
    config = ppo_config(pipeline.start, tmp_path / "killed", **settings)
    assert die_calling(train, config, "spa_gym.baselines.policy_evaluation:evaluate_policy", 2) == -9
    position = json.loads((config.out / "state" / "position.json").read_text())["position"]
    assert position["env_steps"] == whole.env_steps and not (config.out / "record.json").exists()
    monkeypatch.setattr(Learner, "learn", lambda *_, **__: pytest.fail("learned before"))
    record = train(config)
    assert record.final == whole.final and len(whole.final) == 2
    assert (record.curves, record.env_steps, record.updates) == (whole.curves, whole.env_steps, whole.updates)
    assert _same_weights(tmp_path / "whole" / "checkpoint", config.out / "checkpoint")


# -- exploration ------------------------------------------------------------------------------------------------------


def _config(pipeline: Pipeline, out: Path) -> ExploreConfig:
    """Twelve episodes of six steps, five at a time."""
    return ExploreConfig(
        str(pipeline.start), out, env_kwargs=KWARGS, tasks=4, samples=3, num_envs=5, seed=3, device=DEVICE
    )


@pytest.fixture(scope="module")
def whole(pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> tuple[RunRecord, list[Trajectory]]:
    """An exploration that never stopped."""
    out = tmp_path_factory.mktemp("whole")
    return explore(_config(pipeline, out)), read_jsonl(out / "trajectories.jsonl")


def _without_logprobs(played: Sequence[Trajectory]) -> list[Trajectory]:
    return [replace(t, steps=tuple(replace(s, logprobs=None) for s in t.steps)) for t in played]


def _assert_same(whole: tuple[RunRecord, list[Trajectory]], record: RunRecord, out: Path) -> None:
    """All but the last digits of the log-probabilities, which depend on what is played beside an episode."""
    played = read_jsonl(out / "trajectories.jsonl")
    assert _without_logprobs(played) == _without_logprobs(whole[1])
    for a, b in zip(played, whole[1], strict=True):
        for x, y in zip(a.steps, b.steps, strict=True):
            assert x.logprobs == pytest.approx(y.logprobs, abs=1e-4)
    assert (record.env_steps, record.tokens, record.metrics) == (whole[0].env_steps, whole[0].tokens, whole[0].metrics)
    assert not (out / "state").exists()


def _watch(monkeypatch: pytest.MonkeyPatch) -> tuple[list[int], list[int]]:
    """Where bars begin, and the positions of the episodes that are played."""
    bars: list[int] = []
    kept: list[int] = []
    tracker, keep = explore_module.Tracker, Played.keep

    def bar(*given: Any, **named: Any) -> Any:
        bars.append(named["start"])
        return tracker(*given, **named)

    def keeping(self: Played, position: int, trajectory: Trajectory, seconds: float) -> None:
        kept.append(position)
        keep(self, position, trajectory, seconds)

    monkeypatch.setattr(explore_module, "Tracker", bar)
    monkeypatch.setattr(Played, "keep", keeping)
    return bars, kept


def test_an_exploration_plays_only_what_is_missing(
    pipeline: Pipeline, whole: tuple[RunRecord, list[Trajectory]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed twice: with five whole lines and a torn one after the header, and when only two episodes were missing."""
    config = _config(pipeline, tmp_path)
    assert die_calling(explore, config, APPEND, 8) == -9
    journal = tmp_path / "state" / "journal-0.jsonl"
    journal.write_bytes(journal.read_bytes()[:-40])
    assert not (tmp_path / "record.json").exists()
    assert die_calling(explore, config, APPEND, 6) == -9, "which needs no header"
    entries = [json.loads(line) for line in journal.read_text().splitlines()[1:]]
    done, seconds = [entry["position"] for entry in entries], [entry["seconds"] for entry in entries]
    assert len(set(done)) == len(done) == 10 and seconds == sorted(seconds), "the second run counts on from the first"
    bars, kept = _watch(monkeypatch)
    record = explore(config)
    assert bars == [10] and sorted([*done, *kept]) == [*range(12)]
    assert record.wall_time_s > seconds[-1]
    _assert_same(whole, record, tmp_path)


def test_an_exploration_of_which_only_the_record_is_missing(
    pipeline: Pipeline, whole: tuple[RunRecord, list[Trajectory]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = _config(pipeline, tmp_path)
    assert die_calling(explore, config, "spa_gym.core.run_record:RunRecord.save", 1) == -9
    before = (tmp_path / "trajectories.jsonl").read_bytes()
    bars, kept = _watch(monkeypatch)
    record = explore(config)
    assert (bars, kept) == ([12], []) and (tmp_path / "trajectories.jsonl").read_bytes() == before
    _assert_same(whole, record, tmp_path)


@pytest.mark.slow
def test_an_exploration_on_two_processes(
    pipeline: Pipeline, whole: tuple[RunRecord, list[Trajectory]], tmp_path: Path
) -> None:
    """Each keeps its own episodes; two go on from them, and so does one alone."""
    config, two = _config(pipeline, tmp_path / "out"), tmp_path / "two"
    assert together(explore, config, tmp_path / "meet", APPEND, 4)[1] == -9
    state = config.out / "state"
    done = {p.name: [json.loads(x)["position"] for x in p.read_text().splitlines()[1:]] for p in state.iterdir()}
    assert sorted(done) == ["journal-0.jsonl", "journal-1.jsonl"]
    assert len(done["journal-1.jsonl"]) == 2 and {p % 2 for p in done["journal-1.jsonl"]} == {1}
    assert {p % 2 for p in done["journal-0.jsonl"]} <= {0}
    shutil.copytree(state, two / "state")
    assert together(explore, replace(config, out=two), tmp_path / "again") == (0, 0)
    _assert_same(whole, RunRecord.load(two / "record.json"), two)
    _assert_same(whole, explore(config), config.out)


def test_episodes_of_other_settings_are_refused(pipeline: Pipeline, tmp_path: Path) -> None:
    config = _config(pipeline, tmp_path)
    kept = Played(tmp_path, {"seed": 1})
    kept.keep(0, explored(1)[0], 1.5)
    kept.close()
    before = (tmp_path / "state" / "journal-0.jsonl").read_bytes()
    with pytest.raises(CheckpointMismatch, match=r"same settings in .*state; got .*seed: 1 there, 3 now.*remove"):
        explore(config)
    assert (tmp_path / "state" / "journal-0.jsonl").read_bytes() == before
    again = Played(tmp_path, {"seed": 1})
    again.close()
    assert again.before == {0: explored(1)[0]} and again.seconds == 1.5


def test_a_damaged_line_is_named(pipeline: Pipeline, tmp_path: Path) -> None:
    kept = Played(tmp_path, {})
    for position in range(2):
        kept.keep(position, explored(1)[0], 1.0)
    kept.close()
    journal = tmp_path / "state" / "journal-0.jsonl"
    journal.write_text(journal.read_text().replace('"position": 0', '"position" 0'))
    with pytest.raises(DataCorrupt, match=r"journal-0.jsonl; got line 2"):
        Played(tmp_path, {})
