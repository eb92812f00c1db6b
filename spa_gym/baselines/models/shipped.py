"""Checkpoints that come with the package, by name; docs/checkpoints.md and their `spa_gym.json` hold the recipes."""

from __future__ import annotations

from pathlib import Path

__all__ = ["SHIPPED", "resolve_start"]

SHIPPED = Path(__file__).resolve().parent.parent / "checkpoints"
"""Folder of the shipped checkpoints."""


def resolve_start(start: str) -> str:
    """The folder of a shipped checkpoint by its name (`household`), or what was given."""
    shipped = SHIPPED / start
    return str(shipped) if start and "/" not in start and shipped.is_dir() else start
