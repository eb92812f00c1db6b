"""A training that kills its own process at a chosen moment, as `kill -9` or a machine without memory would.

The moments lie around the saving of a state: `"before"`, when the work of an iteration is done and its files are
written, but not its state; `"half"`, when the tensors are written and the position is not; `"after"`.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from pathlib import Path
from typing import Any

import torch

from spa_gym.baselines.training import resume
from spa_gym.baselines.training.resume import Resumable
from spa_gym.baselines.training.train import TrainConfig, train

__all__ = ["die_in_training"]


def die_in_training(config: TrainConfig, folder: Path, saves: int, moment: str) -> int:
    """Run a training in a process of its own that dies at a moment of the n-th saving in a folder; its exit code.

    Args:
        config: the training.
        folder: where the state lies that is about to be saved: of the training, or of what its method does first.
        saves: n, from 1.
        moment: `"before"`, `"half"` or `"after"`.
    """
    context = multiprocessing.get_context("forkserver")  # a fork of one that has imported everything is there at once
    context.set_forkserver_preload([__name__])
    process = context.Process(target=_die, args=(config, folder, saves, moment))
    process.start()
    process.join()
    return process.exitcode or 0


def _die(config: TrainConfig, folder: Path, saves: int, moment: str) -> None:
    torch.set_num_threads(1)
    save, write, count = Resumable.save, resume.atomic_write_text, 0

    def kill() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def saving(self: Resumable, position: dict[str, Any]) -> None:
        nonlocal count
        count += self.folder == folder
        due = self.folder == folder and count == saves
        if due and moment == "before":
            kill()
        if due and moment == "half":
            resume.atomic_write_text = lambda *_: kill()
        save(self, position)
        resume.atomic_write_text = write
        if due:
            kill()

    Resumable.save = saving
    train(config)
