"""One run on several processes, a GPU each: all that is distributed is here, and with one process it does nothing.

    accelerate launch --multi_gpu --num_processes 4 -m spa_gym.cli reproduce --preset paper --model PATH

Every process runs the same program on the same numbers. Three things are shared out and put together again, so that all
processes know all of it: the episodes of a rollout (`rollout/protocol.py`), the forwards that read a batch
(`learning/batch.py`, `learning/readings.py`), and the rows of an update, whose gradients are added up before the step.
A minibatch therefore means the same on one process and on four, all take the same number of steps, statistics over a
batch are over all of it, and what is learned is the same up to the rounding of sums. The main process alone writes
files and shows progress. Where a process fails, the launcher ends the others.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any, TypeVar

import torch
from torch import distributed, nn

__all__ = [
    "add_gradients",
    "connect",
    "from_main",
    "gather",
    "is_main",
    "local_device",
    "rank",
    "share",
    "size",
    "wait",
]

T = TypeVar("T")
_PATIENCE = timedelta(hours=12)
"""How long a process waits for the others: in a rollout one may have the longer episodes."""


def connect() -> None:
    """Meet the other processes that a launcher (`accelerate launch`, `torchrun`) has started; twice is as once."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        return
    if not distributed.is_initialized():
        from accelerate import PartialState

        PartialState(timeout=_PATIENCE)
    if not is_main():
        logging.getLogger().setLevel(logging.WARNING)


def size() -> int:
    """Number of processes."""
    return distributed.get_world_size() if distributed.is_available() and distributed.is_initialized() else 1


def rank() -> int:
    """Number of this process among them, from 0."""
    return distributed.get_rank() if size() > 1 else 0


def is_main() -> bool:
    """This process writes files and shows progress."""
    return rank() == 0


def local_device() -> str:
    """The device of this process among those of its machine."""
    if not torch.cuda.is_available():
        return "cpu"
    return f"cuda:{os.environ.get('LOCAL_RANK', '0')}" if size() > 1 else "cuda"


def wait() -> None:
    """Go on when all have come here: after the main process has written what the others read."""
    if size() > 1:
        distributed.barrier()


def share(items: Sequence[T]) -> list[T]:
    """This process's part: every n-th item, so that rows sorted by length are shared out evenly; maybe none."""
    return list(items[rank() :: size()])


def gather(mine: Sequence[T], total: int) -> list[T]:
    """All items, in their order, from each process's results for its `share`.

    Args:
        mine: one result for each item of the share; whatever pickles, tensors on the CPU.
        total: number of all items.
    """
    if size() == 1:
        return list(mine)
    parts: list[Any] = [None] * size()
    distributed.all_gather_object(parts, list(mine))
    return [parts[i % size()][i // size()] for i in range(total)]


def from_main(value: T) -> T:
    """The main process's value, for what each computes by itself and rounding might make different."""
    if size() == 1:
        return value
    held: list[Any] = [value]
    distributed.broadcast_object_list(held)
    return held[0]


def add_gradients(parameters: Iterable[nn.Parameter], *figures: dict[str, float]) -> None:
    """Put the sum over all processes in the place of each gradient, and of each figure.

    Each process has taken the gradient of its rows' part of the loss of the whole minibatch, so that parts add up to
    it. A gradient that a process has not (it had no rows) counts as zero.

    Args:
        parameters: those that are to take a step; the same on all processes.
        figures: figures of the same parts by name, changed in place; names may be missing where there were no rows.
    """
    if size() == 1:
        return
    for parameter in parameters:
        if parameter.requires_grad:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
            distributed.all_reduce(parameter.grad)
    for own in figures:
        parts: list[Any] = [None] * size()
        distributed.all_gather_object(parts, own)
        for key in dict.fromkeys(key for part in parts for key in part):
            own[key] = sum(part.get(key, 0.0) for part in parts)
