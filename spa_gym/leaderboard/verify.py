"""Verification: the actions of a result are replayed, and everything that was claimed is computed anew.

The actions run in the environment itself. It needs `result.json` and the `trajectories.jsonl` beside it, and trusts
neither: observations, rewards, grounding, ends, rows, figures and intervals all have to come out the same.

    spa-gym verify results/expert/result.json
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import gymnasium as gym
from tqdm import tqdm

from spa_gym.core.errors import BadArgument, SpaGymError
from spa_gym.core.run_record import RunRecord, package_versions
from spa_gym.core.tasks import spread
from spa_gym.core.trajectory import Trajectory, read_jsonl
from spa_gym.leaderboard.episodes import begin_episode, data_hash, episode_seed, make_env
from spa_gym.leaderboard.evaluate import RESULT, TRAJECTORIES
from spa_gym.leaderboard.metrics import summarise

__all__ = ["Verification", "verify"]

TOLERANCE = 1e-9


@dataclass
class Verification:
    """What a verification found."""

    episodes: int = 0
    steps: int = 0
    differences: list[str] = field(default_factory=list)
    """One line per claim that does not hold."""
    notes: list[str] = field(default_factory=list)
    """What does not make the result wrong, but belongs beside it (other package versions, a part of a split)."""

    @property
    def ok(self) -> bool:
        """Whether every claim holds."""
        return not self.differences


def verify(
    result: str | Path,
    trajectories: str | Path | None = None,
    *,
    data_dir: str | None = None,
    progress_bar: bool = True,
) -> Verification:
    """Recompute a result from its trajectories.

    Args:
        result: A `result.json`, or the folder that holds it.
        trajectories: The trajectories; default: `trajectories.jsonl` beside the result.
        data_dir: Folder of the official data on this machine, where the environment needs it.
        progress_bar: Show a bar.

    Returns:
        Each difference, in words; none where the result holds.

    Raises:
        BadArgument: The record is not an evaluation.
        DataNotFound: The result, its trajectories or the environment's data are missing.
        DataCorrupt: A file cannot be read.
    """
    result = Path(result)
    result = result / RESULT if result.is_dir() else result
    record = RunRecord.load(result)
    if record.kind != "evaluate":
        raise BadArgument("the record of an evaluation", f"kind {record.kind!r} in {result}", "give a result.json")
    episodes = read_jsonl(trajectories or result.with_name(TRAJECTORIES))
    kwargs = {"split": record.settings["split"], **record.env_kwargs, **({"data_dir": data_dir} if data_dir else {})}
    found = Verification(notes=_notes(record))
    env = make_env(record.env_id, kwargs)
    try:
        _compare(found, "data hash", data_hash(env), record.data_hash)
        limit = env.spec.max_episode_steps if env.spec else None
        _compare(found, "step limit", limit, record.settings["max_episode_steps"])
        _compare(found, "size of the split", len(env.get_wrapper_attr("tasks")), record.settings["split_size"])
        rows = _replay_all(found, env, episodes, record.seed, progress_bar)
    finally:
        env.close()
    _compare_rows(found, rows, record)
    if rows:
        _compare(found, "metrics", summarise(list(rows.values()), record.seed), record.metrics)
    _compare(found, "environment steps", sum(row["steps"] for row in rows.values()), record.env_steps)
    return found


def _replay_all(
    found: Verification, env: gym.Env[Any, Any], episodes: list[Trajectory], seed: int, progress_bar: bool
) -> dict[str, dict[str, Any]]:
    """Rows that the environment gives for the recorded actions, by task id."""
    rows: dict[str, dict[str, Any]] = {}
    tasks = env.get_wrapper_attr("tasks")
    for claimed in tqdm(episodes, unit="task", disable=not progress_bar):
        if claimed.task_id in rows:
            found.differences.append(f"task {claimed.task_id}: played more than once")
            continue
        try:
            position = tasks.index_of(claimed.task_id)
        except SpaGymError as error:
            found.differences.append(f"task {claimed.task_id}: {error}")
            continue
        rows[claimed.task_id] = _replay(found, env, claimed, position, episode_seed(seed, position))
    return rows


def _replay(
    found: Verification, env: gym.Env[Any, Any], claimed: Trajectory, position: int, seed: int
) -> dict[str, Any]:
    episode = begin_episode(env, claimed.task_id, position, seed)
    for number, step in enumerate(claimed.steps):
        if episode.ended:
            left = len(claimed.steps) - number
            found.differences.append(f"task {claimed.task_id}: {left} actions after the episode's end")
            break
        episode.step(env, step.action)
    replayed = episode.trajectory()
    for number, (now, then) in enumerate(zip(replayed.steps, claimed.steps, strict=False)):
        for name in ("observation", "reward", "grounded"):
            _compare(found, f"task {claimed.task_id}, step {number}, {name}", getattr(now, name), getattr(then, name))
    for entry in fields(Trajectory):
        if entry.name != "steps":
            what = f"task {claimed.task_id}, {entry.name}"
            _compare(found, what, getattr(replayed, entry.name), getattr(claimed, entry.name))
    if not episode.ended:
        found.differences.append(f"task {claimed.task_id}: the actions stop before the episode's end")
    found.episodes += 1
    found.steps += len(replayed.steps)
    return episode.row()


def _compare_rows(found: Verification, rows: dict[str, dict[str, Any]], record: RunRecord) -> None:
    claimed = {row["task_id"]: row for row in record.tasks}
    if len(claimed) < len(record.tasks):
        found.differences.append(f"result: {len(record.tasks) - len(claimed)} tasks have more than one row")
    for task_id in sorted({*claimed, *rows}):
        if task_id not in rows:
            found.differences.append(f"task {task_id}: a row without a trajectory")
        elif task_id not in claimed:
            found.differences.append(f"task {task_id}: a trajectory without a row")
        else:
            _compare(found, f"row of task {task_id}", rows[task_id], claimed[task_id])
    expected = spread(record.settings["split_size"], record.settings["num_tasks"])
    played = sorted(row["position"] for row in rows.values())
    if played != expected:
        missing, extra = len({*expected} - {*played}), len({*played} - {*expected})
        found.differences.append(
            f"tasks: of the {len(expected)} to play, {missing} are missing; {extra} others are there"
        )


def _compare(found: Verification, what: str, now: Any, claimed: Any) -> None:
    """Note a difference; dicts are compared key by key, floats to 1e-9."""
    if isinstance(now, dict) and isinstance(claimed, dict):
        for key in sorted({*now, *claimed}):
            _compare(found, f"{what}, {key}", now.get(key), claimed.get(key))
    elif isinstance(now, float) and isinstance(claimed, int | float) and not isinstance(claimed, bool):
        if not abs(now - claimed) <= TOLERANCE:
            found.differences.append(f"{what}: claimed {claimed!r}, replayed {now!r}")
    elif now != claimed:
        found.differences.append(f"{what}: claimed {claimed!r:.120}, replayed {now!r:.120}")


def _notes(record: RunRecord) -> list[str]:
    notes, here = [], package_versions()
    for name, version in record.packages.items():
        if name in here and here[name] != version:
            notes.append(f"{name} {version} made the result, {here[name]} checks it")
    if record.settings["num_tasks"] != record.settings["split_size"]:
        notes.append(f"a part of the split: {record.settings['num_tasks']} of {record.settings['split_size']} tasks")
    return notes
