"""Addresses of the site: a page's state goes into one and comes back, whatever the query; bad ones are refused."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spa_gym.envs.webshop.pages.page_state import PageState
from spa_gym.envs.webshop.session import search
from spa_gym.envs.webshop.site.addresses import Addresses, LongTexts, Refusal
from tests.envs.webshop.tiny_shop import tiny_product, tiny_shop

STRANGE = tiny_product(12, asin="A/B #&?", options={"size = 1/4": ("10\" & 'x'", "é★"), "": ("",)})
SHOP = tiny_shop(STRANGE)
START = PageState("7", "find a lamp")


def nothing_by_chance():
    raise AssertionError("no chance here")


def back(addresses: Addresses, state: PageState) -> PageState:
    parts = urlsplit(addresses.write(state, 7))
    assert parts.geturl().isascii() and " " not in parts.geturl() and len(parts.geturl()) < 8000
    return addresses.read(parts.path, parts.query, START)


@given(st.lists(st.text(), min_size=1).map(" ".join), st.integers(-3, 9))
def test_any_query_comes_back(query: str, page: int) -> None:
    keywords = tuple(query.split(" "))
    state = search(START, keywords, page, SHOP, nothing_by_chance) if keywords[0] != "<r>" else START
    assert back(Addresses(SHOP), state) == state


@pytest.mark.parametrize(
    "query", ["1/4 zip", "#1 %20 100%", "\"quoted\" & 'more'", "😀 ünïcode", " ", "\ud800", "x" * 50_000]
)
def test_queries_that_need_encoding(query: str) -> None:
    addresses = Addresses(SHOP)
    found = search(START, tuple(query.split(" ")), 2, SHOP, nothing_by_chance)
    item = replace(found, kind="item", asin=STRANGE.asin, visited=(STRANGE.asin, "TINY000001"))
    chosen = replace(item, options={"": "", "size = 1/4": "é★"})
    pages = [found, item, chosen, replace(item, kind="done"), replace(chosen, kind="sub", sub="Features")]
    for state in pages:
        assert back(addresses, state) == state
        assert list(back(addresses, state).options) == list(state.options), "in the order of choice"


def test_what_was_found_by_chance_is_found_again() -> None:
    state = PageState("7", "find a lamp", "results", ("<r>",), 1, (3, 1, 2))
    assert back(Addresses(SHOP), state) == state


@pytest.mark.parametrize(
    ("path", "query", "said"),
    [
        ("/results", "", "no search"),
        ("/results", "q=lamp&page=two", "page"),
        ("/results", "q=lamp&page=" + "9" * 30, "page"),
        ("/results", "q=lamp&page=²", "page"),
        ("/results", "q=%3Cr%3E&found=1+99", "products"),
        ("/results", "q=%3Cr%3E&found=-1", "products"),
        ("/results", "long_q=abc", "no longer"),
        ("/item", "q=lamp&asin=nothing", "no product 'nothing'"),
        ("/item", "q=lamp", "no product"),
        ("/item", "q=lamp&asin=TINY000001&option.color=green", "'green'"),
        ("/item", "q=lamp&asin=TINY000001&option.<i>=red", "'<i>'"),
        ("/details", "q=lamp&asin=TINY000001&tab=Secrets", "no such page"),
        ("/details", "q=lamp&asin=TINY000001", "no such page"),
        ("/results", "q=lamp" + "&a=b" * 5000, "not readable"),
        ("/results", "q=%FF%FE", "not readable"),
    ],
)
def test_what_names_nothing_is_refused(path: str, query: str, said: str) -> None:
    with pytest.raises(Refusal) as refused:
        Addresses(SHOP).read(path, query, START)
    assert said in refused.value.what and 400 <= refused.value.status < 500 and refused.value.mend


def test_only_the_last_long_queries_are_kept() -> None:
    texts = LongTexts(most=2)
    names = [texts.keep(text) for text in ("a", "b", "a", "c")]
    assert names[0] == names[2] and texts.get(names[0]) == "a" and texts.get(names[3]) == "c"
    with pytest.raises(Refusal):
        texts.get(names[1])
