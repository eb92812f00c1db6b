"""Foreign text inside a line of Markdown: shown as it is, never a tag, a link, a column or a line of its own.

Characters with a meaning become numeric entities, which CommonMark and GitHub never read as markup. The environment of
the Markdown templates passes every value through `escaped`; what a filter formats itself it marks as `Markup`.
"""

from __future__ import annotations

import re
from typing import Any

from spa_gym.core.one_line import one_line

__all__ = ["escape", "escaped"]

_MARKUP = re.compile(
    r"""[&<>|`*~\[\]]            # tags, entities, columns, code, emphasis, links
    | (?<![^\W_])_ | _(?![^\W_])  # an underscore that is not within a word
    | \\(?=[^\w\s])              # a backslash that would hide the next character
    | :(?=//) | (?<=www)\. | @    # addresses, which GitHub makes links by itself
    """,
    re.VERBOSE | re.IGNORECASE,
)


def escape(text: str) -> str:
    r"""Return text for within a line of Markdown.

    Example:
        >>> escape("<b>|x\n`[a](b)`")
        '&#60;b&#62;&#124;x &#96;&#91;a&#93;(b)&#96;'
        >>> escape("ppo_clip, model:a/b, 50 % of $x")
        'ppo_clip, model:a/b, 50 % of $x'
    """
    return _MARKUP.sub(lambda found: f"&#{ord(found[0])};", one_line(text))


def escaped(value: Any) -> Any:
    """Return a template's value, escaped unless it is marked as markup already (`finalize` of an environment)."""
    return value if hasattr(value, "__html__") else escape(str(value))
