"""Grounding: from the words for a thing to the node that is meant.

A name with a number ("light 2") means that node, whatever its state; so does the class name of a class that has one
node. A bare class name of several nodes means what is held, else what is near, else the lowest number, so that the
same words in the same situation always mean the same thing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from spa_gym.envs.virtualhome.house import House
from spa_gym.envs.virtualhome.vocabulary import bits

__all__ = ["Grounding"]

_ARTICLES = frozenset(("the", "a", "an", "some", "my", "your"))


class Grounding:
    """The names of a house.

    Args:
        house: the house.

    Example:
        >>> from spa_gym.envs.virtualhome.house import Node, build_house
        >>> nodes = [Node(1, "kitchen", "Rooms"), Node(2, "character"), Node(3, "light"), Node(4, "light")]
        >>> grounding = Grounding(build_house("doctest", nodes, []))
        >>> grounding.exact["light 2"], grounding.nodes_of(["the", "Light", "2"]) == 1 << 3
        (3, True)
        >>> Grounding.choose(0b1100, (0, 0b1000))
        3
    """

    __slots__ = ("_classes", "_numbered", "exact")

    exact: dict[str, int]
    """What agents call each node -> its position."""

    def __init__(self, house: House) -> None:
        self.exact = {}
        for node, name in enumerate(house.names):
            self.exact.setdefault(name.lower(), node)
        self._classes: dict[str, int] = {}
        for name, nodes in house.by_class.items():
            key = _joined(name.lower().split())
            self._classes[key] = self._classes.get(key, 0) | nodes
        self._numbered = {key: tuple(bits(nodes)) for key, nodes in self._classes.items() if nodes & (nodes - 1)}

    def nodes_of(self, words: Sequence[str]) -> int:
        """The nodes that some words can mean; 0 where there is no such thing.

        Args:
            words: in any case; underscores or blanks within a name, an article before it, a number behind it.
        """
        words = [word.lower() for word in words]
        if len(words) > 1 and words[0] in _ARTICLES:
            words = words[1:]
        nodes = self._classes.get(_joined(words), 0)
        if nodes:
            return nodes
        class_name, _, number = _joined(words).rpartition("_")
        # Numbers by comparison: int() takes digits of all scripts, and is slow for long ones.
        numbered = self._numbered.get(class_name)
        if numbered is None:
            return self._classes.get(class_name, 0) if number == "1" else 0
        if not (number.isascii() and number.isdigit() and len(number) < 5) or not 0 < int(number) <= len(numbered):
            return 0
        return 1 << numbered[int(number) - 1]

    @staticmethod
    def choose(nodes: int, preferred: Iterable[int]) -> int:
        """The node that is meant among several: of the first set of `preferred` that has any; the lowest number.

        Args:
            nodes: at least one.
            preferred: sets of nodes, the most likely first.
        """
        for some in preferred:
            if nodes & some:
                nodes &= some
                break
        return (nodes & -nodes).bit_length() - 1


def _joined(words: Sequence[str]) -> str:
    return "_".join(words)
