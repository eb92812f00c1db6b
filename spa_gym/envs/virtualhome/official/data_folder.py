"""Where the official VirtualHome files lie on this machine; what is in them is the business of the other files here."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from spa_gym.core.data_folder import find_data_at
from spa_gym.core.errors import DataNotFound

__all__ = ["DataFolder", "find_folder"]

_SCENES, _RAW, _INITIAL = "scenes.json", "raw_scenes", "init_and_final_graphs"
_MEND = (
    "pass data_dir=FOLDER or set SPA_GYM_DATA; FOLDER, or virtualhome/ in it, holds scenes.json (or "
    "raw_scenes/TrimmedTestScene1_graph.json ...), and for tasks eai_scene1_tasks.jsonl.gz, activity_tasks.jsonl.gz "
    "with default_states.json, or spa_test/new_seen_test.jsonl: see docs/environments/virtualhome.md"
)


@dataclass(frozen=True, slots=True)
class DataFolder:
    """A folder with VirtualHome's scenes, and mostly tasks over them."""

    path: Path

    @property
    def scenes(self) -> Path:
        """The compact file of all scenes (which may be missing where `raw_scenes` is there)."""
        return self.path / _SCENES

    @property
    def default_states(self) -> Path:
        """The states that activity tasks start from."""
        return self.path / "default_states.json"

    @property
    def initial_graphs(self) -> Path:
        """The folder that SPA's code reads initial graphs from."""
        return self.path / _INITIAL

    def raw_scene(self, number: int) -> Path:
        """One scene in VirtualHome's own format."""
        return self.path / _RAW / f"TrimmedTestScene{number}_graph.json"

    def task_file(self, name: str, subfolder: str = "") -> Path:
        """A task file, packed or not.

        Args:
            name: such as `activity_tasks.jsonl`; the same name with `.gz` is looked for too.
            subfolder: a folder where it may also lie.

        Raises:
            DataNotFound: it is not there.
        """
        for place in (self.path / subfolder, self.path):
            for ending in ("", ".gz"):
                path = place / f"{name}{ending}"
                if path.is_file():
                    return path
        raise DataNotFound(f"{name} or {name}.gz in {self.path / subfolder}", "neither", _MEND)

    def fingerprint(self, *paths: Path) -> str:
        """Hash of path, size and time of the last change of some files, and of the scenes and default states."""
        digest = hashlib.sha256()
        for path in (*paths, self.scenes, self.default_states, *sorted((self.path / _RAW).glob("*.json"))):
            if path.exists():
                status = path.stat()
                digest.update(f"{path} {status.st_size} {status.st_mtime_ns}\n".encode())
        return digest.hexdigest()


def find_folder(data_dir: str | os.PathLike[str] | None = None) -> DataFolder:
    """Find the official files.

    Args:
        data_dir: the folder itself or one with `virtualhome/` in it; None: `$SPA_GYM_DATA`.

    Raises:
        DataNotFound: there are no scenes there.
    """
    return find_data_at(data_dir, _look_at, expected="VirtualHome's scenes", mend=_MEND)


def _look_at(root: Path) -> DataFolder | None:
    for folder in (root, root / "virtualhome"):
        if (folder / _SCENES).is_file() or (folder / _RAW).is_dir() or (folder / _INITIAL).is_dir():
            return DataFolder(folder.resolve())
    return None
