"""`engine="textworld"`: the real engine keeps the contract, leaves the process as it was, and says what it lacks."""

from __future__ import annotations

import importlib
import importlib.util
import os
import pickle
import sys
from typing import Any

import gymnasium as gym
import pytest
from gymnasium.error import DependencyNotInstalled

import spa_gym  # noqa: F401  (registers the ids)
from spa_gym.core.cloning import clone, restore
from spa_gym.envs.alfworld import textworld_engine

real_engine = pytest.mark.skipif(
    importlib.util.find_spec("alfworld") is None or sys.version_info >= (3, 13),
    reason='the real engine is not here: pip install "spa-gym[alfworld]" on Python < 3.13',
)
ARGUMENTS: dict[str, Any] = {"size": "small", "split": "valid_unseen"}


def _pair(**arguments: Any) -> tuple[gym.Env[str, str], gym.Env[str, str]]:
    return tuple(gym.make("SPA-ALFWorld-v0", engine=e, **ARGUMENTS, **arguments) for e in ("textworld", "fast"))  # type: ignore[return-value]


@real_engine
@pytest.mark.parametrize("grammar", ["2.1.2", "2.1.1"])
def test_same_episode_as_the_fast_engine(grammar: str) -> None:
    real, fast = _pair(grammar=grammar, progress=True)
    assert real.reset(seed=3) == fast.reset(seed=3)
    fast.action_space.seed(0)
    for command in ["help", "nonsense", "look", *fast.unwrapped.expert()]:  # type: ignore[attr-defined]
        assert real.step(command) == fast.step(command), command
    assert fast.unwrapped.clone_state().score == 1.0  # type: ignore[attr-defined]


@real_engine
def test_help_is_listed_only_when_asked_for() -> None:
    real, fast = _pair(list_help=True)
    actions = real.reset(seed=1)[1]["admissible_actions"]
    assert "help" in actions
    assert actions == fast.reset(seed=1)[1]["admissible_actions"]


@real_engine
def test_expert_solves_and_a_clone_goes_on_elsewhere() -> None:
    env, _ = _pair()
    env.reset(options={"task_id": 5})
    plan = list(env.unwrapped.expert())  # type: ignore[attr-defined]
    half = len(plan) // 2
    for action in plan[:half]:
        env.step(action)
    state = pickle.loads(pickle.dumps(clone(env)))
    rest = [env.step(action) for action in plan[half:]]
    assert rest[-1][1:3] == (1.0, True)
    other, _ = _pair()
    restore(other, state)
    assert [other.step(action) for action in plan[half:]] == rest
    restore(env, state)  # back from the end, which takes a restart of the game
    assert [env.step(action) for action in plan[half:]] == rest


@real_engine
def test_the_process_is_left_as_it_was() -> None:
    from textworld.envs.pddl import textgen
    from textworld.logic import Rule

    before = (
        list(sys.argv),
        os.environ.get("ALFWORLD_DATA"),
        textgen.copy_context,
        Rule.__dict__["parse_conjunctive_query"],
    )
    env, _ = _pair()
    env.reset(seed=0)
    env.step("look")
    assert before == (
        list(sys.argv), os.environ.get("ALFWORLD_DATA"), textgen.copy_context, Rule.__dict__["parse_conjunctive_query"],
    )  # fmt: skip


@real_engine
def test_engines_are_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each real engine maps a library that is never unmapped, so six episodes must not need six of them."""
    made: list[Any] = []
    new_env = textworld_engine._new_env
    monkeypatch.setattr(textworld_engine, "_IDLE", [])
    monkeypatch.setattr(textworld_engine, "_new_env", lambda: made.append(new_env()) or made[-1])
    env, _ = _pair()
    for index in range(6):
        env.reset(options={"task_id": index % 2})
    assert len(made) <= 2  # the next episode's is set up while the last one's is still held


def test_new_python_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    version = type("Version", (tuple,), {"major": 3, "minor": 13})((3, 13, 0))
    monkeypatch.setattr(textworld_engine.sys, "version_info", version)
    with pytest.raises(DependencyNotInstalled, match=r"Python 3\.11 or 3\.12 .* got Python 3\.13.*engine='fast'"):
        gym.make("SPA-ALFWorld-v0", engine="textworld", **ARGUMENTS)


def test_missing_extra_is_named_when_the_environment_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Any:
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(textworld_engine.sys, "version_info", (3, 12, 0))
    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(DependencyNotInstalled, match=r'pip install "spa-gym\[alfworld\]"'):
        textworld_engine.require_textworld()
