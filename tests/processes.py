"""Looks at processes that a test has started, itself or through others."""

from __future__ import annotations

from pathlib import Path


def alive(pid: int) -> bool:
    """The process is there, and is not a dead one that nobody has asked after yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False
