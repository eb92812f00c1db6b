"""Finding the official files: places, sizes, and what is refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from spa_gym.core.errors import DataNotFound
from spa_gym.envs.webshop.official.files import PUBLISHED, HashedFile, find_files
from tests.envs.webshop.made_up_files import row, write_files
from tests.official_data import webshop_folder

official_data = pytest.mark.skipif(webshop_folder() is None, reason="no official data: set SPA_GYM_DATA")


@pytest.mark.parametrize("below", ["", "webshop", "webshop_1k", "data"])
def test_places(tmp_path: Path, below: str, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_files(tmp_path / below, [row(1)])
    assert find_files(tmp_path).products == folder / "items_shuffle_1000.json"
    assert find_files(str(folder)).human == folder / "items_human_ins.json"
    monkeypatch.setenv("SPA_GYM_DATA", str(tmp_path))
    assert find_files().instructions == folder / "items_ins_v2_1000.json"


def test_nothing_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPA_GYM_DATA", str(tmp_path / "env"))
    with pytest.raises(DataNotFound, match="nothing at data_dir = .*elsewhere.*setup.sh"):
        find_files(tmp_path / "elsewhere")
    with pytest.raises(DataNotFound, match=r"nothing at \$SPA_GYM_DATA = .*env"):
        find_files()
    monkeypatch.delenv("SPA_GYM_DATA")
    with pytest.raises(DataNotFound, match=r"nothing at \$SPA_GYM_DATA \(not set\)"):
        find_files()


def test_both_sizes(tmp_path: Path) -> None:
    write_files(tmp_path, [row(1)])
    write_files(tmp_path, [row(1)], size="")
    assert find_files(tmp_path).size == "full"
    assert find_files(tmp_path).instructions.name == "items_ins_v2.json"
    assert find_files(tmp_path, 1001).size == "full"
    assert find_files(tmp_path, 1000).size == "1000"
    (tmp_path / "items_ins_v2.json").unlink()
    assert find_files(tmp_path).size == "1000"


def test_up_to_a_thousand_products_of_the_full_file_alone(tmp_path: Path) -> None:
    write_files(tmp_path, [row(1)], size="")
    assert find_files(tmp_path, 10).size == "full"


@pytest.mark.parametrize(
    ("gone", "message"),
    [
        ("items_human_ins.json", r"items_human_ins\.json beside items_shuffle_1000\.json"),
        (
            "items_ins_v2_1000.json",
            r"items_ins_v2_1000\.json beside items_shuffle_1000\.json .*only items_shuffle_1000",
        ),
    ],
)
def test_a_file_is_missing(tmp_path: Path, gone: str, message: str) -> None:
    write_files(tmp_path, [row(1)])
    (tmp_path / gone).unlink()
    with pytest.raises(DataNotFound, match=message):
        find_files(tmp_path)


@pytest.mark.parametrize(("products", "instructions"), [("", "_1000"), ("_1000", "")])
def test_mixed_sizes_are_refused_by_name(tmp_path: Path, products: str, instructions: str) -> None:
    write_files(tmp_path, [row(1)], size=products)
    (tmp_path / f"items_ins_v2{products}.json").rename(tmp_path / f"items_ins_v2{instructions}.json")
    expected = f"items_ins_v2{products}.json beside items_shuffle{products}.json .*belong together.*"
    with pytest.raises(DataNotFound, match=expected + f"items_ins_v2{instructions}.json"):
        find_files(tmp_path)


def test_status_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "items_human_ins.json"
    path.write_bytes(b"{}")
    steps: list[int] = []
    with HashedFile(path, steps.append) as file:
        assert file.read(1) == b"{" and file.status() == "read in part"
        file.skip(10)
        assert file.status() == "unverified" and sum(steps) == 2
        monkeypatch.setitem(PUBLISHED, path.name, (2, "44136fa3", "8a"))  # printf '{}' | sha256sum
        assert file.status() == "published"
        monkeypatch.setitem(PUBLISHED, path.name, (3, "44136fa3", "8a"))
        assert file.status() == "unverified"


@official_data
def test_the_published_instruction_file_is_recognised() -> None:
    path = find_files(webshop_folder()).instructions
    with HashedFile(path) as file:
        file.skip(path.stat().st_size)
        assert file.status() == "published"
