"""A worker that is killed: every call says so, `close()` returns, and no process is left behind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gymnasium
import pytest

from spa_gym.core.async_vector import AsyncTextVectorEnv
from spa_gym.core.errors import WorkerDied
from tests.toy import TOY_ID


def make() -> gymnasium.Env[Any, Any]:
    return gymnasium.make(TOY_ID)


def killed(context: str, number: int) -> AsyncTextVectorEnv:
    envs = AsyncTextVectorEnv([make] * 3, context=context)
    envs.reset(seed=0)
    envs.processes[number].kill()
    envs.processes[number].join()
    return envs


CALLS: dict[str, Callable[[AsyncTextVectorEnv], Any]] = {
    "step": lambda envs: envs.step(["look"] * 3),
    "reset": lambda envs: envs.reset(seed=1),
    "call": lambda envs: envs.call("render"),
    "set_attr": lambda envs: envs.set_attr("spec", None),
}


@pytest.mark.parametrize("number", [0, 1, 2])
@pytest.mark.parametrize("call", CALLS)
def test_a_killed_worker_is_told_and_close_returns(call: str, number: int) -> None:
    envs = killed("fork", number)
    for each in (call, *CALLS):
        with pytest.raises(WorkerDied, match="exit code -9.*To mend it: call close"):
            CALLS[each](envs)
    envs.close()
    assert not any(process.is_alive() for process in envs.processes)


@pytest.mark.parametrize("told", [True, False])
def test_a_worker_killed_at_work(told: bool) -> None:
    envs = AsyncTextVectorEnv([make] * 3, context="fork")
    envs.reset(seed=0)
    envs.step_async(["look"] * 3)
    envs.processes[1].kill()
    envs.processes[1].join()
    if told:
        # What it had answered before it was killed is still read; the next call finds the broken pipe.
        with pytest.raises(WorkerDied, match="exit code -9"):
            envs.step_wait()
            envs.step(["look"] * 3)
        with pytest.raises(WorkerDied, match="exit code -9"):
            envs.step(["look"] * 3)
    envs.close()
    assert not any(process.is_alive() for process in envs.processes)


def test_close_alone_returns_too() -> None:
    envs = killed("fork", 0)
    envs.close()
    envs.close()


def test_unharmed_it_is_gymnasiums_own() -> None:
    ours, theirs = AsyncTextVectorEnv([make] * 2, context="spawn"), gymnasium.vector.AsyncVectorEnv([make] * 2)
    for envs in (ours, theirs):
        assert envs.reset(seed=3)[0] == theirs.reset(seed=3)[0]
        assert envs.step(["go right", "look"])[0] is not None
        envs.close()
