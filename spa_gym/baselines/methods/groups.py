"""Episodes of one task as each other's baseline: what `rloo`, `grpo` and the methods on states' groups share.

A batch of these methods holds several episodes of each task. How good an episode, or a step of it, is then is said
relative to its group, and no critic is needed. Who is alone in a group has nothing to be compared with: advantage 0.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from spa_gym.baselines.seam import Array, Method, Needs
from spa_gym.core.errors import BadArgument
from spa_gym.core.trajectory import Trajectory

__all__ = [
    "EPSILON",
    "GroupMethod",
    "by_episode",
    "by_key",
    "by_task",
    "check_choice",
    "check_number",
    "episode_advantages",
    "leave_one_out",
    "over_steps",
    "relative",
    "returns_to_go",
    "steps_within_tasks",
]

EPSILON = 1e-6
"""Added to deviations (verl's and verl-agent's)."""


@dataclass
class GroupMethod(Method):
    """A method whose batches hold groups of episodes of the same task.

    Args:
        group: episodes of each task.

    Raises:
        BadArgument: the group has not two episodes.
    """

    group: int = 8

    def __post_init__(self) -> None:
        """Refuse a group without comparison."""
        if self.group < 2:
            raise BadArgument("a group of at least 2 episodes of each task", str(self.group), "pass group=8")

    @property
    def needs(self) -> Needs:
        """Groups of episodes."""
        return Needs(group=self.group)


def check_choice(name: str, value: str, choices: Sequence[str]) -> None:
    """Refuse a value that is none of the choices (`BadArgument`)."""
    if value not in choices:
        raise BadArgument(f"{name} out of {', '.join(choices)}", repr(value), f"pass {name}={choices[0]!r}")


def check_number(name: str, value: float, low: float, high: float = float("inf")) -> None:
    """Refuse a value that is not within `low` and `high` (`BadArgument`)."""
    if not low <= value <= high:
        raise BadArgument(f"{low:g} <= {name} <= {high:g}", f"{value!r}", f"correct {name}")


def by_key(keys: Iterable[Hashable]) -> list[list[int]]:
    """Positions of equal keys, groups in the order of their first member."""
    groups: dict[Hashable, list[int]] = {}
    for position, key in enumerate(keys):
        groups.setdefault(key, []).append(position)
    return list(groups.values())


def by_episode(flat: Array, trajectories: Sequence[Trajectory]) -> list[Array]:
    """[steps of the batch] -> [T] for each episode."""
    return np.split(flat, np.cumsum([t.num_steps for t in trajectories])[:-1])


def by_task(trajectories: Sequence[Trajectory]) -> list[list[int]]:
    """Positions of the episodes of each task; a task that was drawn twice is one group.

    Raises:
        BadArgument: no task has two episodes.
    """
    groups = by_key(t.task_id for t in trajectories)
    if all(len(group) < 2 for group in groups):
        raise BadArgument(
            "at least two episodes of a task in the batch",
            f"{len(trajectories)} episodes of {len(groups)} tasks",
            "play groups: the batches of a training do so by themselves (Needs.group)",
        )
    return groups


def leave_one_out(values: Sequence[float]) -> Array:
    """R_i - mean of R_j over j != i; 0 for a value that is alone.

    Examples:
        >>> leave_one_out([1.0, 0.0, 0.0]).tolist()
        [1.0, -0.5, -0.5]
    """
    x = np.asarray(values, dtype=np.float64)
    if len(x) < 2:
        return np.zeros(len(x))
    return x - (x.sum() - x) / (len(x) - 1)


def relative(values: Sequence[float], *, scale: str = "std", ddof: int = 1, epsilon: float = EPSILON) -> Array:
    """(x - mean) / (deviation + epsilon), or x - mean; 0 for a value that is alone.

    Args:
        values: [n], the group.
        scale: `"std"` or `"mean"` (not divided).
        ddof: 1 for the sample's deviation, 0 for the population's.
        epsilon: keeps a group without spread at 0.

    Examples:
        >>> relative([1.0, 0.0], scale="mean").tolist()
        [0.5, -0.5]
    """
    x = np.asarray(values, dtype=np.float64)
    if len(x) < 2:
        return np.zeros(len(x))
    centred = x - x.mean()
    return centred / (x.std(ddof=ddof) + epsilon) if scale == "std" else centred


def episode_advantages(trajectories: Sequence[Trajectory], *, scale: str = "std", per: str = "episode") -> Array:
    """Each episode's reward relative to those of its task.

    Args:
        trajectories: the batch.
        scale: see `relative`; the sample's deviation.
        per: `"episode"`: mean and deviation over episodes; `"step"`: over their steps, so that an episode counts by its
            length (verl-agent's default).

    Returns:
        [number of trajectories].

    Raises:
        BadArgument: no task has two episodes.
    """
    advantages = np.zeros(len(trajectories))
    for group in by_task(trajectories):
        rewards = [trajectories[i].reward for i in group]
        counts = [trajectories[i].num_steps if per == "step" else 1 for i in group]
        if len(group) > 1:
            firsts = np.cumsum([0, *counts[:-1]])
            advantages[group] = relative(np.repeat(rewards, counts).tolist(), scale=scale)[firsts]
    return advantages


def steps_within_tasks(values: Sequence[Array], trajectories: Sequence[Trajectory], *, scale: str) -> list[Array]:
    """Each step's value relative to those of all steps of its task's episodes.

    Args:
        values: [T] for each episode.
        trajectories: the batch.
        scale: see `relative`; the sample's deviation.

    Returns:
        [T] for each episode.

    Raises:
        BadArgument: no task has two episodes.
    """
    result = [np.zeros(len(v)) for v in values]
    for group in by_task(trajectories):
        flat = relative(np.concatenate([values[i] for i in group]).tolist(), scale=scale)
        for i, part in zip(group, np.split(flat, np.cumsum([len(values[i]) for i in group])[:-1]), strict=True):
            result[i] = part
    return result


def over_steps(values: Array, trajectories: Sequence[Trajectory]) -> list[Array]:
    """Each episode's value, for each of its steps."""
    return [np.full(t.num_steps, value) for value, t in zip(values, trajectories, strict=True)]


def returns_to_go(trajectory: Trajectory, gamma: float) -> Array:
    """[T] discounted sum of the rewards from each step on: sum over k >= t of gamma^(k - t) r_k.

    Args:
        trajectory: the episode.
        gamma: discount per step.
    """
    returns, running = np.zeros(trajectory.num_steps), 0.0
    for t in range(trajectory.num_steps - 1, -1, -1):
        running = trajectory.steps[t].reward + gamma * running
        returns[t] = running
    return returns
