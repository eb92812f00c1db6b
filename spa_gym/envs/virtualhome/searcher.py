"""The searching expert: it knows only what the agent has seen, and so its episodes can be imitated.

It does the clauses of the goal sentence one after the other, in an order that does not undo what is done. For each it
goes straight to the thing by its name, since walking works to whatever is in the house; if the thing is then not to be
seen, it is in something closed that is near, and what is near is opened, the likeliest place first, until it shows.
After every step it decides anew from what it knows, so it can also be asked what it would do after somebody else's
actions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from spa_gym.envs.virtualhome.goal_clauses import Clause, read_goal
from spa_gym.envs.virtualhome.scene_memory import SceneMemory, class_of
from spa_gym.envs.virtualhome.usual_places import has_door, likeliest_first, room_left

__all__ = ["SearchingExpert"]

_ORDER = (
    *("take_off", "wash", "read", "eat", "wear", "put_in put_on", "plug_in", "open", "hold", "close"),
    *("switch_off", "switch_on", "type_on", "watch", "pour", "drink", "go_to", "sit_on", "lie_on", "sleep"),
)
"""Kinds of clauses as they are done: what needs looking and carrying first, what ends in a posture last."""
_RANK = {kind: rank for rank, kinds in enumerate(_ORDER) for kind in kinds.split()}
_DEEDS = {
    "wash": "wash", "rinse": "wash", "scrub": "wash", "wipe": "wash", "pour": "pour", "read": "read",
    "drink": "drink", "eat": "eat", "type on": "type_on", "watch": "watch", "sleep": "sleep",
}  # fmt: skip
"""Verbs whose being done is what the clause asks for, and the clause's kind."""
_GIVE_UP = 2
"""So often must an action be refused before it is not tried again."""
_FORGET = 10
"""After so many steps it is tried again after all."""
_HIGHEST_NUMBER = 8
"""Numbers of a class that are tried where one with a certain quality is looked for."""


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
        self.did: set[tuple[str, str]] = set()

    @property
    def finished(self) -> bool:
        """Whether every clause holds, as far as it knows."""
        return all(self._holds(clause) for clause in self.clauses)

    def observe(self, action: str, observation: str) -> None:
        """Take in what an action answered."""
        self._step += 1
        if self.finished:
            # The episode went on: something does not hold after all.
            self.did.clear()
        if observation == "Nothing happens.":
            self._refused_now.add(action)
            # What cannot be walked to is not there.
            worth = _GIVE_UP if action.startswith("walk to ") else 1
            self.refusals[action] = (self.refusals.get(action, (0, 0))[0] + worth, self._step)
            return
        self._refused_now.clear()
        verb, objects = self.memory.observe(observation)
        if verb in ("walk to", "run to", "grab"):
            # What was poured leaves the bowl with whoever has it in hand.
            self.did -= {("pour", class_of(name)) for name in self.memory.held}
        elif verb in _DEEDS:
            self.did.add((_DEEDS[verb], class_of(objects)))

    def act(self) -> str:
        """The next action."""
        for clause in self.clauses:
            if not self._holds(clause):
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

    # -- what holds -----------------------------------------------------------------------------------------------

    def _holds(self, clause: Clause) -> bool:
        memory, x = self.memory, clause.subject
        kind = clause.kind
        if kind in ("put_in", "put_on"):
            return len(self._settled(clause)) >= clause.count
        if kind == "hold":
            return any(class_of(name) == x for name in memory.held)
        if kind == "wear":
            return any(class_of(name) == x for name in memory.worn)
        if kind == "take_off":
            return not any(class_of(name) == x for name in memory.worn)
        if kind == "go_to":
            return class_of(memory.room) == x
        if kind in ("sit_on", "lie_on"):
            return memory.posture == {"sit_on": "sitting", "lie_on": "lying"}[kind] and class_of(memory.seat) == x
        if kind in _STATE:
            return any(self._in_state(name, kind) for name in memory.known if class_of(name) == x)
        return (kind, x) in self.did

    def _in_state(self, name: str, kind: str) -> bool:
        thing = self.memory.known[name]
        wanted, unwanted = _STATE[kind]
        return wanted in thing.states if wanted else unwanted not in thing.states

    def _settled(self, clause: Clause) -> list[str]:
        relation = "in" if clause.kind == "put_in" else "on"
        return [
            name
            for name, thing in self.memory.known.items()
            if class_of(name) == clause.subject
            and thing.relation == relation
            and class_of(thing.carrier) == clause.target
            and not (clause.clean and "dirty" in thing.states)
        ]

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
            yield from self._walk(x)
        elif kind == "take_off":
            yield from (f"take off {name}" for name in self.memory.worn if class_of(name) == x)
        else:
            for name in self._candidates(x):
                yield from self._use(kind, name)

    def _use(self, kind: str, name: str) -> Iterator[str]:
        """Do what a clause with one object asks for."""
        memory = self.memory
        if kind in ("hold", "wear", "read", "drink"):
            if name not in memory.held:
                yield from self._fetch(name)
            elif kind != "hold":
                yield _WORDS[kind].format(name)
            return
        yield from self._reach(name)
        if self._out_of_reach(name):
            return
        if kind == "open":
            yield from self._open(name)
            return
        if kind == "watch" and memory.faced != name:
            yield f"turn to {name}"
        elif kind == "plug_in":
            yield from self._free_hand()
        elif kind == "switch_on" and "unplugged" in memory.states(name):
            yield from self._free_hand()
            yield f"plug in {name}"
        yield _WORDS[kind].format(name)

    def _put(self, clause: Clause) -> Iterator[str]:
        settled, memory = self._settled(clause), self.memory
        for name in self._candidates(clause.subject):
            if name in settled:
                continue
            if name not in memory.held or self._to_be_washed(clause, name):
                yield from self._prepared(clause, name)
                continue
            places = self._candidates(clause.target)
            if len(memory.held) == 1 and not any(memory.within_reach(place) for place in places):
                yield from self._fetch_along(clause, places)
            for place in places:
                yield from self._reach(place, name)
                if self._out_of_reach(place):
                    continue
                if "closed" in memory.states(place) and clause.kind == "put_in":
                    yield from self._open(place, name)
                yield f"put {name} {clause.kind[4:]} {place}"

    def _prepared(self, clause: Clause, name: str) -> Iterator[str]:
        """Have a thing in hand as the clause wants it."""
        if self._to_be_washed(clause, name):
            yield f"wash {name}"
        yield from self._fetch(name)

    def _to_be_washed(self, clause: Clause, name: str) -> bool:
        return clause.clean and "dirty" in self.memory.states(name) and self.memory.within_reach(name)

    def _fetch_along(self, clause: Clause, places: list[str]) -> Iterator[str]:
        """Fetch a second thing that goes to the same place, if no hand is needed there to open it."""
        opens = clause.kind == "put_in" and has_door(clause.target)
        if opens and not any("open" in self.memory.states(place) for place in places):
            return
        for other in self.clauses:
            same_place = other.kind == clause.kind and other.target == clause.target
            if same_place and (other is not clause or clause.count > 1) and not self._holds(other):
                settled = self._settled(other)
                names = [name for name in self._candidates(other.subject) if name not in (*settled, *self.memory.held)]
                if names:
                    yield from self._prepared(other, names[0])
                    return

    def _pour(self, clause: Clause) -> Iterator[str]:
        for name in self._candidates(clause.subject):
            if name not in self.memory.held:
                yield from self._fetch(name)
                continue
            for place in self._candidates(clause.target):
                yield from self._reach(place, name)
                if not self._out_of_reach(place):
                    yield f"pour {name} into {place}"

    def _rest(self, kind: str, class_name: str) -> Iterator[str]:
        if self.memory.posture:
            yield "stand up"
        for name in self._candidates(class_name):
            yield from self._reach(name)
            if self._out_of_reach(name):
                continue
            upon = [n for n, thing in self.memory.known.items() if thing == (thing.states, "on", name, thing.room)]
            if not room_left(name, len(upon), lying=kind == "lie_on"):
                for thing in upon:
                    yield from self._fetch(thing)
            yield _WORDS[kind].format(name)

    def _sleep(self) -> Iterator[str]:
        if not self.memory.posture:
            yield from self._rest("lie_on", "bed")
        yield "sleep"

    # -- where things are -----------------------------------------------------------------------------------------

    def _candidates(self, class_name: str) -> list[str]:
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

    def _reach(self, name: str, keep: str = "") -> Iterator[str]:
        """Bring a thing within reach and in sight, without letting go of `keep`."""
        memory = self.memory
        doubtful = memory.went_to != name and any(name in action for action in self._refused_now)
        if memory.within_reach(name) and not doubtful:
            return
        known = memory.known.get(name)
        carrier = known.carrier if known else ""
        if carrier in memory.sight and "closed" in memory.states(carrier):
            yield from self._open(carrier, keep)
        elif memory.went_to == name:
            closed = [place for place in memory.sight if "closed" in memory.states(place)]
            for place in likeliest_first(class_of(name), closed):
                yield from self._open(place, keep)
        else:
            yield from self._walk(name)

    def _out_of_reach(self, name: str) -> bool:
        return not self.memory.within_reach(name) and self.memory.went_to != name

    def _fetch(self, name: str) -> Iterator[str]:
        yield from self._reach(name)
        if not self._out_of_reach(name):
            yield from self._free_hand()
            yield f"grab {name}"

    def _open(self, name: str, keep: str = "") -> Iterator[str]:
        if "on" in self.memory.states(name):
            yield f"switch off {name}"
        yield from self._free_hand(keep)
        yield f"open {name}"

    def _free_hand(self, keep: str = "") -> Iterator[str]:
        """Let go of something if both hands are full, of what is asked for last."""
        held = self.memory.held
        if len(held) > 1:
            asked = {clause.subject for clause in self.clauses if not self._holds(clause) or clause.kind == "hold"}
            yield f"drop {min((n for n in held if n != keep), key=lambda n: class_of(n) in asked)}"

    def _walk(self, name: str) -> Iterator[str]:
        if self.memory.posture:
            yield "stand up"
        poured = {clause.subject for clause in self.clauses if clause.kind == "pour"}
        yield from (
            f"drop {n}" for n in self.memory.held if class_of(n) in poured and ("pour", class_of(n)) in self.did
        )
        yield f"walk to {name}"


_STATE = {
    "open": ("open", ""),
    "close": ("closed", ""),
    "switch_on": ("on", ""),
    "switch_off": ("off", ""),
    "plug_in": ("", "unplugged"),
}
"""Kind of clause -> the state that it asks for, and the one that it must not have."""
_WORDS = {
    "wear": "put on {0}", "read": "read {0}", "drink": "drink {0}", "eat": "eat {0}", "watch": "watch {0}",
    "type_on": "type on {0}", "wash": "wash {0}", "close": "close {0}", "switch_on": "switch on {0}",
    "switch_off": "switch off {0}", "plug_in": "plug in {0}", "sit_on": "sit on {0}", "lie_on": "lie on {0}",
}  # fmt: skip
