"""Where the tests find the official data (never part of the package), and the reason they give when it is absent."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["alfworld_archive", "alfworld_expert_file", "data_root"]

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
