"""What happened in an episode (`Step`, `Trajectory`), the one builder of it, and its versioned JSONL file.

One line is one trajectory with its own `version`, so that files can be joined and cut by line. Everything that
learns or reports reads trajectories and nothing else; the token ids are those that the policy emitted, so that no
text is ever tokenised a second time.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, SupportsFloat

import gymnasium

from spa_gym.core.atomic import atomic_path
from spa_gym.core.errors import DataCorrupt, DataNotFound, TrajectoryMismatch
from spa_gym.core.plain_data import misfit
from spa_gym.core.strict_json import parse_json, replace_surrogates

__all__ = [
    "TRAJECTORY_VERSION",
    "Step",
    "Trajectory",
    "TrajectoryBuilder",
    "from_record",
    "iter_jsonl",
    "read_jsonl",
    "to_record",
    "write_jsonl",
]

TRAJECTORY_VERSION = 1
_MAX_LINE = 1 << 25
"""Longest line that is read, in bytes; the longest that the three environments write has a few megabytes."""
_MEND = "remove that line or make the file again"


@dataclass(frozen=True, slots=True)
class Step:
    """One action and what it did."""

    observation: str
    """What was seen before acting."""
    action: str
    reward: float
    """The environment's own reward for this action, under credit wrappers too."""
    grounded: bool
    """The action was executed."""
    progress: float | None = None
    """Ground-truth progress in [0, 1] after the action; None when it was not recorded."""
    action_ids: tuple[int, ...] | None = None
    """Token ids that the policy emitted, the end-of-action token included; None for actions that came as text."""
    logprobs: tuple[float, ...] | None = None
    """Log-probability of each of `action_ids` under the policy that emitted them."""


@dataclass(frozen=True, slots=True)
class Trajectory:
    """One episode, from the first observation to the last."""

    env_id: str
    task_id: str
    task_type: str
    goal: str
    steps: tuple[Step, ...]
    final_observation: str
    """What was seen after the last action."""
    terminated: bool
    """The environment's own rule ended the episode."""
    truncated: bool
    """The step limit ended it, or its player left it. An episode that is both is `terminated` alone."""
    score: float
    """`info["score"]` at the end."""
    success: bool
    """`info["success"]` at the end."""

    def __post_init__(self) -> None:
        """Give an end one cause: the environment's own rule before the step limit."""
        if self.terminated and self.truncated:
            object.__setattr__(self, "truncated", False)

    @property
    def num_steps(self) -> int:
        """Number of actions."""
        return len(self.steps)

    @property
    def reward(self) -> float:
        """Sum of the environment's rewards."""
        return sum(step.reward for step in self.steps)

    @property
    def grounding_accuracy(self) -> float:
        """Executed actions / actions; 1.0 when there was no action."""
        return sum(step.grounded for step in self.steps) / len(self.steps) if self.steps else 1.0


class TrajectoryBuilder:
    """An episode while it is played: give it what `reset` and `step` return, and take the trajectory at the end.

    Half of a surrogate pair becomes U+FFFD in every text, so that any file and page can hold the trajectory.

    Args:
        env: The environment that is played; only its id is read.

    Attributes:
        observation: What is seen now.
        info: The last info.
        steps: What has happened so far.
        terminated: The environment's own rule has ended the episode.
        truncated: The step limit has ended it.
    """

    __slots__ = ("_env_id", "info", "observation", "steps", "terminated", "truncated")

    def __init__(self, env: gymnasium.Env[Any, Any]) -> None:
        self._env_id = env.spec.id if env.spec is not None else type(env.unwrapped).__name__
        self.reset("", {})

    @property
    def ended(self) -> bool:
        """Whether the environment has ended the episode."""
        return self.terminated or self.truncated

    def reset(self, observation: str, info: dict[str, Any], history: Iterable[Step] = ()) -> None:
        """Begin an episode, or go on from a state that was reached by `history`."""
        self.observation, self.info = replace_surrogates(observation), info
        self.steps: list[Step] = list(history)
        self.terminated = self.truncated = False

    def step(
        self,
        action: str,
        observation: str,
        reward: SupportsFloat,
        terminated: bool,
        truncated: bool,
        info: dict[str, Any],
        *,
        action_ids: Sequence[int] | None = None,
        logprobs: Sequence[float] | None = None,
    ) -> None:
        """Add an action and what `env.step` returned for it; ids and log-probabilities where a policy emitted it."""
        own = info.get("reward/env", reward)  # a credit wrapper pays another reward and keeps this one
        ids = None if action_ids is None else tuple(action_ids)
        probabilities = None if logprobs is None else tuple(logprobs)
        grounded, progress = bool(info["grounded"]), info.get("progress")
        text = replace_surrogates(action)
        self.steps.append(Step(self.observation, text, float(own), grounded, progress, ids, probabilities))
        self.observation, self.info = replace_surrogates(observation), info
        self.terminated, self.truncated = bool(terminated), bool(truncated)

    def finish(self, *, left: bool = False) -> Trajectory:
        """Return the trajectory; `left` says that an episode which has not ended counts as truncated."""
        return Trajectory(
            env_id=self._env_id,
            task_id=replace_surrogates(self.info["task_id"]),
            task_type=replace_surrogates(self.info["task_type"]),
            goal=replace_surrogates(self.info["goal"]),
            steps=tuple(self.steps),
            final_observation=self.observation,
            terminated=self.terminated,
            truncated=self.truncated or left,
            score=float(self.info["score"]),
            success=bool(self.info["success"]),
        )


def write_jsonl(path: str | os.PathLike[str], trajectories: Iterable[Trajectory]) -> None:
    """Write trajectories to a file, one a line, all or nothing.

    Args:
        path: The file; what it held before is replaced.
        trajectories: What it shall hold.

    Raises:
        WriteFailed: The system refused; the old file is untouched.
    """
    with atomic_path(path) as temporary, open(temporary, "w", encoding="ascii") as file:
        for trajectory in trajectories:
            file.write(json.dumps(to_record(trajectory), separators=(",", ":")) + "\n")


def read_jsonl(path: str | os.PathLike[str]) -> list[Trajectory]:
    """Read all trajectories of a file.

    Args:
        path: A file of `write_jsonl`.

    Returns:
        The trajectories in the order of the file.

    Raises:
        DataNotFound: There is no such file.
        DataCorrupt: A line is not a trajectory (a file cut short, for example).
        TrajectoryMismatch: A line was written by another version of the format.
    """
    return list(iter_jsonl(path))


def iter_jsonl(path: str | os.PathLike[str]) -> Iterator[Trajectory]:
    """Read the trajectories of a file one by one; see `read_jsonl`."""
    if not os.path.isfile(path):
        raise DataNotFound(
            f"a trajectory file at {os.fspath(path)}", "no such file", "check the path, or make the file again"
        )
    try:
        with open(path, "rb") as file:
            for number, line in enumerate(iter(lambda: file.readline(_MAX_LINE + 1), b""), start=1):
                yield _parse(line, f"{os.fspath(path)}, line {number}")
    except OSError as error:
        raise DataCorrupt(f"to read {os.fspath(path)}", f"{error.strerror or error}", "check the disk") from error


def to_record(trajectory: Trajectory) -> dict[str, Any]:
    """A trajectory as plain JSON values, its version first; `from_record` reads it."""
    # Field by field instead of dataclasses.asdict, which copies every token id one by one.
    record: dict[str, Any] = {"version": TRAJECTORY_VERSION}
    for name in Trajectory.__slots__:
        record[name] = getattr(trajectory, name)
    record["steps"] = [{name: getattr(step, name) for name in Step.__slots__} for step in trajectory.steps]
    return record


def _parse(line: bytes, where: str) -> Trajectory:
    try:
        if len(line) > _MAX_LINE:
            raise ValueError(f"it is longer than {_MAX_LINE:,} bytes")
        record = parse_json(line, allow_surrogates=True)
    except ValueError as error:
        raise DataCorrupt(f"a trajectory as JSON in {where}", f"{line[:60]!r} ({error})", _MEND) from error
    return from_record(record, where)


def from_record(record: Any, where: str = "a record") -> Trajectory:
    """A trajectory from what `to_record` gave, once it was JSON.

    Args:
        record: The values; they are used up.
        where: Where they come from, for the message.

    Raises:
        DataCorrupt: A field is missing, unknown or of another type.
        TrajectoryMismatch: Another version of the format.
    """
    version = record.pop("version", None) if isinstance(record, dict) else None
    if version is True or version != TRAJECTORY_VERSION:
        raise TrajectoryMismatch(
            f"trajectory version {TRAJECTORY_VERSION} in {where}",
            f"version {version!r:.60}",
            "make the file again, or read it with the spa-gym version that wrote it",
        )
    if wrong := misfit(record, Trajectory):
        raise DataCorrupt(f"the fields of a trajectory in {where}", wrong, _MEND)
    return Trajectory(**{**record, "steps": tuple(_step(step) for step in record["steps"])})


def _step(record: dict[str, Any]) -> Step:
    for name in ("action_ids", "logprobs"):
        if record.get(name) is not None:
            record[name] = tuple(record[name])
    return Step(**record)
