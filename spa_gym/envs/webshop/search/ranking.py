"""The best documents for a query's terms."""

from __future__ import annotations

import numpy as np

from spa_gym.envs.webshop.search.bm25 import contributions
from spa_gym.envs.webshop.search.index_files import IndexArrays

__all__ = ["rank_all"]


def rank_all(arrays: IndexArrays, rows: np.ndarray, weights: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Score every document that has a term of the query, and return the best.

    Args:
        arrays: The index.
        rows: Rows of the query's distinct terms, (num terms,).
        weights: boost * idf of each, float32, (num terms,).
        k: Most documents to return.

    Returns:
        Positions (int64) and scores (float32) of the best documents, best first, equals by their id.
    """
    spans = [slice(arrays.starts[row], arrays.starts[row + 1]) for row in rows]
    documents = np.concatenate([arrays.documents[span] for span in spans])
    saturations = arrays.code_saturations[np.concatenate([arrays.codes[span] for span in spans])]
    repeated = np.repeat(weights, [span.stop - span.start for span in spans])
    sums = np.bincount(documents, contributions(repeated, saturations))
    found = np.flatnonzero(sums)
    return best_of(arrays, found, sums[found], k)


def best_of(arrays: IndexArrays, found: np.ndarray, sums: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Order documents by their sums in single precision, then by id, and keep the first k."""
    scores = sums.astype(np.float32)
    if len(scores) > k:
        kept = scores >= np.partition(scores, len(scores) - k)[len(scores) - k]
        found, scores = found[kept], scores[kept]
    order = np.lexsort((arrays.ranks[found], -scores))[:k]
    return found[order], scores[order]
