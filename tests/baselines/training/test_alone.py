"""Two runs with one folder at the same time: the second is refused by name, in every stage, and touches nothing."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from spa_gym.baselines.training.estimator import EstimatorConfig, fit_estimator
from spa_gym.baselines.training.explore import ExploreConfig, explore
from spa_gym.baselines.training.pretrain import pretrain
from spa_gym.baselines.training.resume import alone_in, plain_settings, run_stage
from spa_gym.baselines.training.sft import sft
from spa_gym.baselines.training.train import train
from spa_gym.core import lock
from spa_gym.core.errors import CheckpointMismatch, DataNotFound, FolderInUse, WriteFailed
from spa_gym.core.run_record import RunRecord
from tests.baselines.tiny_runs import ppo_config, pretrain_config, sft_config

STAGES: dict[str, tuple[Callable[[Any], RunRecord], Callable[[Path, Path], Any]]] = {
    "pretrain": (pretrain, lambda start, out: pretrain_config(out)),
    "sft": (sft, sft_config),
    "explore": (explore, lambda start, out: ExploreConfig(str(start), out)),
    "estimator": (fit_estimator, lambda start, out: EstimatorConfig(str(start), start / "played.jsonl", out)),
    "train": (train, ppo_config),
}


@pytest.mark.parametrize("name", list(STAGES))
def test_a_second_run_in_the_same_folder_is_refused_by_name(name: str, tmp_path: Path) -> None:
    stage, config = STAGES[name]
    held = config(tmp_path / "no checkpoint", tmp_path / "out")
    with alone_in(tmp_path / "out"):
        with pytest.raises(FolderInUse, match=r"expected .*out for this run alone; got a run that is still writing"):
            stage(held)
        assert [path.name for path in (tmp_path / "out").iterdir()] == [".lock"]
        if name != "pretrain":  # which starts from nothing, and would begin
            with pytest.raises(DataNotFound, match="checkpoint"):
                stage(replace(held, out=tmp_path / "another"))


def _config(out: Path) -> Any:
    return sft_config(Path("start"), out)


def _record(config: Any) -> RunRecord:
    return RunRecord("train", "sft", "none", settings=plain_settings(config))


def test_one_after_the_other_and_what_is_finished_is_not_run_again(tmp_path: Path) -> None:
    config, ran = _config(tmp_path / "out"), []

    def stage(config: Any, settings: dict[str, Any]) -> RunRecord:
        with pytest.raises(FolderInUse):
            run_stage(config, stage)
        ran.append(settings)
        record = _record(config)
        record.save(config.out / "record.json")
        return record

    def broken(config: Any, settings: dict[str, Any]) -> RunRecord:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_stage(config, broken)
    first = run_stage(config, stage)
    with alone_in(config.out):  # a record is read without the lock
        assert run_stage(config, stage).created == first.created
    assert ran == [plain_settings(config)]
    with pytest.raises(CheckpointMismatch):
        run_stage(replace(config, seed=7), stage)


def test_what_another_run_finished_meanwhile_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config, hold = _config(tmp_path / "out"), lock.locked_or_busy

    def late(path: Path) -> Any:
        _record(config).save(config.out / "record.json")
        return hold(path)

    monkeypatch.setattr(lock, "locked_or_busy", late)
    assert run_stage(config, lambda *_: pytest.fail("run twice")).settings == plain_settings(config)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(WriteFailed, match="choose another --out"), alone_in(tmp_path / "file" / "out"):
        pytest.fail("there is no such folder")


def test_a_file_system_without_locks_gets_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def none(path: Path) -> Any:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(lock, "locked_or_busy", none)
    with caplog.at_level(logging.WARNING), alone_in(tmp_path / "out"):
        pass
    assert "Function not implemented" in caplog.text
