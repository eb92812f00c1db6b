"""How long the expert needs: one number a task, and what becomes of tasks and environments without an expert."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gymnasium
import pytest

import spa_gym  # noqa: F401  (registers the ids)
from spa_gym.baselines.expert_lengths import expert_lengths
from spa_gym.core.errors import UnsolvableTask

_KWARGS: dict[str, Any] = {"size": "small"}


def test_the_plan_of_that_length_solves_the_task() -> None:
    lengths = expert_lengths("SPA-ALFWorld-v0", _KWARGS, "valid_seen")
    env = gymnasium.make("SPA-ALFWorld-v0", split="valid_seen", **_KWARGS)
    bare: Any = env.unwrapped
    assert lengths is not None and len(lengths) == len(bare.tasks)
    some = [11, bare.tasks[0].id]
    assert expert_lengths("SPA-ALFWorld-v0", _KWARGS, "valid_seen", some) == [lengths[11], lengths[0]]
    for task in (0, 3, 11):
        _, info = env.reset(options={"task_id": task})
        plan = list(bare.expert())
        ends = [env.step(action) for action in plan]
        assert len(plan) == lengths[task]
        assert [bool(end[4]["success"]) for end in ends] == [False] * (len(plan) - 1) + [True]


class _Short(gymnasium.Env[str, str]):
    """Two tasks: one of four steps, one that the expert gives up."""

    tasks = (4, None)
    task = 0

    def __init__(self, split: str) -> None:
        assert split == "test"

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        self.task = (options or {})["task_id"]
        return "", {}


class _Known(_Short):
    def expert(self) -> Iterator[str]:
        length = self.tasks[self.task]
        if length is None:
            raise UnsolvableTask("a plan", "none", "mend the task")
        yield from "x" * length


@pytest.mark.parametrize(("kind", "expected"), [(_Known, [4, None]), (_Short, None)])
def test_without_a_plan_or_an_expert_there_is_no_length(
    kind: type[_Short], expected: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gymnasium, "make", lambda env_id, split: kind(split))
    assert expert_lengths("SPA-Made-Up-v0", {}, "test") == expected
