"""Where the tests find the official data (never part of the package), and the reason they give when it is absent."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

__all__ = ["alfworld_archive", "alfworld_expert_file", "data_root", "webshop_recording"]

_REPOSITORY = Path(__file__).resolve().parents[1]


def data_root() -> Path | None:
    """The folder with ``alfworld/``, ``webshop_1k/`` ... in it: ``$SPA_GYM_DATA`` or ``../shared/data``."""
    for text in (os.environ.get("SPA_GYM_DATA"), str(_REPOSITORY.parent / "shared" / "data")):
        if text and Path(text).is_dir():
            return Path(text)
    return None


def _existing(*parts: str) -> Path | None:
    root = data_root()
    path = root.joinpath(*parts) if root else None
    return path if path and path.exists() else None


def alfworld_archive() -> Path | None:
    """The packed official games, or None."""
    return _existing("alfworld", "json_2.1.1.tar.xz")


def alfworld_expert_file() -> Path | None:
    """The recorded dialogues of the original expert on the train split, or None."""
    return _existing("alfworld", "expert_train.jsonl.gz")


def webshop_recording(name: str) -> list[dict[str, Any]]:
    """The rows of a recording of the original WebShop, such as "webshop_traces"; none where it is absent.

    Recordings lie in `golden/` beside the data folder.
    """
    root = data_root()
    path = root.parent / "golden" / f"{name}.jsonl.gz" if root else None
    if path is None or not path.exists():
        return []
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def webshop_folder() -> Path | None:
    """The official 1,000 products, or None."""
    return _existing("webshop_1k", "items_shuffle_1000.json") and _existing("webshop_1k")


def webshop_recordings(name: str) -> Path | None:
    """A file of recordings of the original shop, such as ``webshop_traces.jsonl.gz``, or None."""
    root = data_root()
    folders = (root.parent / "golden", root / "golden") if root else ()
    return next((folder / name for folder in folders if (folder / name).is_file()), None)


def virtualhome_folder() -> Path | None:
    """The official scenes and task files of VirtualHome, or None."""
    return _existing("virtualhome", "scenes.json") and _existing("virtualhome")
