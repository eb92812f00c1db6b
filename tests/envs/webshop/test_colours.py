"""Options are reduced to the first colour they contain, letter by letter."""

from __future__ import annotations

import pytest

from spa_gym.envs.webshop.colours import COLOURS, colour_of, colour_of_pair


def test_there_are_102_colours_in_alphabetical_order() -> None:
    assert len(COLOURS) == 102 and list(COLOURS) == sorted(COLOURS)


@pytest.mark.parametrize(
    ("text", "colour"),
    [
        ("tank", "tan"),
        ("colored", "red"),
        ("light blue", "blue"),  # blue before light
        ("dark red", "dark"),  # dark before red
        ("red wine", "red"),
        ("washable", "ash"),
        ("stonewash", "ash"),  # never itself: ash and stone come first
        ("x-large", "x-large"),
        ("Blue", "Blue"),  # capitals are other letters
        ("", ""),
    ],
)
def test_the_first_colour_contained_wins(text: str, colour: str) -> None:
    assert colour_of(text) == colour


@pytest.mark.parametrize(
    ("pair", "text"),
    [
        (("color", "blue"), "blue"),
        (("color", "light blue"), "('color', 'light blue')"),
        (("blue", "red"), "blue"),  # the order of the colours decides, not that of the pair
        (("size", "tank"), "('size', 'tank')"),
    ],
)
def test_a_pair_is_a_colour_only_by_an_equal_element(pair: tuple[str, str], text: str) -> None:
    assert colour_of_pair(pair) == text
