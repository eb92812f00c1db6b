"""The searching expert: it knows only what the agent has seen, and so its episodes can be imitated.

It does the clauses of the goal sentence one after the other, in an order that does not undo what is done. For each it
goes straight to the thing by its name, since walking works to whatever is in the house; if the thing is then not to be
seen, it is in something closed that is near, and what is near is opened, the likeliest place first, until it shows.
After every step it decides anew from what it knows, so it can also be asked what it would do after somebody else's
actions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from spa_gym.envs.virtualhome.belief import Belief
from spa_gym.envs.virtualhome.goal_clauses import Clause, read_goal
from spa_gym.envs.virtualhome.handling import Handling
from spa_gym.envs.virtualhome.scene_memory import SceneMemory, class_of
from spa_gym.envs.virtualhome.usual_places import has_door, room_left

__all__ = ["SearchingExpert"]

_ORDER = (
    *("take_off", "wash", "read", "eat", "wear", "put_in put_on", "plug_in", "open", "hold", "close"),
    *("switch_off", "switch_on", "type_on", "watch", "pour", "drink", "go_to", "sit_on", "lie_on", "sleep"),
)
"""Kinds of clauses as they are done: what needs looking and carrying first, what ends in a posture last."""
_RANK = {kind: rank for rank, kinds in enumerate(_ORDER) for kind in kinds.split()}
_GIVE_UP = 2
"""So often must an action be refused before it is not tried again."""
_FORGET = 10
"""After so many steps it is tried again after all."""


class SearchingExpert:
    r"""One episode's memory and decisions.

    Args:
        first_observation: the text after the reset, with the goal sentence in it.

    Use: `act()` gives the next action; `observe(action, observation)` tells what any action answered.

    Example:
        >>> player = SearchingExpert("You are in kitchen. The house has bedroom, kitchen. You have nothing. "
        ...     "You see fridge (closed).\nYour task is to: hold the milk.")
        >>> player.act()
        'walk to milk'
        >>> player.observe("walk to milk", "You walk to milk. You have nothing. You see fridge (closed, on).")
        >>> player.act()
        'switch off fridge'
    """

    def __init__(self, first_observation: str) -> None:
        self.memory = SceneMemory(first_observation)
        self.refusals: dict[str, tuple[int, int]] = {}
        """Action -> how often it was refused, and at which step for the last time."""
        self._refused_now: set[str] = set()
        self._step = 0
        self.set_goal(read_goal(first_observation))

    def set_goal(self, clauses: Iterable[Clause]) -> None:
        """Pursue these clauses from now on."""
        self.clauses = sorted(clauses, key=lambda clause: _RANK[clause.kind])
        self.belief = Belief(self.memory, self.clauses)
        self.handling = Handling(self.belief, self._refused_now)

    @property
    def finished(self) -> bool:
        """Whether every clause holds, as far as it knows."""
        return self.belief.finished()

    def observe(self, action: str, observation: str) -> None:
        """Take in what an action answered."""
        self._step += 1
        if self.finished:
            # The episode went on: something does not hold after all.
            self.belief.did.clear()
        if observation == "Nothing happens.":
            self._refused_now.add(action)
            # What cannot be walked to is not there.
            worth = _GIVE_UP if action.startswith("walk to ") else 1
            self.refusals[action] = (self.refusals.get(action, (0, 0))[0] + worth, self._step)
            return
        self._refused_now.clear()
        self.belief.note(*self.memory.observe(observation))

    def act(self) -> str:
        """The next action."""
        for clause in self.clauses:
            if not self.belief.holds(clause):
                for action in self._towards(clause):
                    if self._worth_trying(action):
                        return action
        return self._wander()

    def _worth_trying(self, action: str) -> bool:
        times, last = self.refusals.get(action, (0, 0))
        return action not in self._refused_now and (times < _GIVE_UP or self._step - last > _FORGET)

    def _wander(self) -> str:
        memory = self.memory
        if memory.posture:
            return "stand up"
        rooms = memory.rooms or ("kitchen",)
        here = rooms.index(memory.room) if memory.room in rooms else -1
        return f"walk to {rooms[(here + 1) % len(rooms)]}"

    # -- what to do -----------------------------------------------------------------------------------------------

    def _towards(self, clause: Clause) -> Iterator[str]:
        kind, x = clause.kind, clause.subject
        if kind in ("put_in", "put_on"):
            yield from self._put(clause)
        elif kind == "pour":
            yield from self._pour(clause)
        elif kind == "sleep":
            yield from self._sleep()
        elif kind in ("sit_on", "lie_on"):
            yield from self._rest(kind, x)
        elif kind == "go_to":
            yield from self.handling.walk(x)
        elif kind == "take_off":
            yield from (f"take off {name}" for name in self.memory.worn if class_of(name) == x)
        else:
            for name in self.handling.candidates(x):
                yield from self._use(kind, name)

    def _use(self, kind: str, name: str) -> Iterator[str]:
        """Do what a clause with one object asks for."""
        memory = self.memory
        if kind in ("hold", "wear", "read", "drink"):
            if name not in memory.held:
                yield from self.handling.fetch(name)
            elif kind != "hold":
                yield _WORDS[kind].format(name)
            return
        yield from self.handling.reach(name)
        if self.handling.out_of_reach(name):
            return
        if kind == "open":
            yield from self.handling.open(name)
            return
        if kind == "watch" and memory.faced != name:
            yield f"turn to {name}"
        elif kind == "plug_in":
            yield from self.handling.free_hand()
        elif kind == "switch_on" and "unplugged" in memory.states(name):
            yield from self.handling.free_hand()
            yield f"plug in {name}"
        yield _WORDS[kind].format(name)

    def _put(self, clause: Clause) -> Iterator[str]:
        settled, memory = self.belief.settled(clause), self.memory
        for name in self.handling.candidates(clause.subject):
            if name in settled:
                continue
            if name not in memory.held or self._to_be_washed(clause, name):
                yield from self._prepared(clause, name)
                continue
            places = self.handling.candidates(clause.target)
            if len(memory.held) == 1 and not any(memory.within_reach(place) for place in places):
                yield from self._fetch_along(clause, places)
            for place in places:
                yield from self.handling.reach(place, name)
                if self.handling.out_of_reach(place):
                    continue
                if "closed" in memory.states(place) and clause.kind == "put_in":
                    yield from self.handling.open(place, name)
                yield f"put {name} {clause.kind[4:]} {place}"

    def _prepared(self, clause: Clause, name: str) -> Iterator[str]:
        """Have a thing in hand as the clause wants it."""
        if self._to_be_washed(clause, name):
            yield f"wash {name}"
        yield from self.handling.fetch(name)

    def _to_be_washed(self, clause: Clause, name: str) -> bool:
        return clause.clean and "dirty" in self.memory.states(name) and self.memory.within_reach(name)

    def _fetch_along(self, clause: Clause, places: list[str]) -> Iterator[str]:
        """Fetch a second thing that goes to the same place, if no hand is needed there to open it."""
        memory, opens = self.memory, clause.kind == "put_in" and has_door(clause.target)
        if opens and not any("open" in memory.states(place) for place in places):
            return
        for other in self.clauses:
            if other.kind == clause.kind and other.target == clause.target and not self.belief.holds(other):
                ready = [name for name in memory.held if class_of(name) == other.subject] + self.belief.settled(other)
                names = [name for name in self.handling.candidates(other.subject) if name not in ready]
                if names and len(ready) < other.count:
                    yield from self._prepared(other, names[0])
                    return

    def _pour(self, clause: Clause) -> Iterator[str]:
        for name in self.handling.candidates(clause.subject):
            if name not in self.memory.held:
                yield from self.handling.fetch(name)
                continue
            for place in self.handling.candidates(clause.target):
                yield from self.handling.reach(place, name)
                if not self.handling.out_of_reach(place):
                    yield f"pour {name} into {place}"

    def _rest(self, kind: str, class_name: str) -> Iterator[str]:
        if self.memory.posture:
            yield "stand up"
        for name in self.handling.candidates(class_name):
            yield from self.handling.reach(name)
            if self.handling.out_of_reach(name):
                continue
            upon = [n for n, thing in self.memory.known.items() if thing == (thing.states, "on", name, thing.room)]
            if not room_left(name, len(upon), lying=kind == "lie_on"):
                for thing in upon:
                    yield from self.handling.fetch(thing)
            yield _WORDS[kind].format(name)

    def _sleep(self) -> Iterator[str]:
        if not self.memory.posture:
            yield from self._rest("lie_on", "bed")
        yield "sleep"


_WORDS = {
    "wear": "put on {0}", "read": "read {0}", "drink": "drink {0}", "eat": "eat {0}", "watch": "watch {0}",
    "type_on": "type on {0}", "wash": "wash {0}", "close": "close {0}", "switch_on": "switch on {0}",
    "switch_off": "switch off {0}", "plug_in": "plug in {0}", "sit_on": "sit on {0}", "lie_on": "lie on {0}",
}  # fmt: skip
