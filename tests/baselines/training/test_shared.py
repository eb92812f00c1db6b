"""Explorations and fits that trainings have in common: made once, the same to the bit, charged to every training."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from spa_gym.baselines.training import study
from spa_gym.baselines.training.resume import plain_settings
from spa_gym.baselines.training.shared import shared_stage
from spa_gym.baselines.training.study import study_of
from spa_gym.baselines.training.train import train
from spa_gym.core.errors import TrainingDiverged
from spa_gym.core.run_record import RunRecord
from spa_gym.core.trajectory import write_jsonl
from tests.baselines.conftest import Pipeline
from tests.baselines.tiny_runs import explored, ppo_config


def _counted(monkeypatch: pytest.MonkeyPatch, name: str) -> list[Path]:
    """Folders in which a stage really ran."""
    ran: list[Path] = []
    original = getattr(study, name)

    def run(config: Any) -> RunRecord:
        if not (config.out / "record.json").is_file():
            ran.append(config.out)
        return original(config)

    run.__name__ = name
    monkeypatch.setattr(study, name, run)
    return ran


def _fit(pipeline: Pipeline, out: Path, shared: Path | None, episodes: Path, **settings: Any) -> tuple[RunRecord, Any]:
    config = replace(ppo_config(pipeline.start, out), shared=shared)
    stages = study_of(config, train).stages
    return stages.fit_estimator(out / "estimator", trajectories=episodes, epochs=1, **settings), stages


@pytest.fixture
def episodes(tmp_path: Path) -> Path:
    path = tmp_path / "episodes.jsonl"
    write_jsonl(path, explored())
    return path


def test_the_second_taker_gets_the_same_files_and_the_same_bill(
    pipeline: Pipeline, tmp_path: Path, episodes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = _counted(monkeypatch, "fit_estimator")
    alone, _ = _fit(pipeline, tmp_path / "alone", None, episodes)
    first, _ = _fit(pipeline, tmp_path / "a", tmp_path / "shared", episodes)
    elsewhere = tmp_path / "copy.jsonl"
    elsewhere.write_bytes(episodes.read_bytes())
    second, stages = _fit(pipeline, tmp_path / "b", tmp_path / "shared", elsewhere)
    assert len(ran) == 2, "alone, and once for both"
    assert first.metrics == second.metrics == alone.metrics
    weights = [
        (tmp_path / name / "estimator/checkpoint/model.safetensors").read_bytes() for name in ("alone", "a", "b")
    ]
    assert weights[0] == weights[1] == weights[2]
    assert first.wall_time_s == second.wall_time_s, "the taker's record says what the work took"
    assert 0 < stages.borrowed_s < second.wall_time_s
    kept = RunRecord.load(tmp_path / "b/estimator/record.json")
    assert kept.settings["trajectories"] == str(elsewhere) and kept == second
    assert not (tmp_path / "b/estimator/trajectories.input").exists()


@pytest.mark.parametrize("change", ["settings", "episodes", "start"])
def test_what_differs_is_not_shared(
    pipeline: Pipeline, tmp_path: Path, episodes: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    ran = _counted(monkeypatch, "fit_estimator")
    _fit(pipeline, tmp_path / "a", tmp_path / "shared", episodes)
    settings: dict[str, Any] = {}
    if change == "settings":
        settings["lr"] = 1e-4
    elif change == "episodes":
        write_jsonl(episodes, explored()[:-2])
    else:
        recipe = Path(pipeline.start) / "another.txt"
        recipe.write_text("trained again")
    try:
        _fit(pipeline, tmp_path / "b", tmp_path / "shared", episodes, **settings)
    finally:
        (Path(pipeline.start) / "another.txt").unlink(missing_ok=True)
    assert len(ran) == 2


def test_a_finished_run_does_not_look_there(pipeline: Pipeline, tmp_path: Path, episodes: Path) -> None:
    made, _ = _fit(pipeline, tmp_path / "a", None, episodes)
    again, stages = _fit(pipeline, tmp_path / "a", tmp_path / "shared", episodes)
    assert again == made and stages.borrowed_s == 0 and not (tmp_path / "shared").exists()


def test_a_stage_that_fails_leaves_nothing_to_take(pipeline: Pipeline, tmp_path: Path, episodes: Path) -> None:
    config = replace(ppo_config(pipeline.start, tmp_path / "a"), shared=tmp_path / "shared")

    def diverges(_: Any) -> RunRecord:
        raise TrainingDiverged("a finite loss", "nan", "lower the rate")

    with pytest.raises(TrainingDiverged):
        shared_stage(replace(config, out=tmp_path / "a/x"), diverges, tmp_path / "shared")
    assert not [p for p in (tmp_path / "shared").iterdir() if not p.name.startswith(".")]
    assert not (tmp_path / "a/x/record.json").exists()


def test_where_it_lies_is_no_setting(pipeline: Pipeline, tmp_path: Path) -> None:
    config = ppo_config(pipeline.start, tmp_path)
    assert plain_settings(config) == plain_settings(replace(config, shared=tmp_path / "elsewhere"))
