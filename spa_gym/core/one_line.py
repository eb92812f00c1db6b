"""Foreign text on one line, for a terminal, a picture or a page."""

from __future__ import annotations

__all__ = ["one_line"]


def one_line(text: str, length: int | None = None) -> str:
    r"""Return text on one line; what does not print (it could steer a terminal) is shown as its escape.

    Args:
        text: The text.
        length: Longer text is cut.

    Example:
        >>> print(one_line("first\nsecond \x1b[2J \ud83d"))
        first second \x1b[2J \ud83d
        >>> one_line("a long name", 6)
        'a lo …'
    """
    line = " ".join(text.split())
    if length is not None and len(line) > length:
        line = f"{line[: length - 2]} …"
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in line)
