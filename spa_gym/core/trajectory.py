"""What happened in an episode (`Step`, `Trajectory`) and its versioned JSONL file.

One line is one trajectory with its own `version`, so that files can be joined and cut by line. Everything that
learns or reports reads trajectories and nothing else; the token ids are those that the policy emitted, so that no
text is ever tokenised a second time.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from spa_gym.core.atomic import atomic_path
from spa_gym.core.errors import DataCorrupt, DataNotFound, TrajectoryMismatch
from spa_gym.core.plain_data import misfit
from spa_gym.core.strict_json import parse_json

__all__ = [
    "TRAJECTORY_VERSION",
    "Step",
    "Trajectory",
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
    """The environment's own reward for this action."""
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
    """The step limit ended it."""
    score: float
    """`info["score"]` at the end."""
    success: bool
    """`info["success"]` at the end."""

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
