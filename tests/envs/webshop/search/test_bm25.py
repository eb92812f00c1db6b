"""BM25 in Lucene's arithmetic; expected values are from Lucene 8 itself."""

from __future__ import annotations

import numpy as np

from spa_gym.envs.webshop.search.bm25 import LENGTHS, contributions, idf, inverse_norms, length_bytes


def test_length_bytes_are_smallfloats() -> None:
    lengths = [0, 1, 23, 24, 39, 40, 41, 42, 55, 56, 57, 100, 107, 108, 255, 256, 1000, 2**31 - 1]
    kept = [0, 1, 23, 24, 39, 40, 40, 42, 54, 56, 56, 96, 104, 104, 248, 248, 984, 2013265944]
    assert LENGTHS[length_bytes(np.array(lengths))].tolist() == kept
    assert LENGTHS[-1] == 2013265944 and np.all(np.diff(LENGTHS) > 0)


def test_contribution_is_close_to_the_formula_and_single_precision() -> None:
    norms = inverse_norms(num_terms=1076, num_documents=10)
    weight = idf(3, 10) * np.float32(2)
    added = contributions(weight, np.float32([1, 4]) * norms[length_bytes(np.array([90, 90]))])
    assert added.dtype == np.float32
    expected = [2 * np.log(1 + 7.5 / 3.5) * tf / (tf + 0.9 * (0.6 + 0.4 * 88 / 107.6)) for tf in (1, 4)]
    np.testing.assert_allclose(added, expected, rtol=1e-6)


def test_an_empty_index_has_norms() -> None:
    assert np.isfinite(inverse_norms(0, 0)).all()
