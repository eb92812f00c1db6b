"""Many runs of one study on the cores of this machine: a process each, resumable, with one line that says how far.

A job is a function of this package and a config; it writes its own `record.json`, keeps its own state for resuming, and
returns at once when it has been done before. So an experiment is resumed by starting it again. No run outlives the
process that started it: one left alone would write to a folder that the next start writes to as well.
"""

from __future__ import annotations

import contextlib
import json
import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from tqdm import tqdm

from spa_gym.baselines.distributed import size
from spa_gym.baselines.stage_progress import StageProgress, read_progress, report_to
from spa_gym.baselines.training.resume import finished_record, plain_settings
from spa_gym.core.errors import SpaGymError
from spa_gym.core.parent_process import end_with_parent

__all__ = ["Job", "JobFailed", "run_jobs"]

_log = logging.getLogger(__name__)


class JobFailed(SpaGymError):
    """A run of an experiment ended with an error; the others are finished or can be resumed."""


@dataclass(frozen=True)
class Job:
    """One run.

    Args:
        function: `package.module:function`, called with the config.
        config: its only argument; has a field `out`.
        label: shown while it runs.
        budget: value of `unit` at its end, for the bar.
        unit: the entry of the job's saved position that counts up to `budget`.
        counted: the unit in which its main stage reports its progress (`stage_progress.py`).
    """

    function: str
    config: Any
    label: str
    budget: float
    unit: str = "env_steps"
    counted: str = "envstep"

    @property
    def out(self) -> Path:
        """Folder of the run."""
        return self.config.out

    def done(self) -> bool:
        """The run has left its record."""
        return (self.out / "record.json").is_file()

    def check(self) -> bool:
        """The run has left its record, and it is this one's.

        Raises:
            CheckpointMismatch: the record there belongs to other settings.
        """
        return finished_record(self.out, plain_settings(self.config)) is not None

    def position(self) -> tuple[float, float | None]:
        """How far it is in its unit, and the success of its last batch of episodes, if it has one."""
        if self.done():
            return self.budget, None
        try:
            position = json.loads((self.out / "state" / "position.json").read_text(encoding="utf-8"))["position"]
        except (OSError, ValueError, KeyError):
            return 0.0, None
        curve = position.get("curves", {}).get("success_batch") or [None]
        return min(self.budget, float(position.get(self.unit, 0.0))), curve[-1]

    def progress(self) -> StageProgress | None:
        """What its present stage reported last."""
        return read_progress(self.out / _PROGRESS)

    def share(self) -> float:
        """What is done of the whole run, in [0, 1]: its main stage, then the evaluation of the result."""
        if self.done():
            return 1.0
        trained, now = self.position()[0] / self.budget, self.progress()
        if now is not None and now.unit == self.counted:
            trained = max(trained, now.share)
        evaluated = now.share if now is not None and now.unit == "task" and trained >= 1.0 else 0.0
        return _MAIN_STAGE * trained + (1 - _MAIN_STAGE) * evaluated


_PROGRESS = "progress.json"
_MAIN_STAGE = 0.9
"""Share of a run's time that its main stage takes, about; the rest is the evaluation of its result."""
_CTRL_C = 130
"""Exit code of a run that was interrupted, as a shell has it."""
_ALONE = "the process that started this run is gone, so it ends here; start the same command again"


def _work(job: Job, threads: int, environment: dict[str, str]) -> None:
    """Body of a job's process: its words go to `<out>/log.txt`."""
    os.environ.clear()  # what the process that it is a fork of was started with may have changed since
    os.environ.update(environment)
    job.out.mkdir(parents=True, exist_ok=True)
    with (job.out / "log.txt").open("a", encoding="utf-8", buffering=1) as log:
        sys.stdout = sys.stderr = log
        logging.basicConfig(level=logging.INFO, format="%(message)s", stream=log, force=True)
        # tqdm's own lock is one between processes, of which a run that is ended leaves a warning behind.
        tqdm.set_lock(threading.RLock())
        end_with_parent(lambda: print(_ALONE, flush=True))
        report_to(job.out / _PROGRESS)
        import torch

        torch.set_num_threads(threads)
        module, _, name = job.function.partition(":")
        try:
            getattr(import_module(module), name)(job.config)
        except BaseException as error:
            traceback.print_exc(file=log)
            # Not raised again: multiprocessing would say it once more, to a log that is closed by then.
            raise SystemExit(_CTRL_C if isinstance(error, KeyboardInterrupt) else 1) from None


def _context(jobs: Sequence[Job]) -> Any:
    """How processes start: as forks of one that has done their imports, which take seconds."""
    if sys.platform != "linux":  # elsewhere what torch links to may not survive a fork
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    # The model's code is the slowest of all, and imported by name when a checkpoint is loaded.
    needed = {job.function.partition(":")[0] for job in jobs} | {"transformers.models.qwen3.modeling_qwen3"}
    context.set_forkserver_preload(sorted(needed))
    return context


@contextlib.contextmanager
def _interrupted_by_sigterm() -> Iterator[None]:
    """While the block runs, SIGTERM (`kill`, a batch system's limit) does what Ctrl-C does."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():  # only that one may set what a signal does
        yield
        return
    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL if before is None else before)


def _in_turn(jobs: Sequence[Job]) -> None:
    """Run what is not done yet in this process, one after the other, as the processes beside it do."""
    for number, job in enumerate(jobs):
        if not job.check():
            _log.info("%d of %d: %s", number + 1, len(jobs), job.label)
            module, _, name = job.function.partition(":")
            getattr(import_module(module), name)(job.config)


def run_jobs(
    jobs: Sequence[Job],
    *,
    parallel: int | None = None,
    threads: int = 1,
    title: str = "runs",
    keep_going: bool = False,
) -> None:
    """Run what is not done yet, some at a time; on several processes (`distributed.py`) all of them run each together.

    Args:
        jobs: the runs, in the order in which they start.
        parallel: how many at once; None: one for each core.
        threads: torch threads of each.
        title: shown before the bar.
        keep_going: run all others before a run's error is raised, for jobs that do not need each other.

    Raises:
        KeyboardInterrupt: Ctrl-C or SIGTERM; the runs are ended first and go on the next time.
        JobFailed: a run ended with an error; without `keep_going` those beside it are ended too and go on the next
            time.
        CheckpointMismatch: a run was finished before in the same folder with other settings.
    """
    if size() > 1:
        _in_turn(jobs)
        return
    parallel = parallel or os.cpu_count() or 1
    context = _context(jobs)
    waiting = [job for job in jobs if not job.check()]
    running: dict[Any, Job] = {}
    failed: list[tuple[Job, int | None]] = []
    bar = tqdm(
        total=100,
        initial=_percent(jobs),
        desc=title,
        bar_format="{desc} {percentage:3.0f}% |{bar:10}| {elapsed}<{remaining} {postfix}",
        mininterval=0.5 if sys.stderr.isatty() else 15.0,
        miniters=0,
        smoothing=0,
        dynamic_ncols=True,
    )
    with _interrupted_by_sigterm():
        try:
            while waiting or running:
                while waiting and len(running) < parallel:
                    job = waiting.pop(0)
                    process = context.Process(target=_work, args=(job, threads, dict(os.environ)), name=job.label)
                    running[process] = job
                    process.start()
                time.sleep(0.5)
                _show(bar, jobs, list(running.values()))
                for process in [p for p in running if not p.is_alive()]:
                    job = running.pop(process)
                    if process.exitcode != 0 or not job.done():
                        failed.append((job, process.exitcode))
                if failed and not keep_going:
                    break
        finally:
            started = [process for process in running if process.pid is not None]
            for process in started:
                process.terminate()
            for process in started:
                process.join()
            bar.close()
    if failed:
        job, code = failed[0]
        others = f"; so did not {', '.join(other.label for other, _ in failed[1:])}" if failed[1:] else ""
        raise JobFailed(
            f"the run {job.label} to end with a record",
            f"exit code {code}{others}",
            f"read {job.out / 'log.txt'}, then start the same command again: finished runs are kept",
        )


def _show(bar: Any, jobs: Sequence[Job], running: Sequence[Job]) -> None:
    bar.n = max(bar.n, _percent(jobs))
    now = [f"{job.label}: {progress}" if (progress := job.progress()) else job.label for job in running]
    done = sum(job.done() for job in jobs)
    bar.set_postfix_str(" | ".join([f"{done}/{len(jobs)} done", *now]), refresh=False)
    bar.refresh() if sys.stderr.isatty() else bar.update(0)


def _percent(jobs: Sequence[Job]) -> float:
    total = sum(job.budget for job in jobs) or 1.0
    return 100 * sum(job.share() * job.budget for job in jobs) / total
