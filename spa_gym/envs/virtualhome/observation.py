"""What the agent reads: one line that says what was done, how the character is, what it has, wears and sees.

    {event} [You are {sitting on|lying on} {x}.] You have {a, b|nothing}. [You wear {x, y}.] You see {groups}.

- Event: "You open fridge."; WALK, RUN and FIND always name the room that the character is in then ("You walk to fridge
  in kitchen."), but to a room ("You walk to kitchen."). So the line depends on the state and the command alone.
- Have: names only, the right hand first. Wear: what is ON the character and not held, in house order.
- Groups, joined by "; ": a near thing, its states in brackets, ", in it a, b (dirty)", ", on it c". First, in house
  order, what is on or in nothing but a room and structure; each is followed by the groups of what is in or on it, if
  these carry something themselves or are open containers (and of what is in or on these, and so on). Then come the
  groups of what is held or worn and carries something, then near things whose carrier is out of reach.
- States, in this order: open, closed (of what can be opened), on, off (of what has a switch), dirty, unplugged.
- "in it nothing" only for open containers (CAN_OPEN and CONTAINERS). What is in a closed thing that can be opened is
  not shown; what is in an open or doorless thing is shown with it, near or not.
- Never shown: rooms, structure (see `STRUCTURE`), parts of the body, the character, and, under "You see", what is held
  or worn and carries nothing.
- Near to nothing but what is carried, as after a walk to a room: the room's things that are on or in nothing else, in
  house order with their states, without content.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from spa_gym.envs.virtualhome.house import House, once_per_house
from spa_gym.envs.virtualhome.parser import text_of
from spa_gym.envs.virtualhome.verbs import Command
from spa_gym.envs.virtualhome.vocabulary import Property, State, bits, positions

if TYPE_CHECKING:
    from spa_gym.envs.virtualhome.simulator import Simulator
    from spa_gym.envs.virtualhome.state import HouseState

__all__ = ["NOTHING_HAPPENS", "STRUCTURE", "first_observation", "observation", "structure_of"]

NOTHING_HAPPENS: Final = "Nothing happens."
"""The answer to every action that was not executed."""

STRUCTURE: Final = frozenset(("Floor", "Floors", "Walls", "Ceiling"))
"""Categories of what a house is made of; doorjambs are too."""

_OPENED: Final = ("desk", "window")
"""Classes that open without the property CAN_OPEN."""
_OPEN, _CLOSED = State.OPEN, State.CLOSED
_POSTURES: Final = State.SITTING | State.LYING
_GOING: Final = ("WALK", "RUN", "FIND")
_SHOWN_STATES: Final = (
    (State.OPEN, "open"),
    (State.CLOSED, "closed"),
    (State.ON, "on"),
    (State.OFF, "off"),
    (State.DIRTY, "dirty"),
    (State.PLUGGED_OUT, "unplugged"),
)


def first_observation(sim: Simulator, goal_text: str) -> str:
    """Where the character is, the rooms of the house, how things are, and on a second line what is wanted."""
    house, state = sim.house, sim.state
    room = state.room_of(house.character)
    place = f"You are in {house.names[room]}. " if room >= 0 else ""
    rooms = ", ".join(house.names[node] for node in bits(house.rooms)) or "no room"
    return f"{place}The house has {rooms}. {_situation(state)}\n{goal_text}"


def observation(sim: Simulator, command: Command) -> str:
    """The line after a command that was executed."""
    house, state = sim.house, sim.state
    event = text_of(command, house)
    if command.verb in _GOING and not house.rooms >> command.objects[0] & 1:
        room = state.room_of(house.character)
        if room >= 0:
            event = f"{event} in {house.names[room]}"
    return f"You {event}. {_situation(state)}"


@once_per_house
def structure_of(house: House) -> int:
    """The nodes that a house is made of: nothing to see, to walk to or to do something with."""
    mask = house.by_class.get("doorjamb", 0)
    for node, category in enumerate(house.categories):
        if category in STRUCTURE:
            mask |= 1 << node
    return mask


class _Words(dict[int, str]):
    """States of a thing -> its name with those that are shown in brackets, filled as they occur.

    Args:
        name: of the thing.
        worded: state bits that its words depend on.
    """

    __slots__ = ("_name", "_worded")

    def __init__(self, name: str, worded: int) -> None:
        super().__init__()
        self._name, self._worded = name, worded

    def __missing__(self, states: int) -> str:
        shown = ", ".join(text for bit, text in _SHOWN_STATES if states & self._worded & bit)
        word = self[states] = f"{self._name} ({shown})" if shown else self._name
        return word


_known_words = lru_cache(4096)(_Words)
"""Kept by name and worded states, so that another house with a "fridge" finds its words ready."""


class _View(dict[int, _Words]):
    """What never changes about how the things of a house are shown: position of a thing -> its words, and sets."""

    __slots__ = ("_properties", "boxes", "doors", "names", "shown")

    def __init__(self, house: House) -> None:
        super().__init__()
        self._properties = house.properties
        self.names = "\n".join(house.names).lower().split("\n")
        hidden = structure_of(house) | house.rooms | house.by_property["BODY_PART"] | 1 << house.character
        self.shown = (1 << len(house)) - 1 & ~hidden
        self.doors = house.by_property["CAN_OPEN"]
        for name in _OPENED:
            self.doors |= house.by_class.get(name, 0)
        self.boxes = self.doors & house.by_property["CONTAINERS"]

    def __missing__(self, node: int) -> _Words:
        worded = State.DIRTY | State.PLUGGED_OUT
        if self.doors >> node & 1:
            worded |= State.OPEN | State.CLOSED
        if self._properties[node] & Property.HAS_SWITCH:
            worded |= State.ON | State.OFF
        words = self[node] = _known_words(self.names[node], worded)
        return words


@once_per_house
def _view_of(house: House) -> _View:
    return _View(house)


def _situation(state: HouseState) -> str:
    view, character = _view_of(state.house), state.house.character
    names = view.names
    posture = ""
    states = state.states[character]
    if states & _POSTURES:
        posture = "You are sitting" if states & State.SITTING else "You are lying"
        seat = state.on[character] & view.shown
        posture += f" on {names[(seat & -seat).bit_length() - 1]}. " if seat else ". "
    right, left = state.right_hand, state.left_hand
    held = right | left
    have = ", ".join([names[node] for hand in (right, left) for node in bits(hand)]) if held else "nothing"
    worn = state.upon[character] & ~held & view.shown
    wear = f" You wear {', '.join([names[node] for node in bits(worn)])}." if worn else ""
    return f"{posture}You have {have}.{wear} You see {_sight(state, view, held | worn)}."


def _sight(state: HouseState, view: _View, carried: int) -> str:
    groups = _Groups(state, view, view.shown & ~carried)
    near = state.near & groups.shown
    loaded = [node for node in bits(carried) if (state.contents[node] | state.upon[node]) & groups.shown]
    if loaded:
        near &= ~groups.load_of(carried)
    if near:
        groups.add_top(near)
    else:
        groups.add_room(state.room_of(state.house.character))
    for node in loaded:
        groups.add(node)
    if near & ~groups.listed:
        groups.add_left(near & ~groups.listed)
    return "; ".join(groups.texts) or "nothing"


class _Groups:
    """The groups of one observation, as they are put together."""

    __slots__ = ("grouped", "listed", "shown", "state", "texts", "view")

    def __init__(self, state: HouseState, view: _View, shown: int) -> None:
        self.state, self.view, self.shown = state, view, shown
        self.texts: list[str] = []
        self.grouped = 0
        """What has a group."""
        self.listed = 0
        """What has a group, is in another one's, or is shut in."""

    def add_top(self, near: int) -> None:
        """Things that are in or on nothing else that is shown."""
        state, view = self.state, self.view
        on, inside, upon, contents, states = state.on, state.inside, state.upon, state.contents, state.states
        shown, boxes, texts = view.shown, view.boxes, self.texts
        for node in positions(near):
            if (inside[node] | on[node]) & shown:
                continue
            if upon[node] or contents[node] or boxes >> node & 1:
                self.add(node)
            else:
                texts.append(view[node][states[node]])
                self.listed |= 1 << node

    def add_room(self, room: int) -> None:
        """What stands about in a room, without content."""
        state, view = self.state, self.view
        on, inside, states, shown = state.on, state.inside, state.states, view.shown
        for node in positions(state.contents[room] & self.shown if room >= 0 else 0):
            if not (inside[node] | on[node]) & shown:
                self.texts.append(view[node][states[node]])

    def add_left(self, left: int) -> None:
        """Near things in or on something that is out of reach; shut in, they are not seen."""
        on, inside = self.state.on, self.state.inside
        for node in positions(left):
            if self._is_shut(node):
                left ^= 1 << node
        for node in bits(left):
            if not (inside[node] | on[node]) & left:
                self.add(node)
        # Where things are on each other in a circle (the released rules allow it), none of them is the first.
        for node in bits(left):
            if not self.listed >> node & 1:
                self.add(node)

    def add(self, first: int) -> None:
        """The group of a thing, and those of what is in it or on it and carries something, or is open for it."""
        state, view, shown = self.state, self.view, self.shown
        inside_of, upon_of, states, doors, boxes = state.contents, state.upon, state.states, view.doors, view.boxes
        waiting = [first]
        while waiting:
            node = waiting.pop()
            if self.grouped >> node & 1:
                continue
            contents, upon, now = inside_of[node] & shown, upon_of[node] & shown, states[node]
            is_open = boxes >> node & 1 and now & _OPEN
            if now & _CLOSED and doors >> node & 1:
                self.listed |= contents
                contents = 0
                if not upon and node != first:
                    continue
            elif not (contents or upon or is_open or node == first):
                continue
            text = view[node][now]
            if contents:
                text += f", in it {', '.join([view[other][states[other]] for other in positions(contents)])}"
            elif is_open:
                text += ", in it nothing"
            if upon:
                text += f", on it {', '.join([view[other][states[other]] for other in positions(upon)])}"
            self.texts.append(text)
            load = contents | upon
            self.grouped |= 1 << node
            self.listed |= 1 << node | load
            if load:
                waiting += [
                    other for other in reversed(positions(load))
                    if upon_of[other] or inside_of[other] or boxes >> other & 1
                ]  # fmt: skip

    def load_of(self, carriers: int) -> int:
        """All that is in or on some things, at whatever depth."""
        load = waiting = carriers
        while waiting:
            node = (waiting & -waiting).bit_length() - 1
            more = (self.state.contents[node] | self.state.upon[node]) & self.shown & ~load
            load |= more
            waiting = waiting & waiting - 1 | more
        return load

    def _is_shut(self, node: int) -> bool:
        """It is, at whatever depth, in something closed that could be opened."""
        on, inside, states, shown = self.state.on, self.state.inside, self.state.states, self.view.shown
        waiting, seen = 1 << node, 0
        while waiting:
            low = waiting & -waiting
            seen |= low
            node = low.bit_length() - 1
            places = inside[node] & shown
            if any(states[place] & _CLOSED for place in bits(places & self.view.doors)):
                return True
            waiting = (waiting | places | on[node] & shown) & ~seen
        return False
