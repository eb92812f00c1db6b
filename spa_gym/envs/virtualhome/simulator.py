"""`Simulator`: a house in which commands are executed, by VirtualHome's rules."""

from __future__ import annotations

from spa_gym.envs.virtualhome.fidelity import Fidelity, fidelity_named
from spa_gym.envs.virtualhome.house import House
from spa_gym.envs.virtualhome.reasons import Failure
from spa_gym.envs.virtualhome.rules import RULES
from spa_gym.envs.virtualhome.rules.rule import Rule
from spa_gym.envs.virtualhome.snapshot import Snapshot
from spa_gym.envs.virtualhome.state import HouseState
from spa_gym.envs.virtualhome.verbs import Command

__all__ = ["Simulator"]


class Simulator:
    """One household that is lived in.

    Args:
        house: how it is at the start; shared, never changed.
        fidelity: a key of `FIDELITIES`.

    Raises:
        BadArgument: there is no such fidelity.

    Example:
        >>> from spa_gym.envs.virtualhome.house import Node, build_house
        >>> fridge = Node(3, "fridge", "Appliances", ("CAN_OPEN",), ("CLOSED",))
        >>> nodes = [Node(1, "kitchen", "Rooms"), Node(2, "character"), fridge]
        >>> house = build_house("doctest", nodes, [(2, "INSIDE", 1), (3, "INSIDE", 1)])
        >>> simulator = Simulator(house)
        >>> simulator.execute(Command("OPEN", (2,)))
        Failure(kind='not_near', nodes=(2,))
        >>> [simulator.execute(Command(verb, (2,))) for verb in ("WALK", "OPEN")]
        [None, None]
    """

    __slots__ = ("house", "state")

    def __init__(self, house: House, fidelity: str = "repaired") -> None:
        self.house = house
        self.state = HouseState(house, fidelity_named(fidelity))

    @property
    def fidelity(self) -> Fidelity:
        """Which defects of the original are mended."""
        return self.state.fidelity

    def execute(self, command: Command) -> Failure | None:
        """Execute a command; None if it was, else why not, and then nothing has changed. Never raises."""
        rule = self._rule(command)
        if isinstance(rule, Failure):
            return rule
        objects = command[1]
        _, check, effect = rule
        failure = check(self.state, *objects)
        if failure is None and effect is not None:
            effect(self.state, *objects)
        return failure

    def check(self, command: Command) -> Failure | None:
        """Why a command cannot be executed now, or None; changes nothing."""
        rule = self._rule(command)
        return rule if isinstance(rule, Failure) else rule.check(self.state, *command.objects)

    def reset(self) -> None:
        """The house as it is at the start."""
        self.state.reset()

    def snapshot(self) -> Snapshot:
        """The state now, to come back to; small when pickled."""
        return self.state.snapshot()

    def restore(self, snapshot: Snapshot) -> None:
        """Go back to a snapshot that was taken in this house, or in an equal one in another process."""
        self.state.restore(snapshot)

    def _rule(self, command: Command) -> Rule | Failure:
        verb, objects = command
        rule = RULES.get(verb)
        if rule is None:
            return Failure("unknown_verb")
        if len(objects) != rule[0]:
            return Failure("wrong_number")
        count = len(self.house.ids)
        for node in objects:
            if not 0 <= node < count:
                return Failure("unknown_object")
        return rule
