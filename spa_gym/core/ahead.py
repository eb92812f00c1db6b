"""Numbered pieces of work made ahead by other processes, taken in their order: the same pieces, sooner.

For what is made on the CPU while another device waits for it. A piece must depend on its number alone.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Generic, TypeVar

from spa_gym.core.errors import BadArgument, WorkerDied
from spa_gym.core.parent_process import end_with_parent

__all__ = ["Ahead"]

_Piece = TypeVar("_Piece")
_make: Callable[[int], Any] | None = None
"""What a worker makes; set in the worker alone."""


class Ahead(Generic[_Piece]):
    """Calls `make` in worker processes for the numbers that will be asked for next.

    Args:
        make: makes a piece from its number; must be picklable. A copy in each worker does the work.
        workers: processes, at least one.

    Raises:
        BadArgument: no workers.

    Example:
        >>> from contextlib import closing
        >>> with closing(Ahead(abs, workers=1)) as pieces:
        ...     [pieces(number) for number in range(3)]
        [0, 1, 2]
    """

    def __init__(self, make: Callable[[int], _Piece], workers: int) -> None:
        if workers < 1:
            raise BadArgument("at least one worker", str(workers), "call what makes the pieces itself, without workers")
        self._workers = workers
        self._pool = ProcessPoolExecutor(
            workers, mp_context=multiprocessing.get_context("spawn"), initializer=_start, initargs=(make,)
        )
        self._coming: dict[int, Future[_Piece]] = {}

    def __call__(self, number: int) -> _Piece:
        """The piece of this number, which is waited for; those after it are begun.

        Raises:
            WorkerDied: a worker ended, or never started.
        """
        try:
            for later in range(number, number + 2 * self._workers):
                if later not in self._coming:
                    self._coming[later] = self._pool.submit(_piece, later)
            return self._coming.pop(number).result()
        except BrokenProcessPool as error:
            raise WorkerDied(
                f"{self._workers} workers to go on",
                f"{error}",
                "look for what killed one (no memory?), then start the same command again",
            ) from error

    def close(self) -> None:
        """End the workers; what they have begun is lost."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def _start(make: Callable[[int], Any]) -> None:
    global _make
    _make = make
    # Ctrl-C reaches a terminal's whole group of processes; the one that asked ends its workers itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()


def _piece(number: int) -> Any:
    if _make is None:
        raise RuntimeError("a worker was asked before it was started")
    return _make(number)
