"""Living in the real simulator and in ours at once: after every command, the outcome and the whole graph must be equal.

The walks are made to succeed often (most objects are chosen among those that fit the verb and are near) and to go wrong
in every way: things that are not there, far, of the wrong kind, twice the same. Such commands disturb programs too.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from typing import Final

from spa_gym.core.errors import SpaGymError
from spa_gym.envs.virtualhome.blueprint import blueprint_of
from spa_gym.envs.virtualhome.house import House
from spa_gym.envs.virtualhome.original import RealHouse
from spa_gym.envs.virtualhome.simulator import Simulator
from spa_gym.envs.virtualhome.state import HouseState
from spa_gym.envs.virtualhome.verbs import VERBS, Command
from spa_gym.envs.virtualhome.vocabulary import RELATIONS, bits

__all__ = ["ParityError", "Walker", "compare", "difference"]

_WEIGHTS: Final = {
    "WALK": 10, "FIND": 5, "GRAB": 14, "PUTBACK": 4, "PUTIN": 5, "PUTOBJBACK": 3, "POUR": 5, "DROP": 2, "OPEN": 4,
    "CLOSE": 3, "SIT": 2, "LIE": 2, "STANDUP": 3, "TURNTO": 3, "PUTON": 4, "PUTOFF": 3, "SWITCHON": 2, "SWITCHOFF": 2,
    "PLUGIN": 3, "PLUGOUT": 2, "READ": 3, "DRINK": 3, "CUT": 8, "EAT": 2, "WATCH": 3, "LOOKAT": 2,
}  # fmt: skip
"""How often verbs are tried; the others count 1."""
_FITS: Final = {
    "OPEN": "CAN_OPEN", "CLOSE": "CAN_OPEN", "SWITCHON": "HAS_SWITCH", "SWITCHOFF": "HAS_SWITCH",
    "PLUGIN": "HAS_PLUG", "PLUGOUT": "HAS_PLUG", "SIT": "SITTABLE", "LIE": "LIEABLE", 
    "TURNTO": "LOOKABLE", "PULL": "MOVABLE", "MOVE": "MOVABLE", "CUT": "CUTTABLE",
    "EAT": "EATABLE", "GREET": "PERSON", "PUTOFF": "CLOTHES", "SQUEEZE": "CLOTHES", "TYPE": "HAS_SWITCH",
}  # fmt: skip
_OF_HELD: Final = frozenset(("PUTBACK", "PUTIN", "PUTOBJBACK", "POUR", "DROP", "RELEASE", "PUTON", "READ", "DRINK"))
_OF_FACED: Final = frozenset(("LOOKAT", "POINTAT", "WATCH"))
_ANY, _STRAY, _UNKNOWN, _SAME, _DISTURBED = 0.25, 0.12, 0.03, 0.05, 0.25


class ParityError(SpaGymError, AssertionError):
    """The two differ: `expected` is the real one's, `got` is ours."""


class Walker:
    """Chooses commands at random, most of them possible.

    Args:
        house: where.
        rng: chooses.
    """

    def __init__(self, house: House, rng: random.Random) -> None:
        self._house, self._rng = house, rng
        self._verbs = list(VERBS)
        self._weights = [_WEIGHTS.get(verb, 1) for verb in self._verbs]
        self._everything = (1 << len(house)) - 1
        self._loose = blueprint_of(house).portable | house.by_property["CAN_OPEN"]

    def command(self, simulator: Simulator) -> Command:
        """A command to try: mostly the first of a few that our rules allow, sometimes any."""
        command = self._draw(simulator.state)
        for _ in range(0 if self._rng.random() < _ANY else 5):
            if simulator.check(command) is None:
                break
            command = self._draw(simulator.state)
        return command

    def _draw(self, state: HouseState) -> Command:
        verb = self._rng.choices(self._verbs, self._weights)[0]
        objects: tuple[int, ...] = ()
        for _ in range(VERBS[verb].arity):
            if objects and self._rng.random() < _SAME:
                objects += objects[:1]
            else:
                objects += (self._object(verb, state, first=not objects),)
        return Command(verb, objects)

    def _object(self, verb: str, state: HouseState, first: bool) -> int:
        drawn, house = self._rng.random(), self._house
        if drawn < _UNKNOWN:
            return len(house)
        if drawn < _UNKNOWN + _STRAY:
            return self._one(self._everything)
        if not first:
            fits = house.by_property["RECIPIENT"] if verb == "POUR" else self._everything
            return self._one(state.near & fits)
        if verb in _OF_HELD:
            return self._one(state.held)
        if verb in ("WALK", "RUN", "FIND"):
            return self._one(self._loose if drawn < 0.7 else self._everything)
        fits = house.by_property[_FITS[verb]] if verb in _FITS else self._everything
        if verb == "PUTOFF":
            return self._one(state.upon[house.character] & fits)
        if verb == "GRAB":
            return self._one(state.near & state.blueprint.portable & ~state.held)
        if verb in _OF_FACED:
            return self._one(state.facing[house.character])
        return self._one(state.near & fits)

    def _one(self, nodes: int) -> int:
        choice = list(bits(nodes)) or list(bits(self._everything))
        return self._rng.choice(choice)


def compare(
    house: House,
    real: RealHouse,
    fidelity: str,
    rng: random.Random,
    *,
    program: Iterable[Command] | None = None,
    steps: int = 60,
) -> Counter[str]:
    """Play from the start in both, and compare after every command.

    Args:
        house: where.
        real: the same house in the real simulator, with the same fidelity.
        fidelity: ours.
        rng: chooses the commands.
        program: played with disturbances; None: a random walk.
        steps: greatest number of commands.

    Returns:
        Verb -> how many such commands were executed; and `"failed"` -> how many were not, in both.

    Raises:
        ParityError: the outcome or the graph differs.
    """
    ours = Simulator(house, fidelity)
    real.reset()
    walker = Walker(house, rng)
    rest = None if program is None else iter(program)
    outcomes: Counter[str] = Counter()
    for step in range(steps):
        command = None
        if rest is not None and rng.random() >= _DISTURBED:
            command = next(rest, None)
            if command is None:
                break
        command = command or walker.command(ours)
        checked, failure, done = ours.check(command), ours.execute(command), real.execute(command)
        where = f"{house.name}, {fidelity}, step {step}, {command}"
        if checked != failure:
            raise ParityError(f"{where}: check and execute to agree", f"{checked} and {failure}")
        if done != (failure is None):
            raise ParityError(f"{where}: executed: {done}, {real.messages}", failure or "executed")
        unlike = difference(house, real, ours.state)
        if unlike:
            raise ParityError(f"{where}: the same graph", f"differences (real, ours): {unlike}")
        outcomes[command.verb if done else "failed"] += 1
    return outcomes


def difference(house: House, real: RealHouse, state: HouseState) -> dict[tuple[str, int], tuple[int, int]]:
    """(Relation or "states", node) -> the real simulator's row and ours, where they differ."""
    mine: dict[tuple[str, int], int] = {}
    for name, row, start in (
        ("states", state.states, house.states),
        ("ON", state.on, house.rows["ON"]),
        ("INSIDE", state.inside, house.rows["INSIDE"]),
        ("CLOSE", state.close, house.rows["CLOSE"]),
        ("FACING", state.facing, house.rows["FACING"]),
    ):
        if row != list(start):
            mine |= {(name, node): now for node, now in enumerate(row) if now != start[node]}
    for relation in RELATIONS[-4:]:  # BETWEEN never changes
        for node in (house.character, *(holder for hand, holder in state.blueprint.other_hands if hand == relation)):
            now = state.row(relation, node)
            if now != house.rows[relation][node]:
                mine[relation, node] = now
    theirs = real.changes()
    if mine == theirs:
        return {}

    def start_of(key: tuple[str, int]) -> int:
        return house.states[key[1]] if key[0] == "states" else house.rows[key[0]][key[1]]

    both = {key: (theirs.get(key, start_of(key)), mine.get(key, start_of(key))) for key in {**theirs, **mine}}
    return {key: pair for key, pair in both.items() if pair[0] != pair[1]}
