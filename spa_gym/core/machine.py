"""What a run record says of the processor: its name, its cores, and the units that decide how fast a number type is."""

from __future__ import annotations

import functools
import os
import platform
from pathlib import Path
from typing import Any

__all__ = ["describe_processor"]

_UNITS = (
    *("avx2", "fma", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_tile", "amx_bf16"),
    *("asimd", "sve", "sve2", "bf16", "svebf16", "i8mm"),
)
"""Flags of x86 and ARM that matter to matrix products; a processor has a hundred others."""


@functools.cache
def _read(cpuinfo: Path) -> tuple[str, tuple[str, ...]]:
    try:
        text = cpuinfo.read_text(encoding="utf-8", errors="replace")
    except OSError:  # not Linux
        text = ""
    known: dict[str, str] = {}
    for line in text.splitlines():
        key, _, value = line.partition(":")
        known.setdefault(key.strip().lower(), value.strip())
    name = known.get("model name") or known.get("hardware") or platform.processor() or platform.machine()
    flags = set((known.get("flags") or known.get("features") or "").split())
    return name, tuple(unit for unit in _UNITS if unit in flags)


def describe_processor(cpuinfo: str | Path = "/proc/cpuinfo") -> dict[str, Any]:
    """Return the processor's `name`, its `flags` that matter to matrix products, and the number of `cores`.

    Args:
        cpuinfo: where Linux describes the processor; on other systems the flags stay empty.

    Example:
        >>> sorted(describe_processor())
        ['cores', 'flags', 'processor']
    """
    name, flags = _read(Path(cpuinfo))
    return {"processor": name, "flags": list(flags), "cores": os.cpu_count() or 1}
