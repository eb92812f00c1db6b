"""Evaluation: an agent plays every task of a split exactly once, and leaves a result that anyone can verify.

In the output folder: `journal.jsonl` while it runs (a line as each episode ends), then `result.json` (a `RunRecord`
with one row per task) and `trajectories.jsonl`, both written atomically. After kill -9, Ctrl-C or a full disk the same
call goes on where it stopped.

    spa-gym evaluate --env SPA-ALFWorld-v0 --split valid_unseen --agent expert --out results/expert
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import gymnasium as gym
from tqdm import tqdm

from spa_gym.agents.protocol import Agent, as_agent
from spa_gym.core.errors import BadArgument
from spa_gym.core.journal import Journal
from spa_gym.core.run_record import RunRecord
from spa_gym.core.tasks import spread
from spa_gym.core.trajectory import from_record, to_record, write_jsonl
from spa_gym.leaderboard.episodes import data_hash, make_env, play_episodes
from spa_gym.leaderboard.metrics import summarise

__all__ = ["JOURNAL", "RESULT", "TRAJECTORIES", "evaluate", "progress_of", "public_kwargs"]

logger = logging.getLogger(__name__)

RESULT, TRAJECTORIES, JOURNAL = "result.json", "trajectories.jsonl", "journal.jsonl"
LOCAL_KWARGS = ("data_dir",)
"""Arguments that say where data lie on this machine; they are no part of a result."""


def evaluate(
    env_id: str,
    env_kwargs: dict[str, Any],
    split: str,
    agent: Agent | Callable[..., str],
    num_envs: int = 16,
    seed: int = 0,
    out_dir: str | Path = "results",
    max_tasks: int | None = None,
    trajectories: bool = True,
    *,
    agent_name: str | None = None,
    progress_bar: bool = True,
) -> RunRecord:
    """Play every task of the split once.

    Args:
        env_id: Id of the environment.
        env_kwargs: Further arguments of `gym.make`, without `split`.
        split: Name of the split.
        agent: An agent, or a function observation -> action.
        num_envs: Episodes that run at once.
        seed: Seeds the episodes (each by its own derived seed) and the bootstrap.
        out_dir: Folder of the result, made where it is missing.
        max_tasks: Play only so many tasks, spread evenly over the split; the record says so. None plays all of them.
        trajectories: Write `trajectories.jsonl` (needed to verify).
        agent_name: Name in the record; default: the agent's class.
        progress_bar: Show a bar with the running success.

    Returns:
        The record, as it is in `result.json`.

    Raises:
        BadArgument: An argument is out of range, or the folder holds another evaluation.
        AgentError: The agent breaks the protocol.
        WriteFailed: The disk is full; what was played is kept.
    """
    if num_envs < 1 or (max_tasks is not None and max_tasks < 1) or seed < 0:
        got = f"num_envs={num_envs}, max_tasks={max_tasks}, seed={seed}"
        raise BadArgument("num_envs >= 1, max_tasks >= 1 and seed >= 0", got, "correct the argument")
    agent, out_dir = as_agent(agent), Path(out_dir)
    envs = [make_env(env_id, {"split": split, **env_kwargs})]
    try:
        split_size = len(envs[0].get_wrapper_attr("tasks"))
        positions = spread(split_size, max_tasks)
        settings = {
            "split": split,
            "split_size": split_size,
            "num_tasks": len(positions),
            "max_episode_steps": envs[0].spec.max_episode_steps if envs[0].spec else None,
            "agent": agent_name or type(agent).__name__,
            "agent_settings": agent.settings() if hasattr(agent, "settings") else {},  # type: ignore[attr-defined]
            "trajectories": trajectories,
        }
        identity = {
            "env_id": env_id,
            "env_kwargs": public_kwargs(env_kwargs),
            "seed": seed,
            "data_hash": data_hash(envs[0]),
            **settings,
        }
        if (done := _finished(out_dir, identity)) is not None:
            logger.info("%s is complete already; nothing to play", out_dir / RESULT)
            return done
        journal = Journal(out_dir / JOURNAL, identity)
        try:
            played = {entry["row"]["position"] for entry in journal.entries}
            missing = [position for position in positions if position not in played]
            if played:
                logger.info("going on from %s: %d of %d episodes are there", journal.path, len(played), len(positions))
            kwargs = {"split": split, **env_kwargs}
            envs += [make_env(env_id, kwargs) for _ in range(min(num_envs, len(missing)) - 1)]
            _play(envs, agent, missing, seed, journal, len(positions), progress_bar)
        finally:
            journal.close()
        return _finish(out_dir, identity, settings, journal.entries)
    finally:
        for env in envs:
            env.close()


def public_kwargs(env_kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments without those that only mean something on this machine."""
    return {name: value for name, value in env_kwargs.items() if name not in LOCAL_KWARGS}


def progress_of(out_dir: str | Path) -> int:
    """How many episodes the journal of an unfinished evaluation holds."""
    path = Path(out_dir) / JOURNAL
    return max(0, path.read_bytes().count(b"\n") - 1) if path.exists() else 0


def _play(
    envs: Sequence[gym.Env[Any, Any]],
    agent: Agent,
    positions: Sequence[int],
    seed: int,
    journal: Journal,
    total: int,
    progress_bar: bool,
) -> None:
    """Play what is missing; an episode is on the disk, and in `journal.entries`, before the next action."""
    start, session = time.perf_counter(), max((entry["session"] for entry in journal.entries), default=-1) + 1
    tokens_before = getattr(agent, "tokens", 0)
    solved = sum(entry["row"]["success"] for entry in journal.entries)
    with tqdm(total=total, initial=len(journal.entries), unit="task", disable=not progress_bar) as bar:
        for episode in play_episodes(envs, agent, positions, seed):
            entry = {
                "row": episode.row(),
                "trajectory": to_record(episode.trajectory()),
                "session": session,
                "elapsed_s": time.perf_counter() - start,
                "tokens": getattr(agent, "tokens", 0) - tokens_before,
            }
            journal.append(entry)
            journal.entries.append(entry)
            solved += entry["row"]["success"]
            bar.set_postfix(success=f"{solved / len(journal.entries):.3f}", refresh=False)
            bar.update()


def _finish(
    out_dir: Path, identity: dict[str, Any], settings: dict[str, Any], entries: list[dict[str, Any]]
) -> RunRecord:
    """Write trajectories, then the result, then drop the journal: a kill in between costs nothing."""
    by_position = {entry["row"]["position"]: entry for entry in entries}
    entries = [by_position[position] for position in sorted(by_position)]
    rows = [entry["row"] for entry in entries]
    last = {entry["session"]: entry for entry in sorted(entries, key=lambda entry: entry["elapsed_s"])}
    record = RunRecord(
        kind="evaluate",
        method=settings["agent"],
        env_id=identity["env_id"],
        env_kwargs=identity["env_kwargs"],
        seed=identity["seed"],
        data_hash=identity["data_hash"],
        settings=settings,
        env_steps=sum(row["steps"] for row in rows),
        tokens=sum(entry["tokens"] for entry in last.values()),
        wall_time_s=round(sum(entry["elapsed_s"] for entry in last.values()), 3),
        metrics=summarise(rows, identity["seed"]),
        tasks=rows,
    )
    if settings["trajectories"]:
        write_jsonl(out_dir / TRAJECTORIES, (from_record(entry["trajectory"]) for entry in entries))
    record.save(out_dir / RESULT)
    (out_dir / JOURNAL).unlink(missing_ok=True)
    return record


def _finished(out_dir: Path, identity: dict[str, Any]) -> RunRecord | None:
    """The complete result of the same evaluation, or None; a result of another one is never overwritten."""
    path = out_dir / RESULT
    if not path.exists():
        return None
    record = RunRecord.load(path)
    there = {**record.settings, **{n: getattr(record, n) for n in ("env_id", "env_kwargs", "seed", "data_hash")}}
    different = sorted(n for n in {*there, *identity} if there.get(n) != identity.get(n))
    if different:
        raise BadArgument(
            expected=f"a folder without another evaluation's {RESULT}",
            got=f"{path} with another {', '.join(different)}",
            mend="give another --out, or move that result away",
        )
    return record
