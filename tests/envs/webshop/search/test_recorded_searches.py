"""Every recorded search of the original gives the same products in the same order, with the same scores."""

from __future__ import annotations

import pytest

from spa_gym.envs.webshop.official.catalogue import official_catalogue
from spa_gym.envs.webshop.product import search_text
from spa_gym.envs.webshop.search.index import SearchIndex
from tests.official_data import webshop_folder, webshop_recording


@pytest.mark.data
def test_the_same_lists_as_the_original() -> None:
    rows = webshop_recording("webshop_search")
    folder = webshop_folder()
    if not rows or folder is None:
        pytest.skip("needs the official products and the recordings beside them")
    catalogue = official_catalogue(folder, None)
    asins = [product.asin for product in catalogue]
    index = SearchIndex.in_memory((product.asin, search_text(product)) for product in catalogue)
    for row in rows:
        positions, scores = index.search_with_scores(row["query"], 50)
        assert [asins[position] for position in positions] == row["docids"], row["query"]
        # The recorded scores are rounded to four digits, and equal ones made to differ in the sixth.
        assert scores.tolist() == pytest.approx(row["scores"], abs=1.1e-4), row["query"]
