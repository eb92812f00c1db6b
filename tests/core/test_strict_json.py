"""The strict JSON reader: whatever Python reads late or not at all is a ValueError, the rest is read as Python does."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spa_gym.core.strict_json import parse_json, parse_json_object

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(_VALUES, st.booleans())
def test_what_python_writes_is_read(value: object, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only)
    assert parse_json(text) == value
    assert parse_json(text.encode()) == value


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[NaN]", "NaN is no finite number"),
        ("[-Infinity]", "-Infinity is no finite"),
        ("[1e999]", "1e999 is no finite"),
        (r'["\ud83d"]', "surrogate"),
        ('{"\ud83d": 1}', "surrogate"),
        (b"\xff", "utf-8"),
        ("[" * 201 + "]" * 201, "nested too deeply"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a":' * 100_000, "nested too deeply"),
        ("9" * 5000, "digits"),
        ("1" + "0" * 309, "no finite number"),
        ('{"a": {"b": 1, "b": 1}}', "'b' is there twice"),
        ("{", "Expecting"),
        ("", "Expecting"),
    ],
)
def test_what_is_refused(text: str | bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_json(text)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_a_value_error(content: bytes) -> None:
    try:
        value = parse_json(content)
    except ValueError:
        return
    assert json.loads(json.dumps(value)) == value
    assert not isinstance(value, float) or math.isfinite(value)


def test_what_python_writes_can_be_allowed() -> None:
    half = json.dumps("\ud83d")
    assert parse_json(half, allow_surrogates=True) == "\ud83d"
    assert parse_json("[NaN, -Infinity, 1.5]", nan_is_null=True) == [None, None, 1.5]
    for text, allowed in ((half, "nan_is_null"), ("NaN", "allow_surrogates"), ("1e999", "nan_is_null")):
        with pytest.raises(ValueError, match=r"surrogate|finite"):
            parse_json(text, **{allowed: True})
    assert parse_json("1" + "0" * 308) == 10**308


def test_an_object_is_asked_for() -> None:
    assert parse_json_object('{"a": 1}') == {"a": 1}
    for text in ("[]", "null", "1", '"{}"', "true"):
        with pytest.raises(ValueError, match="not an object"):
            parse_json_object(text)
    assert parse_json("[" * 200 + "]" * 200) is not None
