"""The example of a method from outside: its credit by hand, found by its entry point, and trained with by its path."""

from __future__ import annotations

import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from examples.own_method.sibling_baseline import SiblingBaseline
from spa_gym.baselines.methods import registry
from spa_gym.baselines.methods.registry import ENTRY_POINTS, METHODS, make_method
from spa_gym.baselines.seam import Batch
from spa_gym.baselines.studies import STUDIES
from spa_gym.baselines.study_rows import method_rows
from spa_gym.core.errors import BadArgument
from tests.baselines.methods.toys import episode

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "own_method"
PROJECT: dict[str, Any] = tomllib.loads((FOLDER / "pyproject.toml").read_text(encoding="utf-8"))


def test_the_credit_by_hand() -> None:
    """gamma = 1/2. Task t: solved in 3 steps (1/4, 1/2, 1), solved in 1 step (1), failed in 3 (0, 0, 0); u: alone."""
    short = episode(1.0, actions=("a",), observations=("s",))
    batch = Batch([episode(1.0), short, episode(0.0), episode(1.0, task="u")])
    credit = SiblingBaseline(group=2, gamma=0.5).credit(batch)
    assert credit.advantages is not None and credit.rewards is None and credit.whiten
    assert [a.tolist() for a in credit.advantages] == [
        [0.25 - 0.5, 0.5 - 0.0, 1.0 - 0.0],
        [1.0 - 0.125],
        [0.0 - 0.625, 0.0 - 0.5, 0.0 - 1.0],
        [0.25, 0.5, 1.0],
    ]


def test_options_that_mean_nothing_are_refused() -> None:
    for options in ({"group": 1}, {"gamma": 0.0}, {"gamma": 1.5}):
        with pytest.raises(BadArgument, match="group >= 2"):
            SiblingBaseline(**options)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> str:
    """As if the example had been installed: its module can be imported, and its entry point is there."""
    points = [
        EntryPoint(name, value, group)
        for group, entries in PROJECT["project"]["entry-points"].items()
        for name, value in entries.items()
    ]
    monkeypatch.syspath_prepend(str(FOLDER))
    monkeypatch.setattr(registry, "entry_points", lambda group: [point for point in points if point.group == group])
    (name,) = PROJECT["project"]["entry-points"][ENTRY_POINTS]
    return name


def test_an_installed_package_adds_its_method_by_name(installed: str) -> None:
    method = make_method(installed, {"group": 4})
    assert method.name == installed and method.needs.group == 4 and installed not in METHODS
    (row,) = method_rows(STUDIES["alfworld"].presets["cpu"], (installed,))
    assert (row.label, row.method) == (installed, installed)
    assert np.isfinite(method.credit(Batch([episode(1.0), episode(0.0)])).advantages).all()  # type: ignore[arg-type]


def test_without_the_package_its_name_is_unknown() -> None:
    with pytest.raises(BadArgument, match="sibling-baseline"):
        method_rows(STUDIES["alfworld"].presets["cpu"], ("sibling-baseline",))


def test_a_name_of_ours_cannot_be_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = EntryPoint("ppo", "sibling_baseline:SiblingBaseline", ENTRY_POINTS)
    monkeypatch.setattr(registry, "entry_points", lambda group: [mine])
    assert make_method("ppo").name == "ppo"
