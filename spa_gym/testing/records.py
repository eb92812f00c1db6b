"""What the conformance suite sees of an environment: records of resets and steps, random walks, and the comparisons.

Every comparison that fails raises `ConformanceError` with what was expected and what came.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, cast

import gymnasium
import numpy as np

from spa_gym.core.errors import ConformanceError
from spa_gym.core.text_env import TextEnv

__all__ = [
    "ABSURD_ACTIONS",
    "INFO_TYPES",
    "NO_TEXTS",
    "PROGRESS_KEYS",
    "Record",
    "check_record",
    "expect",
    "expert_actions",
    "follow",
    "go_on",
    "replay_expert",
    "require",
    "reset_record",
    "same",
    "same_walk",
    "step_record",
    "text_env",
    "walk",
]

INFO_TYPES: dict[str, type] = {
    "task_id": str,
    "task_type": str,
    "goal": str,
    "admissible_actions": tuple,
    "grounded": bool,
    "success": bool,
    "score": float,
}
"""The keys of every info, and their exact types."""
PROGRESS_KEYS = ("progress", "goal_share")
"""The keys that are there with `progress=True` only."""
ABSURD_ACTIONS: tuple[str, ...] = (
    "",
    " ",
    "\n",
    "x" * 10_000,
    "\x00\x07\x1b[2J\x7f",
    "\U0001f916\U0001f5dd\ufe0f" * 20,
    "qqq\nqqq\r\n\tqqq",
    "\ud800",
    "%s {0} {} \\x $(true) ../..",
    "kt*3:x[",
)
"""Actions that no environment executes: each must cost a step, change nothing and not raise."""
NO_TEXTS: tuple[Any, ...] = (None, 7, b"look", ["look"])
"""What is no action at all: each must raise `TypeError` and change nothing."""
_TASK_ID = re.compile(r"[0-9a-f]{8,64}")
"""A hash of the task's content, as `spa_gym.core.tasks.content_hash` makes it."""

MAX_EXPERT_STEPS = 1000

Record = tuple[str | None, str, float, bool, bool, dict[str, Any]]
"""(action, observation, reward, terminated, truncated, info) of a step, or of a reset (action None)."""


def walk(
    env: gymnasium.Env[Any, Any],
    rng: np.random.Generator,
    num_steps: int,
    options: dict[str, Any] | None = None,
    seed: int | None = None,
) -> Iterator[Record]:
    """Reset, then do random admissible actions, one in eight absurd, until the end."""
    first = reset_record(env, seed, options)
    yield first
    yield from go_on(env, rng, num_steps, first[-1]["admissible_actions"])


def go_on(
    env: gymnasium.Env[Any, Any], rng: np.random.Generator, num_steps: int, admissible: tuple[str, ...]
) -> Iterator[Record]:
    """Walk as `walk` does, from where the environment stands."""
    for _ in range(num_steps):
        choices = admissible if admissible and rng.random() > 0.125 else ABSURD_ACTIONS
        action = choices[int(rng.integers(len(choices)))]
        record = step_record(env, action)
        yield record
        admissible = record[-1]["admissible_actions"]
        if record[3] or record[4]:
            return


def reset_record(
    env: gymnasium.Env[Any, Any], seed: int | None = None, options: dict[str, Any] | None = None
) -> Record:
    """Reset and return it as a record."""
    observation, info = env.reset(seed=seed, options=options)
    return None, observation, 0.0, False, False, info


def step_record(env: gymnasium.Env[Any, Any], action: Any) -> Record:
    """Do an action and return it as a record; no text may raise."""
    try:
        observation, reward, terminated, truncated, info = env.step(action)
    except Exception as error:
        got = f"{type(error).__name__}: {error}"
        raise ConformanceError(f"no exception after the action {action!r:.40}", got) from error
    return action, observation, cast(float, reward), terminated, truncated, info


def replay_expert(
    env: gymnasium.Env[Any, Any], task_id: int | str, *, seed: int | None = None, lazily: bool = False
) -> int:
    """Play a task with its expert, and check that it is solved within the environment's step limit.

    Args:
        env: A `TextEnv` in any wrappers.
        task_id: A position in the split or a task's id.
        seed: Seed of the reset.
        lazily: Take each action from the expert when it is due, instead of all of them first.

    Returns:
        The number of steps.

    Raises:
        ConformanceError: The task is not solved, or the expert says something that is not executed.
    """
    env.reset(seed=seed, options={"task_id": task_id})
    bare = text_env(env)
    return follow(env, bare.expert() if lazily else expert_actions(bare), f"expert of task {task_id!r}")


def expert_actions(env: TextEnv) -> list[str]:
    """Return the expert's whole plan from the current state, which must come to an end."""
    actions = list(itertools.islice(env.expert(), MAX_EXPERT_STEPS + 1))
    require(len(actions) <= MAX_EXPERT_STEPS, f"an expert's plan of at most {MAX_EXPERT_STEPS} actions", "more")
    return actions


def follow(env: gymnasium.Env[Any, Any], actions: Iterable[str], what: str) -> int:
    """Do the actions of an expert; return their number, having checked that they solve the task."""
    steps, info, terminated, truncated = 0, {}, False, False
    for action in actions:
        require(not (terminated or truncated), f"the {what} to stop where the episode ends", f"{action!r} after it")
        _, _, terminated, truncated, info = env.step(action)
        steps += 1
        require(steps <= MAX_EXPERT_STEPS, f"at most {MAX_EXPERT_STEPS} actions of the {what}", "more")
        same(info["grounded"], True, f"grounded for action {action!r} of the {what}")
    solved = (terminated, info.get("success"), info.get("score"))
    same(solved, (True, True, 1.0), f"(terminated, success, score) after {steps} steps of the {what}")
    return steps


def check_record(record: Record, env: TextEnv, progress_keys: set[str]) -> None:
    """Check one record for itself: types, spaces, and how reward, score, success and the end hang together."""
    action, observation, reward, terminated, truncated, info = record
    where = "on reset" if action is None else f"after {action!r:.40}"
    require(type(observation) is str, f"a str as observation {where}", type(observation).__name__)
    require(observation in env.observation_space, f"an observation of the space {where}", f"{len(observation)} chars")
    require(type(reward) is float, f"a float as reward {where}", type(reward).__name__)
    require(type(terminated) is bool, f"a bool as terminated {where}", type(terminated).__name__)
    require(truncated is False, f"truncated False {where} (the step limit is TimeLimit's)", truncated)
    for key, kind in INFO_TYPES.items():
        got = type(info[key]).__name__ if key in info else "no such key"
        require(got == kind.__name__, f'info["{key}"] of type {kind.__name__} {where}', got)
    nested = [key for key, value in info.items() if isinstance(value, dict | list | set)]
    require(not nested, f"a flat info {where}, with values that nobody can change", nested)
    same({key for key in PROGRESS_KEYS if key in info}, progress_keys, f"the progress keys that info shows {where}")
    further = sorted(info.keys() - INFO_TYPES.keys() - progress_keys)
    require(not further, f"no key in info {where} that the contract does not name: an agent reads it", further)
    require(bool(_TASK_ID.fullmatch(info["task_id"])), "a task_id that is a hash of the task", repr(info["task_id"]))
    actions = info["admissible_actions"]
    require(all(type(one) is str for one in actions), "admissible_actions that are all str", f"{actions!r:.80}")
    same(len(set(actions)), len(actions), "the number of different admissible_actions")
    require(bool(actions) or terminated, f"at least one admissible action {where}", "none")
    require(bool(info["goal"]), "a goal", "none")
    same(info["success"], info["score"] == 1.0, f"success (that is, score == 1.0) {where}")
    same(reward, info["score"] if terminated else 0.0, f"the reward {where} (0.0 before the end, then the score)")
    require(terminated or info["score"] == 0.0, f"score 0.0 before the end, {where}", info["score"])
    require(action is not None or info["grounded"], "grounded True on reset", False)


def text_env(env: gymnasium.Env[Any, Any]) -> TextEnv:
    """Return the bare environment under the wrappers."""
    return cast(TextEnv, env.unwrapped)


def require(holds: bool, expected: str, got: object) -> None:
    """Raise unless something holds."""
    if not holds:
        raise ConformanceError(expected, "None" if got is None else got)


def same(got: object, wanted: object, what: str) -> None:
    """Raise unless two things are equal."""
    require(got == wanted, f"{what} to be {wanted!r:.300}", f"{got!r:.300}")


def same_walk(got: list[Record], wanted: list[Record], what: str) -> None:
    """Raise at the first record in which two walks differ."""
    for number, (one, other) in enumerate(zip(got, wanted, strict=False)):
        same(one, other, f"{what}: record {number}")
    same(len(got), len(wanted), f"{what}: the number of records")


def expect(kind: type[Exception], call: Callable[[], object], what: str) -> None:
    """Raise unless a call raises an exception of this kind, with a message."""
    try:
        call()
    except kind as error:
        require(bool(str(error)), f"a message in the {kind.__name__} from {what}", "none")
    except Exception as error:
        raise ConformanceError(f"{kind.__name__} from {what}", f"{type(error).__name__}: {error}") from error
    else:
        raise ConformanceError(f"{kind.__name__} from {what}", "no exception")
