"""The explorer: runs errands of its own in a room and pays no attention to the task on the wall.

Its transcripts show a language model the world (names, doors, what answers what) without showing how the stated task is
solved: they are what `pretrain` trains on.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from spa_gym.core.draws import choice
from spa_gym.envs.alfworld.household import household
from spa_gym.envs.alfworld.searcher import SearchingExpert

__all__ = ["Explorer"]

_ERRANDS = (
    "put a {o} in {r}.",
    "put a clean {o} in {r}.",
    "put a hot {o} in {r}.",
    "put a cool {o} in {r}.",
    "put two {o} in {r}.",
)
_ABILITY = (None, "cleanable", "heatable", "coolable", None)
_PATIENCE = 14
"""Steps after which an errand is given up for another."""


@dataclass
class Explorer:
    """One episode of errands.

    Args:
        first_observation: the introduction; only its list of receptacles is used.
        rng: where the errands come from.
        grammar: the dialect, as for `SearchingExpert`.
        restless: share of steps on which a random admissible command is done instead.
    """

    first_observation: str
    rng: random.Random
    grammar: str = "2.1.2"
    restless: float = 0.15

    def __post_init__(self) -> None:
        """Set out on the first errand."""
        self._expert = SearchingExpert(self.first_observation, self.grammar)
        self._new_errand()

    def act(self, admissible: tuple[str, ...] = ()) -> str:
        """The next command."""
        self._left -= 1
        if self._left <= 0:
            self._new_errand()
        if admissible and self.rng.random() < self.restless:
            return choice(self.rng, admissible)
        command = self._expert.act()
        if command == "look":
            self._new_errand()
            command = self._expert.act()
        return command

    def observe(self, command: str, observation: str) -> None:
        """Take in what a command answered; an errand ends when its thing is put down."""
        self._expert.observe(command, observation)
        if command.startswith(("move ", "put ")) and observation != "Nothing happens.":
            self._new_errand()

    def _new_errand(self) -> None:
        house, rng = household(), self.rng
        kinds = sorted({name.partition(" ")[0] for name in self._expert.receptacles} & house.can_contain.keys())
        self._left = _PATIENCE
        if not kinds:
            return
        target = choice(rng, kinds)
        which = int(rng.random() * len(_ERRANDS))
        ability = _ABILITY[which]
        able = getattr(house, ability) if ability else house.pickupable
        things = sorted(set(house.can_contain[target]) & able & house.find_rate.keys())
        seen = {name.partition(" ")[0] for names in self._expert.seen.values() for name in names}
        things = [thing for thing in things if thing in seen] or things
        if not things:
            return
        thing = choice(rng, things)
        self._expert.set_task(_ERRANDS[which].format(o=thing, r=target))
