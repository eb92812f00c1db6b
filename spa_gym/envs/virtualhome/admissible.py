"""`AdmissibleActions`: the texts of what would be executed now, in a fixed order.

The order: walks (rooms, then things), then verb by verb as in `VERBS`, objects in house order; a verb with two objects
goes by the first. Listed are things that are near or carried, and in sight: not in something closed that could be
opened. TURNTO, LOOKAT, POINTAT and WATCH also have what is LOOKABLE in the same room. Which verb is listed with which
things is up to `listed_objects.py`; of these, every command is listed that `Simulator.check` allows, and no other.

The repaired simulator's rules are written here once more, on whole sets of nodes, which takes a tenth of the time of
asking the simulator about each command. In the other fidelities, and where something is in no room, it is asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from spa_gym.envs.virtualhome.fidelity import FIDELITIES
from spa_gym.envs.virtualhome.house import House
from spa_gym.envs.virtualhome.listed_objects import ListedObjects
from spa_gym.envs.virtualhome.observation import positions
from spa_gym.envs.virtualhome.parser import text_of
from spa_gym.envs.virtualhome.rules.loads import load_of
from spa_gym.envs.virtualhome.verbs import VERBS, Command
from spa_gym.envs.virtualhome.vocabulary import STATES, State

if TYPE_CHECKING:
    from spa_gym.envs.virtualhome.simulator import Simulator
    from spa_gym.envs.virtualhome.state import HouseState

__all__ = ["AdmissibleActions"]

_KEPT_LISTS: Final = 400
"""Lists of texts that are kept per house, to be used again: some 0.2 MB."""
_LOOKING: Final = frozenset(("TURNTO", "LOOKAT", "POINTAT", "WATCH"))
_RUBBING: Final = frozenset(("RINSE", "SCRUB", "WIPE"))
_RESTING: Final = tuple(VERBS[verb].template for verb in ("STANDUP", "SLEEP", "WAKEUP"))
_POSTURES: Final = State.SITTING | State.LYING
_NOTED: Final = (
    *(State.CLOSED, State.OPEN, State.ON, State.OFF, State.DIRTY, State.PLUGGED_IN, State.PLUGGED_OUT),
)  # fmt: skip
_BITS_OF: Final = tuple(tuple(bit for bit in _NOTED if states & bit) for states in range(1 << len(STATES)))
"""State mask -> its bits that decide about actions."""


class AdmissibleActions:
    """The admissible actions of one house.

    Args:
        house: the house; the object can be shared by all its simulators.
    """

    __slots__ = ("_free", "_house", "_listed", "_plain", "_texts", "_walks", "_words")

    def __init__(self, house: House) -> None:
        self._house = house
        self._listed = ListedObjects(house)
        self._walks = [text_of(Command("WALK", (node,)), house) for node in self._listed.walks]
        self._texts: dict[tuple[object, ...], list[str]] = {}
        self._words: dict[str, list[str]] = {verb: [""] * len(house) for verb in self._listed.of}
        self._free: dict[tuple[object, ...], int] = {}
        self._plain = _is_plain(house, self._listed.portable)

    def of(self, sim: Simulator) -> tuple[str, ...]:
        """Every listed action that would be executed now, no two alike."""
        if self._plain and sim.fidelity is FIDELITIES["repaired"]:
            return self._by_sets(sim)
        return self.by_asking(sim)

    def by_asking(self, sim: Simulator) -> tuple[str, ...]:
        """The same, slowly: the simulator is asked about each command."""
        house, state, listed = self._house, sim.state, self._listed
        dirty = sum(1 << node for node, states in enumerate(state.states) if states & State.DIRTY) | listed.body
        seen, _, views = self._in_sight(state)
        walks = zip(listed.walks, self._walks, strict=True)
        actions = [text for node, text in walks if sim.check(Command("WALK", (node,))) is None]
        commands: list[Command] = []
        for verb, (_, _, arity) in VERBS.items():
            if arity == 0:
                commands.append(Command(verb))
            elif arity == 2:
                places = {"PUTBACK": listed.put_on, "PUTIN": listed.put_in, "POUR": listed.poured[1]}[verb]
                places &= seen & ~state.upon[house.character]
                things = state.held & (listed.poured[0] if verb == "POUR" else listed.things)
                commands += [
                    Command(verb, (thing, place)) for thing in positions(things) for place in positions(places)
                ]
            elif verb in listed.of:
                objects = listed.of[verb] & (seen | views if verb in _LOOKING else seen)
                if verb in _RUBBING:
                    objects &= dirty
                commands += [Command(verb, (node,)) for node in positions(objects)]
        return (*actions, *[text_of(command, house) for command in commands if sim.check(command) is None])

    def _in_sight(self, state: HouseState) -> tuple[int, int, int]:
        """What is near and in sight, or carried; of this, what nothing closed is around; views in the same room."""
        listed, character = self._listed, self._house.character
        carried = state.right_hand | state.left_hand | state.upon[character]
        seen = reached = (state.near | carried) & (listed.things | listed.body)
        room = state.room_of(character)
        views = listed.of["WATCH"] & state.contents[room] if room >= 0 else 0
        inside, on, states = state.inside, state.on, state.states
        fixed, portable = ~self._house.rooms & ~listed.portable, listed.portable
        for node in positions((seen | views) & listed.enclosable):
            place = -1
            if (inside[node] | on[node]) & portable:
                place = state.shut_in(node)
            elif inside[node] & fixed:
                # The usual case, in short: in one piece of furniture.
                for around in positions(inside[node] & fixed):
                    if states[around] & State.CLOSED:
                        place = around
                        break
            if place >= 0:
                rest = ~(1 << node)
                reached &= rest
                views &= rest
                if listed.openable >> place & 1 and not carried >> node & 1:
                    seen &= rest
        return seen, reached, views

    def _by_sets(self, sim: Simulator) -> tuple[str, ...]:
        state, of, character = sim.state, self._listed.of, self._house.character
        seen, reached, views = self._in_sight(state)
        right, left = state.right_hand, state.left_hand
        held, free, worn = right | left, not (right and left), state.upon[character]
        posture = state.states[character] & _POSTURES
        now = _noted(state.states, seen & self._listed.changing)
        add, actions = self._add, [] if posture else self._walks[:]

        add(actions, "TURNTO", seen | views)
        if state.facing[character]:
            self._add_looks(actions, sim, seen | views, views, bool(posture))
        if free:
            grabbed = reached & of["GRAB"] & ~held & ~(worn & of["PUTON"])
            # Whoever is on something cannot lift it, nor what carries it.
            sits = state.on[character] or state.inside[character] & ~self._house.rooms or state.other_hands
            add(actions, "GRAB", _allowed(sim, "GRAB", grabbed) if sits else grabbed)
        if held:
            add(actions, "DROP", held)
            self._add_puts(actions, sim, held, seen & ~worn, now[State.OPEN])
        actions += self._switching(now, free)
        add(actions, "SIT", self._seats(sim, "SIT", seen))
        add(actions, "LIE", self._seats(sim, "LIE", seen))
        if posture:
            actions += _RESTING
        if held:
            add(actions, "PUTON", held)
        if worn:
            add(actions, "PUTOFF", worn)
        if held:
            add(actions, "READ", held)
            add(actions, "DRINK", held)
        self._add_eating(actions, state, seen, held if free else 0)
        actions += self._working(seen, reached, seen & (now[State.DIRTY] | self._listed.body), free, bool(held))
        return tuple(actions)

    def _switching(self, now: dict[int, int], free: bool) -> list[str]:
        key = ("OPEN", free, *now.values())
        kept = self._texts.get(key)
        if kept is None:
            kept = []
            if free:
                self._add(kept, "OPEN", now[State.CLOSED] & ~now[State.ON])
            self._add(kept, "CLOSE", now[State.OPEN])
            self._add(kept, "SWITCHON", now[State.OFF] & ~now[State.PLUGGED_OUT])
            self._add(kept, "SWITCHOFF", now[State.ON])
            if free:
                self._add(kept, "PLUGIN", now[State.PLUGGED_OUT])
                self._add(kept, "PLUGOUT", now[State.PLUGGED_IN] & ~now[State.ON])
            self._keep(key, kept)
        return kept

    def _working(self, seen: int, reached: int, dirty: int, free: bool, holds: bool) -> list[str]:
        key = ("WASH", seen, reached, dirty, free, holds)
        kept = self._texts.get(key)
        if kept is None:
            kept = []
            movable = reached if free else 0
            for verb, objects in (
                *(("TYPE", seen), ("TOUCH", reached), ("PUSH", movable), ("PULL", movable), ("WASH", seen)),
                *(("RINSE", dirty), ("SCRUB", dirty), ("WIPE", dirty if holds else 0)),
                *(("SQUEEZE", seen if free else 0), ("GREET", seen)),
            ):
                self._add(kept, verb, objects)
            self._keep(key, kept)
        return kept

    def _add_looks(self, actions: list[str], sim: Simulator, seen: int, views: int, rests: bool) -> None:
        facing = sim.state.facing
        faced = directly = facing[self._house.character]
        for node in positions(directly):
            faced |= facing[node]
        self._add(actions, "LOOKAT", seen & faced)
        self._add(actions, "POINTAT", seen & faced)
        watched = views & (directly if rests else faced)
        # What has a room by something that it is in or on, and computers, which sitting people need not face directly.
        others = (seen | views) & faced & ~watched & self._listed.watched_otherwise
        self._add(actions, "WATCH", watched | _allowed(sim, "WATCH", others))

    def _seats(self, sim: Simulator, verb: str, seen: int) -> int:
        """Where there is place to sit or lie."""
        objects = seen & self._listed.of[verb]
        if not objects or sim.state.states[self._house.character] & (State.SITTING if verb == "SIT" else State.LYING):
            return 0
        upon, doubtful = sim.state.upon, 0
        for node in positions(objects):
            if upon[node] or self._listed.portable >> node & 1:
                doubtful |= 1 << node
        if not doubtful:
            return objects
        if doubtful & self._listed.portable:
            return objects & ~doubtful | _allowed(sim, verb, doubtful)
        # Whether there is place on what nobody carries depends on what is on it alone.
        key = (verb, *[upon[node] for node in positions(objects)], objects)
        kept = self._free.get(key)
        if kept is None:
            if len(self._free) >= _KEPT_LISTS:
                self._free.clear()
            kept = self._free[key] = objects & ~doubtful | _allowed(sim, verb, doubtful)
        return kept

    def _add_puts(self, actions: list[str], sim: Simulator, held: int, seen: int, opened: int) -> None:
        state, listed = sim.state, self._listed
        inside = listed.put_in & ~(listed.closing & ~opened)
        # Nothing goes on or in what is part of it.
        places = {thing: seen & ~load_of(state, 1 << thing) for thing in positions(held & listed.things)}
        for thing, apart in places.items():
            self._add_pairs(actions, "PUTBACK", thing, apart & listed.put_on)
        for thing, apart in places.items():
            self._add_pairs(actions, "PUTIN", thing, apart & inside)
        self._add(actions, "PUTOBJBACK", _allowed(sim, "PUTOBJBACK", held))
        sources, targets = listed.poured
        for thing, apart in places.items():
            if sources >> thing & 1:
                self._add_pairs(actions, "POUR", thing, apart & targets)

    def _add_eating(self, actions: list[str], state: HouseState, seen: int, knives: int) -> None:
        kind = self._house.by_property["EATABLE"]
        if not kind:
            return
        eaten = kind
        for food in positions(kind):
            eaten |= state.on[food]
        self._add(actions, "EAT", eaten & seen)
        if knives & self._listed.knives:
            self._add(actions, "CUT", seen)

    def _add(self, actions: list[str], verb: str, objects: int) -> None:
        """Add a verb with each object that it is listed with."""
        objects &= self._listed.of[verb]
        if objects:
            key = (verb, objects)
            kept = self._texts.get(key)
            if kept is None:
                words = self._words[verb]
                kept = self._keep(key, [words[node] or self._word(verb, node) for node in positions(objects)])
            actions += kept

    def _add_pairs(self, actions: list[str], verb: str, thing: int, places: int) -> None:
        if places:
            key = (verb, thing, places)
            kept = self._texts.get(key)
            if kept is None:
                house = self._house
                commands = [Command(verb, (thing, place)) for place in positions(places)]
                kept = self._keep(key, [text_of(command, house) for command in commands])
            actions += kept

    def _keep(self, key: tuple[object, ...], texts: list[str]) -> list[str]:
        if len(self._texts) >= _KEPT_LISTS:
            self._texts.clear()
        self._texts[key] = texts
        return texts

    def _word(self, verb: str, node: int) -> str:
        text = self._words[verb][node] = text_of(Command(verb, (node,)), self._house)
        return text


def _noted(states: list[int], nodes: int) -> dict[int, int]:
    """State bit -> those of some nodes that have it."""
    now = dict.fromkeys(_NOTED, 0)
    for node in positions(nodes):
        for bit in _BITS_OF[states[node]]:
            now[bit] |= 1 << node
    return now


def _allowed(sim: Simulator, verb: str, objects: int) -> int:
    """The objects with which the simulator would execute a verb."""
    for node in positions(objects):
        if sim.check(Command(verb, (node,))) is not None:
            objects ^= 1 << node
    return objects


def _is_plain(house: House, portable: int) -> bool:
    """Everything has a room, and nothing that is there to stay is on or in what can be carried."""
    inside, on = house.rows["INSIDE"], house.rows["ON"]
    carriers = portable | 1 << house.character | house.by_property["BODY_PART"]
    placed, before = house.rooms, 0
    while placed != before:
        before = placed
        for node in range(len(house)):
            if (inside[node] | on[node]) & placed:
                placed |= 1 << node
    if placed != (1 << len(house)) - 1:
        return False
    return all(
        (portable >> node & 1 or not row & carriers) and (row & house.rooms).bit_count() < 2
        for node, row in enumerate(inside)
    )
