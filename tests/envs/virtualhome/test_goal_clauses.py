"""Goal sentences: written and read back, and texts that are none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spa_gym.envs.virtualhome.goal_clauses import KINDS, Clause, goal_sentence, read_goal

_NAMES = st.from_regex(r"[a-z]{1,8}(_[a-z]{1,8}){0,2}", fullmatch=True)


@st.composite
def _clauses(draw: st.DrawFn) -> Clause:
    kind = draw(st.sampled_from(sorted(KINDS)))
    if kind == "sleep":
        return Clause(kind)
    if kind in ("put_in", "put_on"):
        return Clause(kind, draw(_NAMES), draw(_NAMES), draw(st.booleans()), draw(st.sampled_from((1, 2))))
    return Clause(kind, draw(_NAMES), draw(_NAMES) if kind == "pour" else "")


@given(st.lists(_clauses(), min_size=1, max_size=4))
def test_reading_is_the_inverse_of_writing(clauses: list[Clause]) -> None:
    """Every sentence reads back, alone and at the end of a first observation."""
    sentence = goal_sentence(clauses)
    assert read_goal(sentence) == clauses
    assert read_goal(f"You are in kitchen. You have nothing. You see nothing.\n{sentence}\n") == clauses


@pytest.mark.parametrize(
    ("clause", "words"),
    [
        (Clause("put_in", "plate", "cabinet"), "put the plate in the cabinet"),
        (Clause("put_on", "plate", "table", clean=True), "put the clean plate on the table"),
        (Clause("put_on", "mug", "table", count=2), "put two mug on the table"),
        (Clause("pour", "milk", "bowl"), "pour the milk into the bowl"),
        (Clause("take_off", "shoes"), "take off the shoes"),
        (Clause("sleep"), "sleep"),
    ],
)
def test_wording(clause: Clause, words: str) -> None:
    """The agreed words."""
    assert str(clause) == words


def test_joins() -> None:
    """Commas, and one "and" before the last."""
    one, two, three = Clause("open", "fridge"), Clause("switch_on", "tv"), Clause("sleep")
    assert goal_sentence([one]) == "Your task is to: open the fridge."
    assert goal_sentence([one, two]) == "Your task is to: open the fridge and switch on the tv."
    assert goal_sentence([one, two, three]) == "Your task is to: open the fridge, switch on the tv and sleep."


@pytest.mark.parametrize("text", ["", "The task is Wash dishes (I go there and wash the plate).", "open the fridge."])
def test_texts_without_a_goal_sentence(text: str) -> None:
    """Nothing to pursue."""
    assert read_goal(text) == []


def test_unknown_clauses_are_left_out() -> None:
    """What is understood is still pursued."""
    assert read_goal("Your task is to: dance and open the fridge.") == [Clause("open", "fridge")]
