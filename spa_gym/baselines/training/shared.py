"""Stages that several trainings would run alike are run once: the exploration and the fits of a seed.

The rows of a study that explore do so with the same policy, tasks and seed, and many fit the same estimator to it. With
`TrainConfig.shared` the first of them runs the stage in that folder, under a name made of everything its result depends
on, and each takes a copy. Nothing but time is saved: environment steps are charged to every row, and so are the
seconds, as if it had run the stage itself.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from spa_gym.baselines.training.resume import plain_settings
from spa_gym.core.build_once import MANIFEST_NAME, built_folder
from spa_gym.core.errors import WriteFailed
from spa_gym.core.run_record import RunRecord

__all__ = ["shared_stage"]

_NOT_TAKEN = (MANIFEST_NAME, ".lock", "state")


def shared_stage(
    config: Any, stage: Callable[[Any], RunRecord], shared: Path, inputs: Sequence[str] = ()
) -> tuple[RunRecord, float]:
    """Take a stage's result from the shared folder, where it is made first if it is not there yet.

    Args:
        config: the stage's config, a dataclass with `start` and `out`.
        stage: runs it, or returns at once where it was finished in `out` before.
        shared: folder of what trainings share.
        inputs: fields of the config that name files which the stage reads; what counts is their content.

    Returns:
        The record, which now lies in `config.out` with the stage's files, and the seconds of work that others have done
        for this call; negative where it waited longer than the work took.

    Raises:
        WriteFailed: the disk is full or read-only.
    """
    if (config.out / "record.json").is_file():
        return stage(config), 0.0
    started = time.perf_counter()
    settings = plain_settings(config)
    read = {name: _digest(getattr(config, name)) for name in inputs}
    manifest = {"stage": stage.__name__, "settings": {**settings, **read}, "start": _digest(Path(config.start))}
    key = hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()[:16]

    def build(folder: Path) -> None:
        for name in inputs:
            shutil.copyfile(getattr(config, name), folder / f"{name}.input")
        stage(replace(config, out=folder, **{name: folder / f"{name}.input" for name in inputs}))

    whole = built_folder(
        shared / f"{stage.__name__}-{key}", manifest, build, what=f"the shared {stage.__name__}", resumable=True
    )
    record = replace(RunRecord.load(whole / "record.json"), settings=settings)
    try:
        shutil.copytree(whole, config.out, dirs_exist_ok=True, ignore=_left)
    except (OSError, shutil.Error) as error:
        raise WriteFailed(f"to copy {whole} to {config.out}", str(error), "free disk space, run it again") from error
    record.save(config.out / "record.json")
    return record, record.wall_time_s - (time.perf_counter() - started)


def _left(_: str, names: list[str]) -> list[str]:
    """What is not copied: the record comes last, with the taker's settings."""
    return [name for name in names if name in (*_NOT_TAKEN, "record.json") or name.endswith(".input")]


def _digest(path: Path) -> str:
    """Of a file or of all files below a folder; of the name where there is neither: a checkpoint that is shipped."""
    digest = hashlib.sha256(b"" if path.exists() else str(path).encode())
    for file in [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file()):
        digest.update(file.name.encode() if file != path else b"")
        with file.open("rb") as opened:
            digest.update(hashlib.file_digest(opened, "sha256").digest())
    return digest.hexdigest()
