"""Texts become the very terms that Lucene makes of them; `lucene_terms.json` was recorded from Anserini's analyzer."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spa_gym.envs.webshop.search.analyzer import STOP_WORDS, analyze
from spa_gym.envs.webshop.search.word_break import MAX_WORD_UNITS, split_words

ROWS = json.loads(Path(__file__).with_name("lucene_terms.json").read_text("utf-8"))


@pytest.mark.parametrize("row", ROWS, ids=range(len(ROWS)))
def test_terms_are_lucenes(row: dict) -> None:
    assert analyze(row["text"]) == row["terms"]


@settings(deadline=None)
@given(st.text(st.characters(max_codepoint=127)))
def test_the_short_pattern_for_ascii_gives_what_the_long_one_gives(text: str) -> None:
    # ☞ is a word of its own that nothing joins, so it only sends the text the long way.
    assert split_words(text) == split_words(text + " ☞")[:-1]


@settings(deadline=None)
@given(st.text(max_size=600))
def test_words_come_from_the_text_in_order_and_are_never_too_long(text: str) -> None:
    place = 0
    for word in split_words(text):
        place = text.index(word, place) + len(word)
        assert 0 < len(word.encode("utf-16-be")) // 2 <= MAX_WORD_UNITS


def test_lone_surrogates_are_no_words() -> None:
    assert split_words("a\ud83db \udc4d") == ["a", "b"]


def test_any_code_point_is_taken() -> None:
    text = "\n".join(map(chr, range(0, sys.maxunicode + 1, 7)))
    assert len(analyze(text)) > 16_000


def test_stop_words_are_not_stemmed_first() -> None:
    assert analyze(" ".join(sorted(STOP_WORDS))) == []
    assert analyze("thes noted ins") == ["the", "note", "in"]
