"""The colours that WebShop's reward knows, and how it reduces the name of an option to one of them.

The reward compares "navy blue heather" with "blue" by replacing both with the first colour, in alphabetical order, that
the text contains. It is containment of letters, not of words: a tank is tan, and colored is red.
"""

from __future__ import annotations

__all__ = ["COLOURS", "colour_of", "colour_of_pair"]

COLOURS: tuple[str, ...] = tuple(
    """
    alabaster apricot aqua ash asphalt azure banana beige black blue blush bordeaux bronze brown burgundy camel camo
    caramel champagne charcoal cheetah chestnut chocolate christmas coffee cognac copper coral cranberry cream crystal
    dark denim eggplant elephant espresso fuchsia gold granite grape graphite grass gray green grey heather indigo ivory
    ivy khaki lavender lemon leopard light lilac lime magenta maroon mauve merlot midnight mint mocha multicolor
    mushroom mustard natural navy nude olive orange peach pewter pink plum purple rainbow red rose royal rust sand
    sapphire seashell silver skull slate steel stone stonewash sunflower tan taupe teal tiger turquoise violet walnut
    wheat white wine yellow
    """.split()
)
"""The 102 colours of `COLOR_SET` in the original's `engine/normalize.py`, in its (alphabetical) order."""


def colour_of(text: str) -> str:
    """Return the first colour of `COLOURS` that the text contains, or the text itself.

    Example:
        >>> colour_of("light blue"), colour_of("tank top"), colour_of("x-large"), colour_of("Blue")
        ('blue', 'tan', 'x-large', 'Blue')
    """
    return next((colour for colour in COLOURS if colour in text), text)


def colour_of_pair(pair: tuple[str, str]) -> str:
    """Reduce a (name, value) pair, the form in which the original passes the options of its synthetic goals.

    There the test for containment meets a tuple and asks for an equal element, so only a name or value that is exactly
    a colour counts; any other pair becomes its Python notation, which the fuzzy comparison then splits into words.

    Example:
        >>> colour_of_pair(("color", "blue")), colour_of_pair(("color", "light blue"))
        ('blue', "('color', 'light blue')")
    """
    return next((colour for colour in COLOURS if colour in pair), str(pair))
