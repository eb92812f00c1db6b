"""The index: what it finds, in which order, in memory and from a folder, and what it says of a damaged folder."""

from __future__ import annotations

import errno
import json
import math
import os
import pickle
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spa_gym.core import build_once
from spa_gym.core.build_once import built_folder
from spa_gym.core.errors import DataCorrupt, DataNotFound, WriteFailed
from spa_gym.envs.webshop.search import index_build
from spa_gym.envs.webshop.search.analyzer import analyze
from spa_gym.envs.webshop.search.bm25 import LENGTHS, length_bytes
from spa_gym.envs.webshop.search.index import SearchIndex
from spa_gym.envs.webshop.search.index_files import IndexArrays

WORDS = "red blue green shoe shoes hat the lamp lamps table 13.5 靴 ☞ café".split()
TEXTS = st.lists(st.lists(st.sampled_from(WORDS), max_size=60).map(" ".join), max_size=30)


def with_ids(texts: list[str]) -> list[tuple[str, str]]:
    """Ids in no order, so that ties are not decided by position."""
    return [(f"B{position * 7919 % 9973:04d}", text) for position, text in enumerate(texts)]


def by_the_book(documents: list[tuple[str, str]], query: str, k: int) -> list[int]:
    """BM25 in plain double precision; scores that differ by less than single precision shows count as equal."""
    terms = [analyze(text) for _, text in documents]
    filled = sum(map(bool, terms))
    average = sum(map(len, terms)) / max(filled, 1)
    scores = []
    for own in terms:
        score, length = 0.0, LENGTHS[length_bytes(np.array(len(own)))]
        for term, boost in Counter(analyze(query)).items():
            df = sum(term in other for other in terms)
            tf = own.count(term)
            if tf:
                idf = math.log(1 + (filled - df + 0.5) / (df + 0.5))
                score += boost * idf * tf / (tf + 0.9 * (0.6 + 0.4 * length / average))
        scores.append(round(score, 4))
    order = sorted(range(len(documents)), key=lambda position: (-scores[position], documents[position][0]))
    return [position for position in order if scores[position] > 0][:k]


@settings(deadline=None)
@given(TEXTS, st.lists(st.sampled_from(WORDS), max_size=20).map(" ".join), st.integers(1, 40))
def test_order_is_that_of_the_formula(texts: list[str], query: str, k: int) -> None:
    documents = with_ids(texts)
    positions, scores = SearchIndex.in_memory(documents).search_with_scores(query, k)
    assert positions.tolist() == by_the_book(documents, query, k)
    assert scores.dtype == np.float32 and np.all(np.diff(scores) <= 0) and len(scores) == len(positions)


@settings(deadline=None, max_examples=20)
@given(TEXTS)
def test_a_folder_gives_what_memory_gives(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    documents = with_ids(texts)
    folder = tmp_path_factory.mktemp("index")
    with pytest.MonkeyPatch.context() as patch:  # many runs, many slabs
        patch.setattr(index_build, "_WORDS_PER_RUN", 40)
        patch.setattr(index_build, "_POSTINGS_PER_SLAB", 10)
        patch.setattr(index_build, "_CACHED_WORDS", 3)
        patch.setattr(index_build, "_COMMON_LEAST", 1)
        SearchIndex.build(iter(documents), folder, len(documents))
    ours, memory = SearchIndex.open(folder), SearchIndex.in_memory(documents)
    assert len(ours) == len(memory) == len(documents) and not (folder / "runs").exists()
    for query in (*WORDS, " ".join(WORDS)):
        for got, expected in zip(ours.search_with_scores(query), memory.search_with_scores(query), strict=True):
            np.testing.assert_array_equal(got, expected)


def test_equal_scores_are_ordered_by_id_and_k_cuts_there() -> None:
    index = SearchIndex.in_memory([("B3", "red"), ("B1", "red"), ("B2", "red"), ("B0", "blue")])
    assert index.search("red").tolist() == [1, 2, 0] and index.search("red", 2).tolist() == [1, 2]


@pytest.mark.parametrize("query", ["", "the and of", "!!! ...", "unknown words", "\ud800"])
def test_nothing_is_found_without_a_known_word(query: str) -> None:
    positions, scores = SearchIndex.in_memory([("B1", "red shoe"), ("B2", "")]).search_with_scores(query)
    assert positions.tolist() == [] and scores.tolist() == []


def test_no_documents_and_no_results_wanted() -> None:
    assert SearchIndex.in_memory([]).search("red").tolist() == []
    assert SearchIndex.in_memory([("B1", "red")]).search("red", 0).tolist() == []


def test_nothing_is_an_operator_and_repetition_counts() -> None:
    index = SearchIndex.in_memory([("B1", "red hat"), ("B2", "blue hat"), ("B3", "title and red or blue")])
    assert index.search('+"blue" AND -red title:zzz').tolist() == index.search("blue and red title zzz").tolist()
    once, twice = (index.search_with_scores(query, 1)[1][0] for query in ("hat", "hat hats"))
    assert twice == np.float32(2) * once


def test_a_very_long_query() -> None:
    texts = [" ".join(f"w{number}" for number in range(start, start + 50)) for start in range(0, 3000, 50)]
    assert len(SearchIndex.in_memory(with_ids(texts)).search(" ".join(texts))) == 50


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    documents = with_ids(["red shoe", "blue shoe", "", "red hat"])
    build = lambda part: SearchIndex.build(documents, part)  # noqa: E731
    return built_folder(tmp_path / "index", {"format": SearchIndex.FORMAT}, build, what="the index")


def test_open_indexes_are_pickled_by_their_folder(folder: Path) -> None:
    text = pickle.dumps(SearchIndex.open(folder))
    assert len(text) < 500 and pickle.loads(text).search("red").tolist() == [0, 3]
    assert pickle.loads(pickle.dumps(SearchIndex.in_memory([("B1", "red")]))).search("red").tolist() == [0]


def test_threads_share_one(folder: Path) -> None:
    index = SearchIndex.open(folder)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda query: index.search(query).tolist(), ["red", "shoe", "blue", "nothing"] * 50))
    assert found == [index.search(query).tolist() for query in ["red", "shoe", "blue", "nothing"] * 50]


def test_a_missing_index(tmp_path: Path) -> None:
    with pytest.raises(DataNotFound, match="SearchIndex.build"):
        SearchIndex.open(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "harm", ["header cut", "header odd", "other version", "array cut", "array gone", "array longer"]
)
def test_a_damaged_index_is_refused(folder: Path, harm: str) -> None:
    header, array = folder / "index.json", folder / "documents.npy"
    if harm == "header cut":
        header.write_text(header.read_text()[:9])
    elif harm == "header odd":
        header.write_text("[]")
    elif harm == "other version":
        header.write_text(json.dumps(json.loads(header.read_text()) | {"format": 0}))
    elif harm == "array cut":
        array.write_bytes(array.read_bytes()[:-3])
    elif harm == "array gone":
        array.unlink()
    else:
        np.save(array, np.arange(99, dtype=np.uint32))
    with pytest.raises(DataCorrupt, match=r"index.*remove "):
        SearchIndex.open(folder)


ARRAYS = tuple(field.name for field in fields(IndexArrays) if field.name != "num_filled")
QUERIES = ["red", "shoe", "blue", "hat red", "nothing"]


@pytest.mark.parametrize("name", ARRAYS)
def test_an_index_altered_at_equal_size_never_finds_anything_else(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Bytes of every array, header included: the index that is opened again after the alteration is the right one."""
    documents = with_ids(["red shoe", "blue shoe", "", "red hat"])
    build = lambda part: SearchIndex.build(documents, part)  # noqa: E731
    before = [SearchIndex.open(folder).search(query).tolist() for query in QUERIES]
    file = folder / f"{name}.npy"
    for place in range(0, file.stat().st_size, 23):
        content = bytearray(file.read_bytes())
        content[place] ^= 0xFF
        file.write_bytes(content)
        monkeypatch.setattr(build_once, "_verified", {})
        again = built_folder(folder, {"format": SearchIndex.FORMAT}, build, what="the index")
        assert [SearchIndex.open(again).search(query).tolist() for query in QUERIES] == before


@pytest.mark.parametrize("name", ARRAYS)
@pytest.mark.parametrize("harm", ["huge", "another type", "two dimensions", "empty file", "an archive", "none"])
def test_numbers_that_point_elsewhere_are_refused(folder: Path, name: str, harm: str) -> None:
    path = folder / f"{name}.npy"
    array = np.load(path)
    if harm == "huge":
        if name == "term_bytes" or not array.size:
            return  # any text is a text, and there is no entry to change
        array.flat[array.size // 2] = -7 if array.dtype == np.int32 else 2**15 if array.dtype == np.uint16 else 1e9
        if name == "code_saturations":
            array[0] = np.nan
        np.save(path, array)
    elif harm == "another type":
        np.save(path, array.view(f"V{array.dtype.itemsize}") if array.size else array.astype("V2"))
    elif harm == "two dimensions":
        np.save(path, array[None] if array.ndim == 1 else array.ravel())
    elif harm == "empty file":
        path.write_bytes(b"")
    elif harm == "an archive":
        with path.open("wb") as file:
            np.savez(file, array)
    else:
        np.save(path, array[:0] if array.size else np.zeros((1, 1), array.dtype))
    with pytest.raises(DataCorrupt, match=r"index.*remove "):
        SearchIndex.open(folder)


@pytest.mark.parametrize("text", ["[" * 99_999, '{"format": 2}', '{"format": 2, "lengths": 5}', '{"format": NaN}'])
def test_an_odd_header_is_refused(folder: Path, text: str) -> None:
    (folder / "index.json").write_text(text)
    with pytest.raises(DataCorrupt, match=r"index.*remove "):
        SearchIndex.open(folder)


@pytest.mark.parametrize("name", ["runs", "documents.npy", "ranks.npy", "index.json"])
def test_a_full_disk_leaves_no_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """The disk is full when this file is written."""

    def full(*args: object, **kwargs: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    owner, function = {
        "runs": (index_build._Run, "spill"),
        "documents.npy": (index_build.NpyWriter, "write"),
        "ranks.npy": (index_build.np, "save"),
        "index.json": (index_build, "save_header"),
    }[name]
    build = lambda part: SearchIndex.build([("B1", "red")], part)  # noqa: E731
    with monkeypatch.context() as patch:
        patch.setattr(owner, function, full)
        with pytest.raises(WriteFailed, match="No space left"):
            built_folder(tmp_path / "index", {}, build, what="the index")
    assert not (tmp_path / "index").exists()
    built_folder(tmp_path / "index", {}, build, what="the index")
    assert SearchIndex.open(tmp_path / "index").search("red").tolist() == [0]
