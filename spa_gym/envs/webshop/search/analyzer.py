"""From a text to the terms of the index: words, without possessive 's, in lower case, without stop words, stemmed.

The chain is that of Lucene's English analysis as Anserini (and so WebShop) sets it up: StandardTokenizer,
EnglishPossessiveFilter, LowerCaseFilter, StopFilter, PorterStemFilter.
"""

from __future__ import annotations

import functools

from spa_gym.envs.webshop.search.porter import stem
from spa_gym.envs.webshop.search.word_break import split_words

__all__ = ["STOP_WORDS", "analyze", "term_of"]

STOP_WORDS = frozenset(
    "a an and are as at be but by for if in into is it no not of on or such that the their then there these they this"
    " to was will with".split()
)
"""Lucene's EnglishAnalyzer.ENGLISH_STOP_WORDS_SET."""

_APOSTROPHES = ("'", "\u2019", "\uff07")


def analyze(text: str) -> list[str]:
    """Return the terms of a text, in order, with repetitions.

    Args:
        text: A product's text or a query.

    Returns:
        The terms; empty if the text has nothing but punctuation and stop words.

    Example:
        >>> analyze("Women's running shoes, and a pair of 100% cotton socks")
        ['women', 'run', 'shoe', 'pair', '100', 'cotton', 'sock']
    """
    return [term for term in map(_cached_term, split_words(text)) if term is not None]


def term_of(word: str) -> str | None:
    """Return the term that stands for one word in the index.

    Args:
        word: A word as `split_words` gives it.

    Returns:
        The term, or None for a stop word.
    """
    if word[-1] in "sS" and word[-2:-1] in _APOSTROPHES:
        word = word[:-2]
    word = word.lower() if word.isascii() else "".join(map(_lower, word))
    if word in STOP_WORDS:
        return None
    if word.isascii() or max(word) <= "\uffff":
        return stem(word)
    # Java counts UTF-16 code units, so a letter beyond U+FFFF has the length of two.
    units = word.encode("utf-16-be")
    stemmed = stem("".join(chr(units[i] << 8 | units[i + 1]) for i in range(0, len(units), 2)))
    return stemmed.encode("utf-16-be", "surrogatepass").decode("utf-16-be")


_cached_term = functools.lru_cache(maxsize=1 << 16)(term_of)


def _lower(character: str) -> str:
    """Java's Character.toLowerCase: one character for one, whatever stands around it."""
    lower = character.lower()
    return lower if len(lower) == 1 else "i"  # only the Turkish capital dotted I becomes two
