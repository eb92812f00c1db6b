"""`Draft`: a plan being written, each action tried at once; what an action lacks, its failure says.

There is no second list of preconditions here: `do` executes an action in the simulator, and where that fails, the
failure's kind says what must be true first ("not_near": walk there, "hands_full": put something down, ...). So a plan
never holds an action that fails, whatever the rules of the chosen fidelity are.
"""

from __future__ import annotations

from spa_gym.envs.virtualhome.goal import Goal
from spa_gym.envs.virtualhome.planning.surroundings import cheapest, resting_place
from spa_gym.envs.virtualhome.reasons import Failure
from spa_gym.envs.virtualhome.simulator import Simulator
from spa_gym.envs.virtualhome.snapshot import Snapshot
from spa_gym.envs.virtualhome.verbs import Command
from spa_gym.envs.virtualhome.vocabulary import Property, bits

__all__ = ["LET_GO", "Draft", "Stuck", "Wish"]

Wish = tuple[Command, ...]
"""Actions that are wanted one after the other, each with what it needs first."""

LET_GO = "let go of"
"""Not an action: `do` puts the thing down wherever that is sensible."""

_MOST_REPAIRS = 9
_MOST_STACKED = 12

_OF_FAILED_NODE = {
    "not_near": "WALK",
    "other_room": "WALK",
    "not_facing": "TURNTO",
    "not_held": "GRAB",
    "already_held": LET_GO,
    "worn": "PUTOFF",
    "not_worn": "PUTON",
    "is_closed": "OPEN",
    "not_open": "OPEN",
    "not_closed": "CLOSE",
    "is_on": "SWITCHOFF",
    "not_on": "SWITCHON",
    "not_off": "SWITCHOFF",
    "is_unplugged": "PLUGIN",
    "not_plugged_in": "PLUGIN",
    "not_plugged_out": "PLUGOUT",
}
"""Kind of failure -> the verb that mends it, done to the first node that the failure names."""

_NEED_SIGHT = frozenset(
    {"WASH", "RINSE", "SCRUB", "WIPE", "EAT", "CUT", "POUR", "PUTBACK", "PUTIN", "OPEN", "CLOSE", "SQUEEZE", "TYPE"}
    | {"SWITCHON", "SWITCHOFF", "PLUGIN", "PLUGOUT", "SIT", "LIE"}
)
"""Verbs that the rules allow with things that are shut in something."""

_NEED_IN_HAND = frozenset({"PUTBACK", "PUTIN", "PUTOBJBACK", "POUR", "PUTON", "READ", "DRINK", "DROP", "RELEASE"})

_BY_STANDING_UP = frozenset({"seated", "already_sitting", "already_lying", "in_use"})


class Stuck(Exception):
    """The plan cannot go on this way: what is lacking cannot be had, or the plan is longer than one that is known."""


class Draft:
    """A plan, and the simulator in the state after it."""

    def __init__(self, sim: Simulator, goal: Goal, done: int) -> None:
        self.sim = sim
        self.state = sim.state
        self.house = sim.house
        self.goal = goal
        self.done = done
        self.commands: list[Command] = []
        self.longest = 1 << 30
        """Plans of more actions are given up."""
        self.dear = 0
        """What is better kept in hand: the things of the goal."""
        for condition in goal.conditions:
            self.dear |= condition.subjects | condition.targets
        self._stack: list[Command] = []

    def mark(self) -> tuple[Snapshot, list[Command], int]:
        """Where the plan stands, to come back to."""
        return self.sim.snapshot(), self.commands[:], self.done

    def back(self, mark: tuple[Snapshot, list[Command], int]) -> None:
        """Come back to a mark."""
        snapshot, commands, self.done = mark
        self.sim.restore(snapshot)
        self.commands = commands[:]
        self._stack.clear()

    def do(self, command: Command) -> None:
        """Add an action, after all that must be done for it.

        Raises:
            Stuck: there is no way to do it.
        """
        if command.verb == LET_GO:
            self._put_down(command.objects[0])
            return
        if command.verb == "TURNTO" and self._elsewhere(command.objects[0]):
            self.do(Command("WALK", command.objects))
        last: Failure | None = None
        for _ in range(_MOST_REPAIRS):
            if command.verb in _NEED_SIGHT:
                self._uncover(command)
            failure = self.sim.execute(command)
            if failure is None:
                self.commands.append(command)
                if len(self.commands) > self.longest:
                    raise Stuck
                self.done = self.goal.note(self.done, command.verb, command.objects)
                return
            again = failure == last and failure.kind != "taken"
            if again or command in self._stack or len(self._stack) > _MOST_STACKED:
                raise Stuck
            last = failure
            self._stack.append(command)
            self._mend(command, failure)
            self._stack.pop()
        raise Stuck

    def _uncover(self, command: Command) -> None:
        """Open what an object is in: the rules let people wash a cup in a closed cupboard, but nobody does."""
        state, rooms = self.state, self.house.rooms
        for node in command.objects:
            if state.inside[node] & ~rooms and state.near >> node & 1 and not state.held >> node & 1:
                around = state.shut_in(node)
                opening = Command("OPEN", (around,))
                # Recorded graphs have things that are inside each other.
                known = opening == command or opening in self._stack
                if around >= 0 and not known and self.house.properties[around] & Property.CAN_OPEN:
                    self._stack.append(command)
                    self.do(opening)
                    self._stack.pop()

    def _elsewhere(self, node: int) -> bool:
        """In another room: the rules let people turn to it, but nobody does."""
        state = self.state
        return not state.near >> node & 1 and state.room_of(node) not in (-1, state.room_of(self.house.character))

    def _mend(self, command: Command, failure: Failure) -> None:
        kind = failure.kind
        verb = _OF_FAILED_NODE.get(kind)
        if verb is not None:
            self.do(Command(verb, failure.nodes[:1]))
        elif kind in _BY_STANDING_UP:
            self.do(Command("STANDUP"))
        elif kind == "shut_in":
            self.do(Command("OPEN", failure.nodes[1:]))
        elif kind == "hands_full":
            self._free_a_hand()
        elif kind == "standing":
            self._sit_somewhere()
        elif kind == "taken":
            self._clear(failure.nodes[0])
        elif kind == "knot":
            self._disentangle(*command.objects)
        elif kind in ("hands_empty", "no_knife"):
            self._take_any(self.house.by_property["GRABBABLE"] if kind == "hands_empty" else self.knives())
        else:
            raise Stuck

    def knives(self) -> int:
        """The knives of the house."""
        return sum(mask for name, mask in self.house.by_class.items() if "knife" in name)

    def _take_any(self, things: int) -> None:
        taken = cheapest(self.state, things & ~(1 << self.house.character), 1)
        if not taken:
            raise Stuck
        self.do(Command("GRAB", (taken[0],)))

    def _free_a_hand(self) -> None:
        needed = concerned = 0
        for verb, objects in self._stack:
            for node in objects:
                concerned |= 1 << node
                needed |= 1 << node if verb in _NEED_IN_HAND else 0
            needed |= self.knives() if verb == "CUT" else 0
        free = self.state.held & ~(needed | concerned) or self.state.held & ~needed
        if not free:
            raise Stuck
        for thing in bits(free):
            delivery = self._delivery(thing)
            if delivery is not None:
                self.do(delivery)
                return
        self._put_down(min(bits(free), key=lambda node: (self.dear >> node & 1, node)))

    def _put_down(self, thing: int) -> None:
        """Put a thing where it is wanted, if that is here; else on a surface that is here; else drop it."""
        delivery = self._delivery(thing)
        if delivery is None:
            place = resting_place(self.state, thing)
            delivery = Command("DROP", (thing,)) if place < 0 else Command("PUTBACK", (thing, place))
        self.do(delivery)

    def _delivery(self, thing: int) -> Command | None:
        """The action that puts a held thing where the goal wants it, if that can be done at once."""
        state = self.state
        for condition in self.goal.conditions:
            relation = condition.relation
            if relation in ("ON", "INSIDE") and condition.subjects >> thing & 1 and not condition.holds(state):
                for place in bits(condition.targets & state.near & ~self.house.rooms & ~(1 << self.house.character)):
                    command = Command("PUTBACK" if relation == "ON" else "PUTIN", (thing, place))
                    if self.sim.check(command) is None:
                        return command
        return None

    def _sit_somewhere(self) -> None:
        beds, seats = self.house.by_property["LIEABLE"], self.house.by_property["SITTABLE"]
        wanted = 0
        for condition in self.goal.conditions:
            if condition.relation == "ON" and condition.subjects >> self.house.character & 1:
                wanted |= condition.targets
        free = [node for node in bits(beds | seats) if not self.state.upon[node]]
        places = wanted & (beds | seats) or sum(1 << node for node in free) or beds | seats
        for place in cheapest(self.state, places, 1):
            self.do(Command("LIE" if beds >> place & 1 else "SIT", (place,)))
            return
        raise Stuck

    def _clear(self, seat: int) -> None:
        upon = self.state.upon[seat]
        if upon >> self.house.character & 1:
            self.do(Command("STANDUP"))
            return
        for thing in cheapest(self.state, upon & self.house.by_property["GRABBABLE"], 1):
            self.do(Command("GRAB", (thing,)))
            return
        raise Stuck

    def _disentangle(self, thing: int, place: int) -> None:
        """Take a place off the thing that is to be put there."""
        if thing == place:
            raise Stuck
        self.do(Command("GRAB", (place,)))
        self._put_down(place)
