"""A stage that kills its own process at a chosen moment, as `kill -9` or a machine without memory would.

`die_saving` has the moments around the saving of a state: `"before"`, when the work of an iteration is done and its
files are written, but not its state; `"half"`, when the tensors are written and the position is not; `"after"`.
`die_calling` has any other: right before the n-th call of a function; and `together` lets processes meet that work as
one run.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from spa_gym.baselines.training import resume
from spa_gym.baselines.training.resume import Resumable
from spa_gym.baselines.training.train import train

__all__ = ["die_calling", "die_saving", "together"]

Stage = Callable[[Any], Any]
_PRELOADED = (__name__, train.__module__)


def die_saving(stage: Stage, config: Any, folder: Path, saves: int, moment: str) -> int:
    """Run a stage in a process of its own that dies at a moment of the n-th saving in a folder; its exit code.

    Args:
        stage: `train`, `sft` and so on.
        config: its config.
        folder: where the state lies that is about to be saved: of the stage, or of what a method does first.
        saves: n, from 1.
        moment: `"before"`, `"half"` or `"after"`.
    """
    return _exit_code(_die_saving, stage, config, folder, saves, moment)


def die_calling(stage: Stage, config: Any, target: str, calls: int) -> int:
    """Run a stage in a process of its own that dies before the n-th call of a function; its exit code.

    Args:
        stage: `train`, `sft` and so on.
        config: its config.
        target: the function as its callers find it, `module:name` or `module:Class.name`.
        calls: n, from 1.
    """
    return _exit_code(_die_calling, stage, config, target, calls)


def together(stage: Stage, config: Any, meet: Path, target: str = "", calls: int = 0) -> tuple[int, int]:
    """Run a stage on two processes, the second of which dies before the n-th call of a function; their exit codes.

    Args:
        stage: `train`, `sft` and so on.
        config: its config.
        meet: a file, not there yet, by which the processes find each other.
        target: as for `die_calling`.
        calls: n, from 1; 0: nobody dies.
    """
    first, second = (_process(_one_of_two, k, stage, config, meet, target, calls) for k in range(2))
    second.join()
    if calls:
        first.kill()  # it waits for the other
    first.join()
    return first.exitcode or 0, second.exitcode or 0


def _process(work: Callable[..., None], *given: Any) -> Any:
    context = multiprocessing.get_context("forkserver")  # a fork of one that has imported everything is there at once
    context.set_forkserver_preload(list(_PRELOADED))
    process = context.Process(target=work, args=given)
    process.start()
    return process


def _exit_code(work: Callable[..., None], *given: Any) -> int:
    process = _process(work, *given)
    process.join()
    return process.exitcode or 0


def _kill(*_: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _die_saving(stage: Stage, config: Any, folder: Path, saves: int, moment: str) -> None:
    torch.set_num_threads(1)
    save, write, count = Resumable.save, resume.atomic_write_text, 0

    def saving(self: Resumable, position: dict[str, Any]) -> None:
        nonlocal count
        count += self.folder == folder
        due = self.folder == folder and count == saves
        if due and moment == "before":
            _kill()
        if due and moment == "half":
            resume.atomic_write_text = _kill
        save(self, position)
        resume.atomic_write_text = write
        if due:
            _kill()

    Resumable.save = saving
    stage(config)


def _die_calling(stage: Stage, config: Any, target: str, calls: int) -> None:
    torch.set_num_threads(1)
    module, _, path = target.partition(":")
    *owners, name = path.split(".")
    owner: Any = importlib.import_module(module)
    for each in owners:
        owner = getattr(owner, each)
    function, count = getattr(owner, name), 0

    def counting(*given: Any, **named: Any) -> Any:
        nonlocal count
        count += 1
        if count == calls:
            _kill()
        return function(*given, **named)

    setattr(owner, name, counting)
    stage(config)


def _one_of_two(rank: int, stage: Stage, config: Any, meet: Path, target: str, calls: int) -> None:
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", init_method=meet.as_uri(), rank=rank, world_size=2)
    if calls and rank == 1:
        _die_calling(stage, config, target, calls)
    else:
        stage(config)
    torch.distributed.destroy_process_group()
