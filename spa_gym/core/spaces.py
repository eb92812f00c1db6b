"""`Unicode`: the space of texts up to a length, which both spaces of every `TextEnv` are.

Not `gymnasium.spaces.Text`: that one lists its characters (letters and digits unless told), takes seconds to build
with all of Unicode, refuses the empty text, and comes back as garbage from `AsyncVectorEnv`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium.spaces import Space

from spa_gym.core.errors import BadArgument
from spa_gym.core.vector import register_shared_texts

__all__ = ["Unicode"]


class Unicode(Space[str]):
    """Every text of at most `max_length` characters; samples are drawn from given examples.

    Two spaces are equal when they hold the same texts, that is, when their `max_length` is equal.

    Args:
        max_length: Longest text, in characters.
        examples: What `sample()` chooses from, at least one. An environment gives actions of its own grammar here,
            so that random sampling moves something.
        seed: Seed of the space's own generator.

    Raises:
        BadArgument: `max_length` is not positive, no example is given, or an example is not in the space.

    Example:
        >>> space = Unicode(max_length=20, examples=("look", "go to desk 1"), seed=0)
        >>> space.sample() in ("look", "go to desk 1"), "" in space, "x" * 21 in space
        (True, True, False)
    """

    def __init__(
        self, max_length: int, examples: tuple[str, ...] = ("",), seed: int | np.random.Generator | None = None
    ) -> None:
        if max_length < 1:
            raise BadArgument("max_length of at least 1 character", max_length, "pass a positive max_length")
        self.max_length, self.examples = max_length, tuple(examples)
        strays = [example for example in self.examples if not self.contains(example)]
        if strays or not self.examples:
            got = f"{strays[0]!r:.80}" if strays else "no example"
            raise BadArgument(f"examples that are texts of at most {max_length} characters", got, "give such examples")
        super().__init__(shape=None, dtype=None, seed=seed)

    @property
    def is_np_flattenable(self) -> bool:
        """Texts do not flatten into an array of numbers."""
        return False

    def sample(self, mask: Any | None = None, probability: Any | None = None) -> str:
        """Draw one of the examples, all equally likely.

        Args:
            mask: Not supported, must be None.
            probability: Not supported, must be None.

        Returns:
            A text of the space.

        Raises:
            BadArgument: A mask or probabilities were given.
        """
        if mask is not None or probability is not None:
            raise BadArgument("sample() without mask and probability", "one of them", "choose among admissible_actions")
        return self.examples[int(self.np_random.integers(len(self.examples)))]

    def contains(self, x: Any) -> bool:
        """Say whether `x` is a text of at most `max_length` characters."""
        return isinstance(x, str) and len(x) <= self.max_length

    def __eq__(self, other: object) -> bool:
        """Compare the sets of texts; the examples only matter to sampling."""
        return isinstance(other, Unicode) and self.max_length == other.max_length

    def __repr__(self) -> str:
        """Show the bound; the examples can be many."""
        return f"Unicode(max_length={self.max_length})"


register_shared_texts(Unicode)
