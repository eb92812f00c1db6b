"""No text of the generated shop is one of the scraped pages (where those are at hand to compare)."""

from __future__ import annotations

import json
import re

import pytest

from spa_gym.envs.webshop.world.catalogue import generated_catalogue
from spa_gym.envs.webshop.world.goals import generated_goals
from spa_gym.envs.webshop.world.words import words
from tests.official_data import webshop_folder

_FOLDER = webshop_folder()
pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(_FOLDER is None, reason="no official WebShop data (SPA_GYM_DATA)"),
]


@pytest.fixture(scope="module")
def scraped() -> str:
    assert _FOLDER is not None
    texts = [path.read_text(encoding="utf-8") for path in sorted(_FOLDER.glob("items_*.json"))]
    texts.append((_FOLDER / "human_goals.json").read_text(encoding="utf-8"))
    return "\n".join(texts).lower()


def test_no_title_bullet_or_instruction(scraped: str) -> None:
    shop = generated_catalogue()
    goals = generated_goals(shop)
    for product in (shop[index] for index in range(0, 1000, 4)):
        assert product.title.lower() not in scraped
        assert not [bullet for bullet in product.bullets if bullet.lower() in scraped]
    assert not [i for i in range(0, 1000, 3) if goals[i].instruction_text in scraped]


def test_no_brand_and_no_attribute(scraped: str) -> None:
    known = set(re.findall(r"[a-z]+", scraped))
    assert not [brand for brand in words().brands if brand.lower() in known]
    assert _FOLDER is not None
    rows = json.loads((_FOLDER / "items_ins_v2_1000.json").read_text(encoding="utf-8")).values()
    attributes = {attribute for row in rows for attribute in row["attributes"]}
    assert not attributes & {attribute for kind in words().kinds for attribute in kind.attributes}


def test_no_kind_is_a_shelf(scraped: str) -> None:
    assert _FOLDER is not None
    rows = json.loads((_FOLDER / "items_shuffle_1000.json").read_text(encoding="utf-8"))
    assert not {row["query"].lower().strip() for row in rows} & {kind.plural for kind in words().kinds}
