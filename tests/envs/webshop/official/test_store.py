"""The catalogue on disk is the one in memory, goes on after a kill, and never shows half a store."""

from __future__ import annotations

import json
import os
import pickle
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from spa_gym.core.errors import DataCorrupt
from spa_gym.envs.webshop.catalogue import COLUMN_KINDS, Columns, MemoryCatalogue
from spa_gym.envs.webshop.official.store import StoredCatalogue
from spa_gym.envs.webshop.official.store_writer import StoreWriter, write_store
from spa_gym.envs.webshop.product import HumanAnnotation, Product
from tests.envs.webshop.tiny_shop import tiny_product


def some_products() -> list[Product]:
    note = HumanAnnotation("a lamp", ("warm light",), ("red",))
    wanted = {"instruction": "find me a lamp", "instruction_attributes": ("warm light",)}
    return [
        tiny_product(9, "Lamp “é” \ud83d"),
        tiny_product(2, pricing=(8.0, 6.0), query="chairs", **wanted),
        tiny_product(7, human=(note,), options={}),
        tiny_product(4, category="beauty", asin="é"),
        tiny_product(5, asin="short"),
    ]


def test_equals_the_catalogue_in_memory(tmp_path: Path) -> None:
    memory = MemoryCatalogue(some_products())
    write_store(tmp_path, memory, {"rows": 5})
    stored = StoredCatalogue(tmp_path)
    assert len(stored) == 5 and list(stored) == list(memory) and [stored[i] for i in range(5)] == list(memory)
    assert stored.content_hash == memory.content_hash
    assert list(stored.asins) == list(stored.asins[:]) == list(memory.asins)
    assert [stored.index_of(asin) for asin in memory.asins] == [0, 1, 2, 3, 4]
    assert [stored.index_of(asin) for asin in ("", "TINY", "ZZZ", "shorter", "TINY0000041")] == [None] * 5
    assert stored.info == {"rows": 5}
    for field in fields(Columns):
        ours, theirs = getattr(stored.columns, field.name), getattr(memory.columns, field.name)
        if field.name in COLUMN_KINDS:
            assert ours.dtype == theirs.dtype
            np.testing.assert_array_equal(ours, theirs)
        else:
            assert ours == theirs
    with pytest.raises(IndexError):
        stored[5]


def test_is_read_only_shared_and_survives_pickle_and_fork(tmp_path: Path) -> None:
    write_store(tmp_path, some_products())
    stored = StoredCatalogue(tmp_path)
    with pytest.raises(ValueError):
        stored.columns.price_low[0] = 1.0
    assert pickle.loads(pickle.dumps(stored))[1] == stored[1]
    assert stored[1] is stored[1]
    child = os.fork()
    if not child:
        os._exit(0 if list(stored) == some_products() else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_goes_on_at_the_last_checkpoint(tmp_path: Path) -> None:
    products = some_products()
    with StoreWriter(tmp_path) as writer:
        assert writer.note == {}
        for product in products[:2]:
            writer.add(product)
        writer.checkpoint({"offset": 17})
        writer.add(products[4])  # lost
    with StoreWriter(tmp_path) as writer:
        assert writer.note == {"offset": 17} and len(writer) == 2
        assert products[1].asin in writer and products[4].asin not in writer
        for product in products[2:]:
            writer.add(product)
        writer.finish()
    assert list(StoredCatalogue(tmp_path)) == products
    assert StoredCatalogue(tmp_path).content_hash == MemoryCatalogue(products).content_hash
    whole = tmp_path / "whole"
    whole.mkdir()
    write_store(whole, products)
    assert all((tmp_path / path.name).read_bytes() == path.read_bytes() for path in whole.iterdir())
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == sorted(os.listdir(whole))


@pytest.mark.parametrize("damage", ["cut products", "cut offsets", "altered", "no JSON", "other format", "gone"])
def test_starts_afresh_when_the_checkpoint_is_not_true(tmp_path: Path, damage: str) -> None:
    with StoreWriter(tmp_path) as writer:
        writer.add(some_products()[0])
        writer.add(some_products()[1])
        writer.checkpoint({"offset": 17})
    products, offsets, checkpoint = (tmp_path / name for name in ("products.bin", "offsets.bin", "checkpoint.json"))
    if damage == "cut products":
        os.truncate(products, products.stat().st_size - 1)
    elif damage == "cut offsets":
        os.truncate(offsets, 9)
    elif damage == "altered":
        data = bytearray(products.read_bytes())
        data[40] ^= 255
        products.write_bytes(data)
    elif damage == "no JSON":
        checkpoint.write_text('{"form')
    elif damage == "other format":
        checkpoint.write_text(json.dumps({**json.loads(checkpoint.read_text()), "format": 0}))
    else:
        offsets.unlink()
    with StoreWriter(tmp_path) as writer:
        assert writer.note == {} and len(writer) == 0
        for product in some_products():
            writer.add(product)
        writer.finish()
    assert list(StoredCatalogue(tmp_path)) == some_products()


def test_refuses_a_product_twice_and_no_product(tmp_path: Path) -> None:
    with StoreWriter(tmp_path) as writer:
        with pytest.raises(DataCorrupt, match="at least one product"):
            writer.finish()
        writer.add(tiny_product(1))
        with pytest.raises(DataCorrupt, match="'TINY000001' twice"):
            writer.add(tiny_product(1, "another title"))


@pytest.mark.parametrize(
    "name", ["header.json", "products.bin", "offsets.bin", "asins.npy", "sorted_positions.npy", "category.npy"]
)
@pytest.mark.parametrize("damage", ["gone", "cut", "empty"])
def test_a_store_that_is_not_whole(tmp_path: Path, name: str, damage: str) -> None:
    write_store(tmp_path, some_products())
    path = tmp_path / name
    if damage == "gone":
        path.unlink()
    else:
        os.truncate(path, path.stat().st_size // 2 if damage == "cut" else 0)
    with pytest.raises(DataCorrupt, match="a whole store of products"):
        StoredCatalogue(tmp_path)


def test_a_store_of_another_version(tmp_path: Path) -> None:
    write_store(tmp_path, some_products())
    header = json.loads((tmp_path / "header.json").read_text())
    (tmp_path / "header.json").write_text(json.dumps({**header, "format": 99}))
    with pytest.raises(DataCorrupt, match="format 99"):
        StoredCatalogue(tmp_path)


def test_an_altered_product_is_named(tmp_path: Path) -> None:
    write_store(tmp_path, some_products())
    data = bytearray((tmp_path / "products.bin").read_bytes())
    data[40] ^= 255
    (tmp_path / "products.bin").write_bytes(data)
    stored = StoredCatalogue(tmp_path)
    with pytest.raises(DataCorrupt, match="product 0 as it was written"):
        stored[0]
    assert stored[1] == some_products()[1]
