"""`AsyncTextVectorEnv`: Gymnasium's `AsyncVectorEnv`, for the day on which one of its processes is killed.

Where memory runs out, the system kills a worker. Gymnasium then raises a bare `ConnectionResetError`, every later call
says that another one is pending, and `close()` waits for ever for an answer that will not come. Here each call raises
`WorkerDied`, which says what happened to which worker, and `close()` ends the others.
"""

from __future__ import annotations

import contextlib
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

from gymnasium.vector import AsyncVectorEnv
from gymnasium.vector.async_vector_env import AsyncState

from spa_gym.core.errors import WorkerDied

__all__ = ["AsyncTextVectorEnv"]

_PATIENCE = 5.0
"""Seconds for a process whose pipe broke to be gone, so that its exit code can be told."""


class AsyncTextVectorEnv(AsyncVectorEnv):
    """Environments in processes of their own; arguments are those of `gymnasium.vector.AsyncVectorEnv`.

    Example:
        >>> make = lambda: gymnasium.make("SPA-ALFWorld-v0")
        >>> envs = AsyncTextVectorEnv([make] * 8)  # doctest: +SKIP
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._deaths: list[WorkerDied] = []
        super().__init__(*args, **kwargs)
        watched = zip(self.parent_pipes, self.processes, strict=True)
        self.parent_pipes = [_Pipe(pipe, process, self._deaths) for pipe, process in watched]  # type: ignore[assignment]

    def close_extras(self, timeout: float | None = None, terminate: bool = False) -> None:
        """Close the environments; if a worker is gone, end the others without waiting for what they were asked."""
        if any(not process.is_alive() for process in self.processes):
            self._state, terminate = AsyncState.DEFAULT, True
        super().close_extras(timeout, terminate)

    def _assert_is_running(self) -> None:
        super()._assert_is_running()
        if self._deaths:
            raise WorkerDied(self._deaths[0])


class _Pipe:
    """The pipe to a worker, as `AsyncVectorEnv` uses it; a broken one says that the worker is gone.

    `WorkerDied` is raised after the pipe's own error has been handled, not from it: that error keeps the buffer which
    could not be sent, and Python 3.13 complains when it is collected later.
    """

    def __init__(self, pipe: Connection, process: BaseProcess, deaths: list[WorkerDied]) -> None:
        self._pipe, self._process, self._deaths = pipe, process, deaths

    @property
    def closed(self) -> bool:
        return self._pipe.closed

    def send(self, message: Any) -> None:
        with contextlib.suppress(EOFError, ConnectionError):
            self._pipe.send(message)
            return
        raise self._died()

    def recv(self) -> Any:
        with contextlib.suppress(EOFError, ConnectionError):
            return self._pipe.recv()
        raise self._died()

    def poll(self, timeout: float) -> bool:
        return self._pipe.poll(timeout)

    def close(self) -> None:
        self._pipe.close()

    def _died(self) -> WorkerDied:
        self._process.join(_PATIENCE)
        code = self._process.exitcode
        ended = "has closed its pipe" if code is None else f"ended with exit code {code}"
        death = WorkerDied(
            "all workers of the vector environment at work",
            f"{self._process.name}, which {ended}{' (killed: out of memory?)' if code == -9 else ''}",
            "call close() and make the vector environment again, with fewer or smaller environments if memory ran out",
        )
        self._deaths.append(death)
        return death
