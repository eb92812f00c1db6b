"""A journal gives back what was written, resumes after a torn line, and refuses by name what is none."""

from __future__ import annotations

import json
from operator import index
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spa_gym.core.errors import BadArgument, DataCorrupt
from spa_gym.core.journal import Journal, differences

HEADER = {"run": "a", "sizes": (1, 2)}
GOOD = {"position": 1, "text": "ä"}


def read(line: dict[str, Any]) -> dict[str, Any]:
    return {"position": index(line["position"]), "text": line["text"].strip()}


def written(path: Path, *lines: str) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def test_entries_come_back(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "new" / "j.jsonl", HEADER, read)
    assert journal.entries == []
    journal.append(GOOD)
    journal.close()
    again = Journal(journal.path, HEADER, read)
    again.close()
    assert again.entries == [GOOD]
    assert journal.path.read_bytes().isascii()
    with pytest.raises(BadArgument, match="run: 'a' there, 'b' now"):
        Journal(journal.path, {**HEADER, "run": "b"}, read)


WRONG = [
    "[]",
    "{}",
    "3",
    "null",
    '"x"',
    '{"position": "1", "text": ""}',
    '{"position": 1}',
    '{"position": 1, "text": 2}',
]
WRONG += ['{"position": 1, "text": NaN}', "[" * 5000 + "]" * 5000, '{"a": ' * 300 + "1" + "}" * 300, "\x00\x00", "{"]


@pytest.mark.parametrize("line", WRONG)
@pytest.mark.parametrize("where", [0, 1, 2])
def test_a_line_that_is_no_entry_is_refused_by_name(line: str, where: int, tmp_path: Path) -> None:
    lines = [json.dumps(HEADER), json.dumps(GOOD), json.dumps(GOOD)]
    lines[where] = line
    path = written(tmp_path / "j.jsonl", *lines)
    with pytest.raises((DataCorrupt, BadArgument)) as refused:
        Journal(path, HEADER, read)
    assert str(path) in str(refused.value)
    if where:
        assert isinstance(refused.value, DataCorrupt) and f"line {where + 1}" in str(refused.value)


@given(st.text(max_size=200), st.integers(1, 3))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=100)
def test_any_line_is_read_or_refused_by_name(tmp_path: Path, line: str, copies: int) -> None:
    path = tmp_path / "j.jsonl"
    content = "\n".join([json.dumps(HEADER), *copies * [line], ""])
    path.write_bytes(content.encode("utf-8", "surrogatepass"))
    try:
        Journal(path, HEADER, read).close()
    except (DataCorrupt, BadArgument):
        pass


def test_differences() -> None:
    assert differences({"a": 1}, {"a": 1}) == ""
    assert differences({"a": 1, "b": 2}, {"a": 3, "c": 4}) == (
        "a: 1 there, 3 now; b: 2 there, None now; c: None there, 4 now"
    )
