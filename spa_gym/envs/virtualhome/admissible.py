"""`AdmissibleActions`: the texts of what would be executed now, in a fixed order.

The order: walks (rooms, then things); then thing by thing in house order what can be done with it alone, verbs as in
`VERBS`; then for each thing held, in house order, where it can be put on, put in and poured into, each in house order;
then what takes no object. Listed are things that are near or carried, and in sight: not in something closed that could
be opened. TURNTO, LOOKAT, POINTAT and WATCH also have what is LOOKABLE in the same room. Which verb is listed with
which things is up to `listed_objects.py`; of these, every command is listed that `Simulator.check` allows, and no
other.

The repaired simulator's rules are written here and in `object_actions.py` once more, on sets of nodes, which takes a
small part of the time of asking the simulator about each command. In the other fidelities, and where something is in
no room, it is asked (`asking.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from spa_gym.envs.virtualhome.asking import admissible_by_asking
from spa_gym.envs.virtualhome.fidelity import FIDELITIES
from spa_gym.envs.virtualhome.house import House
from spa_gym.envs.virtualhome.listed_objects import ListedObjects
from spa_gym.envs.virtualhome.object_actions import (
    FACED,
    FED,
    FREE,
    HELD,
    HOLDS,
    KNIFE,
    LYING,
    NO_BED,
    NO_GRAB,
    NO_RETURN,
    NO_SEAT,
    OUT_OF_REACH,
    SITTING,
    UNSEEN,
    WATCHED,
    WORN,
    ActionsByThing,
)
from spa_gym.envs.virtualhome.rules.loads import carried, load_of
from spa_gym.envs.virtualhome.rules.posture import BERTHS, SEATS
from spa_gym.envs.virtualhome.verbs import VERBS, Command
from spa_gym.envs.virtualhome.vocabulary import State, positions

if TYPE_CHECKING:
    from spa_gym.envs.virtualhome.simulator import Simulator
    from spa_gym.envs.virtualhome.state import HouseState

__all__ = ["AdmissibleActions"]

_RESTING: Final = tuple(verb.template for verb in VERBS.values() if verb.arity == 0)
_CLOSED, _OPEN, _SITTING, _LYING = State.CLOSED, State.OPEN, State.SITTING, State.LYING
_POSTURES: Final = _SITTING | _LYING


class AdmissibleActions:
    """The admissible actions of one house.

    Args:
        house: the house; the object can be shared by all its simulators.
    """

    __slots__ = ("_foods", "_house", "_listed", "_names", "_plain", "_things", "_views", "_walks")

    def __init__(self, house: House) -> None:
        self._house = house
        listed = self._listed = ListedObjects(house)
        names = self._names = "\n".join(house.names).lower().split("\n")
        self._walks = [f"walk to {names[node]}" for node in listed.walks]
        self._things = ActionsByThing(house, listed)
        self._foods = positions(house.by_property["EATABLE"])
        self._views = house.by_property["LOOKABLE"] & listed.things
        self._plain = _is_plain(house, listed.portable)

    def of(self, sim: Simulator) -> tuple[str, ...]:
        """Every listed action that would be executed now, no two alike."""
        if not self._plain or sim.fidelity is not FIDELITIES["repaired"]:
            return admissible_by_asking(sim, self._listed)
        state, listed, things, character = sim.state, self._listed, self._things, self._house.character
        right, left, worn, states = state.right_hand, state.left_hand, state.upon[character], state.states
        held = right | left
        seen, unreached, views, unseen = self._in_sight(state, held | worn)
        posture = states[character] & _POSTURES

        moments: dict[int, int] = {}
        for bit, nodes in ((UNSEEN, unseen), (OUT_OF_REACH, unreached), (WORN, worn & seen)):
            if nodes:
                _mark(moments, bit, nodes)
        here = 0
        if posture:
            here |= (SITTING if posture & _SITTING else 0) | (LYING if posture & _LYING else 0)
        if not right or not left:
            here |= FREE
            if held & listed.knives:
                here |= KNIFE
        if held:
            here |= HOLDS
            _mark(moments, HELD, held)
            _mark(moments, NO_RETURN, _refused(sim, "PUTOBJBACK", held))
        self._mark_seats(moments, state, seen)
        if state.facing[character]:
            self._mark_faced(moments, sim, seen, views, bool(posture))
        if self._foods:
            fed, on = 0, state.on
            for food in self._foods:
                fed |= on[food]
            if fed & seen:
                _mark(moments, FED, fed & seen)
        # Whoever is on something cannot lift it, nor what carries it.
        if state.on[character] or state.other_hands or state.inside[character] & ~self._house.rooms:
            grabbed = seen & listed.portable & ~(unreached | held)
            if grabbed and here & FREE:
                _mark(moments, NO_GRAB, _refused(sim, "GRAB", grabbed))

        actions = [] if posture else self._walks[:]
        if moments:
            marks = moments.get
            for node in positions(seen | views):
                actions += things[node][states[node] | here | marks(node, 0)]
        else:
            for node in positions(seen | views):
                actions += things[node][states[node] | here]
        if held:
            self._add_puts(actions, state, held, seen & ~worn)
        if posture:
            actions += _RESTING
        return tuple(actions)

    def by_asking(self, sim: Simulator) -> tuple[str, ...]:
        """The same, slowly: the simulator is asked about each command."""
        return admissible_by_asking(sim, self._listed)

    def _in_sight(self, state: HouseState, along: int) -> tuple[int, int, int, int]:
        """What is near and in sight, or carried; of this, what is shut in all the same; views; those not near."""
        house, listed = self._house, self._listed
        inside, on, rooms = state.inside, state.on, house.rooms
        seen = (state.near | along) & listed.listable
        here = inside[house.character] & rooms
        room = state.room_of(house.character) if here & (here - 1) or not here else here.bit_length() - 1
        views = self._views & state.contents[room] if room >= 0 else 0
        here = 1 << room if room >= 0 else 0
        unreached, portable, states = 0, listed.portable, state.states
        for node in positions((seen | views) & listed.enclosable):
            row = inside[node]
            if row == here and not on[node] & portable:
                continue
            place = -1
            if (row | on[node]) & portable:
                place = state.shut_in(node)
            else:
                # The usual case, in short: in one piece of furniture.
                for around in positions(row & ~rooms):
                    if states[around] & _CLOSED:
                        place = around
                        break
            if place >= 0:
                bit = 1 << node
                views &= ~bit
                if listed.openable >> place & 1 and not along & bit:
                    seen &= ~bit
                elif seen & bit:
                    unreached |= bit
        return seen, unreached, views, views & ~seen

    def _mark_seats(self, moments: dict[int, int], state: HouseState, seen: int) -> None:
        """Where there is no place to sit or lie: others take it, or it is carried along."""
        seats, classes, upon = seen & self._listed.seats, self._house.class_names, state.upon
        others = ~(1 << self._house.character)
        for node in positions(seats):
            taken = upon[node] & others
            if taken:
                count = taken.bit_count()
                marks = NO_SEAT if count >= SEATS.get(classes[node], 1) else 0
                if count >= BERTHS.get(classes[node], 1):
                    marks |= NO_BED
                moments[node] = moments.get(node, 0) | marks
        portable = seats & self._listed.portable
        if portable:
            _mark(moments, NO_SEAT | NO_BED, portable & carried(state)[1])

    def _mark_faced(self, moments: dict[int, int], sim: Simulator, seen: int, views: int, rests: bool) -> None:
        facing = sim.state.facing
        faced = directly = facing[self._house.character]
        for node in positions(directly):
            faced |= facing[node]
        _mark(moments, FACED, (seen | views) & faced)
        watched = views & (directly if rests else faced)
        # What has a room by something that it is in or on, and computers, which sitting people need not face directly.
        others = (seen | views) & faced & ~watched & self._listed.watched_otherwise
        _mark(moments, WATCHED, watched | others & ~_refused(sim, "WATCH", others))

    def _add_puts(self, actions: list[str], state: HouseState, held: int, seen: int) -> None:
        listed, names, states = self._listed, self._names, state.states
        sources, targets = listed.poured
        inside = seen & listed.put_in
        for place in positions(inside & listed.closing):
            if not states[place] & _OPEN:
                inside ^= 1 << place
        for thing in positions(held & listed.things):
            # Nothing goes on or in what is part of it.
            apart = ~load_of(state, 1 << thing)
            name = names[thing]
            actions += [f"put {name} on {names[place]}" for place in positions(seen & listed.put_on & apart)]
            actions += [f"put {name} in {names[place]}" for place in positions(inside & apart)]
            if sources >> thing & 1:
                actions += [f"pour {name} into {names[place]}" for place in positions(seen & targets & apart)]


def _mark(moments: dict[int, int], bit: int, nodes: int) -> None:
    for node in positions(nodes):
        moments[node] = moments.get(node, 0) | bit


def _refused(sim: Simulator, verb: str, objects: int) -> int:
    """The objects with which the simulator would not execute a verb."""
    for node in positions(objects):
        if sim.check(Command(verb, (node,))) is None:
            objects ^= 1 << node
    return objects


def _is_plain(house: House, portable: int) -> bool:
    """Everything has a room, and nothing that is there to stay is on or in what can be carried."""
    inside, on, rooms = house.rows["INSIDE"], house.rows["ON"], house.rooms
    carriers = portable | 1 << house.character | house.by_property["BODY_PART"]
    roomless = []
    for node, row in enumerate(inside):
        here = row & rooms
        if here & (here - 1) or row & carriers and not portable >> node & 1:
            return False
        if not here and not rooms >> node & 1:
            roomless.append(node)
    placed, before = ~sum(1 << node for node in roomless), 0
    while roomless and placed != before:
        before = placed
        for node in roomless:
            if (inside[node] | on[node]) & placed:
                placed |= 1 << node
        roomless = [node for node in roomless if not placed >> node & 1]
    return not roomless
