"""What a stage reports is what the process that started it reads, and a run's share grows with it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from spa_gym.baselines import stage_progress
from spa_gym.baselines.experiment import Job
from spa_gym.baselines.stage_progress import StageProgress, read_progress, report_progress, report_to
from spa_gym.baselines.training.tracker import Tracker


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(stage_progress.time, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def path(tmp_path: Path):
    report_to(tmp_path / "progress.json")
    yield tmp_path / "progress.json"
    report_to(None)


def test_rate_and_time_left_count_from_where_the_stage_began(path: Path, clock: list[float]) -> None:
    report_progress("sft", 20, 80, "step")
    clock[0] += 10
    report_progress("sft", 40, 80, "step", "loss 0.5")
    found = read_progress(path)
    assert found == StageProgress("sft", 40, 80, "step", 2.0, "loss 0.5")
    assert str(found) == "sft 40/80 steps 2/s 0:20 left loss 0.5" and found.share == 0.5
    assert "1:00 left" in str(StageProgress("sft", 0, 119.6, "step", 2.0)), "no 0:60"
    report_progress("evaluate test", 1, 10, "task")
    assert str(read_progress(path)) == "evaluate test 1/10 tasks"


def test_reports_in_between_are_left_out_but_the_last_one_is_not(path: Path, clock: list[float]) -> None:
    for done in range(10):
        report_progress("sft", done, 10, "step")
    assert read_progress(path) == StageProgress("sft", 0, 10, "step", 0.0)
    report_progress("sft", 10, 10, "step")
    assert read_progress(path) == StageProgress("sft", 10, 10, "step", 0.0)


def test_no_one_watches_and_a_disk_that_refuses(tmp_path: Path) -> None:
    report_progress("sft", 1, 2, "step")
    report_to(tmp_path / "missing" / "progress.json")
    report_progress("sft", 1, 2, "step")
    report_to(None)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["", "{", "[]", '{"stage": 1}', '{"stage": "a", "done": NaN}'])
def test_a_report_that_cannot_be_read_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "progress.json").write_text(text)
    assert read_progress(tmp_path / "progress.json") is None
    assert read_progress(tmp_path / "absent.json") is None


@dataclass
class _Config:
    out: Path


def test_the_share_of_a_run_is_its_main_stage_and_then_its_evaluation(path: Path, clock: list[float]) -> None:
    job = Job("unused:unused", _Config(path.parent), "run", 100, unit="updates", counted="step")
    shares = [job.share()]
    for stage, done, total, unit in (
        ("explore", 5, 10, "episode"),
        ("sft", 50, 100, "step"),
        ("sft", 100, 100, "step"),
    ):
        clock[0] += 5
        report_progress(stage, done, total, unit)
        shares.append(job.share())
    state = path.parent / "state"
    state.mkdir()
    (state / "position.json").write_text('{"position": {"updates": 100}}')
    for done in (3, 10):
        clock[0] += 5
        report_progress("evaluate test", done, 10, "task")
        shares.append(job.share())
    assert shares == pytest.approx([0, 0, 0.45, 0.9, 0.93, 1.0])


def test_a_tracker_reports_a_batch_that_is_not_finished(path: Path, clock: list[float], tmp_path: Path) -> None:
    tracker = Tracker(tmp_path, "ppo", 1000, start=100, unit="envstep")
    tracker.advance(50, success="0.25")
    clock[0] += 5
    tracker.report(25)
    tracker.close()
    assert read_progress(path) == StageProgress("ppo", 175, 1000, "envstep", 5.0, "success 0.25")
