"""Verification: the actions of a result are replayed, and everything that was claimed is computed again.

The actions run in the environment itself. It needs `result.json` and the `trajectories.jsonl` beside it, and trusts
neither: which environment may be made is decided by `trust`, which tasks there are by the environment, and
observations, rewards, grounding, ends, rows, metrics and intervals all have to come out the same.

    spa-gym verify results/expert/result.json
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gymnasium as gym
from tqdm import tqdm

from spa_gym.core.errors import BadArgument, DataNotFound
from spa_gym.core.plain_data import misfit
from spa_gym.core.run_record import RunRecord, package_versions
from spa_gym.core.tasks import spread
from spa_gym.core.trajectory import Trajectory, iter_jsonl
from spa_gym.leaderboard.episodes import data_hash, make_env
from spa_gym.leaderboard.evaluate import RESULT, TRAJECTORIES
from spa_gym.leaderboard.metrics import summarise
from spa_gym.leaderboard.replay import NOTHING, DeclaredInRow, Replay, Row, compare
from spa_gym.leaderboard.trust import environment_of

__all__ = ["Verification", "verify"]

CHECKED = "environment, tasks, actions, observations, rewards, rows, metrics"
DECLARED = "agent, its settings, tokens, time, date, commit, versions"
OFFICIAL = "if it was made with official data, give --data-dir"


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

    @property
    def verdict(self) -> str:
        """One sentence: what was checked, and what is only declared."""
        verdict = "verified" if self.ok else f"NOT verified, {len(self.differences)} differences"
        replayed = f"{self.episodes} episodes, {self.steps} steps replayed ({CHECKED})"
        return f"{verdict}: {replayed}; only declared: {DECLARED}"


def verify(
    result: str | Path,
    trajectories: str | Path | None = None,
    *,
    data_dir: str | None = None,
    env_id: str | None = None,
    env_kwargs: Mapping[str, Any] | None = None,
    max_bytes: int = 1 << 30,
    progress_bar: bool = True,
) -> Verification:
    """Recompute a result from its trajectories.

    Args:
        result: A `result.json`, or the folder that holds it.
        trajectories: The trajectories; default: `trajectories.jsonl` beside the result.
        data_dir: Folder of the official data on this machine, if the environment needs it.
        env_id: Id of an environment that is not of this package, and that you trust; the result must name the same.
        env_kwargs: Arguments that a result alone may not set, and that you trust; the result must name the same.
        max_bytes: Largest file of trajectories that is read.
        progress_bar: Show a bar, if there is a terminal.

    Returns:
        Each difference, in words; none if the result holds.

    Raises:
        BadArgument: The record is not an evaluation, names what it may not name, or the trajectories are too large.
        DataNotFound: The result, its trajectories or the environment's data are missing.
        DataCorrupt: A file cannot be read.
    """
    result = Path(result)
    result = result / RESULT if os.path.isdir(result) else result
    record = RunRecord.load(result)
    if record.kind != "evaluate":
        raise BadArgument("the record of an evaluation", f"kind {record.kind!r:.60} in {result}", "give a result.json")
    made_id, kwargs = environment_of(record, env_id, env_kwargs)
    episodes = Path(trajectories or result.with_name(TRAJECTORIES))
    if os.path.isfile(episodes) and (size := os.path.getsize(episodes)) > max_bytes:
        got = f"{size:,} in {episodes}"
        raise BadArgument(f"trajectories of at most {max_bytes:,} bytes", got, "give --max-bytes if you trust it")
    env = _make(made_id, kwargs, data_dir)
    try:
        return _verify(record, env, iter_jsonl(episodes), progress_bar)
    finally:
        env.close()


def _make(env_id: str, kwargs: dict[str, Any], data_dir: str | None) -> gym.Env[Any, Any]:
    try:
        return make_env(env_id, kwargs | ({"data_dir": data_dir} if data_dir else {}))
    except DataNotFound as error:
        if data_dir:
            raise
        raise DataNotFound(f"The result was made with official data: give --data-dir ({error.got})") from error


def _verify(
    record: RunRecord, env: gym.Env[Any, Any], episodes: Iterable[Trajectory], progress_bar: bool
) -> Verification:
    found = Verification(notes=_notes(record))
    positions = _check_record(found, record, env)
    if positions is None:
        return found
    claimed = _claimed_rows(found, record.tasks)
    replay = Replay(env, claimed, record.seed, found.differences)
    for episode in tqdm(episodes, unit="task", disable=None if progress_bar else True):
        replay.episode(episode)
    rows = replay.rows
    found.episodes, found.steps = len(rows), sum(row["steps"] for row in rows.values())
    if replay.unknown:
        lost = f"{len(replay.unknown)} trajectories of tasks that the split does not have"
        found.differences.append(f"tasks: {lost}, the first {replay.unknown[0]!r:.60}; {OFFICIAL}")
        if not rows:
            return found  # another split or other data: nothing else is worth a line
    for task_id in sorted({*claimed, *rows}):
        if task_id not in rows:
            found.differences.append(f"task {task_id}: a row without a trajectory")
        elif task_id not in claimed:
            found.differences.append(f"task {task_id}: a trajectory without a row")
        else:
            compare(found.differences, f"row of task {task_id}", rows[task_id], claimed[task_id])
    played = {row["position"] for row in rows.values()}
    if played != {*positions}:
        missing, extra = len({*positions} - played), len(played - {*positions})
        found.differences.append(
            f"tasks: of the {len(positions)} to play, {missing} are missing; {extra} others are there"
        )
    metrics = summarise(list(rows.values()), record.seed) if rows else NOTHING
    compare(found.differences, "metrics", metrics, record.metrics)
    compare(found.differences, "environment steps", found.steps, record.env_steps)
    return found


def _check_record(found: Verification, record: RunRecord, env: gym.Env[Any, Any]) -> list[int] | None:
    """Positions that were to be played; None if the record contradicts the environment or itself."""
    claims, size = record.settings, len(env.get_wrapper_attr("tasks"))
    if record.data_hash is None and data_hash(env) is not None:
        found.notes.append("the record has no hash of its data; the replay used the data here")
    else:
        compare(found.differences, "data hash", data_hash(env), record.data_hash)
    limit = env.spec.max_episode_steps if env.spec else None
    compare(found.differences, "step limit", limit, claims.get("max_episode_steps"))
    compare(found.differences, "size of the split", size, claims.get("split_size"))
    if found.differences and data_hash(env) is None:
        found.notes.append(OFFICIAL)
    compare(found.differences, "agent", record.method, claims.get("agent"))
    number = claims.get("num_tasks")
    if type(number) is not int or not 1 <= number <= size:
        found.differences.append(f"number of tasks: claimed {number!r:.60}, expected from 1 to {size}")
    if not record.tasks:
        found.differences.append("rows: the result has none, so nothing supports its metrics")
    for name in ("seed", "tokens", "wall_time_s"):
        if getattr(record, name) < 0:
            found.differences.append(f"{name}: claimed {getattr(record, name)!r}, expected from 0")
    for name in ("final", "curves", "elapsed_s", "updates"):
        if getattr(record, name):
            found.differences.append(f"{name}: an evaluation has none")
    return None if found.differences else spread(size, number)


def _claimed_rows(found: Verification, rows: list[Row]) -> dict[str, Row]:
    """Rows by task id; a row is compared with the environment's own later."""
    claimed: dict[str, Row] = {}
    for place, row in enumerate(rows):
        task_id = row.get("task_id")
        if not isinstance(task_id, str):
            found.differences.append(f"row {place}: no task id")
        elif wrong := misfit(row, DeclaredInRow):
            found.differences.append(f"row of task {task_id}: {wrong}")
        elif task_id in claimed:
            found.differences.append(f"result: task {task_id} has more than one row")
        else:
            claimed[task_id] = row
    return claimed


def _notes(record: RunRecord) -> list[str]:
    notes, here = [], package_versions()
    for name, version in record.packages.items():
        if name in here and here[name] != version:
            notes.append(f"{name} {version} made the result, {here[name]} checks it")
    played, size = record.settings.get("num_tasks"), record.settings.get("split_size")
    if played != size:
        notes.append(f"a part of the split: {played!r:.20} of {size!r:.20} tasks")
    if record.settings.get("privileged"):
        notes.append("privileged: the agent was given the environments, so it may have seen the answers")
    return notes
