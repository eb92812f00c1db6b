"""Values against annotations: what fits, what does not, and where the message says that it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, TypedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spa_gym.core.plain_data import Bounds, misfit


class Row(TypedDict, total=False):
    share: Annotated[float, Bounds(0, 1)]


@dataclass
class Owner:
    name: Annotated[str, Bounds(1, 3)]
    rows: list[Row]
    ids: tuple[int, ...] | None = None
    more: dict[str, Any] = field(default_factory=dict)


GOOD = {"name": "abc", "rows": [{"share": 0.5}, {"share": 1, "other": []}]}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({}, ""),
        ({"ids": [1, -(2**63)]}, ""),
        ({"ids": None, "more": {"x": object()}}, ""),
        ({"name": 3}, "name: expected text, got 3"),
        ({"name": "abcd"}, "name: expected a length from 1 to 3, got 4"),
        ({"rows": {}}, "rows: expected a list, got {}"),
        ({"rows": [{}, {"share": 1.5}]}, "rows[1].share: expected from 0 to 1, got 1.5"),
        ({"rows": [{"share": True}]}, "rows[0].share: expected a number, got True"),
        ({"rows": [{"share": float("nan")}]}, "rows[0].share: expected a number, got nan"),
        ({"rows": [None]}, "rows[0]: expected an object, got None"),
        ({"ids": [2**63]}, "ids[0]: expected an int"),
        ({"more": {1: 2}}, "more: expected an object"),
        ({"gaol": 1}, "'gaol' unknown"),
    ],
)
def test_the_first_misfit_is_told_with_its_place(change: dict[str, Any], says: str) -> None:
    found = misfit({**GOOD, **change}, Owner)
    assert found.startswith(says) and bool(found) == bool(says), found


def test_missing_fields_are_named() -> None:
    assert misfit({"name": "a"}, Owner) == "'rows' missing"
    assert misfit([], Owner) == "expected an object, got []"
    with pytest.raises(TypeError, match="an annotation of plain data"):
        misfit(1, set[int])


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists, max_leaves=5))
def test_no_value_raises(value: object) -> None:
    for hint in (Owner, Row, list[Row], dict[str, int], tuple[float, ...] | None, Annotated[list[int], Bounds(0, 2)]):
        assert isinstance(misfit(value, hint), str)
        assert isinstance(misfit({**GOOD, "rows": value, "ids": value, "name": value}, Owner), str)
