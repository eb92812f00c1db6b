"""The truth against values that are known exactly, and a run that is killed and goes on."""

from __future__ import annotations

import dataclasses
import gzip
from pathlib import Path

import numpy as np
import pytest

from spa_gym.baselines.attribution import truth as truth_module
from spa_gym.baselines.attribution.store import Node, load_truth, value_task
from spa_gym.baselines.attribution.truth import TruthConfig, assess, make_truth
from spa_gym.core.errors import BadArgument, CheckpointMismatch, DataCorrupt, DataNotFound
from tests.baselines.attribution.worlds import KWARGS, DrawingPlayer, exact_values, toy_checkpoint, toy_truth
from tests.baselines.methods.toys import ToyPlayer, episode


def test_values_are_the_true_ones() -> None:
    truth = toy_truth()
    errors, misses, varied = [], 0, set()
    for e in truth.episodes:
        exact = np.array([*exact_values(e.trajectory), e.trajectory.score])
        z = (e.values - exact)[:-1] / e.errors[:-1]
        errors += z.tolist()
        misses += int((np.abs(z) > 4).sum())
        varied |= {round(v, 6) for v in exact}
        assert e.values[-1] == e.trajectory.score and e.errors[-1] == 0
    assert misses == 0 and len(varied) > 10
    assert np.sqrt(np.mean(np.square(errors))) < 1.3, "standard errors must be of the right size"


def test_advantages_sum_to_what_the_episode_added() -> None:
    for e in toy_truth().episodes:
        assert e.advantages.sum() == pytest.approx(e.trajectory.score - e.values[0])
        assert e.half_advantages.mean(0) == pytest.approx(e.advantages)


def test_a_place_is_valued_once() -> None:
    player = DrawingPlayer()
    record = assess(player, player.play([1] * 6), 4)
    starts = {path[0] for path in record["nodes"]}
    assert starts == {0}, "all episodes of a task begin in one place"
    assert sum(player.asked) == 4 * len(record["table"])
    assert len(record["table"]) == len({n for path in record["nodes"] for n in path})
    assert len(record["table"]) < sum(len(path) for path in record["nodes"])


def test_halves_and_errors_by_hand() -> None:
    played = episode(1.0)
    # From s0: 1 0 1 0, so the even half always succeeds; from s1 and s2 everything does.
    player = ToyPlayer(lambda visit, before: episode(1.0 if before or visit % 2 == 0 else 0.0))
    record = assess(player, [played], 4)
    assert record["nodes"] == [[0, 1, 2]]
    table = [Node(*row) for row in record["table"]]
    assert table[0] == Node((2, 2), (2.0, 0.0), (2.0, 0.0), (2, 0))
    (e,) = value_task([played], record["nodes"], table, "t")
    assert e.values.tolist() == [0.5, 1, 1, 1] and e.advantages.tolist() == [0.5, 0, 0]
    assert e.half_advantages.tolist() == [[0, 0, 0], [1, 0, 0]]
    # With a 0 and a 1 added: share 3 / 6, variance 1 / 4, over 4 continuations.
    assert table[0].error == table[0].success_error == pytest.approx(0.25)
    assert table[1].error == pytest.approx((5 / 6 * 1 / 6 / 4) ** 0.5)
    assert e.advantage_errors[0] == pytest.approx(np.hypot(0.25, table[1].error))
    assert e.places == ("t/0", "t/1", "t/2")


def _config(folder: Path, out: str, **changes) -> TruthConfig:
    config = TruthConfig(
        start=str(folder / "checkpoint"),
        out=folder / out,
        env_id="SPA-Toy-v0",
        env_kwargs={**KWARGS, "max_episode_steps": 3},
        tasks=3,
        group=2,
        continuations=4,
        num_envs=8,
        device="cpu",
    )
    return dataclasses.replace(config, **changes)


def test_a_killed_run_goes_on_to_the_same_truth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    toy_checkpoint(tmp_path)
    whole = make_truth(_config(tmp_path, "whole"))
    calls = []

    def killed(*arguments):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return assess(*arguments)

    monkeypatch.setattr(truth_module, "assess", killed)
    with pytest.raises(KeyboardInterrupt):
        make_truth(_config(tmp_path, "broken"))
    assert [p.name for p in sorted((tmp_path / "broken/chunks").iterdir())] == ["00000.json.gz", "settings.json"]
    with pytest.raises(CheckpointMismatch, match="another truth"):
        make_truth(_config(tmp_path, "broken", continuations=6))
    record = make_truth(_config(tmp_path, "broken"))
    assert len(calls) == 4, "what was done is not done again"
    assert record.env_steps == whole.env_steps and record.metrics == whole.metrics
    one, other = load_truth(tmp_path / "whole"), load_truth(tmp_path / "broken")
    assert one.trajectories == other.trajectories and one.env_steps == whole.env_steps
    for a, b in zip(one.episodes, other.episodes, strict=True):
        assert a.halves.tolist() == b.halves.tolist() and a.places == b.places
    assert all(step.action_ids for t in one.trajectories for step in t.steps)
    assert not (tmp_path / "broken/chunks").exists()
    assert make_truth(_config(tmp_path, "broken")).created == record.created, "a finished truth is not made again"


def test_a_damaged_truth_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataNotFound, match="attribution.py truth"):
        load_truth(tmp_path)
    (tmp_path / "truth.jsonl.gz").write_bytes(gzip.compress(b'{"format": "another"}\n'))
    with pytest.raises(DataCorrupt, match="another"):
        load_truth(tmp_path)
    (tmp_path / "truth.jsonl.gz").write_bytes(gzip.compress(b"x" * 1000)[:20])
    with pytest.raises(DataCorrupt):
        load_truth(tmp_path)


@pytest.mark.parametrize("changes", [{"continuations": 5}, {"continuations": 2}, {"tasks": 0}, {"group": 0}])
def test_bad_settings(tmp_path: Path, changes: dict) -> None:
    with pytest.raises(BadArgument, match="--continuations 64"):
        _config(tmp_path, "x", **changes)
