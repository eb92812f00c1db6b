"""The tokenizer: names are single tokens at word boundaries only, any text survives, nothing is forged."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer

from spa_gym.baselines.models.codec import Codec
from spa_gym.baselines.models.tokenizer import decode_ids, names_pattern, train_tokenizer

NAMES = ["pen 1", "pen 12", "pen", "pencil 1", "pencil", "countertop 3", "countertop"]
TEXTS = [
    "You see a pen 1, a pencil 1, and a countertop 3.",
    "On the countertop 3, you see a pen 12.",
    "go to pen 1",
] * 9


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer(TEXTS, NAMES, 400)


def pieces(tokenizer, text: str) -> list[str]:
    return [tokenizer.decode([index]) for index in tokenizer(text, add_special_tokens=False).input_ids]


def test_names_are_single_tokens(tokenizer):
    found = pieces(tokenizer, "You see a pen 12, a pencil 1, and a countertop 3.")
    assert found == ["You see a ", "pen 12", ", a ", "pencil 1", ", and a ", "countertop 3", "."]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("pen 12", ["pen 12"]),
        ("pen 123", []),
        ("pencil 1", ["pencil 1"]),
        ("pencil 12", []),
        ("open 1", []),
        ("pens", []),
        ("a pencil", ["pencil"]),
        ("countertops", []),
        ("pen 1.", ["pen 1"]),
        ("(pen)", ["pen"]),
        ("pen_1", []),
        ("pencil pen 1", ["pencil", "pen 1"]),
    ],
)
def test_names_respect_word_boundaries(tokenizer, text, names):
    assert [piece for piece in pieces(tokenizer, text) if piece in NAMES] == names


def test_phrases_are_single_tokens(tokenizer):
    assert pieces(tokenizer, "On the countertop 3, you see a pen 1.") == [
        "On the ", "countertop 3", ", you see a ", "pen 1", ".",
    ]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.one_of(st.text(), st.sampled_from([*NAMES, " ", "<eoa>", "<act>", "<pad>", "\n"])), max_size=8).map(
        "".join
    )
)
@example("")
@example(" pen 1  pen 1\t")
@example("é pen 1 𝔘nicode 🗝\x00\r\n")
@example("<eoa>")
def test_any_text_survives(tokenizer, text):
    ids = tokenizer(text, add_special_tokens=False).input_ids
    assert tokenizer.decode(ids, skip_special_tokens=False) == text
    assert not set(ids) & {0, 1, 2, 3}, "a text must not forge a special token"


@pytest.fixture(scope="module")
def spaced():
    return train_tokenizer([*TEXTS, "find pen, pencil (pen 1)", "get[pen pencil]"] * 9, NAMES, 400, implied_spaces=True)


def test_a_space_between_names_is_no_token(spaced):
    def split(text: str) -> list[str]:
        return [spaced.decode([index]) for index in spaced(text, add_special_tokens=False).input_ids]

    assert split("get[pen pencil 1 pen]") == ["get[", "pen", "pencil 1", "pen", "]"]
    assert split("pen, pen  pen") == ["pen", ", ", "pen", " ", " ", "pen"]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.one_of(st.text(), st.sampled_from([*NAMES, " ", "<eoa>", "\n"])), max_size=8)
    .map("".join)
    .map(str.strip)
)
@example("pen pen  pen 1   pen\tpen [pen pencil]")
def test_any_text_survives_implied_spaces(spaced, text):
    ids = spaced(text, add_special_tokens=False).input_ids
    assert decode_ids(spaced, ids) == text


def test_implied_spaces_are_saved(spaced, tmp_path):
    spaced.save_pretrained(tmp_path)
    again = AutoTokenizer.from_pretrained(tmp_path)
    ids = again("get[pen pencil 1]", add_special_tokens=False).input_ids
    assert ids == spaced("get[pen pencil 1]", add_special_tokens=False).input_ids and len(ids) == 4
    assert Codec(again).decode_action([*ids, 3]) == "get[pen pencil 1]"


def test_saved_tokenizer_is_the_same(tokenizer, tmp_path):
    tokenizer.save_pretrained(tmp_path)
    again = AutoTokenizer.from_pretrained(tmp_path)
    for text in (*TEXTS[:3], "<eoa> pens", "🗝"):
        assert again(text, add_special_tokens=False).input_ids == tokenizer(text, add_special_tokens=False).input_ids
    assert Codec(again).eoa_id == Codec(tokenizer).eoa_id == 3


def test_training_repeats(tokenizer):
    again = train_tokenizer(TEXTS, NAMES[::-1], 400)
    assert again.get_vocab() == tokenizer.get_vocab()


@pytest.mark.parametrize("name", ["", "caf\u00e9", " pen", "a\nb"])
def test_bad_names_are_refused(name):
    with pytest.raises(ValueError, match="printable ASCII"):
        train_tokenizer(TEXTS, [name], 400)


def test_vocabulary_too_small():
    with pytest.raises(ValueError, match="at least 267"):
        train_tokenizer(TEXTS, NAMES, 266)


def test_pattern_finds_the_longest():
    pattern = names_pattern(NAMES)
    assert pattern is not None
    assert pattern.findall("pen 12 pencil 1 pens countertop") == ["pen 12", "pencil 1", "countertop"]
    assert names_pattern([]) is None
