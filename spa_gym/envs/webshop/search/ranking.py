"""The best documents for a query's terms: all scored where that is little work, otherwise with pruning that loses none.

The pruning is MaxScore (H. Turtle and J. Flood, "Query evaluation: strategies and optimizations", Information
Processing & Management 31(6), 1995), term at a time. Terms are taken in falling order of the most they can add. Once
the terms not yet taken could not together lift a new document into the best k, only the documents seen so far are
candidates; the other terms are looked up for them, and candidates that cannot reach the k-th best any more drop out.
The k-th best score is known early, because the most promising documents are scored in full on the way.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np

from spa_gym.envs.webshop.search.bm25 import contributions
from spa_gym.envs.webshop.search.index_files import IndexArrays

__all__ = ["rank", "rank_all", "rank_pruned"]

_FEW_POSTINGS = 60_000
"""Up to so many, scoring all takes less time than choosing."""
_ANYTHING = 1e-30  # less than any sum that is not zero

_FIRST_LOOK, _NEXT_LOOK = 2_000, 3
"""After how many postings the most promising documents are scored in full; and again after so many times as many."""
_LEADERS = 2
"""The leading documents that are scored in full are twice k."""
_FEW_CANDIDATES, _CANDIDATE_COST = 7_000, 6
"""Looking up one candidate costs as much as adding six postings; choosing candidates as looking up thousands."""


def rank(arrays: IndexArrays, rows: np.ndarray, weights: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the best documents for some terms.

    Args:
        arrays: The index.
        rows: Rows of the query's distinct terms, (num terms,).
        weights: boost * idf of each, float32, (num terms,).
        k: Most documents to return.

    Returns:
        Positions (int64) and scores (float32) of the best documents, best first, equals by their id.
    """
    num_postings = int((arrays.starts[rows + 1] - arrays.starts[rows]).sum())
    few = num_postings <= _FEW_POSTINGS or num_postings <= k
    return (rank_all if few else rank_pruned)(arrays, rows, weights, k)


def rank_all(arrays: IndexArrays, rows: np.ndarray, weights: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Do what `rank` does by scoring every document that has a term of the query."""
    spans = [slice(arrays.starts[row], arrays.starts[row + 1]) for row in rows]
    documents = np.concatenate([arrays.documents[span] for span in spans])
    saturations = arrays.code_saturations[np.concatenate([arrays.codes[span] for span in spans])]
    repeated = np.repeat(weights, [span.stop - span.start for span in spans])
    sums = np.bincount(documents, contributions(repeated, saturations))
    found = np.flatnonzero(sums)
    return _best(arrays, found, sums[found], k)


def rank_pruned(arrays: IndexArrays, rows: np.ndarray, weights: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Do what `rank` does with as little work as the query allows."""
    terms = [_Term.of(arrays, row, weight) for row, weight in zip(rows, weights, strict=True)]
    terms.sort(key=lambda term: -term.bound)
    # What the terms from the i-th on can add; and more than all rounding errors of the single-precision sums below.
    rest = np.append(np.cumsum([term.bound for term in terms[::-1]])[::-1], 0.0)
    slack = float(rest[0]) * len(terms) * 2.0**-22
    sums = _zeros(len(arrays.ranks))
    kth, taken = _take_terms(terms, rest + slack, sums, k)
    while True:
        candidates = np.flatnonzero(sums >= max(kth - rest[taken] - slack, _ANYTHING)).astype(np.uint32)
        if taken == len(terms) or _better_look_up(terms[taken], len(candidates)):
            break
        terms[taken].add_to(sums)
        taken += 1
    partial = sums[candidates]
    for place in range(taken, len(terms)):
        partial += terms[place].look_up(candidates)
        kth = max(kth, _kth_largest(partial, k))
        kept = partial >= kth - rest[place + 1] - slack
        candidates, partial = candidates[kept], partial[kept]
    if len(candidates) > k:
        candidates = candidates[partial >= _kth_largest(partial, k) - slack]
    return _best(arrays, candidates.astype(np.int64), _full_sums(terms, candidates), k)


@dataclass(frozen=True, slots=True)
class _Term:
    """A term of the query with its postings."""

    documents: np.ndarray
    codes: np.ndarray
    common_codes: np.ndarray | None
    """The code for each document of the index, if the term is common."""
    added: np.ndarray
    """float32, (num codes,): what a posting of each code adds."""
    bound: float
    """The most that a posting of the term adds."""

    @property
    def candidate_cost(self) -> int:
        """How many postings could be added in the time that looking up one candidate takes."""
        return 1 if self.common_codes is not None else _CANDIDATE_COST

    @classmethod
    def of(cls, arrays: IndexArrays, row: int, weight: np.float32) -> _Term:
        added = contributions(weight, arrays.code_saturations)
        span = slice(arrays.starts[row], arrays.starts[row + 1])
        place = arrays.common_places[row]
        common = arrays.common_codes[place] if place >= 0 else None
        return cls(arrays.documents[span], arrays.codes[span], common, added, float(added[arrays.top_codes[row]]))

    def add_to(self, sums: np.ndarray) -> None:
        """Add to the sum of every document that has the term."""
        places = self.documents.astype(np.intp)
        sums[places] += self.added[self.codes]

    def look_up(self, candidates: np.ndarray) -> np.ndarray:
        """Return what the term adds to each candidate, 0 where it does not occur; float32."""
        if self.common_codes is not None:
            return self.added[self.common_codes[candidates]]
        places = np.searchsorted(self.documents, candidates)
        np.minimum(places, len(self.documents) - 1, out=places)
        return np.where(self.documents[places] == candidates, self.added[self.codes[places]], np.float32(0))


def _take_terms(terms: list[_Term], rest: np.ndarray, sums: np.ndarray, k: int) -> tuple[float, int]:
    """Add terms to the sums until no other document can be among the best k.

    Returns:
        A lower bound of the k-th best score, and how many terms were added.
    """
    kth, look, seen = 0.0, _FIRST_LOOK, 0
    for place, term in enumerate(terms):
        if rest[place] < kth:
            return kth, place
        term.add_to(sums)
        seen += len(term.documents)
        if seen >= look:
            look = seen * _NEXT_LOOK
            documents = np.concatenate([term.documents for term in terms[: place + 1]])
            kth = max(kth, _kth_of_leaders(terms, documents, sums[documents], place + 1, k))
    return kth, len(terms)


def _better_look_up(term: _Term, num_candidates: int) -> bool:
    """Tell whether looking the term up for each candidate is less work than adding it and choosing candidates anew."""
    return (num_candidates - _FEW_CANDIDATES) * term.candidate_cost <= len(term.documents)


def _kth_of_leaders(terms: list[_Term], documents: np.ndarray, so_far: np.ndarray, repeats: int, k: int) -> float:
    """Score the documents in full that lead so far, and return the k-th best of these scores, 0 if they are fewer.

    Args:
        terms: All terms of the query.
        documents: Documents, each at most `repeats` times.
        so_far: What is known to be in each one's score.
        repeats: As said.
        k: As said.
    """
    leading = min(_LEADERS * k * repeats, len(so_far))
    leaders = np.unique(documents[so_far >= _kth_largest(so_far, leading)])[: 4 * _LEADERS * k]
    return _kth_largest(_full_sums(terms, leaders), k)


def _full_sums(terms: list[_Term], candidates: np.ndarray) -> np.ndarray:
    """Return the candidates' scores before they are rounded to single precision; float64."""
    total = np.zeros(len(candidates))
    for term in terms:
        total += term.look_up(candidates)
    return total


def _kth_largest(values: np.ndarray, k: int) -> float:
    return float(np.partition(values, len(values) - k)[len(values) - k]) if len(values) >= k else 0.0


def _best(arrays: IndexArrays, found: np.ndarray, sums: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Order documents by their sums in single precision, then by id, and keep the first k."""
    scores = sums.astype(np.float32)
    if len(scores) > k:
        kept = scores >= _kth_largest(scores, k)
        found, scores = found[kept], scores[kept]
    order = np.lexsort((arrays.ranks[found], -scores))[:k]
    return found[order], scores[order]


_scratch = threading.local()


def _zeros(length: int) -> np.ndarray:
    """This thread's array of float32 zeros; a fresh one of some megabytes would cost more than the query."""
    sums = getattr(_scratch, "sums", None)
    if sums is None or len(sums) < length:
        sums = _scratch.sums = np.empty(length, np.float32)
    sums = sums[:length]
    sums.fill(0)
    return sums
