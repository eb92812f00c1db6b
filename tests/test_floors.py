"""The floors of the house: every module imports only from floors below its own, and no two modules import each other.

What is read are the import statements of all modules: those at the top, those inside functions, those for type
checkers only, and relative ones. Whoever imports a module from outside its package imports the package too, for its
`__init__` runs first. Names in strings (entry points, estimators by name) are no imports: they are how a lower floor is
told of a higher one without knowing it. What `import spa_gym` loads is measured in test_registration.py.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "spa_gym"

FLOORS: tuple[tuple[str, ...], ...] = (
    ("core",),
    ("registration",),
    ("spa_gym",),  # the package itself: its public names, and the ids that importing it registers
    ("envs.alfworld", "envs.webshop", "envs.virtualhome", "wrappers", "agents", "testing"),
    (
        *("baselines", "baselines.distributed", "baselines.expert_lengths", "baselines.train_config"),
        *("baselines.credit", "baselines.stage_progress"),
    ),
    ("baselines.device",),
    ("baselines.models",),
    ("baselines.rollout",),
    ("baselines.seam", "baselines.policy_evaluation"),
    ("baselines.learning",),
    ("baselines.methods",),
    ("baselines.training",),
    ("baselines.attribution", "baselines.experiment", "baselines.studies", "baselines.ablations"),
    ("baselines.study_rows", "baselines.paper_preset", "baselines.transfer"),
    ("baselines.reproduce",),
    ("baselines.tuning",),
    ("leaderboard",),
    ("commands",),
    ("cli",),
)
"""From the ground up. Rooms on one floor do not know each other: no environment imports another.

`baselines` alone is the package's own `__init__`; each folder and each single module in it is a room.
"""


class Import(NamedTuple):
    """One import statement: who, whom, and where it stands."""

    module: str
    imported: str
    line: int

    def __str__(self) -> str:
        """Show it as an editor opens it."""
        return f"{self.module.replace('.', '/')}.py:{self.line} imports {self.imported}"


def modules() -> dict[str, Path]:
    """All modules of the package, by dotted name."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports_of(module: str, text: str, known: Mapping[str, Path]) -> Iterator[Import]:
    """The imports of modules of the package in a module's text."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            source = ".".join(filter(None, (_relative_to(module, node.level, known), node.module)))
            names = [f"{source}.{alias.name}" for alias in node.names]
            names = [name if name in known else source for name in names]
        else:
            continue
        for name in dict.fromkeys(names):
            if name.partition(".")[0] == "spa_gym" and name != module:
                yield Import(module, name, node.lineno)


def _relative_to(module: str, level: int, known: Mapping[str, Path]) -> str:
    """The package that so many dots before a name stand for; "" without dots."""
    parts = module.split(".")
    up = level - (known[module].name == "__init__.py")
    return ".".join(parts[: len(parts) - up]) if level else ""


def with_packages(imports: list[Import], known: Mapping[str, Path]) -> list[Import]:
    """The imports, and those of the packages around what is imported, as far as the importer is not in them itself."""
    around = []
    for each in imports:
        parts = each.imported.split(".")
        packages = [".".join(parts[:number]) for number in range(1, len(parts))]
        outside = [name for name in packages if name in known and not f"{each.module}.".startswith(f"{name}.")]
        around += [Import(each.module, name, each.line) for name in outside]
    return [*imports, *around]


def room_of(module: str) -> str:
    """The room that a module stands in: `envs.webshop`, `baselines.methods`, `core`, ..., `spa_gym` for the package."""
    _, *parts = module.split(".")
    return ".".join(parts[: 2 if parts[:1] in (["envs"], ["baselines"]) else 1]) or "spa_gym"


def floor_of(module: str) -> int:
    """Number of a module's floor; a package of environments and nothing in it stands with its rooms."""
    room = room_of(module)
    for number, rooms in enumerate(FLOORS):
        if room in rooms or (room == "envs" and "envs.alfworld" in rooms):
            return number
    raise AssertionError(f"{module} stands on no floor: add {room!r} to FLOORS in tests/test_floors.py")


def upward(imports: list[Import]) -> list[str]:
    """The imports from a floor that is not below, each with what is wrong."""
    wrong = []
    for each in imports:
        here, there = floor_of(each.module), floor_of(each.imported)
        if there > here or (there == here and room_of(each.module) != room_of(each.imported)):
            below = ", ".join(room for rooms in FLOORS[:here] for room in rooms) or "nothing"
            wrong.append(f"{each}, but {room_of(each.module)} may import {below} only")
    return wrong


def circle(imports: list[Import]) -> list[Import]:
    """The imports that make a circle; none where there is no circle."""
    outgoing: dict[str, list[Import]] = {}
    for each in imports:
        outgoing.setdefault(each.module, []).append(each)
    finished: set[str] = set()

    def follow(module: str, trail: list[Import]) -> list[Import]:
        for each in outgoing.get(module, ()):
            on_trail = [step.module for step in (*trail, each)]
            if each.imported in on_trail:
                return [*trail, each][on_trail.index(each.imported) :]
            if each.imported not in finished and (found := follow(each.imported, [*trail, each])):
                return found
        finished.add(module)
        return []

    return next((found for module in outgoing if module not in finished and (found := follow(module, []))), [])


@pytest.fixture(scope="module")
def imports() -> list[Import]:
    """All imports inside the package."""
    known = modules()
    return [each for name, path in known.items() for each in imports_of(name, path.read_text("utf-8"), known)]


def test_every_module_imports_only_from_below(imports: list[Import]) -> None:
    assert len(imports) > 300
    wrong = upward(imports)
    assert not wrong, "\n" + "\n".join(wrong)


def test_every_room_stands_on_one_floor() -> None:
    rooms = {room_of(module) for module in modules()} - {"envs"}
    assert sorted(room for floor in FLOORS for room in floor) == sorted(rooms)


def test_no_modules_import_each_other(imports: list[Import]) -> None:
    found = circle(with_packages(imports, modules()))
    assert not found, "a circle:\n" + "\n".join(map(str, found))


def test_what_is_found() -> None:
    """The checks themselves: each kind of import is read, and each kind of fault is named."""
    text = """
from typing import TYPE_CHECKING
import os, spa_gym.core.tasks
from spa_gym.core import errors, nothing
from .game import Game
if TYPE_CHECKING:
    from spa_gym.envs.webshop.env import WebShopEnv
def later():
    from spa_gym.wrappers.react import ReAct
"""
    names = ("core", "core.errors", "core.tasks", "envs.alfworld", "envs.alfworld.env", "envs.webshop.env")
    packages = ("core", "envs.alfworld")
    known = {f"spa_gym.{name}": Path("__init__.py" if name in packages else "module.py") for name in names}
    read = list(imports_of("spa_gym.envs.alfworld.env", text, known))
    assert [(each.imported.removeprefix("spa_gym."), each.line) for each in read] == [
        ("core.tasks", 3),
        ("core.errors", 4),
        ("core", 4),
        ("envs.alfworld.game", 5),
        ("envs.webshop.env", 7),
        ("wrappers.react", 9),
    ]
    relative = "from . import env\nfrom ..webshop import env\nfrom ...wrappers.react import ReAct"
    assert [
        each.imported.removeprefix("spa_gym.") for each in imports_of("spa_gym.envs.alfworld", relative, known)
    ] == [
        "envs.alfworld.env",
        "envs.webshop.env",
        "wrappers.react",
    ]
    assert [line.partition(", but")[0] for line in upward(read)] == [
        "spa_gym/envs/alfworld/env.py:7 imports spa_gym.envs.webshop.env",
        "spa_gym/envs/alfworld/env.py:9 imports spa_gym.wrappers.react",
    ]
    assert upward([Import("spa_gym.core.tasks", "spa_gym", 1)]) and not upward([Import("spa_gym.cli", "spa_gym", 1)])
    method, stage, seam = (f"spa_gym.baselines.{name}" for name in ("methods.ppo", "training.train", "seam"))
    assert upward([Import(stage, method, 1), Import(stage, seam, 1), Import(method, seam, 1)]) == []
    assert [line.partition(", but")[0] for line in upward([Import(method, stage, 1), Import(seam, method, 2)])] == [
        "spa_gym/baselines/methods/ppo.py:1 imports spa_gym.baselines.training.train",
        "spa_gym/baselines/seam.py:2 imports spa_gym.baselines.methods.ppo",
    ]
    for module, room in (("spa_gym.attic.box", "attic"), ("spa_gym.baselines.attic", "baselines.attic")):
        with pytest.raises(AssertionError, match=f"'{room}' to FLOORS"):
            floor_of(module)


def test_a_circle_is_told_without_what_leads_to_it() -> None:
    steps = [Import(a, b, 1) for a, b in ("xa", "ab", "bc", "xc", "cd", "db")]
    assert "".join(each.module for each in circle(steps)) == "bcd"
    assert circle([each for each in steps if each.module != "d"]) == []
    assert len(circle([Import("a", "b", 1), Import("b", "a", 2)])) == 2


def test_a_circle_through_a_package_is_found() -> None:
    known = {"a": Path("a/__init__.py"), "a.x": Path("a/x.py"), "a.z": Path("a/z.py"), "b": Path("b.py")}
    steps = [Import("a", "a.x", 1), Import("a.x", "b", 2), Import("b", "a.z", 3)]
    assert circle(steps) == []
    assert [each.module for each in circle(with_packages(steps, known))] == ["a", "a.x", "b"]
    inside = [Import("a", "a.x", 1), Import("a.x", "a.z", 2)]
    assert with_packages(inside, known) == inside
