"""Which wish first: a depth-first search with a bound over the orders in which the parts of a goal are brought about.

The steps that are certainly still to come are counted from below (`Outlook`), so that most orders need not be tried,
and the search ends as soon as a plan is as short as that count. Everything goes by position in the house: the same
state gives the same plan.
"""

from __future__ import annotations

from operator import itemgetter

from spa_gym.envs.virtualhome.planning.draft import Draft, Stuck
from spa_gym.envs.virtualhome.planning.outlook import Outlook
from spa_gym.envs.virtualhome.planning.wishes import wishes
from spa_gym.envs.virtualhome.verbs import Command
from spa_gym.envs.virtualhome.vocabulary import bits

__all__ = ["Search"]

_MOST_WATCHED = 60
_MOST_MORE = 2000
"""Tries beyond the limit as long as there is no plan at all."""


class Search:
    """The shortest plan that a bounded search finds.

    Args:
        draft: an empty draft in the state to plan from.
        tries: how many wishes are tried at most.
    """

    def __init__(self, draft: Draft, tries: int) -> None:
        self.best: list[Command] | None = None
        self._draft = draft
        self._left = tries
        self._outlook = Outlook(draft)
        self._seen: dict[tuple[object, ...], int] = {}
        self._watch = itemgetter(*self._watched())

    def run(self) -> list[Command] | None:
        """Search; None where no plan was found."""
        self._least = self._outlook.steps()
        self._go_on(self._least)
        return self.best

    def _watched(self) -> list[int]:
        """The nodes by which states are told apart: those of the goal, and what they are in."""
        draft, nodes = self._draft, 1 << self._draft.house.character
        for condition in draft.goal.conditions:
            nodes |= condition.subjects | condition.targets
        for action in draft.goal.actions:
            nodes |= action.objects
        nodes |= draft.state.held
        for node in bits(nodes & ~draft.house.rooms):
            nodes |= draft.state.inside[node] | draft.state.on[node]
        first = list(bits(nodes & ~draft.house.rooms))[:_MOST_WATCHED]
        return [*first, draft.house.character]

    def _key(self) -> tuple[object, ...]:
        state, watch = self._draft.state, self._watch
        character = self._draft.house.character
        return (
            state.near,
            state.close[character],
            state.facing[character],
            state.right_hand,
            state.left_hand,
            self._draft.done,
            watch(state.states),
            watch(state.on),
            watch(state.inside),
        )

    def _enough(self) -> bool:
        if self.best is None:
            return self._left < -_MOST_MORE
        return self._left <= 0 or len(self.best) <= self._least

    def _go_on(self, steps: int) -> None:
        """Search on from where the draft stands, `steps` at least before the goal."""
        draft = self._draft
        mark = draft.mark()
        branches = []
        for wish in wishes(draft):
            if self._enough():
                break
            if self._left <= 0 and branches and branches[-1][1] < steps:
                break  # No time to compare: the first way forward is taken.
            self._left -= 1
            bound = (1 << 30) if self.best is None else len(self.best)
            draft.longest = bound - 1
            try:
                for command in wish:
                    draft.do(command)
            except Stuck:
                draft.back(mark)
                continue
            length = len(draft.commands)
            if draft.goal.holds(draft.state, draft.done):
                if self.best is None or length < len(self.best):
                    self.best = draft.commands[:]
            else:
                ahead = self._outlook.steps()
                key = self._key()
                if length + ahead < bound and self._seen.get(key, bound) > length:
                    self._seen[key] = length
                    branches.append((length + ahead, ahead, len(branches), draft.mark()))
            draft.back(mark)
        for total, ahead, _, reached in sorted(branches, key=lambda branch: branch[:3]):
            if self._enough() or (self.best is not None and total >= len(self.best)):
                break
            draft.back(reached)
            self._go_on(ahead)
