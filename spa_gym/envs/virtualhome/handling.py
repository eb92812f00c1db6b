"""How a player who must look gets at things: which one of a kind, where to walk, what to open, what to let go of.

Each method yields actions, the best first; a later one matters only where those before it were refused.
"""

from __future__ import annotations

from collections.abc import Iterator

from spa_gym.envs.virtualhome.belief import Belief
from spa_gym.envs.virtualhome.scene_memory import class_of
from spa_gym.envs.virtualhome.usual_places import likeliest_first

__all__ = ["Handling"]

_HIGHEST_NUMBER = 8
"""Numbers of a class that are tried where those that were seen will not do."""


class Handling:
    """Ways to things.

    Args:
        belief: what is known, and what for.
        refused: the actions that were refused since the last one that was not; changed by the owner.
    """

    def __init__(self, belief: Belief, refused: set[str]) -> None:
        self.belief, self.memory, self.refused = belief, belief.memory, refused

    def candidates(self, class_name: str) -> list[str]:
        """Names of a class to try, best first: held, within reach, seen elsewhere, then those never seen."""
        memory = self.memory
        names = [name for name in (*memory.held, *memory.worn) if class_of(name) == class_name]
        names += sorted(memory.of_class(class_name), key=lambda name: not memory.within_reach(name))
        if class_of(memory.went_to) == class_name:
            names.append(memory.went_to)
        names = list(dict.fromkeys(names))
        if not names:
            return [class_name]
        if any(" " in name for name in names):
            numbered = (f"{class_name} {number + 1}" for number in range(_HIGHEST_NUMBER))
            names += [name for name in numbered if name not in names]
        return names

    def reach(self, name: str, keep: str = "") -> Iterator[str]:
        """Bring a thing within reach and in sight, without letting go of `keep`."""
        memory = self.memory
        doubtful = memory.went_to != name and any(name in action for action in self.refused)
        if memory.within_reach(name) and not doubtful:
            return
        known = memory.known.get(name)
        carrier = known.carrier if known else ""
        if carrier in memory.sight and "closed" in memory.states(carrier):
            yield from self.open(carrier, keep)
        elif memory.went_to == name:
            closed = [place for place in memory.sight if "closed" in memory.states(place)]
            for place in likeliest_first(class_of(name), closed):
                yield from self.open(place, keep)
        else:
            yield from self.walk(name)

    def out_of_reach(self, name: str) -> bool:
        """Whether nothing can be done with it from here."""
        return not self.memory.within_reach(name) and self.memory.went_to != name

    def fetch(self, name: str) -> Iterator[str]:
        """Have a thing in hand."""
        yield from self.reach(name)
        if not self.out_of_reach(name):
            if name in self.memory.worn:
                yield f"take off {name}"
            yield from self.free_hand()
            yield f"grab {name}"

    def open(self, name: str, keep: str = "") -> Iterator[str]:
        """Open a thing, which must not be running."""
        if "on" in self.memory.states(name):
            yield f"switch off {name}"
        yield from self.free_hand(keep)
        yield f"open {name}"

    def free_hand(self, keep: str = "") -> Iterator[str]:
        """Let go of something if both hands are full, of what is asked for last."""
        held = self.memory.held
        if len(held) > 1:
            asked = self.belief.asked()
            yield f"drop {min((n for n in held if n != keep), key=lambda n: class_of(n) in asked)}"

    def walk(self, name: str) -> Iterator[str]:
        """Walk to a thing or room."""
        if self.memory.posture:
            yield "stand up"
        yield from (f"drop {poured}" for poured in self.belief.poured())
        yield f"walk to {name}"
