"""Resuming: everything a stage needs to go on after `kill -9`, in one atomic folder without pickles.

A stage keeps `<out>/state/` (weights, optimiser moments, position) while it runs, and leaves `<out>/record.json` when
it is done. Both know the settings they belong to: the same command goes on, or returns at once, and another one is
refused instead of being mixed with what is there. So is the same command a second time while the first still runs.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from spa_gym.baselines.distributed import is_main
from spa_gym.baselines.models.checkpoint_files import as_mismatch
from spa_gym.baselines.models.optimizers import Optimizers
from spa_gym.core import lock
from spa_gym.core.atomic import atomic_write_text, flush_to_disk
from spa_gym.core.errors import CheckpointMismatch, WriteFailed
from spa_gym.core.run_record import RunRecord

__all__ = ["Resumable", "alone_in", "finished_record", "plain_settings", "run_stage"]

_Config = TypeVar("_Config")
_VERSION = 1
_NO_SETTINGS = ("out", "device", "save_every_s", "rows", "shared", "workers")
"""Fields of a stage's config that do not change its result."""


def plain_settings(config: Any) -> dict[str, Any]:
    """What a run's result depends on, as plain JSON values.

    A field with `metadata={"later": True}` was added after runs had been recorded; at its default it is left out, so
    that those are still found.

    Args:
        config: a stage's config, a dataclass.
    """
    known = {f.name: f for f in fields(config)}
    settings = {
        key: value
        for key, value in asdict(config).items()
        if key not in _NO_SETTINGS and not (known[key].metadata.get("later") and value == known[key].default)
    }
    return json.loads(json.dumps(settings, default=str))


def finished_record(folder: Path, settings: dict[str, Any]) -> RunRecord | None:
    """The record of a run that was finished in this folder before; None where there is none.

    Args:
        folder: where the stage writes.
        settings: `plain_settings` of its config.

    Raises:
        CheckpointMismatch: the record there belongs to other settings.
    """
    path = folder / "record.json"
    if not path.is_file():
        return None
    record = RunRecord.load(path)
    if record.settings != settings:
        raise _mismatch(path, record.settings, settings)
    return record


def run_stage(config: _Config, stage: Callable[[_Config, dict[str, Any]], RunRecord]) -> RunRecord:
    """Run a stage alone in its folder, or return its record at once where it was finished before.

    Args:
        config: the stage's config, a dataclass with a field `out`.
        stage: does the work, given the config and its `plain_settings`.

    Raises:
        CheckpointMismatch: the record there belongs to other settings.
        FolderInUse: another process runs in this folder.
    """
    folder: Path = config.out  # pyright: ignore[reportAttributeAccessIssue]
    settings = plain_settings(config)
    finished = finished_record(folder, settings)  # first of all: a finished run may lie on a read-only disk
    if finished is not None:
        return finished
    with alone_in(folder):
        return finished_record(folder, settings) or stage(config, settings)


@contextlib.contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """`core.lock.alone_in` for a run of several processes, whose main process holds the folder for all of them."""
    with lock.alone_in(folder) if is_main() else contextlib.nullcontext():
        yield


def _mismatch(place: Path, old: dict[str, Any], new: dict[str, Any]) -> CheckpointMismatch:
    changed = [key for key in sorted({*old, *new}) if old.get(key) != new.get(key)]
    return CheckpointMismatch(
        f"a run with the same settings in {place}",
        f"one with other settings ({', '.join(changed[:5])})",
        f"choose another --out, or remove {place} to start over",
    )


@dataclass
class Resumable:
    """The state of a running stage.

    Args:
        folder: where the stage writes.
        settings: what must not have changed between the runs (`plain_settings`).
        modules: name -> module whose weights belong to the state.
        optimizers: name -> optimisers whose moments belong to it.
    """

    folder: Path
    settings: dict[str, Any]
    modules: dict[str, nn.Module]
    optimizers: dict[str, Optimizers] = field(default_factory=dict)

    @property
    def _place(self) -> Path:
        return self.folder / "state"

    def save(self, position: dict[str, Any]) -> None:
        """Write the state (the main process); `position` is where the stage stands (plain JSON values).

        Two generations of tensors are kept, and the one that counts is named by a small file written last, so that a
        process killed at any moment, a power cut or a full disk leaves a state that can be read.

        Raises:
            WriteFailed: the disk is full or read-only; the state before is untouched.
            CheckpointMismatch: the state before was damaged since this run began.
        """
        if not is_main():
            return
        number = int((self._read() or {"generation": 0})["generation"]) + 1
        tensors: dict[str, torch.Tensor] = {}
        for name, module in self.modules.items():
            tensors |= {f"module/{name}/{key}": t.detach().cpu().contiguous() for key, t in _distinct(module).items()}
        for name, optimizers in self.optimizers.items():
            tensors |= {f"optimizer/{name}/{key}": value.cpu() for key, value in optimizers.state().items()}
        weights = self._place / f"tensors-{number}.safetensors"
        try:
            self._place.mkdir(parents=True, exist_ok=True)
            save_file(tensors, weights)
            for path in (weights, self._place, self.folder):  # on the disk before anything names them
                flush_to_disk(path)
        except (OSError, SafetensorError) as error:
            weights.unlink(missing_ok=True)
            raise WriteFailed(
                f"room and permission to write {weights}", str(error), "free disk space and run the same command again"
            ) from error
        record = {"version": _VERSION, "generation": number, "settings": self.settings, "position": position}
        atomic_write_text(self._place / "position.json", json.dumps(record, sort_keys=True))
        for old in self._place.glob("tensors-*.safetensors"):
            if old != weights:
                old.unlink(missing_ok=True)

    def _read(self) -> dict[str, Any] | None:
        """What `position.json` holds; None where there is none. Curves may hold NaN, so it is not read strictly."""
        path = self._place / "position.json"
        if not path.is_file():
            return None
        with as_mismatch(f"the state of a run in {path}", self._mend):
            record = json.loads(path.read_text(encoding="utf-8"))
            if record["version"] == _VERSION:
                kinds = {"generation": int, "settings": dict, "position": dict}
                wrong = [key for key, kind in kinds.items() if type(record[key]) is not kind]
                if wrong:
                    raise ValueError(f"{wrong[0]} = {record[wrong[0]]!r:.80}")
        return record

    @property
    def _mend(self) -> str:
        return f"remove {self._place} to start over"

    def load(self) -> dict[str, Any] | None:
        """Go to the saved state, if any; returns its position.

        Raises:
            CheckpointMismatch: the state belongs to other settings, models or another version, or is damaged.
        """
        record = self._read()
        if record is None:
            return None
        if record["version"] != _VERSION:
            raise CheckpointMismatch(
                f"a state of version {_VERSION} in {self._place}",
                f"version {record['version']!r}",
                "go on with the spa-gym release that wrote it, or remove it to start over",
            )
        if record["settings"] != self.settings:
            raise _mismatch(self._place, record["settings"], self.settings)
        with as_mismatch(f"the weights of this run in {self._place}", self._mend):
            self._take_over(load_file(self._place / f"tensors-{record['generation']}.safetensors"))
        return record["position"]

    def _take_over(self, tensors: dict[str, torch.Tensor]) -> None:
        for name, module in self.modules.items():
            mine = _taken(tensors, f"module/{name}/")
            different = sorted(mine.keys() ^ _distinct(module).keys())
            if different:
                raise ValueError(f"the weights of {name} differ in {different[:3]}")
            module.load_state_dict(mine, strict=False)  # tied weights are there once
        for name, optimizers in self.optimizers.items():
            optimizers.load_state(_taken(tensors, f"optimizer/{name}/"))
        if tensors:
            raise ValueError(f"nothing asks for {sorted(tensors)[:3]}")

    def clear(self) -> None:
        """Remove the state: the stage is done."""
        if not is_main():
            return
        shutil.rmtree(self._place, ignore_errors=True)


def _distinct(module: nn.Module) -> dict[str, torch.Tensor]:
    """A module's state, each tensor under the first of its names."""
    states: dict[str, torch.Tensor] = {}
    seen: set[int] = set()
    for key, value in module.state_dict().items():
        if value.data_ptr() not in seen or not value.numel():
            seen.add(value.data_ptr())
            states[key] = value
    return states


def _taken(tensors: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    """Take those of a prefix out, under what follows it."""
    return {key.removeprefix(prefix): tensors.pop(key) for key in list(tensors) if key.startswith(prefix)}
