"""Many runs of one study: side by side, resumable, and an error names the run's own words."""

from __future__ import annotations

import multiprocessing
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import gymnasium
import pytest
import torch

import spa_gym  # noqa: F401  (registers the ids)
from spa_gym.baselines import reproduce as reproduce_module
from spa_gym.baselines import tuning as tuning_module
from spa_gym.baselines.experiment import Job, JobFailed, run_jobs
from spa_gym.baselines.models.checkpoint import load_checkpoint
from spa_gym.baselines.models.shipped import SHIPPED
from spa_gym.baselines.models.tiny import count_parameters, make_tiny
from spa_gym.baselines.reproduce import imitation_job, reproduce, training_job
from spa_gym.baselines.studies import STUDIES, EnvStudy, Preset
from spa_gym.baselines.study_rows import method_rows
from spa_gym.baselines.training.recipes import RECIPES
from spa_gym.baselines.training.resume import plain_settings
from spa_gym.baselines.tuning import try_rates
from spa_gym.core.errors import BadArgument, CheckpointMismatch
from spa_gym.core.run_record import RunRecord
from tests.baselines.jobs import JobConfig, work
from tests.baselines.tiny_runs import KWARGS, pretrain_config
from tests.processes import alive


def _job(out: Path, does: str = "ends", steps: int = 3) -> Job:
    return Job("tests.baselines.jobs:work", JobConfig(out, does, steps), out.name, steps)


def test_a_failing_run_names_its_words_and_what_is_finished_stays(tmp_path: Path) -> None:
    """One study: a run that ends, one that fails; mended, it goes on where it stood, and the other is not run again."""
    jobs = [_job(tmp_path / "good"), _job(tmp_path / "bad", "fails"), _job(tmp_path / "later")]
    with pytest.raises(JobFailed) as caught:
        run_jobs(jobs, parallel=1)
    message, log = str(caught.value), tmp_path / "bad" / "log.txt"
    assert "the run bad" in message and str(log) in message and "exit code 1" in message
    assert "the reason why it fails" in log.read_text() and "words of the run" in log.read_text()
    assert jobs[0].done() and not jobs[1].done() and not (tmp_path / "later").exists()
    assert [job.position() for job in jobs] == [(3, None), (2, 0.5), (0.0, None)]

    (tmp_path / "bad" / "mended").touch()
    run_jobs(jobs, parallel=2)
    assert all(job.done() for job in jobs)
    steps = {job.label: (job.out / "steps.txt").read_text().split("\n")[:-1] for job in jobs}
    assert [line.split()[0] for line in steps["bad"]] == ["1", "2", "3"]
    assert len({line.split()[1] for line in steps["bad"]}) == 2, "two processes, one after the other"
    assert [line.split()[0] for line in steps["good"]] == ["1", "2", "3"]
    before = (tmp_path / "good" / "steps.txt").stat().st_mtime_ns
    run_jobs(jobs)
    assert (tmp_path / "good" / "steps.txt").stat().st_mtime_ns == before


def test_a_run_that_leaves_no_record_has_failed_and_others_are_ended(tmp_path: Path) -> None:
    jobs = [_job(tmp_path / "slow", "sleeps"), _job(tmp_path / "forgetful", "forgets")]
    with pytest.raises(JobFailed, match="the run forgetful to end with a record; got exit code 0"):
        run_jobs(jobs, parallel=2)
    assert not jobs[0].done()


def test_jobs_that_do_not_need_each_other_are_run_before_an_error_is_raised(tmp_path: Path) -> None:
    jobs = [_job(tmp_path / "bad", "fails"), _job(tmp_path / "good"), _job(tmp_path / "worse", "fails")]
    with pytest.raises(JobFailed, match="the run bad to end with a record; got exit code 1; so did not worse"):
        run_jobs(jobs, parallel=1, keep_going=True)
    assert [job.done() for job in jobs] == [False, True, False]


def test_ctrl_c_ends_the_runs_and_they_go_on_the_next_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job, sleep = _job(tmp_path / "run", "fails"), time.sleep

    def interrupted(seconds: float) -> None:
        sleep(seconds)
        if (tmp_path / "run" / "steps.txt").exists():
            raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("spa_gym.baselines.experiment.time.sleep", interrupted)
        run_jobs([job])
    assert not multiprocessing.active_children() and not job.done()
    (tmp_path / "run" / "mended").touch()
    run_jobs([job])
    assert job.done()


def _wait_for(condition: Callable[[], bool]) -> None:
    limit = time.monotonic() + 300
    while not condition():
        assert time.monotonic() < limit, "it did not come about"
        time.sleep(0.05)


_PARENT = """
import signal
from pathlib import Path
from spa_gym.baselines.experiment import Job, run_jobs
from tests.baselines.jobs import JobConfig

signal.signal(signal.SIGINT, signal.default_int_handler)  # nohup and supervisors let it be ignored
jobs = [Job("tests.baselines.jobs:work", JobConfig(Path({folder!r}) / name, "sleeps"), name, 3) for name in "ab"]
if __name__ == "__main__":
    run_jobs(jobs, parallel=2, keep_going={keep_going})
"""


@pytest.mark.skipif(not Path("/proc/self/stat").is_file(), reason="reads /proc")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_no_run_outlives_the_process_that_started_it(how: signal.Signals, tmp_path: Path) -> None:
    """The runs sleep for ten minutes; nothing but their own watching, or their parent, ends them."""
    (tmp_path / "parent.py").write_text(_PARENT.format(folder=str(tmp_path), keep_going=False))
    places = [tmp_path / name / "steps.txt" for name in "ab"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    parent = subprocess.Popen(
        [sys.executable, str(tmp_path / "parent.py")], env=environment, stderr=subprocess.PIPE, text=True
    )
    try:
        _wait_for(lambda: all(place.exists() and place.read_text().endswith("\n") for place in places))
        runs = [int(place.read_text().split()[1]) for place in places]
        assert parent.poll() is None and all(alive(pid) for pid in runs)
    finally:
        parent.send_signal(how)
        _, words = parent.communicate()
    _wait_for(lambda: not any(alive(pid) for pid in runs))
    logs = [(tmp_path / name / "log.txt").read_text() for name in "ab"]
    if how == signal.SIGKILL:
        assert all("the process that started this run is gone" in log for log in logs)
    else:
        assert "KeyboardInterrupt" in words and parent.returncode != -signal.SIGTERM
        assert not any("is gone" in log for log in logs), "the parent ended them"


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGINT of a single process")
def test_a_run_that_is_interrupted_keeps_its_words_to_its_log(tmp_path: Path) -> None:
    """A terminal's Ctrl-C reaches the runs too, maybe before the one that started them ends them."""
    (tmp_path / "parent.py").write_text(_PARENT.format(folder=str(tmp_path), keep_going=True))
    places = [tmp_path / name / "steps.txt" for name in "ab"]
    with subprocess.Popen(
        [sys.executable, str(tmp_path / "parent.py")],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
        stderr=subprocess.PIPE,
        text=True,
    ) as parent:
        try:
            _wait_for(lambda: all(place.exists() and place.read_text().endswith("\n") for place in places))
            for place in places:
                os.kill(int(place.read_text().split()[1]), signal.SIGINT)
            _, words = parent.communicate(timeout=300)
        finally:
            parent.kill()
    assert re.search("the run [ab] to end with a record; got exit code 130", words)
    assert "KeyboardInterrupt" not in words and "lost sys.stderr" not in words
    assert all("KeyboardInterrupt" in (tmp_path / name / "log.txt").read_text() for name in "ab")


def test_runs_have_the_environment_that_is_there_when_they_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process that they are forks of was started by the first of them, and kept what was there then."""
    for word in ("first", "second"):
        monkeypatch.setenv("SPA_GYM_TEST_WORD", word)
        run_jobs([_job(tmp_path / word)])
        assert f"words of the run {word}" in (tmp_path / word / "log.txt").read_text()


def test_what_sigterm_did_before_it_does_again(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)
    run_jobs([_job(tmp_path / "run")])
    assert signal.getsignal(signal.SIGTERM) is before
    thread = threading.Thread(target=run_jobs, args=([_job(tmp_path / "another")],))
    thread.start()
    thread.join()
    assert (tmp_path / "another" / "record.json").is_file(), "it works outside of the main thread too"


@pytest.mark.skipif(os.name == "nt", reason="there is no kill -9")
def test_a_run_whose_process_is_killed_has_failed_by_name(tmp_path: Path) -> None:
    jobs = [_job(tmp_path / "killed", "dies"), _job(tmp_path / "good")]
    with pytest.raises(JobFailed, match="the run killed to end with a record; got exit code -9"):
        run_jobs(jobs, parallel=1, keep_going=True)
    assert [job.position() for job in jobs] == [(1, 0.5), (3, None)] and jobs[1].done()


def test_a_finished_run_of_other_settings_is_not_taken_for_this_one(tmp_path: Path) -> None:
    work(JobConfig(tmp_path / "run"))
    run_jobs([_job(tmp_path / "run")])
    with pytest.raises(CheckpointMismatch, match=r"other settings \(steps\)"):
        run_jobs([_job(tmp_path / "run", steps=4)])


def test_a_position_that_cannot_be_read_is_the_beginning(tmp_path: Path) -> None:
    job = _job(tmp_path / "run")
    place = tmp_path / "run" / "state" / "position.json"
    place.parent.mkdir(parents=True)
    for text in ("", "{", '{"version": 1}'):
        place.write_text(text)
        assert job.position() == (0.0, None)


@pytest.mark.parametrize("size", ["quick", "cpu", "gpu"])
@pytest.mark.parametrize("study", STUDIES.values(), ids=list(STUDIES))
def test_a_study_gives_all_methods_of_a_seed_the_same_start_and_budget(
    study: EnvStudy, size: str, tmp_path: Path
) -> None:
    preset = study.presets[size]
    rows = method_rows(preset)
    for seed in preset.seeds[:2]:
        start = imitation_job(study, preset, seed, tmp_path)
        runs = [training_job(study, preset, row, seed, tmp_path, start=start) for row in rows]
        assert {run.config.start for run in runs} == {str(start.out / "checkpoint")}
        assert {run.config.env_steps for run in runs} == {preset.env_steps} == {run.budget for run in runs}
        assert len({run.out for run in (start, *runs)}) == len(runs) + 1
        assert all(run.config.seed == seed for run in runs)
        own = {"method", "options", "label", *(key for changes in preset.changes.values() for key in changes)}
        shared = [{k: v for k, v in plain_settings(run.config).items() if k not in own} for run in runs]
        assert all(settings == shared[0] for settings in shared)
        assert {run.config.env_id for run in (start, *runs)} == {study.env_id}
    imitations = [imitation_job(study, preset, seed, tmp_path).config for seed in preset.seeds]
    assert len({replace(config, out=tmp_path).seed for config in imitations}) == len(imitations)


@pytest.mark.parametrize("study", STUDIES.values(), ids=list(STUDIES))
def test_every_study_is_whole(study: EnvStudy) -> None:
    assert (SHIPPED / study.start / "spa_gym.json").is_file() and study.curve_split != study.table_split
    limit = gymnasium.make(study.env_id, split=study.table_split, **study.env_kwargs).spec.max_episode_steps  # type: ignore
    for preset in study.presets.values():
        assert len(preset.seeds) == len(set(preset.seeds)) >= 2 and set(preset.options) <= set(preset.methods)
        explored = [o["tasks"] * o["samples"] * limit for o in preset.options.values() if "tasks" in o]
        assert explored and max(explored) < preset.env_steps, "exploration may not eat the whole budget"


@pytest.mark.parametrize("name", list(STUDIES))
def test_the_large_size_makes_a_larger_policy_first(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stages: list[list[Job]] = []
    monkeypatch.setattr(reproduce_module, "run_jobs", lambda jobs, **_: stages.append(jobs))
    monkeypatch.setattr(tuning_module, "run_jobs", lambda jobs, **_: stages.append(jobs))
    reproduce("gpu", tmp_path, [name], methods=("ppo",))
    try_rates("gpu", tmp_path, [name], methods=("ppo",))
    for pretrainings, imitations, _ in (stages[:3], stages[3:]):
        (job,) = pretrainings
        assert {run.config.start for run in imitations} == {str(job.out / "checkpoint")}
        assert job.budget == job.config.tokens == 2 * RECIPES[STUDIES[name].start].tokens
        assert job.config.sources == RECIPES[STUDIES[name].start].sources
        model = make_tiny(1000, hidden=job.config.hidden, layers=job.config.layers, heads=job.config.heads)
        assert 8e6 < count_parameters(model) < 30e6
    assert stages[0][0].out != stages[3][0].out, "trials have a folder of their own"


def test_from_pretraining_to_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RECIPES, "tiny", pretrain_config(Path(), tokens=4_000))
    size = Preset(
        seeds=(0,),
        methods=("ppo",),
        env_steps=40,
        sft={"demonstrations": 8, "epochs": 1, "max_eval_tasks": 2},
        training={"demonstrations": 8, "episodes": 8, "minibatch": 4, "evaluate_tasks": 2, "final_tasks": 2},
        pretrain="tiny",
    )
    study = replace(STUDIES["alfworld"], env_kwargs=KWARGS, start="none", presets={"tiny": size})
    assert reproduce("tiny", tmp_path, studies={"rooms": study}, parallel=1) == [tmp_path / "runs"]
    width = load_checkpoint(tmp_path / "runs" / "rooms" / "ppo-0" / "checkpoint").model.config.hidden_size
    assert width == RECIPES["tiny"].hidden, "the policy is the one that was pretrained"
    (record,) = (RunRecord.load(path) for path in tmp_path.glob("runs/pretrain/tiny/record.json"))
    assert record.kind == "pretrain" and record.tokens >= 4_000


def test_every_study_has_the_same_sizes() -> None:
    assert {tuple(study.presets) for study in STUDIES.values()} == {("quick", "cpu", "gpu")}


@pytest.mark.parametrize(
    ("presets", "cores", "gb", "together"),
    [
        (["cpu"], 6, None, 6),
        (["gpu"], 6, None, 6),
        (["gpu"], 16, 85.5, 8),
        (["gpu", "gpu"], 64, 42.0, 4),
        (["gpu"], 16, 16.0, 1),
        (["gpu"], 16, 8.0, 1),
        (["gpu"], 1, 85.5, 1),
        (["cpu", "gpu"], 16, 85.5, 1),
    ],
)
def test_as_many_runs_share_a_machine_as_it_has_room_for(
    presets: list[str], cores: int, gb: float | None, together: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gb is not None)
    card = SimpleNamespace(total_memory=int((gb or 0) * 1e9))
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: card)
    assert reproduce_module.default_parallel([STUDIES["alfworld"].presets[name] for name in presets]) == together


def test_several_environments_run_side_by_side_in_folders_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stages: list[list[Path]] = []
    monkeypatch.setattr(reproduce_module, "run_jobs", lambda jobs, **_: stages.append([job.out for job in jobs]))
    studies = {"one": STUDIES["alfworld"], "two": STUDIES["alfworld"]}
    assert reproduce("quick", tmp_path, seeds=(7,), parallel=1, studies=studies) == [tmp_path / "runs"]
    imitations, trainings = ([path.relative_to(tmp_path / "runs").as_posix() for path in stage] for stage in stages)
    assert imitations == ["one/sft-7", "two/sft-7"]
    assert trainings == [f"{env}/{method}-7" for method in ("ppo", "spa", "spa-penalty") for env in ("one", "two")]
    stages.clear()
    reproduce("quick", tmp_path, ["two"], seeds=(7, 8), parallel=1, studies=studies)
    assert [path.parent.name for stage in stages for path in stage] == ["two"] * 8
    stages.clear()
    reproduce("quick", tmp_path, methods=("rloo", "ppo"), seeds=(1, 0), studies=studies)
    names = [path.relative_to(tmp_path / "runs").as_posix() for path in stages[1]]
    assert names == [
        f"{env}/{method}-{seed}" for seed in (1, 0) for method in ("rloo", "ppo") for env in ("one", "two")
    ]


def test_the_number_type_reaches_every_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs: list[Job] = []
    for module in (reproduce_module, tuning_module):
        monkeypatch.setattr(module, "run_jobs", lambda given, **_: jobs.extend(given))
    reproduce("gpu", tmp_path, ["alfworld"], methods=("ppo", "spa"), seeds=(0,), dtype="float32")
    try_rates("gpu", tmp_path, ["alfworld"], methods=("ppo",), dtype="float32")
    assert len(jobs) > 6 and {job.config.dtype for job in jobs} == {"float32"}
    with pytest.raises(BadArgument, match="float16"):
        reproduce("quick", tmp_path, dtype="float16")


def test_ablations_stand_beside_the_methods_on_a_page_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stages: list[list[Job]] = []
    monkeypatch.setattr(reproduce_module, "run_jobs", lambda jobs, **_: stages.append(jobs))
    for run in ("sft-0", "ppo-0", "spa-0", "spa-penalty-0"):
        (tmp_path / "runs" / "alfworld" / run).mkdir(parents=True)
        (tmp_path / "runs" / "alfworld" / run / "record.json").touch()
    asked = ("no-grounding", "alpha-none")
    with pytest.raises(BadArgument, match="alpha-none"):
        reproduce("cpu", tmp_path, ["alfworld"], asked, seeds=(0,), ablations=True)
    folders = reproduce("cpu", tmp_path, ["alfworld"], asked[:1], seeds=(0,), ablations=True)
    trained = {job.out.relative_to(tmp_path).as_posix(): job.config for job in stages[1]}
    assert list(trained) == ["runs/alfworld/ppo-0", "runs/alfworld/spa-0", "ablations/alfworld/no-grounding-0"]
    ablation, plain = (trained[name] for name in ("ablations/alfworld/no-grounding-0", "runs/alfworld/spa-0"))
    assert (ablation.label, ablation.method, ablation.start) == ("no-grounding", "spa", plain.start)
    assert ablation.options == {**plain.options, "beta": 0.0}
    found = [folder.relative_to(tmp_path).as_posix() for folder in folders]
    assert found == ["ablations", *(f"runs/alfworld/{run}-0/record.json" for run in ("ppo", "sft", "spa"))]


def test_an_unknown_preset_or_environment_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadArgument, match="quick, cpu, gpu"):
        reproduce("huge", tmp_path)
    with pytest.raises(BadArgument, match="alfworld.*got moon"):
        reproduce("quick", tmp_path, ["alfworld", "moon"])
    with pytest.raises(BadArgument, match="at least 1 environment step"):
        reproduce("quick", tmp_path, env_steps=0)
