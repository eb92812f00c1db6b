"""What a player believes of its goal: which clauses hold, by what it remembers and by what it has done.

Things that are put somewhere or brought into a state can be seen; that something was read or eaten leaves no trace, so
it is noted when it is done.
"""

from __future__ import annotations

from collections.abc import Sequence

from spa_gym.envs.virtualhome.goal_clauses import Clause
from spa_gym.envs.virtualhome.scene_memory import SceneMemory, class_of

__all__ = ["Belief"]

_DEEDS = {
    "wash": "wash", "rinse": "wash", "scrub": "wash", "wipe": "wash", "pour": "pour", "read": "read",
    "drink": "drink", "eat": "eat", "type on": "type_on", "watch": "watch", "sleep": "sleep",
}  # fmt: skip
"""Verbs whose being done is what the clause asks for, and the clause's kind."""
_STATE = {
    "open": ("open", ""),
    "close": ("closed", ""),
    "switch_on": ("on", ""),
    "switch_off": ("off", ""),
    "plug_in": ("", "unplugged"),
}
"""Kind of clause -> the state that it asks for, and the one that it must not have."""
_POSTURES = {"sit_on": "sitting", "lie_on": "lying"}


class Belief:
    """Goal and memory of one episode.

    Args:
        memory: what is known of the house.
        clauses: the goal.
    """

    def __init__(self, memory: SceneMemory, clauses: Sequence[Clause]) -> None:
        self.memory, self.clauses = memory, clauses
        self.did: set[tuple[str, str]] = set()
        """What was done that leaves no trace: kind of clause and class."""

    def note(self, verb: str, objects: str) -> None:
        """Take in what was done (see `SceneMemory.observe`)."""
        if verb in ("walk to", "run to", "grab"):
            # What was poured leaves the bowl with whoever has it in hand.
            self.did -= {("pour", class_of(name)) for name in self.memory.held}
        elif verb in _DEEDS:
            self.did.add((_DEEDS[verb], class_of(objects)))

    def finished(self) -> bool:
        """Whether the goal is reached, as far as it knows."""
        return all(self.holds(clause) for clause in self.clauses)

    def asked(self) -> set[str]:
        """Classes of what still has to be used, or kept in hand."""
        return {clause.subject for clause in self.clauses if clause.kind == "hold" or not self.holds(clause)}

    def poured(self) -> list[str]:
        """What was poured as the goal asks, and is still in hand."""
        wanted = {clause.subject for clause in self.clauses if clause.kind == "pour"}
        return [n for n in self.memory.held if class_of(n) in wanted and ("pour", class_of(n)) in self.did]

    def holds(self, clause: Clause) -> bool:
        """Whether a clause holds now."""
        memory, x = self.memory, clause.subject
        kind = clause.kind
        if kind in ("put_in", "put_on"):
            return len(self.settled(clause)) >= clause.count
        if kind == "hold":
            return any(class_of(name) == x for name in memory.held)
        if kind == "wear":
            return any(class_of(name) == x for name in memory.worn)
        if kind == "take_off":
            return not any(class_of(name) == x for name in memory.worn)
        if kind == "go_to":
            return class_of(memory.room) == x
        if kind in ("sit_on", "lie_on"):
            return memory.posture == _POSTURES[kind] and class_of(memory.seat) == x
        if kind in _STATE:
            return any(self._in_state(name, kind) for name in memory.known if class_of(name) == x)
        return (kind, x) in self.did

    def settled(self, clause: Clause) -> list[str]:
        """Names of the things that are where a `put` clause wants them."""
        relation = "in" if clause.kind == "put_in" else "on"
        return [
            name
            for name, thing in self.memory.known.items()
            if class_of(name) == clause.subject
            and thing.relation == relation
            and class_of(thing.carrier) == clause.target
            and not (clause.clean and "dirty" in thing.states)
        ]

    def _in_state(self, name: str, kind: str) -> bool:
        thing = self.memory.known[name]
        wanted, unwanted = _STATE[kind]
        return wanted in thing.states if wanted else unwanted not in thing.states
