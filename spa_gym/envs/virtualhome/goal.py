"""Goals: conditions on the graph, and actions that leave no trace in it.

A condition asks that some node (of a set) has some states and stands in a relation to some node (of a set), so that
"a clean plate in a cabinet" is one condition, whichever plate and cabinet; a goal about one node has one-bit sets.
READ, WATCH and the like change nothing, so goals can also ask that they were done, as EAI's goals do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from spa_gym.envs.virtualhome.vocabulary import bits

__all__ = ["ActionGoal", "Condition", "Goal", "ReadableState"]


class ReadableState(Protocol):
    """What goals, observations and experts may read of the simulator's state; sets of nodes are ints."""

    states: list[int]
    """State mask of each node."""
    on: list[int]
    """What each node is ON."""
    inside: list[int]
    """What each node is INSIDE."""

    def row(self, relation: str, node: int) -> int:
        """The nodes that a node's edges of a relation lead to; `HOLDS` is either hand."""
        ...


@dataclass(frozen=True, slots=True)
class Condition:
    """At least `count` nodes of `subjects` have all of `states` and, if there is a relation, it to one of `targets`."""

    subjects: int
    states: int = 0
    relation: str | None = None
    """One of `RELATIONS`, or `HOLDS` for either hand; None asks for the states alone."""
    targets: int = 0
    count: int = 1

    def holds(self, state: ReadableState) -> bool:
        """Whether it holds now."""
        wanted, relation, left = self.states, self.relation, self.count
        for node in bits(self.subjects):
            if state.states[node] & wanted == wanted and (relation is None or state.row(relation, node) & self.targets):
                left -= 1
                if not left:
                    return True
        return False


@dataclass(frozen=True, slots=True)
class ActionGoal:
    """One of `verbs` was executed on one of `objects`."""

    verbs: frozenset[str]
    objects: int = 0
    """The first object must be one of these; 0: whatever it is, or none."""

    def matches(self, verb: str, objects: tuple[int, ...]) -> bool:
        """Whether an executed action is the one."""
        return verb in self.verbs and (not self.objects or bool(objects and self.objects >> objects[0] & 1))


@dataclass(frozen=True, slots=True)
class Goal:
    """All conditions hold at once, and all actions were done before or now."""

    conditions: tuple[Condition, ...] = ()
    actions: tuple[ActionGoal, ...] = ()
    ordered: bool = False
    """The actions must be done in their order (others may come between), as EAI asks."""

    def __len__(self) -> int:
        """Number of parts."""
        return len(self.conditions) + len(self.actions)

    def note(self, done: int, verb: str, objects: tuple[int, ...]) -> int:
        """Which actions are done (bit i: the i-th) after an executed action, given those done before."""
        for i, action in enumerate(self.actions):
            if not done >> i & 1:
                if action.matches(verb, objects):
                    return done | 1 << i
                if self.ordered:
                    return done
        return done

    def holds(self, state: ReadableState, done: int) -> bool:
        """Whether the goal is reached."""
        if done != (1 << len(self.actions)) - 1:
            return False
        return all(condition.holds(state) for condition in self.conditions)

    def share(self, state: ReadableState, done: int) -> float:
        """The share of its parts that hold now, in [0, 1]."""
        return (sum(condition.holds(state) for condition in self.conditions) + done.bit_count()) / len(self)
