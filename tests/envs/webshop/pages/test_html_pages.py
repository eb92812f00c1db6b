"""Mode "html": byte for byte the original's pages, and no text that breaks out of its place, in either skin."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spa_gym.envs.webshop.pages.html_pages import render
from spa_gym.envs.webshop.pages.html_skin import ORIGINAL, Skin
from spa_gym.envs.webshop.pages.page_state import PageState
from spa_gym.envs.webshop.pages.text_pages import nodes
from spa_gym.envs.webshop.product import Product
from spa_gym.envs.webshop.shop import Shop
from spa_gym.envs.webshop.site.skin import SiteSkin
from tests.envs.webshop.page_parser import PageParser
from tests.envs.webshop.tiny_shop import tiny_product, tiny_shop

ORIGINAL_PAGES: dict[str, Any] = json.loads((Path(__file__).parent / "original_pages.json").read_text("utf-8"))
TEXTS = st.text(
    alphabet=st.one_of(st.sampled_from("<>&'\"`$/\\-!=;# []{}%+\n\té\u00a0\u2028😀"), st.characters(codec="utf-8"))
)
FIELDS = ("title", "description", "category", "query", "product_category", "price_tag", "image")


def as_product(number: int, fields: dict[str, Any]) -> Product:
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}
    values["options"] = {group: tuple(names) for group, names in fields["options"].items()}
    return tiny_product(number, **values)


def as_state(fields: dict[str, Any]) -> PageState:
    return PageState(**{name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()})


@pytest.mark.parametrize("page", ORIGINAL_PAGES["pages"], ids=lambda page: page["name"])
def test_the_bytes_are_the_originals(page: dict[str, Any]) -> None:
    extra = [as_product(12 + number, fields) for number, fields in enumerate(ORIGINAL_PAGES["products"])]
    shop = tiny_shop(*extra, show_attrs=page["show_attrs"])
    assert render(as_state(page["state"]), shop) == page["html"]


@pytest.mark.parametrize("page", ORIGINAL_PAGES["pages"], ids=lambda page: page["name"])
def test_both_skins_have_the_texts_of_text_mode(page: dict[str, Any]) -> None:
    extra = [as_product(12 + number, fields) for number, fields in enumerate(ORIGINAL_PAGES["products"])]
    shop = tiny_shop(*extra, show_attrs=page["show_attrs"])
    state = as_state(page["state"])
    expected = list(nodes(state, shop))
    assert PageParser(render(state, shop)).nodes == expected
    assert PageParser(render(state, shop, site_skin())).nodes == expected


def site_skin() -> SiteSkin:
    return SiteSkin("/item?a=1&b=2", lambda state: f"/to?kind={state.kind}&asin={state.asin}", 3, "version")


def states(texts: list[str], options: dict[str, tuple[str, ...]], asin: str) -> list[PageState]:
    common: dict[str, Any] = {
        "session_id": texts[0],
        "instruction": texts[1],
        "keywords": tuple(texts[2].split(" ")),
        "results": (12, 0),
        "asin": asin,
        "options": {group: values[-1] for group, values in options.items()},
    }
    kinds = ("index", "results", "item", "done")
    pages = [PageState(kind=kind, reward=0.5, **common) for kind in kinds]  # type: ignore[arg-type]
    return pages + [PageState(kind="sub", sub=sub, **common) for sub in ("Description", "Features", "Attributes")]


def structure(state: PageState, shop: Shop, skin: Skin) -> list[tuple[str, tuple[str, ...]]]:
    return PageParser(render(state, shop, skin)).tags


@settings(max_examples=60, deadline=None)
@given(
    texts=st.lists(TEXTS, min_size=3, max_size=3),
    fields=st.fixed_dictionaries({name: TEXTS for name in FIELDS}),
    many=st.lists(TEXTS, min_size=2, max_size=2),
    options=st.lists(st.tuples(TEXTS, TEXTS), min_size=2, max_size=2, unique_by=lambda pair: pair[0]),
)
def test_no_text_breaks_out(
    texts: list[str], fields: dict[str, str], many: list[str], options: list[tuple[str, str]]
) -> None:
    """Whatever the texts, the tags and attributes of a page are those of the same page with harmless texts."""
    strange = dict.fromkeys(FIELDS, "x") | fields
    groups = {group: (value,) for group, value in options}
    images = {value: value for _, value in options}
    nasty = tiny_product(
        12, **strange, bullets=tuple(many), attributes=tuple(many), options=groups, option_images=images
    )
    plain = tiny_product(12, bullets=("a", "b"), attributes=("a", "b"), options={"c": ("d",), "e": ("f",)})
    harmless = states(["a", "b", "c"], plain.options, plain.asin)
    for skin in (ORIGINAL, site_skin()):
        for state, other in zip(states(texts, nasty.options, nasty.asin), harmless, strict=True):
            found, expected = structure(state, tiny_shop(nasty), skin), structure(other, tiny_shop(plain), skin)
            assert found == expected


def test_options_of_a_quote_stay_inside_the_script() -> None:
    lamp = tiny_product(12, options={"size": ("</script><script>alert(1)</script>",)})
    state = PageState("1", "", "item", ("a",), asin=lamp.asin, options={"size": lamp.options["size"][0]})
    page = render(state, tiny_shop(lamp))
    assert page.count("</script>") == 3  # two of the head, one of the page's own script
