"""The truth: how much each step of a frozen policy's episodes changed what it could expect, by playing on.

    python benchmarks/attribution.py truth --start runs/sft/checkpoint --out runs/truth --tasks 25

Groups of episodes of training tasks are played at temperature 1, and from every place of every episode the same policy
plays on `continuations` times. V(s) is the mean score of these, A_t = V(s_{t+1}) - V(s_t): the environments are
deterministic, nothing is discounted, and the score comes at the end. Even and odd continuations are kept apart, so that
the truth can be compared with itself. A task is a chunk: it is written when it is done, and a killed run goes on behind
the last one, with the same result as an unbroken run.
"""

from __future__ import annotations

import gzip
import json
import random
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gymnasium

from spa_gym.baselines.attribution.store import FORMAT, Node
from spa_gym.baselines.device import choose_device, describe_computing
from spa_gym.baselines.models.checkpoint import load_checkpoint
from spa_gym.baselines.models.shipped import resolve_start
from spa_gym.baselines.rollout.engine_cached import CachedEngine
from spa_gym.baselines.rollout.player import EnginePlayer
from spa_gym.baselines.seam import Place, Player
from spa_gym.baselines.training.resume import finished_record, plain_settings
from spa_gym.baselines.training.tracker import Tracker
from spa_gym.core.arguments import given_once
from spa_gym.core.atomic import atomic_write_bytes, atomic_write_text
from spa_gym.core.errors import BadArgument, CheckpointMismatch
from spa_gym.core.run_record import RunRecord
from spa_gym.core.trajectory import Trajectory, to_record

__all__ = ["TruthConfig", "assess", "make_truth"]


@dataclass(frozen=True)
class TruthConfig:
    """Settings of a truth."""

    start: str = "runs/sft/checkpoint"
    """Checkpoint of the frozen policy."""
    out: Path = Path("runs/truth")
    """Folder of everything that is written."""
    env_id: str = "SPA-ALFWorld-v0"
    """The environment."""
    env_kwargs: dict[str, Any] = field(default_factory=lambda: {"size": "small"})
    """Its arguments, without the split."""
    tasks: int = 25
    """Training tasks, drawn without repetition."""
    group: int = 8
    """Episodes of each task."""
    continuations: int = 64
    """From each place; even, at least 4."""
    num_envs: int = 64
    """Episodes played at once."""
    seed: int = 0
    """Seed of tasks and sampling."""
    device: str = "auto"
    """Where to compute."""
    dtype: str = field(default="auto", metadata={"later": True})
    """Number type of the matrix products: `auto` (the faster one here), `float32` or `bfloat16`."""

    def __post_init__(self) -> None:
        """Refuse what has no halves."""
        if self.continuations < 4 or self.continuations % 2 or self.tasks < 1 or self.group < 1:
            raise BadArgument(
                "an even number of at least 4 continuations, and at least one task and episode",
                f"{self.continuations}, {self.tasks}, {self.group}",
                "pass --continuations 64",
            )


def make_truth(config: TruthConfig) -> RunRecord:
    """Make a truth, or go on with it; returns its record at once where it was finished before.

    Raises:
        CheckpointMismatch: the folder holds a truth of other settings.
    """
    settings = plain_settings(config)
    finished = finished_record(config.out, settings)
    if finished is not None:
        return finished
    started = time.perf_counter()
    chunks = config.out / "chunks"
    _claim(chunks / "settings.json", settings)
    device = choose_device(config.device, config.dtype)
    loaded = load_checkpoint(resolve_start(config.start), device=device)
    engine = CachedEngine(loaded.model, loaded.codec)

    def make() -> gymnasium.Env[str, str]:
        return gymnasium.make(config.env_id, **given_once(config.env_kwargs, split="train", progress=True))

    tasks = _draw_tasks(make(), config)
    done = {number for number in range(len(tasks)) if _chunk(chunks, number).is_file()}
    tracker = Tracker(config.out, "truth", len(tasks) * config.group, start=len(done) * config.group, unit="episode")
    try:
        for number, task in enumerate(tasks):
            if number in done:
                continue
            # A player of its own for each task: its noise does not depend on what was played before.
            player = EnginePlayer(engine, make, num_envs=config.num_envs, seed=config.seed, noise=1 + number)
            begun = time.perf_counter()
            played = [t for t in player.play([task] * config.group) if t.steps]
            record = assess(player, played, config.continuations, tracker)
            player.close()
            record |= {"env_steps": player.env_steps, "tokens": player.tokens, "seconds": time.perf_counter() - begun}
            atomic_write_bytes(_chunk(chunks, number), gzip.compress(_line(record), mtime=0))
    finally:
        tracker.close()
    return _join(config, settings, describe_computing(device), chunks, len(tasks), time.perf_counter() - started)


def assess(
    player: Player, played: Sequence[Trajectory], continuations: int, tracker: Tracker | None = None
) -> dict[str, Any]:
    """Value every place of the episodes of one task.

    Args:
        player: plays the policy on.
        played: the episodes.
        continuations: from each place.
        tracker: its bar moves by one for each episode.

    Returns:
        A line of the truth's file: `task_id`, `episodes`, `nodes` (for each episode the node of each place before a
        step) and `table` (each node's n, scores, squares and successes by halves).
    """
    known: dict[tuple[Any, ...], int] = {}
    nodes: list[list[int]] = []
    table: list[Node] = []
    for trajectory in played:
        path, fresh = [], []
        key: tuple[Any, ...] = ()
        for place, step in zip(player.places(trajectory), trajectory.steps, strict=False):
            if key not in known:
                known[key] = len(known)
                fresh.append(place)
            path.append(known[key])
            key = (*key, (step.action, step.action_ids))
        table += _value(player, fresh, continuations)
        nodes.append(path)
        if tracker is not None:
            tracker.advance(places=len(table))
    return {
        "task_id": played[0].task_id,
        "episodes": [to_record(trajectory) for trajectory in played],
        "nodes": nodes,
        "table": [[node.n, node.scores, node.squares, node.successes] for node in table],
    }


def _value(player: Player, places: Sequence[Place], continuations: int) -> list[Node]:
    """The nodes of these places; continuations of one place side by side, so that its history is read once."""
    ends = player.play_on([place for place in places for _ in range(continuations)])
    made = []
    for start in range(0, len(ends), continuations):
        halves = [ends[start + h : start + continuations : 2] for h in (0, 1)]
        n, scores, squares, successes = zip(
            *((len(h), sum(t.score for t in h), sum(t.score**2 for t in h), sum(t.success for t in h)) for h in halves),
            strict=True,
        )
        made.append(Node(n, scores, squares, successes))
    return made


def _draw_tasks(env: gymnasium.Env[str, str], config: TruthConfig) -> list[int]:
    unwrapped: Any = env.unwrapped
    tasks = list(range(len(unwrapped.tasks)))
    env.close()
    random.Random(f"truth/{config.seed}").shuffle(tasks)
    return tasks[: config.tasks]


def _claim(path: Path, settings: dict[str, Any]) -> None:
    """Chunks belong to settings, which lie beside them."""
    if not path.is_file():
        atomic_write_text(path, json.dumps(settings, indent=1, sort_keys=True) + "\n")
    elif json.loads(path.read_text(encoding="utf-8")) != settings:
        raise CheckpointMismatch(
            f"chunks of the same settings in {path.parent}",
            "those of another truth",
            f"choose another --out, or remove {path.parent} to start over",
        )


def _chunk(folder: Path, number: int) -> Path:
    return folder / f"{number:05d}.json.gz"


def _line(record: dict[str, Any]) -> bytes:
    return json.dumps(record, separators=(",", ":")).encode("ascii") + b"\n"


def _join(
    config: TruthConfig,
    settings: dict[str, Any],
    machine: dict[str, Any],
    chunks: Path,
    count: int,
    seconds: float,
) -> RunRecord:
    """All chunks in one file, and the run's record; then the chunks go."""
    records = [json.loads(gzip.decompress(_chunk(chunks, number).read_bytes())) for number in range(count)]
    totals = {name: sum(record[name] for record in records) for name in ("env_steps", "tokens", "seconds")}
    header = {"format": FORMAT, "settings": settings, "env_steps": totals["env_steps"]}
    data = b"".join(_line(entry) for entry in (header, *records))
    atomic_write_bytes(config.out / "truth.jsonl.gz", gzip.compress(data, mtime=0))
    played = [episode for record in records for episode in record["episodes"]]
    record = RunRecord(
        kind="truth",
        method="sft",
        env_id=config.env_id,
        env_kwargs=config.env_kwargs,
        seed=config.seed,
        settings=settings,
        machine=machine,
        env_steps=totals["env_steps"],
        tokens=totals["tokens"],
        wall_time_s=max(seconds, totals["seconds"]),
        metrics={
            "tasks": count,
            "episodes": len(played),
            "steps": sum(len(episode["steps"]) for episode in played),
            "places": sum(len(entry["table"]) for entry in records),
            "continuations": sum(sum(node[0]) for entry in records for node in entry["table"]),
            "success": sum(episode["success"] for episode in played) / len(played),
        },
    )
    record.save(config.out / "record.json")
    shutil.rmtree(chunks, ignore_errors=True)
    return record
