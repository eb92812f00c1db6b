"""The official ALFWorld games as task sets: train 3,553, valid_seen 140, valid_unseen 134, sorted by path.

A split is read and parsed once; what the engine needs of it goes into a small compressed JSON file in the user's cache
folder, named after the path, sizes and times of what was read, so that a later process opens the split in
milliseconds. One set serves every environment of a process and decodes a game when it is asked for. A game file that
cannot be read is an error for that game alone: it keeps its place, the rest of the split stays usable.
"""

from __future__ import annotations

import functools
import gzip
import hashlib
import json
import logging
import os
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tqdm import tqdm

from spa_gym.core.arguments import one_of
from spa_gym.core.atomic import atomic_write_bytes
from spa_gym.core.build_once import cache_folder
from spa_gym.core.errors import DataCorrupt, DataNotFound, SpaGymError, UnsolvableTask, WriteFailed
from spa_gym.core.strict_json import parse_json_object
from spa_gym.core.tasks import Task, TaskSet, content_hash
from spa_gym.envs.alfworld.data_folder import SPLITS, DataFolder, RawGame, find_data
from spa_gym.envs.alfworld.game import TASK_TYPES, Game, Goal
from spa_gym.envs.alfworld.pddl import parse_game, read_game_json

__all__ = ["PUBLISHED", "OfficialTaskSet", "official_tasks"]

_log = logging.getLogger(__name__)

PUBLISHED = {
    "train": (3553, "f4dd43030e824df7e6be44f7a3f54aacbdeceec16736012fca6295b70179041e"),
    "valid_seen": (140, "4c2891520677f9e01a97bc672666675e6e2cf57732122151010a60cd18754556"),
    "valid_unseen": (134, "8c0aab2b82ddffb52796602f481ea8fe9783c986d304276a7d42df74b2ebc923"),
}
"""Number of games and `data_hash` of each split as released (the PDDL problems are the same in every release)."""

_PARSER = ("game.py", "pddl.py", "official.py")
_FIELDS = tuple(name for name in Game.__slots__ if name not in ("memo", "source"))
_DECODED = 512
"""Games kept decoded per split; each holds texts that the engine has computed, so this bounds the memory."""

_FAULTS: dict[str, type[SpaGymError]] = {kind.__name__: kind for kind in (DataCorrupt, UnsolvableTask)}
_Entry = tuple[str, str, str, str, list[str] | None]
"""Path, task id ("" where the file is broken), task type, instruction, and the fault: class name and three texts."""


class OfficialTaskSet(TaskSet):
    """One split of the official games.

    A task's payload is its `Game`, whose `source` is the path of the game relative to the data folder, such as
    `json_2.1.1/valid_unseen/<task>/<trial>`; the id hashes the problem text (without regard to
    case and white space) and the instruction.

    Args:
        split: One of `train`, `valid_seen`, `valid_unseen`.
        folder: Where the games lie.
        fingerprint: `folder.fingerprint(split)`, if it is known.

    Raises:
        DataCorrupt: The archive cannot be read.
        DataNotFound: The folder has no game of this split.
    """

    def __init__(self, split: str, folder: DataFolder, fingerprint: str | None = None) -> None:
        super().__init__("alfworld/official", split)
        self.folder = folder
        key = fingerprint or folder.fingerprint(split)
        lines = _load(split, key)
        if lines is None:
            lines = _build(split, folder, key)
        header = json.loads(lines[0])
        self._data_hash: str = header["data_hash"]
        self._entries: list[_Entry] = [tuple(entry) for entry in json.loads(lines[1])]
        self._lines = lines[2:]
        self._ids = {entry[1]: i for i, entry in reversed(list(enumerate(self._entries))) if entry[1]}
        self._paths = {_game_path(entry[0]): i for i, entry in enumerate(self._entries)}
        self._decode = functools.lru_cache(maxsize=_DECODED)(self._decode_task)
        if not self._entries:
            raise DataNotFound(
                f"games of the split {split!r} in {folder.path}",
                "none with game.tw-pddl, traj_data.json and solvable: true",
                "run `alfworld-download` again, or pass another data_dir",
            )
        count, published = PUBLISHED[split]
        if self._data_hash != published:
            _log.warning(
                "%s of %s is not the released split (%d games, hash %.12s; released: %d, %.12s): results on it do not "
                "compare with published ones",
                split, folder.path, len(self._entries), self._data_hash, count, published,
            )  # fmt: skip

    def __len__(self) -> int:
        """Return the number of games, those with a broken file included."""
        return len(self._entries)

    def __getitem__(self, index: int) -> Task:
        """Return the task at a position.

        Raises:
            DataCorrupt: Its game file is truncated or altered.
            UnsolvableTask: Its goal cannot be reached.
        """
        return self._decode(range(len(self._entries))[index])

    def index_of(self, task_id: str) -> int:
        """Return the position of a task, by its id or by the path of its game.

        The path is `json_2.1.1/<split>/<task>/<trial>`; it may lack the first part, have other folders before it, and
        end on `game.tw-pddl`.
        """
        index = self._ids.get(task_id)
        if index is None:
            index = self._paths.get(_game_path(task_id))
        if index is None:
            raise self.not_found(task_id)
        return index

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel to another process as the name of the split and the folder, not as its games."""
        return _opened, (self.split, self.folder)

    @property
    def data_hash(self) -> str:
        """Hash of path, id and family of every game of the split; `PUBLISHED` has those of the released data."""
        return self._data_hash

    @property
    def game_files(self) -> tuple[str, ...]:
        """Path of every game relative to the data folder, in order."""
        return tuple(entry[0] for entry in self._entries)

    @property
    def task_types(self) -> tuple[str, ...]:
        """Family of every game, in order; no game is decoded for it."""
        return tuple(entry[2] for entry in self._entries)

    def _decode_task(self, index: int) -> Task:
        path, task_id, task_type, goal, fault = self._entries[index]
        if fault is not None:
            kind, *texts = fault
            raise _FAULTS[kind](*(text or None for text in texts))
        return Task(task_id, task_type, goal, _decode_game(json.loads(self._lines[index]), path))


def _game_path(path: str) -> tuple[str, ...]:
    """Split, task and trial out of a path; a path of fewer parts is nobody's."""
    parts = path.replace("\\", "/").removesuffix("/").removesuffix("/game.tw-pddl").split("/")
    return tuple(parts[-3:])


def official_tasks(split: str, data_dir: str | os.PathLike[str] | None = None) -> OfficialTaskSet:
    """The official games of a split, the same object for everybody in this process.

    Args:
        split: `train`, `valid_seen` or `valid_unseen`.
        data_dir: Folder or archive with the games; None: see `data_folder.find_data`.

    Raises:
        BadArgument: Unknown split.
        DataNotFound: No games there.
        DataCorrupt: The archive cannot be read.
    """
    one_of("split", split, SPLITS, suggested="valid_unseen")
    return _opened(split, find_data(data_dir))


def _opened(split: str, folder: DataFolder) -> OfficialTaskSet:
    return _shared(split, folder, folder.fingerprint(split))


@functools.lru_cache(maxsize=16)
def _shared(split: str, folder: DataFolder, fingerprint: str) -> OfficialTaskSet:
    """The set as long as its files stay as they are."""
    return OfficialTaskSet(split, folder, fingerprint)


@functools.cache
def _parser_hash() -> str:
    """Hash of the code that parses games: what another version of it has cached is not used."""
    here = Path(__file__).parent
    return hashlib.sha256(b"".join((here / name).read_bytes() for name in _PARSER)).hexdigest()


def _cache_file(split: str, key: str) -> Path:
    return cache_folder() / "alfworld" / f"{split}-{key[:20]}.jsonl.gz"


def _load(split: str, key: str) -> list[bytes] | None:
    """The lines of a cached split; None where there is none or where it is broken (then it is made again)."""
    path = _cache_file(split, key)
    try:
        lines = gzip.decompress(path.read_bytes()).split(b"\n")
        header = json.loads(lines[0])
        wanted = {"parser": _parser_hash(), "key": key, "lines": len(lines)}
        if {name: header.get(name) for name in wanted} == wanted:
            return lines
        _log.info("the cached games in %s are of another version and are made again", path)
    except FileNotFoundError:
        pass
    except (OSError, EOFError, zlib.error, ValueError, IndexError, AttributeError) as error:
        _log.warning("the cached games in %s cannot be read (%s) and are made again", path, error)
    return None


def _build(split: str, folder: DataFolder, key: str) -> list[bytes]:
    """Parse a split and cache it; of an archive, all splits are made in the one pass that it takes anyway."""
    splits = SPLITS if folder.packed else (split,)
    parsed: dict[str, list[tuple[_Entry, bytes]]] = {name: [] for name in splits}
    expected = sum(PUBLISHED[name][0] for name in splits)
    games = tqdm(folder.read(splits), total=expected, desc=f"reading {folder.path.name}", delay=1.0, leave=False)
    for raw in games:
        entry = _parse(raw)
        if entry is not None:
            parsed[raw.split].append(entry)
    made = {name: _lines_of(entries, folder.fingerprint(name)) for name, entries in parsed.items()}
    for name, lines in made.items():
        try:
            atomic_write_bytes(_cache_file(name, folder.fingerprint(name)), gzip.compress(b"\n".join(lines), 6))
        except WriteFailed as error:
            _log.warning("the parsed games are not cached, so that the next process parses them again: %s", error)
    return made[split]


def _lines_of(entries: Iterable[tuple[_Entry, bytes]], key: str) -> list[bytes]:
    """The lines of a cache file: a header, the index, then one game a line."""
    entries = sorted(entries, key=lambda pair: pair[0][0])
    digest = hashlib.sha256()
    for (path, task_id, task_type, *_), _line in entries:
        digest.update(f"{path} {task_id} {task_type}\n".encode())
    header = {"parser": _parser_hash(), "key": key, "lines": len(entries) + 2, "data_hash": digest.hexdigest()}
    return [_dump(header), _dump([entry for entry, _ in entries]), *(line for _, line in entries)]


def _parse(raw: RawGame) -> tuple[_Entry, bytes] | None:
    """Index entry and encoded game of one trial; None for a trial that the original loader passes over."""
    task_type = ""
    try:
        task_type = _task_type(raw)
        if task_type not in TASK_TYPES:
            return None
        problem, goal_text, solvable = read_game_json(_content(raw.game, raw, "game.tw-pddl"), raw.path)
        if not solvable:
            return None
        game = parse_game(problem, goal_text, raw.path)
    except Exception as error:  # whatever is wrong with one game, the others stay usable
        fault = error if isinstance(error, SpaGymError) else _corrupt(raw, "game.tw-pddl", repr(error))
        texts = [str(text or "") for text in (fault.expected, fault.got, fault.mend)]
        return (raw.path, "", task_type, "", [type(fault).__name__, *texts]), b""
    task_id = content_hash({"problem": " ".join(problem.lower().split()), "goal": goal_text})
    return (raw.path, task_id, task_type, goal_text, None), _dump(_encode_game(game))


def _task_type(raw: RawGame) -> str:
    try:
        return str(parse_json_object(_content(raw.trajectory, raw, "traj_data.json"))["task_type"])
    except (ValueError, KeyError) as error:
        raise _corrupt(raw, "traj_data.json with a key 'task_type'", f"{type(error).__name__}: {error}") from error


def _content(content: bytes | str, raw: RawGame, name: str) -> bytes:
    if isinstance(content, str):
        raise _corrupt(raw, name, content)
    return content


def _corrupt(raw: RawGame, what: str, got: str) -> DataCorrupt:
    mend = "restore the file, for instance with `alfworld-download --force`; the other games stay usable"
    return DataCorrupt(f"a readable {what} in {raw.path}", f"{got:.200}", mend)


def _dump(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _encode_game(game: Game) -> list[Any]:
    """The read-only fields of a game as what JSON can hold, in the order of `_FIELDS`."""
    values = {name: getattr(game, name) for name in _FIELDS}
    values["goal"] = [game.goal.kind, game.goal.object_type, game.goal.target_type]
    values["inside"] = sorted(game.inside.items())
    return list(values.values())


def _decode_game(values: list[Any], source: str) -> Game:
    """The inverse of `_encode_game`, with a fresh memo."""
    fields = {n: tuple(v) if type(v) is list else v for n, v in zip(_FIELDS, values, strict=True)}
    for name in ("receptacles_at", "contents"):
        fields[name] = tuple(map(tuple, fields[name]))
    fields["goal"] = Goal(*fields["goal"])
    fields["inside"] = {outer: tuple(inner) for outer, inner in fields["inside"]}
    return Game(**fields, memo={}, source=source)
