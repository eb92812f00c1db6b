"""The arrays of a search index, and the folder they lie in: one .npy file each, memory-mapped when opened."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from spa_gym.core.errors import DataCorrupt, DataNotFound

__all__ = ["FORMAT", "IndexArrays", "NpyWriter", "load_arrays", "save_header"]

FORMAT = 2
"""Version of the folder's layout; an index of another version is built anew."""

_HEADER = "index.json"


@dataclass(frozen=True)
class IndexArrays:
    """Everything an index consists of.

    A *row* is a term's number. The postings of row r are ``[starts[r]:starts[r + 1]]`` of `documents` and `codes`. A
    *code* stands for a pair of term frequency and length byte: the greater the code, the more the posting adds. Code 0
    is that of documents without the term.
    """

    documents: np.ndarray
    """uint32, (num postings,): positions of documents, ascending within a row."""
    codes: np.ndarray
    """uint16 or uint32, (num postings,): the code of each posting."""
    starts: np.ndarray
    """int64, (num rows + 1,)."""
    top_codes: np.ndarray
    """uint32, (num rows,): the greatest code of each row."""
    code_saturations: np.ndarray
    """float32, (num codes,): tf * n of each code (`bm25`), ascending; the first is 0."""
    common_codes: np.ndarray
    """Like `codes`, (num common rows, num documents): the codes of the commonest rows for every document."""
    common_places: np.ndarray
    """int32, (num rows,): place of each row in `common_codes`, -1 for the others."""
    term_bytes: np.ndarray
    """uint8: all terms as UTF-8 behind each other, in ascending order of their bytes."""
    term_ends: np.ndarray
    """int64, (num rows + 1,): term i of that order is ``term_bytes[term_ends[i]:term_ends[i + 1]]``."""
    term_rows: np.ndarray
    """uint32, (num rows,): the row of term i of that order."""
    ranks: np.ndarray
    """uint32, (num documents,): place of each document when ordered by its id; decides between equal scores."""
    num_filled: int
    """Documents with at least one term: the N of the formulas."""


_ARRAYS = tuple(field.name for field in fields(IndexArrays) if field.name != "num_filled")


def load_arrays(folder: Path) -> IndexArrays:
    """Memory-map the arrays in a folder, read-only.

    Raises:
        DataNotFound: There is no index in it.
        DataCorrupt: A file is missing, cut short, or of another version.
    """
    mend = f"remove {folder}: it is built anew when it is needed"
    try:
        header = json.loads((folder / _HEADER).read_text("utf-8"))
    except OSError as error:
        raise DataNotFound(f"a search index in {folder}", error.strerror, "build it with SearchIndex.build") from error
    except ValueError as error:
        raise DataCorrupt(f"the header of a search index in {folder / _HEADER}", str(error), mend) from error
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        found = header.get("format") if isinstance(header, dict) else header
        raise DataCorrupt(f"a search index of format {FORMAT} in {folder}", f"format {found}", mend)
    arrays: dict[str, Any] = {}
    lengths = header["lengths"]
    for name in _ARRAYS:
        try:
            # A plain view: slices of np.memmap cost a microsecond more each.
            arrays[name] = np.asarray(np.load(folder / f"{name}.npy", mmap_mode="r"))
        except (OSError, ValueError) as error:
            raise DataCorrupt(f"an array of a search index in {folder / name}.npy", str(error), mend) from error
        if len(arrays[name]) != lengths[name]:
            raise DataCorrupt(f"{lengths[name]} entries in {folder / name}.npy", len(arrays[name]), mend)
    return IndexArrays(**arrays, num_filled=header["num_filled"])


def save_header(folder: Path, lengths: dict[str, int], num_filled: int) -> None:
    """Write the header, last of all: a folder without it is no index."""
    text = json.dumps({"format": FORMAT, "num_filled": num_filled, "lengths": lengths}, indent=1)
    (folder / _HEADER).write_text(text, "utf-8")


class NpyWriter:
    """Writes a .npy file part by part, its shape known beforehand."""

    def __init__(self, path: Path, dtype: np.dtype[Any], shape: tuple[int, ...]) -> None:
        self._dtype = dtype
        self._file = open(path, "wb")
        np.lib.format.write_array_header_1_0(
            self._file, {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
        )

    def write(self, part: np.ndarray) -> None:
        """Append entries."""
        self._file.write(np.ascontiguousarray(part, self._dtype).data)

    def close(self) -> None:
        """Write what is still buffered; an OSError (disk full) shows here at the latest."""
        self._file.close()
