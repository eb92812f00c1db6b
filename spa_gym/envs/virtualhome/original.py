"""The real simulator (PyPI `virtualhome` 2.3.0) beside ours: loaded without its Unity half, stepped by our commands.

    pip install --no-deps virtualhome==2.3.0

Its package cannot be imported as a whole, so its parents are registered as bare packages and only `evolving_graph` is
loaded, once a process (a second copy would not know the first one's enums). Two things are done to it, in subclasses:
the nodes that an edge leads to come in the order of a fresh Python set, where the original takes the set as its past
has shaped it (`ordered=False` leaves it so); and `fidelity="eai"` has the Embodied Agent Interface's three repairs.
"""

from __future__ import annotations

import importlib
import importlib.util
import random
import sys
from functools import lru_cache
from types import ModuleType
from typing import Any, Final, NamedTuple

from gymnasium.error import DependencyNotInstalled

from spa_gym.core.arguments import one_of
from spa_gym.envs.virtualhome.house import House
from spa_gym.envs.virtualhome.verbs import Command
from spa_gym.envs.virtualhome.vocabulary import STATES, states_mask

__all__ = ["RealHouse", "load_original"]

_PACKAGES: Final = ("virtualhome", "virtualhome.simulation")
_RAISED: Final = (AttributeError, TypeError, AssertionError)
"""What the original raises on what it cannot do (an unknown id, FIND of something far, PUTOFF)."""


class Original(NamedTuple):
    """The parts of the real simulator."""

    environment: Any
    execution: Any
    scripts: Any


@lru_cache(maxsize=1)
def load_original() -> Original:
    """Load the real simulator.

    Raises:
        DependencyNotInstalled: the package is not installed.
    """
    found = importlib.util.find_spec(_PACKAGES[0]) if _PACKAGES[0] not in sys.modules else None
    if found is None or not found.submodule_search_locations:
        raise DependencyNotInstalled(
            "the real simulator needs the package 'virtualhome', whose pins no Python 3.11 can build. "
            "Run: pip install --no-deps virtualhome==2.3.0"
        )
    path = found.submodule_search_locations[0]
    for name in _PACKAGES:
        package = ModuleType(name)
        package.__path__ = [path if name == _PACKAGES[0] else f"{path}/simulation"]
        sys.modules[name] = package
    before = random.getstate()  # its utils seed the global generator
    try:
        modules = [
            importlib.import_module(f"virtualhome.simulation.evolving_graph.{name}")
            for name in ("environment", "execution", "scripts")
        ]
    finally:
        random.setstate(before)
    return Original(*modules)


class RealHouse:
    """A house in the real simulator.

    Args:
        house: how it is at the start.
        fidelity: `"2.3.0"` or `"eai"`.
        in_place: change one state instead of copying it at every step (the original offers both).
        ordered: whether the order of edges depends on the graph alone, not on how it came about.

    Raises:
        DependencyNotInstalled: the package is not installed.
        BadArgument: the real simulator has no such fidelity.
    """

    def __init__(self, house: House, fidelity: str = "2.3.0", in_place: bool = True, ordered: bool = True) -> None:
        one_of("fidelity", fidelity, ("2.3.0", "eai"))
        self.house = house
        self._original = load_original()
        self._state_class, executor_class = _classes(fidelity == "eai", ordered)
        self._in_place = in_place
        self._graph = self._original.environment.EnvironmentGraph(house.to_dict())
        self._executor = executor_class(self._graph, {})
        self.reset()

    def reset(self) -> None:
        """The house as it is at the start."""
        self.state = self._state_class(self._graph, {}, instance_selection=True)
        # It keeps an entry per change and never frees it.
        self._original.environment.TimeMeasurement.reset_all()

    def execute(self, command: Command) -> bool:
        """Execute a command; a node that is not in the house stands for an id that is in no house."""
        scripts, ids = self._original.scripts, self.house.ids
        objects = [
            scripts.ScriptObject(self.house.class_names[node], ids[node])
            if 0 <= node < len(ids)
            else scripts.ScriptObject("nothing", ids[-1] + 1000)
            for node in command.objects
        ]
        script = scripts.Script([scripts.ScriptLine(scripts.Action[command.verb], objects, 1)])
        self._executor.info = self._original.execution.ExecutionInfo()
        try:
            done, state = self._executor.execute_one_step(script, self.state, in_place=self._in_place)
        except _RAISED:
            return False
        state.__class__ = self._state_class  # the original makes its own class at every step
        self.state = state
        return done

    @property
    def messages(self) -> list[str]:
        """What the last command was answered with."""
        return self._executor.info.messages

    def changes(self) -> dict[tuple[str, int], int]:
        """(Relation or "states", node) -> its row or state mask, of all that differ from the start."""
        state, position_of, rows = self.state, self.house.position_of, self.house.rows
        found = {}
        for key in state._new_edges_from.keys() | state._removed_edges_from.keys():
            node, relation = position_of[key[0]], key[1].name
            row = 0
            for other in state.get_node_ids_from(*key):
                row |= 1 << position_of[other]
            if row != rows[relation][node]:
                found[relation, node] = row
        for node_id, node in state._new_nodes.items():
            mask = states_mask(one.name for one in node.states)
            if mask != self.house.states[position_of[node_id]]:
                found["states", position_of[node_id]] = mask
        return found

    def to_dict(self) -> dict[str, Any]:
        """The full graph, nodes and edges in the order of `House.to_dict`."""
        graph = self.state.to_dict()
        order = {name: i for i, name in enumerate(STATES)}
        for node in graph["nodes"]:
            node["states"].sort(key=order.__getitem__)
        graph["nodes"].sort(key=lambda node: node["id"])
        return graph


@lru_cache(maxsize=4)
def _classes(mended: bool, ordered: bool) -> tuple[Any, Any]:
    """The state and executor classes, with or without the three repairs and the order."""
    environment, execution, scripts = load_original()

    class OrderedState(environment.EnvironmentState):
        def get_nodes_from(self, from_node: Any, relation: Any) -> Any:
            nodes = {node.id: node for node in super().get_nodes_from(from_node, relation)}
            if len(nodes) < 2:
                return list(nodes.values())
            start = self._graph.get_node_ids_from(from_node.id, relation)
            # As `HouseState.first` does it.
            met = set(sorted(nodes.keys() - start))
            met.update(sorted(start))
            met.difference_update(start - nodes.keys())
            return [nodes[node_id] for node_id in met]

    base: Any = OrderedState if ordered else environment.EnvironmentState
    if not mended:
        return base, execution.ScriptExecutor

    class MendedState(base):
        def get_char_node(self, char_index: int) -> Any:
            return (self.get_node(node.id) for node in super().get_char_node(char_index))

    class Joined:
        def execute(self, *arguments: Any) -> Any:
            for part in (execution.WalkExecutor(), execution._FindExecutor()):
                yield from part.execute(*arguments)

    class MendedFind(execution.FindExecutor):
        def execute(self, *arguments: Any) -> Any:
            broken, execution._walk_find_executor = execution._walk_find_executor, Joined()
            try:
                return super().execute(*arguments)
            finally:
                execution._walk_find_executor = broken

    class MendedPutOff(execution.PutOffExecutor):
        def check_putoff(self, state: Any, node: Any, info: Any, char_index: int = 0) -> bool:
            character = next(state.get_char_node(char_index))
            if not state.has_edge(node, environment.Relation.ON, character):
                info.error("{} is not on {}", node, character)
                return False
            return environment.Property.CLOTHES in node.properties

    class MendedExecutor(execution.ScriptExecutor):
        _action_executors = {
            **execution.ScriptExecutor._action_executors,
            scripts.Action.FIND: MendedFind(),
            scripts.Action.PUTOFF: MendedPutOff(),
        }

    return MendedState, MendedExecutor
