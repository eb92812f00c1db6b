"""What a truth consists of, and its file: episodes, and how often the policy would have succeeded from each place.

The file is gzipped JSONL: a header with the settings, then a line for each task with its episodes (token ids and all)
and, for each node, counts, sums and successes of its continuations, in two halves. A node is a place (task, actions so
far) that one or more episodes of the task pass; it is valued once.
"""

from __future__ import annotations

import gzip
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from spa_gym.core.errors import DataCorrupt, DataNotFound
from spa_gym.core.trajectory import Trajectory, from_record

__all__ = ["FORMAT", "Node", "Truth", "ValuedEpisode", "load_truth", "value_task"]

FORMAT = "spa-gym truth 1"
Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Node:
    """Outcomes of the continuations of one place; each list is (first half, second half).

    Args:
        n: how many.
        scores: sums of their scores.
        squares: sums of the squared scores.
        successes: how many of them solved the task.
    """

    n: tuple[int, int]
    scores: tuple[float, float]
    squares: tuple[float, float]
    successes: tuple[int, int]

    @property
    def value(self) -> float:
        """V: their mean score."""
        return sum(self.scores) / sum(self.n)

    @property
    def error(self) -> float:
        """Standard error of V. With a score of 0 and one of 1 added, so that 64 equal outcomes are not certainty."""
        n = sum(self.n) + 2
        mean, square = (sum(self.scores) + 1) / n, (sum(self.squares) + 1) / n
        return math.sqrt(max(square - mean**2, 0.0) / sum(self.n))

    @property
    def success_error(self) -> float:
        """Standard error of the share of successes (Agresti and Coull's, as above)."""
        n = sum(self.n) + 2
        share = (sum(self.successes) + 1) / n
        return math.sqrt(share * (1 - share) / sum(self.n))


@dataclass(frozen=True)
class ValuedEpisode:
    """An episode with the true value of every place on it; T steps, T + 1 places, of which the last is its end.

    Args:
        trajectory: the episode.
        values: [T + 1] V, the expected score; the last is the episode's own score.
        errors: [T + 1] standard errors of V; the last is 0.
        halves: [2, T + 1] V from each half of the continuations.
        success_halves: [2, T + 1] probability of success from each half, the last 0 or 1.
        success_errors: [T + 1] its standard errors.
        places: [T] name of each place before a step; the same place in two episodes has the same name.
    """

    trajectory: Trajectory
    values: Array
    errors: Array
    halves: Array
    success_halves: Array
    success_errors: Array
    places: tuple[str, ...]

    @property
    def advantages(self) -> Array:
        """[T] A_t = V(s_{t+1}) - V(s_t): environments are deterministic, gamma = 1, the score comes at the end."""
        return np.diff(self.values)

    @property
    def advantage_errors(self) -> Array:
        """[T] standard errors of A_t."""
        return np.hypot(self.errors[1:], self.errors[:-1])

    @property
    def half_advantages(self) -> Array:
        """[2, T] A_t from each half."""
        return np.diff(self.halves, axis=1)


@dataclass(frozen=True)
class Truth:
    """Episodes of a frozen policy, those of one task side by side, with their values."""

    settings: dict[str, Any]
    episodes: list[ValuedEpisode]
    env_steps: int
    """Steps that it took, continuations included."""

    @cached_property
    def trajectories(self) -> list[Trajectory]:
        """The episodes without values."""
        return [episode.trajectory for episode in self.episodes]

    @cached_property
    def tasks(self) -> list[str]:
        """Task of each episode."""
        return [episode.trajectory.task_id for episode in self.episodes]

    @property
    def advantages(self) -> list[Array]:
        """True advantages of each episode."""
        return [episode.advantages for episode in self.episodes]

    @property
    def num_steps(self) -> int:
        """Steps of all episodes."""
        return sum(t.num_steps for t in self.trajectories)


def value_task(
    trajectories: Sequence[Trajectory], nodes: Sequence[Sequence[int]], table: Sequence[Node], name: str
) -> list[ValuedEpisode]:
    """Put episodes of one task and the values of its nodes together.

    Args:
        trajectories: the episodes.
        nodes: [T] node of the place before each step, for each episode.
        table: the nodes.
        name: of the task, which the names of places begin with.
    """
    made = []
    for trajectory, path in zip(trajectories, nodes, strict=True):
        passed = [table[i] for i in path]
        score, solved = trajectory.score, float(trajectory.success)
        halves = [[node.scores[h] / node.n[h] for node in passed] + [score] for h in (0, 1)]
        made.append(
            ValuedEpisode(
                trajectory,
                np.array([*(node.value for node in passed), score]),
                np.array([*(node.error for node in passed), 0.0]),
                np.array(halves),
                np.array([[node.successes[h] / node.n[h] for node in passed] + [solved] for h in (0, 1)]),
                np.array([*(node.success_error for node in passed), 0.0]),
                tuple(f"{name}/{i}" for i in path),
            )
        )
    return made


def load_truth(path: str | Path) -> Truth:
    """Read a truth, from its file or the folder that holds it.

    Raises:
        DataNotFound: there is none.
        DataCorrupt: the file is cut short or is none of this version.
    """
    path = Path(path)
    path = path / "truth.jsonl.gz" if path.is_dir() else path
    if not path.is_file():
        raise DataNotFound("a truth", f"no file {path}", "make one: python benchmarks/attribution.py truth --help")
    episodes: list[ValuedEpisode] = []
    try:
        with gzip.open(path, "rt", encoding="ascii") as file:
            header = json.loads(file.readline())
            if header.get("format") != FORMAT:
                raise ValueError(f"format {header.get('format')!r}")
            for line in file:
                record = json.loads(line)
                table = [Node(*(tuple(pair) for pair in row)) for row in record["table"]]
                played = [from_record(entry, str(path)) for entry in record["episodes"]]
                episodes += value_task(played, record["nodes"], table, record["task_id"])
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
        raise DataCorrupt(f"a {FORMAT} in {path}", f"{type(error).__name__}: {error}", "make it again") from error
    return Truth(header["settings"], episodes, header["env_steps"])
