"""Builds a search index from a stream of texts, with memory that does not grow with the number of postings.

Documents are read in runs of some million words. A run counts (term, document) pairs by sorting them and goes to the
disk; in the end the runs are merged term by term, slab by slab. Only the vocabulary, the ids and the lengths of the
documents stay in memory throughout.
"""

from __future__ import annotations

import shutil
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from spa_gym.envs.webshop.search.analyzer import term_of
from spa_gym.envs.webshop.search.bm25 import inverse_norms, length_bytes
from spa_gym.envs.webshop.search.index_files import IndexArrays, NpyWriter, save_header
from spa_gym.envs.webshop.search.word_break import split_words

__all__ = ["arrays_in_memory", "write_index"]

_WORDS_PER_RUN = 6_000_000
_POSTINGS_PER_SLAB = 4_000_000
_CACHED_WORDS = 1_000_000

_COMMON_SHARE, _COMMON_LEAST = 16, 8_192
"""A term that every sixteenth document has is common, if those are this many at least."""

_NORM_BITS = 8
_MOST_FREQUENT = (1 << 24) - 1  # a term frequency that still fits above the length byte in 32 bits


def arrays_in_memory(documents: Iterable[tuple[str, str]]) -> IndexArrays:
    """Build an index without touching the disk.

    Args:
        documents: id and text of each document.

    Returns:
        The arrays.
    """
    collector = _Collector()
    runs = list(collector.runs(documents))
    merger = _Merger(collector, runs)
    slabs = list(merger.slabs())
    postings = {
        name: np.concatenate([np.empty((0, *shape[1:]), dtype), *(slab[name] for slab in slabs)])
        for name, (shape, dtype) in merger.shapes().items()
    }
    return IndexArrays(**postings, **merger.small_arrays(), num_filled=collector.num_filled)


def write_index(documents: Iterable[tuple[str, str]], folder: Path, total: int | None = None) -> None:
    """Build an index into a folder.

    Args:
        documents: id and text of each document; read once.
        folder: An existing folder; meant to be the one that `spa_gym.core.build_once.built_folder` hands out.
        total: Number of documents, for the progress bar.

    Raises:
        OSError: The disk is full; the folder then has no header and is no index.
    """
    runs_folder = folder / "runs"
    shutil.rmtree(runs_folder, ignore_errors=True)
    runs_folder.mkdir()
    collector = _Collector()
    shown = tqdm(documents, total=total, desc="search index", unit=" products", delay=2, mininterval=1)
    runs = [run.spill(runs_folder, number) for number, run in enumerate(collector.runs(shown))]
    merger = _Merger(collector, runs)
    shapes = merger.shapes()
    writers = {name: NpyWriter(folder / f"{name}.npy", dtype, shape) for name, (shape, dtype) in shapes.items()}
    try:
        for slab in tqdm(merger.slabs(), total=merger.num_slabs, desc="merging", unit=" slabs", delay=2):
            for name, writer in writers.items():
                writer.write(slab[name])
    finally:
        for writer in writers.values():
            writer.close()
    lengths = {name: shape[0] for name, (shape, _) in shapes.items()}
    for name, entries in merger.small_arrays().items():
        np.save(folder / f"{name}.npy", entries)
        lengths[name] = len(entries)
    del merger, runs
    shutil.rmtree(runs_folder)
    save_header(folder, lengths, collector.num_filled)


@dataclass(frozen=True)
class _Run:
    """The postings of some consecutive documents, ordered by term number, then by document."""

    documents: np.ndarray
    """uint32: position of the document."""
    pairs: np.ndarray
    """uint32: term frequency << 8 | length byte."""
    counts: np.ndarray
    """int64, by term number: postings of each term in this run."""

    def spill(self, folder: Path, number: int) -> _Run:
        """Write the run to the disk and return it memory-mapped."""
        mapped = []
        for name in ("documents", "pairs", "counts"):
            path = folder / f"{number:05d}-{name}.npy"
            np.save(path, getattr(self, name))
            mapped.append(np.asarray(np.load(path, mmap_mode="r")))
        return _Run(*mapped)


class _TermNumbers(dict[str, int]):
    """The number of the term of each word that was seen lately, -1 for stop words; forgets all when it is full."""

    def __init__(self, vocabulary: dict[str, int]) -> None:
        super().__init__()
        self._vocabulary = vocabulary

    def __missing__(self, word: str) -> int:
        term = term_of(word)
        number = -1 if term is None else self._vocabulary.setdefault(term, len(self._vocabulary))
        if len(self) >= _CACHED_WORDS:
            self.clear()
        self[word] = number
        return number


class _Collector:
    """Reads the documents and cuts them into runs; keeps the vocabulary, ids and counts."""

    def __init__(self) -> None:
        self.vocabulary: dict[str, int] = {}
        """Term to number, in order of first appearance."""
        self.ids: list[str] = []
        self.num_filled = self.num_terms = 0
        self.pairs = np.empty(0, np.uint32)
        """All pairs of term frequency and length byte that occur, ascending."""

    def runs(self, documents: Iterable[tuple[str, str]]) -> Iterator[_Run]:
        """Yield a run for every few million words."""
        numbers = _TermNumbers(self.vocabulary)
        words, ends = array("i"), array("q")
        for document_id, text in documents:
            self.ids.append(document_id)
            words.extend(map(numbers.__getitem__, split_words(text)))
            ends.append(len(words))
            if len(words) >= _WORDS_PER_RUN:
                yield self._run(words, ends)
                words, ends = array("i"), array("q")
        if ends:
            yield self._run(words, ends)

    def _run(self, words: array[int], ends: array[int]) -> _Run:
        terms = np.frombuffer(words, np.int32) if words else np.empty(0, np.int32)
        first = len(self.ids) - len(ends)
        owners = np.repeat(np.arange(len(ends)), np.diff(np.frombuffer(ends, np.int64), prepend=0))
        kept = terms >= 0
        terms, owners = terms[kept], owners[kept]
        lengths = np.bincount(owners, minlength=len(ends))
        self.num_filled += int(np.count_nonzero(lengths))
        self.num_terms += len(terms)

        keys = terms.astype(np.int64) << 32 | owners
        keys.sort()
        firsts = np.flatnonzero(np.diff(keys, prepend=-1))
        frequencies = np.minimum(np.diff(firsts, append=len(keys)), _MOST_FREQUENT).astype(np.uint32)
        keys = keys[firsts]
        owners = keys & 0xFFFFFFFF
        pairs = frequencies << _NORM_BITS | length_bytes(lengths)[owners]
        self.pairs = np.union1d(self.pairs, pairs)
        counts = np.bincount(keys >> 32, minlength=len(self.vocabulary))
        return _Run((owners + first).astype(np.uint32), pairs.astype(np.uint32), counts)


class _Merger:
    """Brings the postings of all runs together, term by term."""

    def __init__(self, collector: _Collector, runs: list[_Run]) -> None:
        self._collector, self._runs = collector, runs
        num_rows = len(collector.vocabulary)
        frequencies = np.zeros(num_rows, np.int64)
        for run in runs:
            frequencies[: len(run.counts)] += run.counts
        self._starts = np.concatenate(([0], np.cumsum(frequencies)))
        common = (frequencies * _COMMON_SHARE >= len(collector.ids)) & (frequencies >= _COMMON_LEAST)
        self._common = np.flatnonzero(common)
        self._bounds = self._slab_bounds()
        self.num_slabs = len(self._bounds) - 1

        pairs = collector.pairs
        norms = inverse_norms(collector.num_terms, collector.num_filled)
        saturations = (pairs >> _NORM_BITS).astype(np.float32) * norms[pairs & 0xFF]
        order = np.argsort(saturations, kind="stable")
        self._code_dtype = np.dtype(np.uint16 if len(pairs) < 1 << 16 else np.uint32)
        self._saturations = np.concatenate((np.zeros(1, np.float32), saturations[order]))
        self._code_of_pair = np.empty(len(pairs), self._code_dtype)
        self._code_of_pair[order] = np.arange(1, len(pairs) + 1)
        self._top_codes = np.zeros(num_rows, np.uint32)

    def _slab_bounds(self) -> list[int]:
        """Rows at which slabs begin and end: as many rows as have some million postings, one at least."""
        bounds = [0]
        while bounds[-1] < len(self._starts) - 1:
            most = self._starts[bounds[-1]] + _POSTINGS_PER_SLAB
            bounds.append(max(bounds[-1] + 1, int(np.searchsorted(self._starts, most, side="right")) - 1))
        return bounds

    def shapes(self) -> dict[str, tuple[tuple[int, ...], np.dtype[Any]]]:
        """Return the shapes and types of the arrays that `slabs` yields parts of."""
        num_postings, code = int(self._starts[-1]), self._code_dtype
        return {
            "documents": ((num_postings,), np.dtype(np.uint32)),
            "codes": ((num_postings,), code),
            "common_codes": ((len(self._common), len(self._collector.ids)), code),
        }

    def slabs(self) -> Iterator[dict[str, np.ndarray]]:
        """Yield the postings row by row, some million at a time."""
        run_starts = [np.concatenate(([0], np.cumsum(run.counts))) for run in self._runs]
        for low, high in zip(self._bounds[:-1], self._bounds[1:], strict=True):
            base, size = int(self._starts[low]), int(self._starts[high] - self._starts[low])
            documents, codes = np.empty(size, np.uint32), np.empty(size, self._code_dtype)
            free = self._starts[low:high] - base  # where the next posting of each row goes
            for run, starts in zip(self._runs, run_starts, strict=True):
                counts = run.counts[low:high]
                if not counts.any():
                    continue
                begin, end = int(starts[low]), int(starts[low + len(counts)])
                rows = np.repeat(free[: len(counts)] - (starts[low : low + len(counts)] - begin), counts)
                places = rows + np.arange(end - begin)
                documents[places] = run.documents[begin:end]
                codes[places] = self._code_of_pair[np.searchsorted(self._collector.pairs, run.pairs[begin:end])]
                free[: len(counts)] += counts
            self._top_codes[low:high] = np.maximum.reduceat(codes, self._starts[low:high] - base)
            common = self._common[(self._common >= low) & (self._common < high)]
            table = np.zeros((len(common), len(self._collector.ids)), self._code_dtype)
            for place, row in enumerate(common):
                span = slice(self._starts[row] - base, self._starts[row + 1] - base)
                table[place, documents[span]] = codes[span]
            yield {"documents": documents, "codes": codes, "common_codes": table}

    def small_arrays(self) -> dict[str, np.ndarray]:
        """Return all arrays but the postings; call it after `slabs`."""
        terms = [(term.encode(), row) for term, row in self._collector.vocabulary.items()]
        terms.sort()
        ids = self._collector.ids
        ranks = np.empty(len(ids), np.uint32)
        ranks[sorted(range(len(ids)), key=ids.__getitem__)] = np.arange(len(ids), dtype=np.uint32)
        common_places = np.full(len(self._starts) - 1, -1, np.int32)
        common_places[self._common] = np.arange(len(self._common))
        return {
            "starts": self._starts,
            "common_places": common_places,
            "top_codes": self._top_codes,
            "code_saturations": self._saturations,
            "term_bytes": np.frombuffer(b"".join(term for term, _ in terms), np.uint8),
            "term_ends": np.concatenate(([0], np.cumsum([len(term) for term, _ in terms], dtype=np.int64))),
            "term_rows": np.array([row for _, row in terms], np.uint32),
            "ranks": ranks,
        }
