"""Evaluation: an agent plays every task of a split exactly once, and leaves a result that anyone can verify.

In the output folder: `journal.jsonl` while it runs (a line as each episode ends), then `result.json` (a `RunRecord`
with one row per task) and `trajectories.jsonl`, both written atomically. After kill -9, Ctrl-C or a full disk the same
call goes on where it stopped. A folder belongs to one evaluation (`leaderboard/identity.py`): another agent, other
arguments or other code are refused there.

    spa-gym evaluate --env SPA-ALFWorld-v0 --split valid_unseen --agent expert --out results/expert
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import index
from pathlib import Path
from typing import Any

import gymnasium as gym
from tqdm import tqdm

from spa_gym.agents.one_episode import as_agent
from spa_gym.agents.protocol import Agent, EpisodeAgent
from spa_gym.core.arguments import given_once, one_of
from spa_gym.core.errors import BadArgument
from spa_gym.core.journal import Journal, differences
from spa_gym.core.lock import alone_in
from spa_gym.core.machine import describe_processor
from spa_gym.core.run_record import RunRecord
from spa_gym.core.tasks import spread
from spa_gym.core.trajectory import Trajectory, from_record, to_record, write_jsonl
from spa_gym.leaderboard.episodes import OnError, make_env, play_episodes, row_of
from spa_gym.leaderboard.identity import default_folder, evaluation_identity, identity_of
from spa_gym.leaderboard.metrics import summarise

__all__ = ["JOURNAL", "RESULT", "TRAJECTORIES", "evaluate", "progress_of"]

RESULT, TRAJECTORIES, JOURNAL = "result.json", "trajectories.jsonl", "journal.jsonl"


def evaluate(
    env_id: str,
    env_kwargs: dict[str, Any],
    split: str,
    agent: Agent | EpisodeAgent | Callable[..., Any],
    num_envs: int = 16,
    seed: int = 0,
    out_dir: str | Path | None = None,
    max_tasks: int | None = None,
    trajectories: bool = True,
    *,
    agent_name: str | None = None,
    agent_arguments: Mapping[str, Any] | None = None,
    on_error: OnError = "fail",
    again: bool = False,
    progress_bar: bool = True,
) -> RunRecord:
    """Play every task of the split once.

    Args:
        env_id: Id of the environment.
        env_kwargs: Further arguments of `gym.make`, without `split`.
        split: Name of the split.
        agent: An agent, an object with `act_one(observation, info)`, or a function observation -> action.
        num_envs: Episodes that run at once.
        seed: Seeds the episodes (each by its own derived seed) and the bootstrap.
        out_dir: Folder of the result, made where it is missing. None: `results/ENV-SPLIT-AGENT-seedN-HASH`.
        max_tasks: Play only so many tasks, spread evenly over the split; the record says so. None plays all of them.
        trajectories: Write `trajectories.jsonl` (needed to verify).
        agent_name: Name in the record; default: that of the agent's function or class.
        agent_arguments: What the agent was made with, where its public attributes do not say it.
        on_error: An exception in the agent ends its episode, with `error` in its row (`"fail"`), or the evaluation
            (`"raise"`). An agent that fails in each of the first episodes without an action always raises.
        again: Play again, whatever is in the folder; an old result is replaced when the new one is complete.
        progress_bar: Show a bar with the running success.

    Returns:
        The record, as it is in `result.json`.

    Raises:
        BadArgument: An argument is out of range or given twice, or the folder holds another evaluation.
        AgentError: The agent breaks the protocol, or fails.
        FolderInUse: Another process evaluates into the same folder.
        DataCorrupt: The journal or the result in the folder is damaged.
        WriteFailed: The disk is full; what was played is kept.
    """
    if num_envs < 1 or (max_tasks is not None and max_tasks < 1) or seed < 0:
        got = f"num_envs={num_envs}, max_tasks={max_tasks}, seed={seed}"
        raise BadArgument("num_envs >= 1, max_tasks >= 1 and seed >= 0", got, "correct the argument")
    one_of("on_error", on_error, ("fail", "raise"))
    player, kwargs = as_agent(agent), given_once(env_kwargs, split=split)
    with contextlib.ExitStack() as stack:

        def make() -> gym.Env[Any, Any]:
            env = make_env(env_id, kwargs)
            stack.callback(env.close)
            return env

        first = make()
        positions = spread(len(first.get_wrapper_attr("tasks")), max_tasks)
        identity = evaluation_identity(
            first,
            env_id,
            env_kwargs,
            player,
            split=split,
            seed=seed,
            num_tasks=len(positions),
            trajectories=trajectories,
            name=agent_name,
            options=agent_arguments,
        )
        folder = default_folder(identity) if out_dir is None else Path(out_dir)
        if not again and (done := _finished(folder, identity)) is not None:
            return done
        stack.enter_context(alone_in(folder))
        if again:
            (folder / JOURNAL).unlink(missing_ok=True)
        elif (done := _finished(folder, identity)) is not None:
            return done  # another process has just finished it
        with _journal(folder, identity) as journal:
            played = {entry.position for entry in journal.entries}
            missing = [position for position in positions if position not in played]
            envs = [first, *(make() for _ in range(min(num_envs, len(missing)) - 1))]
            _play(envs, player, missing, seed, journal, len(positions), progress_bar, on_error)
        return _finish(folder, identity, journal.entries)


def progress_of(out_dir: str | Path) -> int:
    """How many episodes the journal of an unfinished evaluation holds."""
    path = Path(out_dir) / JOURNAL
    return max(0, path.read_bytes().count(b"\n") - 1) if path.exists() else 0


@dataclass(frozen=True, slots=True)
class _Entry:
    """A finished episode, as the journal keeps it."""

    position: int
    seed: int
    error: str | None
    trajectory: Trajectory
    session: int
    """Counts the starts of the evaluation."""
    elapsed_s: float
    """Since the start of its session."""
    tokens: int
    """Of its session so far."""
    usage: dict[str, int]
    """What the agent counted in its session so far."""

    @classmethod
    def read(cls, line: dict[str, Any]) -> _Entry:
        numbers = {name: index(line[name]) for name in ("position", "seed", "session", "tokens")}
        error = None if line["error"] is None else str(line["error"])
        trajectory = from_record(line["trajectory"], "the journal")
        usage = {str(name): index(count) for name, count in line["usage"].items()}
        return cls(**numbers, error=error, trajectory=trajectory, elapsed_s=float(line["elapsed_s"]), usage=usage)

    def as_json(self) -> dict[str, Any]:
        fields = {name: getattr(self, name) for name in self.__slots__}
        return {**fields, "trajectory": to_record(self.trajectory)}

    def row(self) -> dict[str, Any]:
        return row_of(self.trajectory, self.position, self.seed, self.error)


@contextlib.contextmanager
def _journal(folder: Path, identity: dict[str, Any]) -> Iterator[Journal[_Entry]]:
    """The journal of an evaluation; whatever stops the block, it says what is saved."""
    journal = Journal(folder / JOURNAL, identity, _Entry.read)
    if journal.entries:
        _say(f"{len(journal.entries)} episodes are in {journal.path} already; going on from there.")
    try:
        yield journal
    except BaseException:
        count = len(journal.entries)
        saved = f"{count} finished episodes are saved in {journal.path}; the same command goes on from there."
        _say(saved if count else "No episode had ended; nothing was saved.")
        raise
    finally:
        journal.close()


def _play(
    envs: Sequence[gym.Env[Any, Any]],
    agent: Agent,
    positions: Sequence[int],
    seed: int,
    journal: Journal[_Entry],
    total: int,
    progress_bar: bool,
    on_error: OnError,
) -> None:
    """Play what is missing; an episode is on the disk, and in `journal.entries`, before the next action."""
    start, session = time.perf_counter(), max((entry.session for entry in journal.entries), default=-1) + 1
    tokens_before, counted_before = getattr(agent, "tokens", 0), _counted(agent)
    solved = sum(entry.trajectory.success for entry in journal.entries)
    failed = sum(entry.error is not None for entry in journal.entries)
    proven = len(journal.entries) > failed
    with tqdm(total=total, initial=len(journal.entries), unit="task", disable=not progress_bar) as bar:
        for episode in play_episodes(envs, agent, positions, seed, on_error=on_error, proven=proven):
            entry = _Entry(
                position=episode.position,
                seed=episode.seed,
                error=episode.error,
                trajectory=episode.trajectory(),
                session=session,
                elapsed_s=time.perf_counter() - start,
                tokens=getattr(agent, "tokens", 0) - tokens_before,
                usage=dict(_counted(agent) - counted_before),
            )
            journal.append(entry.as_json())
            journal.entries.append(entry)
            solved, failed = solved + entry.trajectory.success, failed + (entry.error is not None)
            if entry.error is not None and failed == 1:
                _say(f"The agent failed in task {entry.trajectory.task_id}, which counts as unsolved: {entry.error}")
            bar.set_postfix(success=f"{solved / len(journal.entries):.3f}", refresh=False)
            bar.update()


def _counted(agent: Agent) -> Counter[str]:
    return Counter(agent.usage()) if hasattr(agent, "usage") else Counter()  # type: ignore[attr-defined]


def _finish(folder: Path, identity: dict[str, Any], entries: Sequence[_Entry]) -> RunRecord:
    """Write trajectories, then the result, then drop the journal: a kill in between costs nothing."""
    entries = sorted({entry.position: entry for entry in entries}.values(), key=lambda entry: entry.position)
    rows = [entry.row() for entry in entries]
    last = {entry.session: entry for entry in sorted(entries, key=lambda entry: entry.elapsed_s)}
    settings = dict(identity)
    record = RunRecord(
        kind="evaluate",
        method=settings["agent"],
        env_id=settings.pop("env_id"),
        env_kwargs=settings.pop("env_kwargs"),
        seed=settings.pop("seed"),
        data_hash=settings.pop("data_hash"),
        settings=settings,
        env_steps=sum(row["steps"] for row in rows),
        tokens=sum(entry.tokens for entry in last.values()),
        usage=dict(sum((Counter(entry.usage) for entry in last.values()), Counter())),
        machine=describe_processor(),
        wall_time_s=round(sum(entry.elapsed_s for entry in last.values()), 3),
        metrics=summarise(rows, identity["seed"]),
        tasks=rows,
    )
    if identity["trajectories"]:
        write_jsonl(folder / TRAJECTORIES, (entry.trajectory for entry in entries))
    record.save(folder / RESULT)
    (folder / JOURNAL).unlink(missing_ok=True)
    return record


def _finished(folder: Path, identity: dict[str, Any]) -> RunRecord | None:
    """The complete result of the same evaluation, or None; a result of another one is never overwritten."""
    path = folder / RESULT
    if (folder / JOURNAL).exists() or not path.exists():  # a journal next to a result: it is played again
        return None
    record = RunRecord.load(path)
    if different := differences(identity_of(record), identity):
        raise BadArgument(
            expected=f"a folder without another evaluation's {RESULT}",
            got=f"{path} with another {different}",
            mend="give another --out, or replace it with --again (again=True)",
        )
    when = record.created[:16].replace("T", " ")
    _say(f"{folder} holds this evaluation already ({len(record.tasks)} tasks, {when}); --again plays it again")
    return record


def _say(text: str) -> None:
    """Tell the user next to the progress bar; from Python too, where logging is not configured."""
    tqdm.write(text, file=sys.stderr)
