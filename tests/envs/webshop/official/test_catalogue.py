"""The official catalogue, small and large: the same products, resumed, verified, and refused when something is off."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from spa_gym.core.errors import BadArgument, DataCorrupt
from spa_gym.envs.webshop.catalogue import MemoryCatalogue
from spa_gym.envs.webshop.official import catalogue as official
from spa_gym.envs.webshop.official.catalogue import official_catalogue
from spa_gym.envs.webshop.official.rows import NO_ATTRIBUTES
from spa_gym.envs.webshop.official.store import StoredCatalogue
from spa_gym.envs.webshop.official.store_writer import StoreWriter
from tests.envs.webshop.made_up_files import annotation, entry, row, write_files
from tests.official_data import webshop_folder

official_data = pytest.mark.skipif(webshop_folder() is None, reason="no official data: set SPA_GYM_DATA")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SPA_GYM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TQDM_DISABLE", "1")
    return tmp_path / "cache"


@pytest.fixture
def everything_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(official, "_LARGE", 0)
    monkeypatch.setattr(official, "_CHECKPOINT_ROWS", 10)


@pytest.fixture(params=["memory", "store"])
def both_ways(request: pytest.FixtureRequest) -> str:
    if request.param == "store":
        request.getfixturevalue("everything_is_large")
    return request.param


def forty_rows() -> list[dict[str, Any]]:
    return [row(number) for number in range(38)] + [row(3, name="again"), row(1, asin="nan")]


@official_data
def test_the_official_thousand() -> None:
    catalogue = official_catalogue(webshop_folder())
    assert isinstance(catalogue, MemoryCatalogue) and len(catalogue) == 1000
    assert catalogue.info["files"]["items_ins_v2_1000.json"] == "published"
    assert catalogue.info["files"]["items_shuffle_1000.json"] == "unverified"  # its unused fields were dropped
    assert (catalogue.info["rows"], catalogue.info["without_entry"], catalogue.info["size"]) == (1000, 0, "1000")
    columns = catalogue.columns
    assert int(columns.combinations[columns.has_instruction].sum()) == 6910 and int(columns.human_goals.sum()) == 13
    counts = {name: int((columns.category == code).sum()) for code, name in enumerate(columns.categories)}
    assert counts == {"beauty": 238, "electronics": 229, "garden": 216, "fashion": 200, "grocery": 117}
    assert len(columns.queries) == 246


@official_data
def test_large_and_small_are_the_same(everything_is_large: None, monkeypatch: pytest.MonkeyPatch) -> None:
    stored = official_catalogue(webshop_folder())
    monkeypatch.undo()
    memory = official_catalogue(webshop_folder())
    assert isinstance(stored, StoredCatalogue) and isinstance(memory, MemoryCatalogue)
    assert list(stored) == list(memory) and stored.content_hash == memory.content_hash
    assert stored.info == memory.info


def test_first_rows(tmp_path: Path, both_ways: str) -> None:
    write_files(tmp_path, forty_rows())
    assert len(official_catalogue(tmp_path)) == 38
    catalogue = official_catalogue(tmp_path, 25)
    assert len(catalogue) == 25 and catalogue.info["rows"] == 25
    assert len(official_catalogue(tmp_path, 40)) == 38
    with pytest.raises(BadArgument, match="up to the 40 rows"):
        official_catalogue(tmp_path, 41)


@pytest.mark.parametrize("number", [0, -1, True, "ten", 2.0])
def test_num_products_is_a_count(tmp_path: Path, number: Any) -> None:
    with pytest.raises(BadArgument, match="num_products from 1"):
        official_catalogue(write_files(tmp_path, [row(1)]), number)


def test_a_broken_off_build_goes_on(
    tmp_path: Path, cache: Path, everything_is_large: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(tmp_path, forty_rows(), human={"B000000030": [annotation(30)]})
    added: list[str] = []
    add = StoreWriter.add

    def interrupted(self: StoreWriter, product: Any) -> None:
        if len(added) == 25:
            raise KeyboardInterrupt
        added.append(product.asin)
        add(self, product)

    monkeypatch.setattr(StoreWriter, "add", interrupted)
    with pytest.raises(KeyboardInterrupt):
        official_catalogue(tmp_path)
    assert not [name for name in os.listdir(cache / "webshop") if not name.startswith(".")]
    added.append("go on")
    catalogue = official_catalogue(tmp_path)
    assert added[26:] == [f"B{number:09d}" for number in range(20, 38)]
    assert isinstance(catalogue, StoredCatalogue)
    monkeypatch.undo()
    expected = official_catalogue(tmp_path)
    assert list(catalogue) == list(expected) and catalogue.content_hash == expected.content_hash
    assert catalogue.info["rows"] == 40 and catalogue.info["files"]["items_shuffle_1000.json"] == "unverified"


def test_built_once_and_again_when_a_file_changes(
    tmp_path: Path, everything_is_large: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    builds: list[Path] = []
    build = official._build
    monkeypatch.setattr(official, "_build", lambda folder, *rest: (builds.append(folder), build(folder, *rest)))
    write_files(tmp_path, forty_rows())
    first = official_catalogue(tmp_path)
    assert official_catalogue(tmp_path).content_hash == first.content_hash and len(builds) == 1
    write_files(tmp_path, [row(1, name="changed"), *forty_rows()[2:]])
    again = official_catalogue(tmp_path)
    assert again.content_hash != first.content_hash and again[0].title == "changed" and len(builds) == 2


@pytest.mark.parametrize("name", ["items_shuffle_1000.json", "items_ins_v2_1000.json", "items_human_ins.json"])
def test_truncated_files(tmp_path: Path, name: str, both_ways: str) -> None:
    write_files(tmp_path, forty_rows(), human={"B000000001": [annotation(1)]})
    os.truncate(tmp_path / name, (tmp_path / name).stat().st_size - 5)
    with pytest.raises(DataCorrupt, match=rf"byte [\d,]+ of {name}"):
        official_catalogue(tmp_path)


@pytest.mark.parametrize("name", ["items_shuffle_1000.json", "items_ins_v2_1000.json"])
def test_files_altered_in_the_middle(tmp_path: Path, name: str, both_ways: str) -> None:
    write_files(tmp_path, forty_rows())
    data = (tmp_path / name).read_bytes()
    place = data.index(b'": ', len(data) // 2)
    (tmp_path / name).write_bytes(data[:place] + data[place + 1 :])
    with pytest.raises(DataCorrupt, match=rf"byte [\d,]+ of {name}"):
        official_catalogue(tmp_path)


def test_a_row_that_is_no_object_is_named(tmp_path: Path, both_ways: str) -> None:
    write_files(tmp_path, [*forty_rows(), "no row"])
    with pytest.raises(DataCorrupt, match=r"row 40 of items_shuffle_1000\.json; got 'no row'"):
        official_catalogue(tmp_path)


def test_an_instruction_file_of_other_products(tmp_path: Path, both_ways: str) -> None:
    write_files(tmp_path, forty_rows(), {f"C{number:09d}": entry() for number in range(40)})
    with pytest.raises(DataCorrupt, match=r"items_ins_v2_1000\.json; got none for \d+ of \d+"):
        official_catalogue(tmp_path)


def test_a_few_products_without_entry_are_counted(tmp_path: Path, both_ways: str) -> None:
    instructions = {f"B{number:09d}": entry() for number in range(36)}
    catalogue = official_catalogue(write_files(tmp_path, forty_rows(), instructions))
    assert catalogue.info["without_entry"] == 2
    assert catalogue[37].attributes == NO_ATTRIBUTES and catalogue[37].instruction is None
    assert catalogue.columns.has_instruction.tolist() == [True] * 36 + [False] * 2


@pytest.mark.parametrize("rows", [[], [row(1, asin="nan")]])
def test_no_product_at_all(tmp_path: Path, rows: list[Any], both_ways: str) -> None:
    with pytest.raises(DataCorrupt, match="at least one product"):
        official_catalogue(write_files(tmp_path, rows))


def test_says_what_was_read_in_part(tmp_path: Path, everything_is_large: None) -> None:
    rows = [row(number, full_description="x" * 4000) for number in range(400)]  # more than a chunk
    catalogue = official_catalogue(write_files(tmp_path, rows), 5)
    assert catalogue.info["files"]["items_shuffle_1000.json"] == "read in part"
