"""What a policy reads of an observation: long pages are cut for it, by rules that its checkpoint carries.

The environment shows the same page to everybody. A small policy pays for every token that it reads, in every step that
follows, so its codec may leave out what it does not need: capitals, sentences that stand on every page, the tail of a
long description, a page that it has read before in the same episode. The rules are data (regular expressions and their
reasons), belong to the checkpoint, and stand in the settings of the run that made it.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

__all__ = ["Cut", "View"]


@dataclass(frozen=True, slots=True)
class Cut:
    r"""One thing that is left out.

    Args:
        pattern: regular expression, found anywhere in the observation.
        keep: what stands in its place; may name groups of the pattern (`\1`).
        why: the reason, for whoever reads the checkpoint's `spa_gym.json`.
    """

    pattern: str
    keep: str
    why: str


@dataclass(frozen=True, slots=True)
class View:
    """How observations are read; without arguments they are read as they are.

    Args:
        lower: in lower case, observations and the actions to imitate alike. For environments that lower the case of
            actions themselves, so that a word is the same token wherever it stands.
        cuts: what is left out, one after the other.
        repeat_words: words that are read of an observation that was read before in the same episode; 0: all of them.

    Examples:
        >>> view = View(lower=True, cuts=(Cut(r"^hello, ", "", "no use"),))
        >>> view.of("Hello, World")
        'world'
    """

    lower: bool = False
    cuts: tuple[Cut, ...] = ()
    repeat_words: int = 0

    def of(self, observation: str) -> str:
        """The text of an observation that is read for the first time in its episode."""
        text = observation.lower() if self.lower else observation
        for cut in self.cuts:
            text = _compiled(cut.pattern).sub(cut.keep, text)
        return text

    def again(self, observation: str) -> str:
        """The text of an observation that was read before in its episode."""
        text = self.of(observation)
        return " ".join(text.split(" ")[: self.repeat_words]) if self.repeat_words else text

    def action(self, action: str) -> str:
        """The text of an action that somebody else chose, as the policy would write it."""
        return action.lower() if self.lower else action

    def to_json(self) -> dict[str, Any]:
        """Plain values, for a checkpoint."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> View:
        """The view of a checkpoint; `data` is what `to_json` gave.

        Raises:
            ValueError: a value is not of its type, or a cut is no regular expression with what it keeps.
            TypeError: a name is unknown or missing.
        """
        cuts = tuple(Cut(**cut) for cut in data.get("cuts", ()))
        view = cls(**{**data, "cuts": cuts})
        texts = [text for cut in cuts for text in (cut.pattern, cut.keep, cut.why)]
        if not all(isinstance(text, str) for text in texts) or type(view.lower) is not bool:
            raise ValueError(f"a view of texts and true or false, not {data!r:.200}")
        if type(view.repeat_words) is not int or view.repeat_words < 0:
            raise ValueError(f"repeat_words from 0, not {view.repeat_words!r}")
        for cut in cuts:
            try:
                _compiled(cut.pattern).sub(cut.keep, "")
            except (re.error, IndexError, OverflowError) as error:
                raise ValueError(
                    f"the cut {cut.pattern!r} -> {cut.keep!r} is no regular expression: {error}"
                ) from error
        return view


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.DOTALL)
