"""The scenes of a data folder as houses, built when they are asked for and shared by everybody in this process."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

from spa_gym.core.errors import DataCorrupt, DataNotFound
from spa_gym.core.tasks import content_hash
from spa_gym.envs.virtualhome.house import House, Node
from spa_gym.envs.virtualhome.official.data_folder import DataFolder
from spa_gym.envs.virtualhome.official.graph_checks import checked_states, number_of, refuse
from spa_gym.envs.virtualhome.official.house_patch import patched_house
from spa_gym.envs.virtualhome.official.packed_file import read_json
from spa_gym.envs.virtualhome.official.scene_file import read_compact_scenes, read_scene_file

__all__ = ["Scene", "Scenes", "shared_scenes"]

_NUMBERS = range(1, 8)


class Scene(NamedTuple):
    """A scene as tasks start from it."""

    house: House
    nodes: tuple[Node, ...]
    """`house.nodes()`."""
    digest: str
    """Hash of nodes and edges."""


class Scenes:
    """The scenes of a folder.

    Args:
        folder: where they lie.

    Raises:
        DataCorrupt: the compact file is cut off.
    """

    def __init__(self, folder: DataFolder) -> None:
        self.folder = folder
        self._builders: dict[int, Callable[[], House]]
        if folder.scenes.is_file():
            self._builders = read_compact_scenes(folder.scenes)
        else:
            paths = {number: folder.raw_scene(number) for number in _NUMBERS}
            self._builders = {
                number: functools.partial(read_scene_file, path) for number, path in paths.items() if path.is_file()
            }
        self._scenes: dict[tuple[int, bool], Scene | DataCorrupt] = {}
        self._defaults: dict[str, Any] | None = None

    @property
    def numbers(self) -> tuple[int, ...]:
        """Which scenes there are."""
        return tuple(sorted(self._builders))

    def scene(self, number: int, default_states: bool = False) -> Scene:
        """A scene, the same object every time.

        Args:
            number: which one.
            default_states: with the states of `default_states.json` laid over its own.

        Raises:
            DataCorrupt: there is no such scene, or it is broken; the other ones stay usable.
            DataNotFound: `default_states.json` is missing.
        """
        key = number, default_states
        if key not in self._scenes:
            try:
                self._scenes[key] = self._build(number, default_states)
            except DataCorrupt as error:
                self._scenes[key] = error
        found = self._scenes[key]
        if isinstance(found, DataCorrupt):
            raise DataCorrupt(found)
        return found

    def content_hash(self) -> str:
        """Hash of every scene as tasks start from it, whichever file it was read from."""
        return content_hash([self._digest(number, defaults) for number in self.numbers for defaults in (False, True)])

    def _digest(self, number: int, default_states: bool) -> str:
        try:
            return self.scene(number, default_states).digest
        except (DataCorrupt, DataNotFound) as error:
            return type(error).__name__

    def _build(self, number: int, default_states: bool) -> Scene:
        if number not in self._builders:
            refuse(f"{self.folder.path}: a scene out of {', '.join(map(str, self.numbers))}", f"scene {number!r:.40}")
        if not default_states:
            house = self._builders[number]()
        else:
            own = self.scene(number)
            house = patched_house(own.house, own.house.name, states=self._default_states(number, own.house))
        nodes = tuple(house.nodes())
        digest = content_hash([[list(node) for node in nodes], house.edges()])
        return Scene(house, nodes, digest)

    def _default_states(self, number: int, house: House) -> dict[int, tuple[str, ...]]:
        path = self.folder.default_states
        if self._defaults is None:
            value = read_json(path)
            if not isinstance(value, dict):
                refuse(f"{path}: an object with numbers of scenes as keys", f"{value!r:.80}")
            self._defaults = value
        states = self._defaults.get(str(number))
        if not isinstance(states, dict):
            refuse(f"{path}: the states of scene {number} by id", f"{states!r:.80}")
        checked = {}
        for key, words in states.items():
            node_id = number_of(key)
            if node_id is None or node_id not in house.position_of:
                refuse(f"{path}: states of nodes of scene {number}", f"no node {key!r:.40}")
            checked[node_id] = checked_states(words, f"{path}: scene {number}: node {key}")
        return checked


@functools.lru_cache(maxsize=4)
def shared_scenes(folder: DataFolder, fingerprint: str) -> Scenes:
    """The scenes of a folder, the same object while its files stay the same (`folder.fingerprint()`)."""
    return Scenes(folder)
