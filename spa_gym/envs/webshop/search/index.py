"""`SearchIndex`: ranked search over products, with the original's order down to the ties."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from spa_gym.envs.webshop.search.analyzer import analyze
from spa_gym.envs.webshop.search.bm25 import idf
from spa_gym.envs.webshop.search.index_build import arrays_in_memory, write_index
from spa_gym.envs.webshop.search.index_files import FORMAT, IndexArrays, load_arrays
from spa_gym.envs.webshop.search.ranking import rank

__all__ = ["SearchIndex"]

_CACHED_TERMS = 65_536


class SearchIndex:
    """A read-only index of texts, in memory or memory-mapped; any number of threads and processes may share it.

    Example:
        >>> index = SearchIndex.in_memory([("B2", "red shoes"), ("B1", "a red shoe"), ("B3", "blue hat")])
        >>> index.search("Shoes, red!").tolist()
        [1, 0]
    """

    FORMAT: ClassVar[int] = FORMAT
    """Version of the folders that `build` writes; belongs into the manifest of whoever keeps one."""

    def __init__(self, arrays: IndexArrays, folder: Path | None = None) -> None:
        self._arrays, self._folder = arrays, folder
        self._term_bytes = arrays.term_bytes.data
        self._term_ends = arrays.term_ends.data
        self._rows: dict[str, int] = {}

    @classmethod
    def build(cls, documents: Iterable[tuple[str, str]], folder: str | Path, total: int | None = None) -> None:
        """Write an index into an existing, empty folder; `spa_gym.core.build_once` keeps half-built ones from use.

        Args:
            documents: id and text of each document; read once, with bounded memory.
            folder: Where to.
            total: Number of documents, for the progress bar.

        Raises:
            OSError: The folder cannot be written.
        """
        write_index(documents, Path(folder), total)

    @classmethod
    def open(cls, folder: str | Path) -> SearchIndex:
        """Memory-map the index in a folder.

        Raises:
            DataNotFound: There is none.
            DataCorrupt: It is damaged or of another version.
        """
        return cls(load_arrays(Path(folder)), Path(folder))

    @classmethod
    def in_memory(cls, documents: Iterable[tuple[str, str]]) -> SearchIndex:
        """Build an index that lives in memory; for some ten thousand documents at most."""
        return cls(arrays_in_memory(documents))

    def __len__(self) -> int:
        return len(self._arrays.ranks)

    def search(self, query: str, k: int = 50) -> np.ndarray:
        """Return the positions of the best documents, best first.

        Args:
            query: Any text; every word counts, as often as it stands there, and nothing is an operator.
            k: Most documents to return.

        Returns:
            int64, at most k; empty where no document has a word of the query.
        """
        return self.search_with_scores(query, k)[0]

    def search_with_scores(self, query: str, k: int = 50) -> tuple[np.ndarray, np.ndarray]:
        """Return the positions of the best documents and their scores (float32), best first."""
        counts = Counter(analyze(query))
        found = [(row, count) for term, count in counts.items() if (row := self._row(term)) >= 0]
        if not found or k <= 0:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        rows = np.array([row for row, _ in found])
        frequencies = self._arrays.starts[rows + 1] - self._arrays.starts[rows]
        idfs = [idf(frequency, self._arrays.num_filled) for frequency in frequencies.tolist()]
        weights = np.array([count for _, count in found], np.float32) * np.array(idfs, np.float32)
        return rank(self._arrays, rows, weights, k)

    def _row(self, term: str) -> int:
        """Return the row of a term, -1 for one that no document has."""
        row = self._rows.get(term)
        if row is None:
            if len(self._rows) >= _CACHED_TERMS:
                self._rows.clear()
            row = self._rows[term] = self._look_up(term.encode())
        return row

    def _look_up(self, term: bytes) -> int:
        """Binary search in the sorted terms."""
        ends, text = self._term_ends, self._term_bytes
        low, high = 0, len(ends) - 1
        while low < high:
            middle = (low + high) // 2
            other = bytes(text[ends[middle] : ends[middle + 1]])
            if other == term:
                return int(self._arrays.term_rows[middle])
            if other < term:
                low = middle + 1
            else:
                high = middle
        return -1

    def __reduce__(self) -> tuple[Any, ...]:
        if self._folder is not None:
            return SearchIndex.open, (self._folder,)
        return SearchIndex, (self._arrays,)
