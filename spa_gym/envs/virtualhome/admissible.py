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
from spa_gym.envs.virtualhome.parser import text_of
from spa_gym.envs.virtualhome.rules.loads import load_of
from spa_gym.envs.virtualhome.verbs import VERBS, Command
from spa_gym.envs.virtualhome.vocabulary import STATES, State, bits

if TYPE_CHECKING:
    from spa_gym.envs.virtualhome.simulator import Simulator
    from spa_gym.envs.virtualhome.state import HouseState

__all__ = ["AdmissibleActions"]

_KEPT_LISTS: Final = 400
_KEPT_WORDS: Final = 4000
"""Lists and texts that are kept per house, to be used again: some 0.5 MB at most."""
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

    __slots__ = ("_house", "_listed", "_plain", "_texts", "_walks", "_words")

    def __init__(self, house: House) -> None:
        self._house = house
        self._listed = ListedObjects(house)
        self._walks = [text_of(Command("WALK", (node,)), house) for node in self._listed.walks]
        self._texts: dict[tuple[object, ...], list[str]] = {}
        self._words: dict[Command, str] = {}
        self._plain = _everything_has_a_room(house)

    def of(self, sim: Simulator) -> tuple[str, ...]:
        """Every listed action that would be executed now, no two alike."""
        if self._plain and sim.fidelity == FIDELITIES["repaired"]:
            return self._by_sets(sim)
        return self.by_asking(sim)

    def by_asking(self, sim: Simulator) -> tuple[str, ...]:
        """The same, slowly: the simulator is asked about each command."""
        house, state, listed = self._house, sim.state, self._listed
        dirty = sum(1 << node for node, states in enumerate(state.states) if states & State.DIRTY) | listed.body
        seen, _ = self._in_sight(state)
        commands = [Command("WALK", (node,)) for node in listed.walks]
        for verb, (_, _, arity) in VERBS.items():
            if arity == 0:
                commands.append(Command(verb))
            elif arity == 2:
                places = {"PUTBACK": listed.put_on, "PUTIN": listed.put_in, "POUR": listed.poured[1]}[verb]
                places &= seen & ~state.upon[house.character]
                things = state.held & (listed.poured[0] if verb == "POUR" else listed.things)
                commands += [Command(verb, (thing, place)) for thing in bits(things) for place in bits(places)]
            elif verb in listed.of:
                objects = listed.of[verb] & (seen | self._views(state) if verb in _LOOKING else seen)
                if verb in _RUBBING:
                    objects &= dirty
                commands += [Command(verb, (node,)) for node in bits(objects)]
        return tuple(text_of(command, house) for command in commands if sim.check(command) is None)

    def _in_sight(self, state: HouseState) -> tuple[int, int]:
        """What is near and in sight, or carried; and of this, what nothing closed is around."""
        listed = self._listed
        carried = state.right_hand | state.left_hand | state.upon[self._house.character]
        seen = reached = (state.near | carried) & (listed.things | listed.body)
        inside, on, rooms = state.inside, state.on, self._house.rooms
        rest = seen & listed.enclosable
        while rest:
            low = rest & -rest
            rest ^= low
            node = low.bit_length() - 1
            if inside[node] & ~rooms or on[node]:
                place = state.shut_in(node)
                if place >= 0:
                    reached ^= low
                    if listed.openable >> place & 1 and not carried & low:
                        seen ^= low
        return seen, reached

    def _views(self, state: HouseState) -> int:
        """What is worth looking at in the same room."""
        room = state.room_of(self._house.character)
        views = self._listed.of["WATCH"] & state.contents[room] if room >= 0 else 0
        for node in bits(views):
            if state.shut_in(node) >= 0:
                views ^= 1 << node
        return views

    def _by_sets(self, sim: Simulator) -> tuple[str, ...]:
        state, of, character = sim.state, self._listed.of, self._house.character
        seen, reached = self._in_sight(state)
        right, left = state.right_hand, state.left_hand
        held, free, worn = right | left, not (right and left), state.upon[character]
        posture = state.states[character] & _POSTURES
        now = _noted(state.states, seen)
        add, actions = self._add, [] if posture else self._walks[:]

        views = seen | self._views(state)
        add(actions, "TURNTO", views)
        if state.facing[character]:
            faced = _faced(state)
            add(actions, "LOOKAT", views & faced)
            add(actions, "POINTAT", views & faced)
            add(actions, "WATCH", _allowed(sim, "WATCH", views & faced & of["WATCH"]))
        if free:
            grabbed = reached & of["GRAB"] & ~held & ~(worn & of["PUTON"])
            # Whoever is on something cannot lift it, nor what carries it.
            sits = state.on[character] or state.inside[character] & ~self._house.rooms or state.other_hands
            add(actions, "GRAB", _allowed(sim, "GRAB", grabbed) if sits else grabbed)
        if held:
            add(actions, "DROP", held)
            self._add_puts(actions, sim, held, seen & ~worn, now[State.OPEN])
        if free:
            add(actions, "OPEN", now[State.CLOSED] & ~now[State.ON] & of["OPEN"])
        add(actions, "CLOSE", now[State.OPEN])
        add(actions, "SWITCHON", now[State.OFF] & ~now[State.PLUGGED_OUT])
        add(actions, "SWITCHOFF", now[State.ON])
        if free:
            add(actions, "PLUGIN", now[State.PLUGGED_OUT])
            add(actions, "PLUGOUT", now[State.PLUGGED_IN] & ~now[State.ON])
        add(actions, "SIT", _allowed(sim, "SIT", seen & of["SIT"]))
        add(actions, "LIE", _allowed(sim, "LIE", seen & of["LIE"]))
        if posture:
            actions += _RESTING
        for verb, objects in (("PUTON", held), ("PUTOFF", worn), ("READ", held), ("DRINK", held)):
            add(actions, verb, objects)
        self._add_eating(actions, state, seen, held if free else 0)
        dirty = seen & (now[State.DIRTY] | self._listed.body)
        for verb, objects in (
            ("TYPE", seen),
            ("TOUCH", reached),
            ("PUSH", reached if free else 0),
            ("PULL", reached if free else 0),
            ("WASH", seen),
            ("RINSE", dirty),
            ("SCRUB", dirty),
            ("WIPE", dirty if held else 0),
            ("SQUEEZE", seen if free else 0),
            ("GREET", seen),
        ):
            add(actions, verb, objects)
        return tuple(actions)

    def _add_puts(self, actions: list[str], sim: Simulator, held: int, seen: int, opened: int) -> None:
        state, listed = sim.state, self._listed
        inside = listed.put_in & ~(listed.closing & ~opened)
        # Nothing goes on or in what is part of it.
        places = {thing: seen & ~load_of(state, 1 << thing) for thing in bits(held & listed.things)}
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
        for food in bits(kind):
            eaten |= state.on[food]
        self._add(actions, "EAT", eaten & seen)
        if knives & self._listed.knives:
            self._add(actions, "CUT", seen)

    def _add(self, actions: list[str], verb: str, objects: int) -> None:
        """Add a verb with each object that it is listed with."""
        objects &= self._listed.of[verb]
        if objects:
            kept = self._texts.get((verb, objects))
            if kept is None:
                kept = self._keep((verb, objects), [Command(verb, (node,)) for node in bits(objects)])
            actions += kept

    def _add_pairs(self, actions: list[str], verb: str, thing: int, places: int) -> None:
        if places:
            key = (verb, thing, places)
            kept = self._texts.get(key)
            if kept is None:
                kept = self._keep(key, [Command(verb, (thing, place)) for place in bits(places)])
            actions += kept

    def _keep(self, key: tuple[object, ...], commands: list[Command]) -> list[str]:
        if len(self._texts) >= _KEPT_LISTS:
            self._texts.clear()
        words = self._words
        if len(words) >= _KEPT_WORDS:
            words.clear()
        texts = []
        for command in commands:
            text = words.get(command)
            if text is None:
                text = words[command] = text_of(command, self._house)
            texts.append(text)
        self._texts[key] = texts
        return texts


def _noted(states: list[int], nodes: int) -> dict[int, int]:
    """State bit -> those of some nodes that have it."""
    now = dict.fromkeys(_NOTED, 0)
    while nodes:
        low = nodes & -nodes
        nodes ^= low
        for bit in _BITS_OF[states[low.bit_length() - 1]]:
            now[bit] |= low
    return now


def _faced(state: HouseState) -> int:
    """What the character faces, or what something that it faces is facing."""
    faced = directly = state.facing[state.house.character]
    for node in bits(directly):
        faced |= state.facing[node]
    return faced


def _allowed(sim: Simulator, verb: str, objects: int) -> int:
    """The objects with which the simulator would execute a verb."""
    for node in bits(objects):
        if sim.check(Command(verb, (node,))) is not None:
            objects ^= 1 << node
    return objects


def _everything_has_a_room(house: House) -> bool:
    inside, on = house.rows["INSIDE"], house.rows["ON"]
    placed, before = house.rooms, 0
    while placed != before:
        before = placed
        for node in range(len(house)):
            if (inside[node] | on[node]) & placed:
                placed |= 1 << node
    return placed == (1 << len(house)) - 1
