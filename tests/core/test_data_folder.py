"""The places where data are looked for, their order, and the refusal that names all of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from spa_gym.core.data_folder import find_data_at
from spa_gym.core.errors import DataNotFound

WORDS = {"expected": "the games of the toy", "mend": "run `toy-download`"}


def look(path: Path) -> Path | None:
    """The file `games` at a place."""
    return path / "games" if (path / "games").is_file() else None


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """Four folders with data: passed, own variable, the variable of all, and the default in the home."""
    folders = {name: tmp_path / name for name in ("passed", "own", "all", "default")}
    for folder in folders.values():
        folder.mkdir()
        (folder / "games").touch()
    monkeypatch.setenv("TOY_DATA", str(folders["own"]))
    monkeypatch.setenv("SPA_GYM_DATA", str(folders["all"]))
    monkeypatch.setenv("HOME", str(tmp_path))
    return folders


def found(data_dir: Any = None) -> str:
    """Name of the place where the data are found."""
    return find_data_at(data_dir, look, **WORDS, variable="TOY_DATA", default="~/default").parent.name


def test_the_order_of_the_places(places: dict[str, Path]) -> None:
    assert found(places["passed"]) == found(str(places["passed"])) == "passed"
    for name in ("own", "all", "default"):
        assert found() == name
        (places[name] / "games").unlink()
    with pytest.raises(DataNotFound):
        found()


def test_what_was_passed_is_the_only_place(places: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(DataNotFound, match="expected the games of the toy; got nothing at data_dir = ") as refused:
        found(tmp_path / "nowhere")
    assert "nowhere" in str(refused.value) and "TOY_DATA" not in str(refused.value)
    with pytest.raises(DataNotFound, match=r"data_dir \(not set\)"):
        found("")


def test_all_places_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOY_DATA", str(tmp_path / "own"))
    monkeypatch.delenv("SPA_GYM_DATA", raising=False)
    with pytest.raises(DataNotFound) as refused:
        find_data_at(None, look, **WORDS, variable="TOY_DATA", default="~/toy-that-is-not-there")
    wanted = f"$TOY_DATA = {str(tmp_path / 'own')!r}, $SPA_GYM_DATA (not set), the default folder = '~/toy-that-is-not"
    assert wanted in str(refused.value) and str(refused.value).endswith("To mend it: run `toy-download`")


def test_an_environment_without_a_variable_of_its_own(places: dict[str, Path]) -> None:
    assert find_data_at(None, look, **WORDS) == places["all"] / "games"
    (places["all"] / "games").unlink()
    with pytest.raises(DataNotFound, match=r"nothing at \$SPA_GYM_DATA = '[^,]*'\. To mend it"):
        find_data_at(None, look, **WORDS)
