"""Cuts a text into words as Lucene's StandardTokenizer does: Unicode's word boundaries, emoji, no punctuation.

The rules are those of Unicode Standard Annex #29 (https://unicode.org/reports/tr29) with what Lucene adds: a Han or
Hiragana character is a word of its own, a run of Thai, Lao, Khmer or Myanmar is one word, an emoji sequence is a word,
and a word ends after 255 UTF-16 code units.

A text of ASCII alone takes a short pattern. Of any other text, every character is first replaced by the letter of its
class (the table `_LETTERS`), and the pattern is one over these letters. The classes lie in ``word_break.txt`` and not
in `unicodedata`, whose version of Unicode changes with Python's.
"""

from __future__ import annotations

import bisect
import functools
import re
from importlib import resources

__all__ = ["MAX_WORD_UNITS", "split_words"]

MAX_WORD_UNITS = 255
"""Longest word, in UTF-16 code units; the rest of a longer one starts the next word (StandardAnalyzer's default)."""

_SURELY_SHORT = MAX_WORD_UNITS // 2  # so many characters are within the limit, even if each is two units

_ASCII_RUN = r"(?:[a-z]++(?:[.:'][a-z]++)*+|[0-9]++(?:[.,;'][0-9]++)*+)++"
_ASCII = re.compile(rf"_*+{_ASCII_RUN}(?:_++{_ASCII_RUN})*+_*+", re.IGNORECASE | re.ASCII)

_LETTERS = {
    "ALetter": "a",
    "ALetter+Emoji": "l",
    "Hebrew": "h",
    "Numeric": "n",
    "Katakana": "k",
    "ExtendNumLet": "_",
    "MidLetter": ":",
    "MidNum": ",",
    "MidNumLet": ".",
    "SingleQuote": "'",
    "DoubleQuote": '"',
    "Extend": "x",
    "Extend+Complex": "S",
    "Complex": "s",
    "Han": "i",
    "Hiragana": "i",
    "Emoji": "e",
    "Emoji+EmojiBase": "b",
    "EmojiModifier": "m",
    "RegionalIndicator": "r",
}
_SINGLE = {0x23: "#", 0x2A: "#", 0x200D: "z", 0x20E3: "K", 0xFE0E: "T", 0xFE0F: "P", 0xE007F: "G"} | dict.fromkeys(
    range(0xE0020, 0xE007F), "g"
)


def _unicode_pattern() -> str:
    """The pattern of one word of any script over the letters of the classes."""
    marks = "[xSzKTPgG]*+"  # WB4: Extend, Format, ZWJ
    letter, hebrew, number, katakana, joiner = (f"(?:{name}{marks})" for name in ("[al]", "h", "n", "k", "_"))
    more_letters = f"(?:[:.']{marks}(?:{letter}++|{hebrew}))*+"  # WB5-7
    # WB7a-c: a Hebrew letter keeps a quote behind it, and two of them keep a double quote between them.
    letters = f"(?:{letter}++{more_letters}|{hebrew}(?:\"{marks}{hebrew}|'{marks}|{more_letters}))"
    numbers = f"{number}++(?:[,.']{marks}{number})*+"  # WB8, WB11, WB12
    run = f"(?:(?:{letters}|{numbers})++|{katakana}++)"  # WB9, WB10, WB13
    word = f"{joiner}*+{run}(?:{joiner}++{run})*+{joiner}*+"  # WB13a, WB13b

    # emoji_sequence of https://unicode.org/reports/tr51. An emoji carries marks but no presentation selector (T, P),
    # and a joiner (z) only where it joins nothing.
    carried = "(?:[xSKgG]|z(?!z*[ebl]|m))*"
    toned = f"(?:z*b{carried})?m{carried}"
    element = f"(?:{toned}|z*[ebl]{carried}P?)"
    emoji = f"{element}(?:g+G|(?:z{element})*)"
    # A letter that is an emoji too (such as ℹ) is longer as emoji where it is joined with one that is no letter.
    letter_emoji = f"(?:z*l{carried}P?z)+(?:{toned}|z*[eb]{carried}P?)(?:z{element})*"
    key_cap = "#[xSzKgG]*P?K[xSzKgG]*"
    flag = f"r{marks}r{marks}"
    return f"{letter_emoji}|{word}|{emoji}|{key_cap}|{flag}|i{marks}|(?:[sS]{marks})++"


_UNICODE = re.compile(_unicode_pattern())


def split_words(text: str) -> list[str]:
    """Return the words of a text in order, as they are written.

    Args:
        text: Any text.

    Returns:
        The words; punctuation and blanks are left out.

    Example:
        >>> split_words("Don't pay $1,130.00 for a_b t-shirts ☞ 靴下")
        ["Don't", 'pay', '1,130.00', 'for', 'a_b', 't', 'shirts', '☞', '靴', '下']
    """
    if text.isascii():
        words = _ASCII.findall(text)
        classes, pattern = text, _ASCII
    else:
        classes, pattern = text.translate(_class_table()), _UNICODE
        words = [text[found.start() : found.end()] for found in pattern.finditer(classes)]
    if words and max(map(len, words)) > _SURELY_SHORT:
        return _split_long_words(text, classes, pattern)
    return words


def _split_long_words(text: str, classes: str, pattern: re.Pattern[str]) -> list[str]:
    """Do what `split_words` does where words may be too long: see no further than the limit each time."""
    words: list[str] = []
    start = 0
    while found := pattern.search(classes, start):
        start = found.start()
        within = pattern.match(classes, start, _end_of_units(text, start))
        if within:
            words.append(text[start : within.end()])
        start = within.end() if within else start + 1
    return words


def _end_of_units(text: str, start: int) -> int:
    """Where the longest piece of text from `start` ends that has no more than the greatest number of UTF-16 units."""
    units = 0
    for place in range(start, min(start + MAX_WORD_UNITS, len(text))):
        units += 1 if text[place] <= "\uffff" else 2
        if units > MAX_WORD_UNITS:
            return place
    return start + MAX_WORD_UNITS


class _ClassTable(dict[int, str]):
    """The letter of each code point's class, found among the spans when it is first asked for."""

    def __init__(self, spans: list[tuple[int, int, str]]) -> None:
        super().__init__(_SINGLE)
        self._spans = spans
        self._lows = [low for low, _, _ in spans]

    def __missing__(self, point: int) -> str:
        place = bisect.bisect_right(self._lows, point) - 1
        letter = " "
        if place >= 0 and self._spans[place][1] >= point:
            letter = self._spans[place][2]
        self[point] = letter
        return letter


@functools.cache
def _class_table() -> _ClassTable:
    """Read the classes when the first text asks for them."""
    text = resources.files("spa_gym.envs.webshop.search").joinpath("word_break.txt").read_text("utf-8")
    spans: list[tuple[int, int, str]] = []
    for line in text.splitlines():
        name, *ranges = line.split()
        if name != "#":
            bounds = (span.partition("-") for span in ranges)
            spans.extend((int(low, 16), int(high or low, 16), _LETTERS[name]) for low, _, high in bounds)
    return _ClassTable(sorted(spans))
