"""Porter's stemmer: takes the endings off English words, so that 'shoes' finds 'shoe'.

M.F. Porter, "An algorithm for suffix stripping", Program 14(3), 1980, with the two departures that Porter himself made
in the version that Lucene uses: step 2 has 'bli' -> 'ble' in place of 'abli' -> 'able', and 'logi' -> 'log'. Words of
one or two letters stay. Whatever is not one of a, e, i, o, u, y (digits, apostrophes, other scripts) is a consonant.
"""

from __future__ import annotations

__all__ = ["stem"]

_STEP_2 = {
    "a": [("ational", "ate"), ("tional", "tion")],
    "c": [("enci", "ence"), ("anci", "ance")],
    "e": [("izer", "ize")],
    "l": [("bli", "ble"), ("alli", "al"), ("entli", "ent"), ("eli", "e"), ("ousli", "ous")],
    "o": [("ization", "ize"), ("ation", "ate"), ("ator", "ate")],
    "s": [("alism", "al"), ("iveness", "ive"), ("fulness", "ful"), ("ousness", "ous")],
    "t": [("aliti", "al"), ("iviti", "ive"), ("biliti", "ble")],
    "g": [("logi", "log")],
}
_STEP_3 = {
    "e": [("icate", "ic"), ("ative", ""), ("alize", "al")],
    "i": [("iciti", "ic")],
    "l": [("ical", "ic"), ("ful", "")],
    "s": [("ness", "")],
}
_STEP_4 = {
    "a": [("al", "")],
    "c": [("ance", ""), ("ence", "")],
    "e": [("er", "")],
    "i": [("ic", "")],
    "l": [("able", ""), ("ible", "")],
    "n": [("ant", ""), ("ement", ""), ("ment", ""), ("ent", "")],
    "o": [("sion", "s"), ("tion", "t"), ("ou", "")],
    "s": [("ism", "")],
    "t": [("ate", ""), ("iti", "")],
    "u": [("ous", "")],
    "v": [("ive", "")],
    "z": [("ize", "")],
}


def stem(word: str) -> str:
    """Return the stem of a lower-case word.

    Args:
        word: One token.

    Returns:
        The word without its endings; not always an English word.

    Example:
        >>> [stem(word) for word in ("shoes", "relational", "running", "hopping", "tv")]
        ['shoe', 'relat', 'run', 'hop', 'tv']
    """
    if len(word) < 3:
        return word
    word = _plurals_and_participles(word)
    if word.endswith("y") and _has_vowel(word[:-1]):  # step 1c
        word = word[:-1] + "i"
    for table, letter, least in ((_STEP_2, -2, 1), (_STEP_3, -1, 1), (_STEP_4, -2, 2)):
        if len(word) > 1:
            word = _replace_ending(word, table.get(word[letter], ()), least)
    return _final_e_and_l(word)


def _plurals_and_participles(word: str) -> str:
    """Steps 1a and 1b: 'caresses' -> 'caress', 'plastered' -> 'plaster', 'hopping' -> 'hop', 'filing' -> 'file'."""
    if word.endswith(("sses", "ies")):
        word = word[:-2]
    elif word.endswith("s") and word[-2] != "s":
        word = word[:-1]
    if word.endswith("eed"):
        return word[:-1] if _measure(word[:-3]) > 0 else word
    ending = 2 if word.endswith("ed") else 3 if word.endswith("ing") else 0
    if not ending or not _has_vowel(word[:-ending]):
        return word
    word = word[:-ending]
    if word.endswith(("at", "bl", "iz")):
        return word + "e"
    if _ends_in_double_consonant(word):
        return word if word[-1] in "lsz" else word[:-1]
    return word + "e" if _measure(word) == 1 and _ends_in_short_syllable(word) else word


def _replace_ending(word: str, endings: list[tuple[str, str]] | tuple[()], least: int) -> str:
    """Replace the first ending that fits, if the rest has a measure of at least `least`."""
    for ending, replacement in endings:
        if word.endswith(ending):
            rest = word[: len(word) - len(ending)]
            return rest + replacement if _measure(rest + replacement[:1] if least == 2 else rest) >= least else word
    return word


def _final_e_and_l(word: str) -> str:
    """Step 5: 'probate' -> 'probat', 'controll' -> 'control'."""
    if word.endswith("e"):
        measure = _measure(word[:-1])
        if measure > 1 or (measure == 1 and not _ends_in_short_syllable(word[:-1])):
            word = word[:-1]
    if word.endswith("ll") and _measure(word[:-1]) > 1:
        word = word[:-1]
    return word


def _shape(word: str) -> str:
    """Write 'v' for every vowel and 'c' for every other letter; y is a vowel after a consonant."""
    shape: list[str] = []
    for letter in word:
        is_vowel = letter in "aeiou" or (letter == "y" and bool(shape) and shape[-1] == "c")
        shape.append("v" if is_vowel else "c")
    return "".join(shape)


def _measure(word: str) -> int:
    """Count how often a vowel is followed by a consonant: m in Porter's [C](VC)^m[V]."""
    return _shape(word).count("vc")


def _has_vowel(word: str) -> bool:
    return "v" in _shape(word)


def _ends_in_double_consonant(word: str) -> bool:
    return len(word) > 1 and word[-1] == word[-2] and _shape(word)[-1] == "c"


def _ends_in_short_syllable(word: str) -> bool:
    """Tell whether the word ends in consonant, vowel, consonant other than w, x, y."""
    return _shape(word).endswith("cvc") and word[-1] not in "wxy"
