"""The stream says what `json.load` says, whatever the chunks; and a broken file is named with the byte."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spa_gym.core.errors import DataCorrupt
from spa_gym.envs.webshop.official.json_stream import ArrayStream, object_members

nasty = st.text(alphabet='ab"\\[]{},:/ \n\té›😀\x00\u2028\ud83d\udc4d') | st.sampled_from(
    ['"', "\\", '\\"', "],[", '{"']
)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | nasty
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(nasty, inner), max_leaves=12)
spellings = st.sampled_from([{}, {"indent": 1}, {"separators": (",", ":")}, {"ensure_ascii": False}])


def encode(value: Any, spelling: dict[str, Any]) -> bytes:
    try:
        return json.dumps(value, **spelling).encode("utf-8")
    except UnicodeEncodeError:  # half a surrogate pair has no UTF-8
        return json.dumps(value).encode("ascii")


def elements(data: bytes, chunk_size: int = 64, **start: int) -> list[Any]:
    file = io.BytesIO(data)
    file.seek(start.get("offset", 0))
    return list(ArrayStream(file, "items.json", chunk_size, **start))


@settings(deadline=None, max_examples=60)
@given(st.lists(values), spellings, st.integers(1, 40))
def test_array_equals_json_load(array: list[Any], spelling: dict[str, Any], chunk_size: int) -> None:
    data = encode(array, spelling)
    assert elements(b" \n" + data + b"\t", chunk_size) == json.loads(data)


@settings(deadline=None, max_examples=40)
@given(st.dictionaries(nasty, values), spellings, st.integers(1, 40))
def test_object_equals_json_load(content: dict[str, Any], spelling: dict[str, Any], chunk_size: int) -> None:
    data = encode(content, spelling)
    members = object_members(io.BytesIO(data), "items.json", chunk_size)
    assert [(key, json.loads(text)) for key, text in members] == list(json.loads(data).items())


@settings(deadline=None, max_examples=40)
@given(st.lists(values, min_size=1), spellings, st.integers(1, 40), st.data())
def test_goes_on_from_an_offset(
    array: list[Any], spelling: dict[str, Any], chunk_size: int, data: st.DataObject
) -> None:
    content = encode(array, spelling)
    taken = data.draw(st.integers(1, len(array)))
    stream = ArrayStream(io.BytesIO(content), "items.json", chunk_size)
    first = [value for _, value in zip(range(taken), stream, strict=False)]
    assert stream.count == taken
    rest = elements(content, chunk_size, offset=stream.offset, count=stream.count)
    assert first + rest == json.loads(content)


@pytest.mark.parametrize("number", ["12.5e+7", "-1E-3", "120", "-Infinity", "12.0"])
def test_numbers_are_not_cut_by_a_chunk(number: str) -> None:
    for chunk_size in range(1, 12):
        assert elements(f"[{number},{number}]".encode(), chunk_size) == [float(number)] * 2


@settings(deadline=None, max_examples=40)
@given(st.lists(values, min_size=1), st.integers(1, 40), st.data())
def test_a_cut_file_is_never_taken_for_a_whole_one(array: list[Any], chunk_size: int, data: st.DataObject) -> None:
    content = json.dumps(array).encode()
    cut = data.draw(st.integers(0, len(content) - 1))
    with pytest.raises(DataCorrupt, match=r"items\.json"):
        elements(content[:cut], chunk_size)


@pytest.mark.parametrize("chunk_size", [1, 7, 1000])
@pytest.mark.parametrize(
    ("data", "where"),
    [
        (b"", "cut off"),
        (b'{"a": 1}', "a JSON array at byte 0 "),
        (b"[1, 2", "byte 5 .* behind 2 whole values; got the end of the file: it is cut off"),
        (b'[1, "abc', "cut off"),
        (b"[1, 2] 3", "the end of the file at byte 7 "),
        (b"[1 2]", "',' or ']' at byte 3 .* behind 1 whole values"),
        (b"[1,]", "byte 3 "),
        (b'["a", {"b": nil}, 3' + b", 4" * 100 + b"]", "byte 12 .* behind 1 whole values"),
        (b'["\xc3\xa9\xc3\xa9", x' + b", 4" * 100 + b"]", "byte 9 "),
        (b'["ab\ncd", 1' + b", 4" * 100 + b"]", "Invalid control character"),
        (b'["a\xff"]', "UTF-8"),
        (b'["a\xe2\x80', "UTF-8"),
        (b"[" + b"[" * 100_000, "Python can hold"),
        (b"[" + b"1" * 5000 + b"]", "Python can hold"),
    ],
)
def test_broken_arrays(data: bytes, where: str, chunk_size: int) -> None:
    if len(data) > 2000 and chunk_size == 1:
        chunk_size = 100
    with pytest.raises(DataCorrupt, match=where):
        elements(data, chunk_size)


@pytest.mark.parametrize(
    ("data", "where"),
    [
        (b"[]", "a JSON object at byte 0 "),
        (b'{"a": 1, 2: 3}', "a key in quotation marks at byte 9 "),
        (b'{"a" 1}', "':' at byte 5 "),
        (b'{"a": 1', "cut off"),
        (b'{"a": 1}}', "the end of the file"),
    ],
)
def test_broken_objects(data: bytes, where: str) -> None:
    with pytest.raises(DataCorrupt, match=where):
        list(object_members(io.BytesIO(data), "items.json", 4))


def test_an_altered_file_is_not_read_to_its_end() -> None:
    class Counting(io.BytesIO):
        taken = 0

        def read(self, size: int | None = -1, /) -> bytes:
            data = super().read(size)
            self.taken += len(data)
            return data

    file = Counting(b"[" + b'{"a": "b"}, ' * 10 + b'{"a": b"}, ' + b'{"a": "b"}, ' * 10_000 + b"0]")
    with pytest.raises(DataCorrupt, match="behind 10 whole values"):
        list(ArrayStream(file, "items.json", 64))
    assert file.taken < 1000
