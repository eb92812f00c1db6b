"""Replaying claimed episodes: the environment plays the recorded actions, and says what really happened.

Each claim of a trajectory is compared as it is played. The rows that come out are the environment's own; only what no
replay can know (an agent's error, its tokens, cost and time) is taken over from the claimed row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, TypedDict

import gymnasium as gym

from spa_gym.core.errors import TaskNotFound
from spa_gym.core.trajectory import Step, Trajectory
from spa_gym.leaderboard.episodes import begin_episode, episode_seed

__all__ = ["NOTHING", "DeclaredInRow", "Replay", "Row", "compare"]

TOLERANCE = 1e-9
NOTHING = "nothing"
Row = dict[str, Any]


class DeclaredInRow(TypedDict, total=False):
    """What a row may say beyond what a replay gives."""

    error: str | None
    """Why the agent gave no further action; the episode then stops early, and counts as it stands."""
    tokens: int
    cost: float | None
    seconds: float


class Replay:
    """Plays claimed episodes again, and keeps the rows that the environment gives.

    Args:
        env: The environment.
        claimed: Rows of the record by task id.
        seed: Seed of the evaluation.
        differences: Where claims that do not hold go, a line each.
    """

    def __init__(self, env: gym.Env[Any, Any], claimed: Mapping[str, Row], seed: int, differences: list[str]) -> None:
        self.env, self.claimed, self.seed, self.differences = env, claimed, seed, differences
        self.tasks = env.get_wrapper_attr("tasks")
        self.limit = env.spec.max_episode_steps if env.spec else None
        # A result of spa-gym 0.1 also calls an episode truncated that its very last step has won.
        self.both_flags = any(row.get("terminated") is True is row.get("truncated") for row in claimed.values())
        self.rows: dict[str, Row] = {}
        """What the environment gives, by task id."""
        self.unknown: list[str] = []
        """Task ids that the split does not have."""

    def episode(self, claimed: Trajectory) -> None:
        """Replay one episode."""
        task_id = claimed.task_id
        if task_id in self.rows:
            self.differences.append(f"task {task_id}: played more than once")
            return
        try:
            position = self.tasks.index_of(task_id)
        except TaskNotFound:
            self.unknown.append(task_id)
            return
        episode = begin_episode(self.env, task_id, position, episode_seed(self.seed, position))
        for number, step in enumerate(claimed.steps):
            if episode.ended:
                left = len(claimed.steps) - number
                self.differences.append(f"task {task_id}: {left} actions after the episode's end")
                break
            episode.step(self.env, step.action)
        declared = {
            name: value
            for name, value in self.claimed.get(task_id, {}).items()
            if name in DeclaredInRow.__annotations__
        }
        row = {**declared, **episode.row()}
        row["truncated"] = self._truncated(row)
        self._compare(_one_end(episode.trajectory()), _one_end(claimed))
        if not episode.ended and row.get("error") is None:
            self.differences.append(f"task {task_id}: the actions stop before the episode's end")
        self.rows[task_id] = row

    def _truncated(self, row: Row) -> bool:
        at_limit = row["steps"] == self.limit
        return at_limit and (self.both_flags or not row["terminated"])

    def _compare(self, replayed: Trajectory, claimed: Trajectory) -> None:
        task = f"task {claimed.task_id}"
        for number, (now, then) in enumerate(zip(replayed.steps, claimed.steps, strict=False)):
            for entry in fields(Step):
                if entry.name not in ("action_ids", "logprobs"):
                    what = f"{task}, step {number}, {entry.name}"
                    compare(self.differences, what, getattr(now, entry.name), getattr(then, entry.name))
        for entry in fields(Trajectory):
            if entry.name != "steps":
                what = f"{task}, {entry.name}"
                compare(self.differences, what, getattr(replayed, entry.name), getattr(claimed, entry.name))


def _one_end(trajectory: Trajectory) -> Trajectory:
    """The trajectory as of today: an episode that its own rule has ended is not truncated."""
    return replace(trajectory, truncated=trajectory.truncated and not trajectory.terminated)


def compare(differences: list[str], what: str, now: Any, claimed: Any) -> None:
    """Note a difference; dicts are compared key by key, floats to 1e-9; 1, 1.0 and True are three values."""
    if isinstance(now, dict) and isinstance(claimed, dict):
        for key in sorted({*now, *claimed}):
            compare(differences, f"{what}, {key}", now.get(key, NOTHING), claimed.get(key, NOTHING))
    elif isinstance(now, float) and type(claimed) in (int, float):
        if not abs(now - claimed) <= TOLERANCE:
            differences.append(f"{what}: claimed {claimed!r:.60}, replayed {now!r}")
    elif type(now) is not type(claimed) or now != claimed:
        differences.append(f"{what}: claimed {claimed!r:.120}, replayed {now!r:.120}")
