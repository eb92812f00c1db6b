"""Reading a file that may be packed with gzip, which its first bytes tell, not its name."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

from spa_gym.core.errors import DataCorrupt, DataNotFound
from spa_gym.core.strict_json import parse_json
from spa_gym.envs.virtualhome.official.graph_checks import RESTORE

__all__ = ["read_json", "read_unpacked"]

_GZIP = b"\x1f\x8b"
_GZIP_WINDOW = 31
"""zlib's code for "with gzip's header and checksum"."""
_LONGEST = 256 << 20
"""Bytes of content from which on it is no file of ours (the longest has 11 MB): 1 MB may unpack to a gigabyte."""
_TOO_LONG = f"it has more than {_LONGEST:,} bytes"


def read_unpacked(path: Path) -> tuple[bytes, str]:
    """The content of a file, unpacked.

    Returns:
        What could be read of it, and why that is not all of it ("" where it is).

    Raises:
        DataNotFound: there is no such file, or it cannot be opened.
    """
    try:
        with open(path, "rb") as file:
            data = file.read(_LONGEST + 1)
    except OSError as error:
        raise DataNotFound(f"a file {path}", error.strerror or str(error), "look at the path and its rights") from error
    content = bytearray()
    packed = data.startswith(_GZIP)
    if len(data) > _LONGEST:
        return data[:_LONGEST], _TOO_LONG
    if not packed:
        return data, ""
    while data:  # a gzip file may have several members
        unpacker = zlib.decompressobj(_GZIP_WINDOW)
        try:
            for start in range(0, len(data), 1 << 16):  # in pieces, so that what comes before a fault is kept
                content += unpacker.decompress(data[start : start + (1 << 16)])
                if len(content) > _LONGEST:
                    return bytes(content[:_LONGEST]), _TOO_LONG
                if unpacker.eof:
                    break
        except zlib.error as error:
            return bytes(content), f"its packed content is damaged ({error})"
        if not unpacker.eof:
            return bytes(content), "its packed content is cut off"
        data = (unpacker.unused_data + data[start + (1 << 16) :]).lstrip(b"\0")
    return bytes(content), ""


def read_json(path: Path) -> Any:
    """The content of a JSON file, packed or not.

    Raises:
        DataCorrupt: it is cut off, or no JSON.
        DataNotFound: there is no such file.
    """
    content, fault = read_unpacked(path)
    if not fault:
        try:
            return parse_json(content)
        except ValueError as error:
            fault = str(error)
    raise DataCorrupt(f"a complete JSON file {path}", f"{len(content)} bytes: {fault}", RESTORE)
