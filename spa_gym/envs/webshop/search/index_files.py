"""The arrays of a search index, and the folder they lie in: one .npy file each, memory-mapped when opened."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from spa_gym.core.errors import DataCorrupt, DataNotFound
from spa_gym.core.strict_json import parse_json_object

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


_KINDS = {
    "documents": ("u4",),
    "codes": ("u2", "u4"),
    "starts": ("i8",),
    "top_codes": ("u4",),
    "code_saturations": ("f4",),
    "common_codes": ("u2", "u4"),
    "common_places": ("i4",),
    "term_bytes": ("u1",),
    "term_ends": ("i8",),
    "term_rows": ("u4",),
    "ranks": ("u4",),
}
"""Array -> types that it may have."""

_FEW = 1 << 24
"""Arrays up to here are read whole when they are opened, in some 10 ms; `built_folder` has checksums of all."""


def load_arrays(folder: Path) -> IndexArrays:
    """Memory-map the arrays in a folder, read-only.

    Raises:
        DataNotFound: There is no index in it.
        DataCorrupt: A file is missing, cut short, or of another version, or its numbers point outside of the others.
    """
    mend = f"remove {folder}: it is built anew when it is needed"
    try:
        header = parse_json_object((folder / _HEADER).read_bytes())
    except OSError as error:
        raise DataNotFound(f"a search index in {folder}", error.strerror, "build it with SearchIndex.build") from error
    except ValueError as error:
        raise DataCorrupt(f"the header of a search index in {folder / _HEADER}", str(error), mend) from error
    if header.get("format") != FORMAT:
        raise DataCorrupt(f"a search index of format {FORMAT} in {folder}", f"format {header.get('format')}", mend)
    arrays: dict[str, Any] = {}
    lengths = header.get("lengths")
    for name, kinds in _KINDS.items():
        try:
            # A plain view: slices of np.memmap cost a microsecond more each.
            array = arrays[name] = np.asarray(np.load(folder / f"{name}.npy", mmap_mode="r"))
        except (OSError, EOFError, ValueError) as error:
            raise DataCorrupt(f"an array of a search index in {folder / name}.npy", str(error), mend) from error
        dimensions = 2 if name == "common_codes" else 1
        if array.ndim != dimensions or array.dtype.str.lstrip("<|") not in kinds:
            got = f"{array.dtype} of {array.ndim} dimensions"
            raise DataCorrupt(f"{' or '.join(kinds)} of {dimensions} dimensions in {folder / name}.npy", got, mend)
        if not isinstance(lengths, dict) or len(array) != lengths.get(name):
            raise DataCorrupt(f"as many entries in {folder / name}.npy as {_HEADER} says", len(array), mend)
    index = IndexArrays(**arrays, num_filled=header.get("num_filled"))  # pyright: ignore[reportArgumentType]
    fault = next(_faults(index), None)
    if fault is not None:
        raise DataCorrupt(f"a search index in {folder} whose arrays fit each other", fault, mend)
    return index


def _faults(index: IndexArrays) -> Iterator[str]:
    """Yield what would make a search fail or find something else; an out-of-range number is read as another's."""
    num_rows, num_documents, num_codes = len(index.starts) - 1, len(index.ranks), len(index.code_saturations)
    if type(index.num_filled) is not int or not 0 <= index.num_filled <= num_documents:
        yield f"{index.num_filled!r} of {num_documents} documents with a term"
    for name, end in (("starts", len(index.documents)), ("term_ends", len(index.term_bytes))):
        ends = getattr(index, name)
        if len(ends) != num_rows + 1 or num_rows < 0 or ends[0] != 0 or ends[-1] != end or (np.diff(ends) < 0).any():
            yield f"{name} that do not ascend from 0 to {end}"
    if len(index.codes) != len(index.documents) or index.common_codes.shape[1] not in (0, num_documents):
        yield "codes for other documents"
    for name in ("top_codes", "common_places", "term_rows"):
        if len(getattr(index, name)) != num_rows:
            yield f"{name} for other than {num_rows} rows"
    bounds = {
        "documents": num_documents,
        "ranks": num_documents,
        "codes": num_codes,
        "top_codes": num_codes,
        "common_codes": num_codes,
        "common_places": len(index.common_codes),
        "term_rows": num_rows,
    }
    for name, bound in bounds.items():
        array = getattr(index, name)
        if 0 < array.size <= _FEW and not -1 <= array.min() <= array.max() < bound:
            yield f"{name} outside of 0 to {bound - 1}"
    saturations = index.code_saturations
    if not (saturations[:1] == 0).all() or not (np.diff(saturations) >= 0).all() or not np.isfinite(saturations).all():
        yield "code_saturations that do not ascend from 0"


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
