"""RunRecord: what one training run or one evaluation leaves behind, as one JSON file.

Tables and pictures are made from these files by a command, never by hand; so a record holds everything that a reader
needs to judge a number or to make it again: ids, versions, commit, data hash, seeds, settings, cost and outcome.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import subprocess
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from spa_gym.core.atomic import atomic_write_text
from spa_gym.core.errors import DataCorrupt, DataNotFound
from spa_gym.core.plain_data import misfit
from spa_gym.core.record_shapes import final_misfit
from spa_gym.core.strict_json import parse_json

__all__ = ["RECORD_FORMAT", "RECORD_VERSION", "RunRecord", "find_records", "git_commit", "package_versions"]

RECORD_FORMAT = "spa-gym run record"
RECORD_VERSION = 1
_MAX_BYTES = 1 << 26
"""Largest file that is read; a record of a thousand tasks has a quarter of a megabyte."""
PACKAGES = (
    *("spa-gym", "gymnasium", "numpy", "torch", "transformers"),
    *("tokenizers", "peft", "accelerate", "alfworld", "textworld"),
)


def package_versions() -> dict[str, str]:
    """Versions of Python, of spa-gym and of those packages in use that can change a result."""
    versions = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def git_commit() -> str | None:
    """Commit of the checkout that spa_gym is imported from, "-dirty" with local changes; None outside of one."""
    root = Path(__file__).resolve().parents[2]

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(root), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout.strip()

    try:
        if Path(git("rev-parse", "--show-toplevel")).resolve() != root:
            return None  # an installed copy inside somebody else's repository
        return git("rev-parse", "HEAD") + ("-dirty" if git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.SubprocessError):
        return None


@dataclass
class RunRecord:
    """One run.

    Examples:
        >>> record = RunRecord(kind="train", method="ppo", env_id="SPA-ALFWorld-v0", seed=3)
        >>> record.final["valid_unseen/greedy"] = {"success": 0.5, "n": 2, "successes": [0, 1]}
        >>> RunRecord.from_dict(record.as_dict()) == record
        True
    """

    kind: str
    """What ran: "train", "evaluate", or the name of another stage ("sft", "estimator", ...)."""
    method: str
    """Credit method of a training run, or the agent of an evaluation."""
    env_id: str
    env_kwargs: dict[str, Any] = field(default_factory=dict)
    seed: int = 0
    data_hash: str | None = None
    """Hash of the data that the environment read, where it has one."""
    packages: dict[str, str] = field(default_factory=package_versions)
    machine: dict[str, Any] = field(default_factory=dict)
    """The processor's name, flags and cores; for a run that computes, its device and the type of its products."""
    commit: str | None = field(default_factory=git_commit)
    created: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    settings: dict[str, Any] = field(default_factory=dict)
    """Every setting that the run resolved, defaults included."""
    env_steps: int = 0
    tokens: int = 0
    """Tokens that the policy read and wrote."""
    usage: dict[str, int] = field(default_factory=dict)
    """What the agent of an evaluation counted: tokens in and out, replies without an action, failed requests, ..."""
    updates: int = 0
    """Optimiser steps."""
    wall_time_s: float = 0.0
    metrics: dict[str, Any] = field(default_factory=dict)
    """Figures of the whole run; an interval is {"mean", "low", "high"}."""
    curves: dict[str, list[float | None]] = field(default_factory=dict)
    """Columns of equal length over training: "env_steps" and, beside it, "success_sampled", "success_greedy", ..."""
    elapsed_s: list[float] = field(default_factory=list)
    """Seconds of work until each row of the curves; apart from them, for they repeat and the clock does not."""
    final: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By "split/decoding": success, n, successes (0/1 per task in task order), optional task_types, expert_steps,
    task_grounded and task_steps (in task order), positions (of the tasks, if not the first), grounding, steps."""
    tasks: list[dict[str, Any]] = field(default_factory=list)
    """Rows of an evaluation, one per task."""

    def as_dict(self) -> dict[str, Any]:
        """The record as plain JSON, its format and version first."""
        return {"format": RECORD_FORMAT, "version": RECORD_VERSION, **asdict(self)}

    @classmethod
    def from_dict(cls, data: dict[str, Any], source: str = "a dict") -> RunRecord:
        """Build a record from `as_dict()`.

        Args:
            data: what `as_dict` gave.
            source: where it comes from, for the message.

        Raises:
            DataCorrupt: another format or version, or a field is missing or of another type.
        """
        version = data.get("version")
        if data.get("format") != RECORD_FORMAT or version is True or version != RECORD_VERSION:
            raise DataCorrupt(
                expected=f"a {RECORD_FORMAT} of version {RECORD_VERSION}",
                got=f"format {data.get('format')!r:.60}, version {version!r:.60} in {source}",
                mend="read it with the spa-gym release that wrote it, or run the command again",
            )
        known = {entry.name for entry in fields(cls)}
        found = {name: value for name, value in data.items() if name in known}
        seedless = "" if "seed" in found else "'seed' missing"
        if wrong := misfit(found, cls) or seedless or final_misfit(found.get("final", {})):
            raise DataCorrupt(f"a complete {RECORD_FORMAT}", f"{source}: {wrong}", "run the command again")
        # What a file does not say was not so here and now, which the defaults of a new record are.
        return cls(**{"packages": {}, "commit": None, "created": "", **found})

    def save(self, path: str | Path) -> Path:
        """Write the record atomically, its folder made where it is missing; a failed write leaves the old file."""
        path = Path(path)
        atomic_write_text(path, json.dumps(self.as_dict(), indent=1, default=_plain) + "\n")
        return path

    @classmethod
    def load(cls, path: str | Path) -> RunRecord:
        """Read a record.

        Raises:
            DataNotFound: no such file.
            DataCorrupt: the file is not a record of this version.
        """
        if not os.path.isfile(path):
            raise DataNotFound(expected="a run record", got=f"no file {path}", mend="give the path of a result .json")
        data = _read_json(path)
        return cls.from_dict(data if isinstance(data, dict) else {}, str(path))


def find_records(folder: str | Path) -> Iterator[tuple[Path, RunRecord]]:
    """All run records under a folder (or the one file), sorted by path; other JSON files are passed over.

    Raises:
        DataNotFound: the folder is missing.
        DataCorrupt: a JSON file cannot be read, or a record has another version.
    """
    folder = Path(folder)
    if not os.path.exists(folder):
        raise DataNotFound(
            expected="a folder of run records", got=f"nothing at {folder}", mend="give the --out of a run"
        )
    paths = [folder] if folder.is_file() else sorted(path for path in folder.rglob("*.json") if path.is_file())
    for path in paths:
        data = _read_json(path)
        if isinstance(data, dict) and data.get("format") == RECORD_FORMAT:
            yield path, RunRecord.from_dict(data, str(path))


def _plain(value: Any) -> Any:
    """What JSON does not know but settings and curves hold: paths, dataclasses, numpy and torch numbers and arrays."""
    if isinstance(value, Path):
        return str(value)
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if callable(to_list := getattr(value, "tolist", None)):
        return to_list()
    raise TypeError(f"expected plain data in a run record, got {type(value).__name__}: {value!r:.80}")


def _read_json(path: str | Path) -> Any:
    """The value of a JSON file; NaN, which a record of a training may hold, is null."""
    try:
        if (size := os.path.getsize(path)) > _MAX_BYTES:
            raise ValueError(f"it has {size:,} bytes, more than {_MAX_BYTES:,}")
        return parse_json(Path(path).read_bytes(), nan_is_null=True, allow_surrogates=True)
    except (ValueError, OSError) as error:
        raise DataCorrupt(
            expected="a JSON file", got=f"{path}: {error}", mend="delete it, or run the command that made it again"
        ) from error
