"""Pruning changes nothing: the same documents, order and scores as scoring everything, on indexes made to be hard."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spa_gym.envs.webshop.search import ranking
from spa_gym.envs.webshop.search.index_files import IndexArrays
from spa_gym.envs.webshop.search.ranking import rank, rank_all, rank_pruned


def made_up_index(rng: np.random.Generator, num_documents: int, num_rows: int, num_codes: int) -> IndexArrays:
    """An index without words: rare and common rows, few codes so that many scores are equal."""
    shares = rng.random(num_rows) ** 3 + 0.002
    rows = [np.flatnonzero(rng.random(num_documents) < share) for share in shares]
    rows = [row if len(row) else np.array([0]) for row in rows]
    codes = [rng.integers(1, num_codes + 1, len(row)) for row in rows]
    common = [row for row in range(num_rows) if len(rows[row]) * 4 > num_documents]
    common_codes, common_places = np.zeros((len(common), num_documents), np.uint16), np.full(num_rows, -1, np.int32)
    for place, row in enumerate(common):
        common_codes[place, rows[row]] = codes[row]
        common_places[row] = place
    saturations = np.sort(rng.choice([0.3, 0.5, 0.7, 1, 1.5, 4], num_codes))
    return IndexArrays(
        documents=np.concatenate(rows).astype(np.uint32),
        codes=np.concatenate(codes).astype(np.uint16),
        starts=np.cumsum([0, *map(len, rows)]),
        top_codes=np.array([own.max() for own in codes], np.uint32),
        code_saturations=np.array([0, *saturations], np.float32),
        common_codes=common_codes,
        common_places=common_places,
        term_bytes=np.empty(0, np.uint8),
        term_ends=np.zeros(1, np.int64),
        term_rows=np.empty(0, np.uint32),
        ranks=rng.permutation(num_documents).astype(np.uint32),
        num_filled=num_documents,
    )


@settings(deadline=None)
@given(
    seed=st.integers(0, 2**32),
    num_documents=st.integers(1, 400),
    num_rows=st.integers(1, 12),
    num_codes=st.integers(1, 6),
    k=st.integers(1, 60),
    first_look=st.sampled_from([1, 30, 1000]),
    few_candidates=st.sampled_from([0, 10, 1000]),
)
def test_pruned_is_all(
    seed: int, num_documents: int, num_rows: int, num_codes: int, k: int, first_look: int, few_candidates: int
) -> None:
    rng = np.random.default_rng(seed)
    arrays = made_up_index(rng, num_documents, num_rows, num_codes)
    weights = rng.choice([0.1, 0.5, 1, 3.3, 7], num_rows).astype(np.float32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranking, "_FIRST_LOOK", first_look)
        patch.setattr(ranking, "_FEW_CANDIDATES", few_candidates)
        pruned = rank_pruned(arrays, np.arange(num_rows), weights, k)
    for got, expected in zip(pruned, rank_all(arrays, np.arange(num_rows), weights, k), strict=True):
        np.testing.assert_array_equal(got, expected)


def test_a_large_index_is_pruned_and_spares_work(monkeypatch: pytest.MonkeyPatch) -> None:
    arrays = made_up_index(np.random.default_rng(1), 200_000, 12, 6)
    frequencies = np.diff(arrays.starts)
    weights = np.log1p(200_000 / frequencies).astype(np.float32)
    added: list[int] = []
    add_to = ranking._Term.add_to
    monkeypatch.setattr(
        ranking._Term, "add_to", lambda term, sums: (added.append(len(term.documents)), add_to(term, sums))
    )
    pruned = rank(arrays, np.arange(12), weights, 50)
    assert 0 < sum(added) < frequencies.sum() / 2
    for got, expected in zip(pruned, rank_all(arrays, np.arange(12), weights, 50), strict=True):
        np.testing.assert_array_equal(got, expected)
