"""What turns text into commands and states into lists of actions, for one house: built once, shared by its episodes."""

from __future__ import annotations

from spa_gym.envs.virtualhome.admissible import AdmissibleActions
from spa_gym.envs.virtualhome.house import House, once_per_house
from spa_gym.envs.virtualhome.parser import ActionParser

__all__ = ["HouseWords", "words_of"]


class HouseWords:
    """Parser and admissible actions of a house.

    Args:
        house: the house.
    """

    __slots__ = ("admissible", "parser")

    def __init__(self, house: House) -> None:
        self.parser = ActionParser(house)
        self.admissible = AdmissibleActions(house)


@once_per_house
def words_of(house: House) -> HouseWords:
    """The words of a house, the same object for everybody in this process."""
    return HouseWords(house)
