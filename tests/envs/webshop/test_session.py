"""The grammar of actions, the way from page to page, and the original's quirks on it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spa_gym.envs.webshop.backend import page_actions
from spa_gym.envs.webshop.pages.page_state import PageState
from spa_gym.envs.webshop.session import act, parse_action, start
from spa_gym.envs.webshop.shop import Shop
from tests.envs.webshop.tiny_shop import goal_for, tiny_product, tiny_shop


def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def play(shop: Shop, *actions: str) -> PageState:
    """The page after actions that must all be executed."""
    state = start(goal_for(shop.catalogue[0]))
    for action in actions:
        after = act(state, action, shop, rng)
        assert after is not None, action
        state = after
    return state


@pytest.mark.parametrize(
    ("action", "parsed"),
    [
        ("search[Red Lamp]", ("search", "red lamp")),
        ("click[buy now] please", ("click", "buy now")),
        ("click[a [b]]", ("click[a ", "b]")),
        ("click[[x]]", ("click[", "x]")),
        ("click[x]]", ("click", "x]")),
        ("Action: click[x]", ("Action: click", "x")),
        ("search[]", None),
        ("[x]", None),
        ("think\nclick[x]", None),
        ("click[a\nb]", None),
        ("", None),
    ],
)
def test_the_grammar_is_the_original_s(action: str, parsed: tuple[str, str] | None) -> None:
    assert parse_action(action) == parsed


@pytest.mark.parametrize("action", ["click[search]", "click[buy now]", "Search[lamp]", "click[]", "x", "buy[1]"])
def test_what_cannot_be_done_on_the_start_page(action: str) -> None:
    shop = tiny_shop()
    assert act(start(goal_for(shop.catalogue[0])), action, shop, rng) is None


def test_a_search_works_from_every_page_and_forgets_the_options() -> None:
    shop = tiny_shop()
    state = play(shop, "search[lamp]", "click[tiny000003]", "click[red]", "search[brass]")
    assert (state.kind, state.keywords, state.page, dict(state.options)) == ("results", ("brass",), 1, {})
    assert state.visited == ("TINY000003",)


def test_turning_pages_goes_on_past_the_end_and_back_to_the_first() -> None:
    shop = tiny_shop()
    assert len(play(shop, "search[lamp]").shown()) == 10
    assert len(play(shop, "search[lamp]", "click[next >]").shown()) == 2
    beyond = play(shop, "search[lamp]", *["click[next >]"] * 5)
    assert beyond.page == 6 and beyond.shown() == ()
    assert play(shop, "search[lamp]", "click[next >]", "click[< prev]").page == 1
    assert act(play(shop, "search[lamp]"), "click[< prev]", shop, rng) is None


def test_options_are_replaced_kept_on_sub_pages_and_lost_on_the_way_back() -> None:
    shop = tiny_shop()
    item = ("search[lamp]", "click[tiny000003]", "click[red]", "click[tall]", "click[blue]")
    assert dict(play(shop, *item).options) == {"color": "blue", "size": "tall"}
    sub = play(shop, *item, "click[Description]")
    assert (sub.kind, sub.sub) == ("sub", "Description")
    assert dict(play(shop, *item, "click[description]", "click[< prev]").options) == {"color": "blue", "size": "tall"}
    back = play(shop, *item, "click[< prev]")
    assert back.kind == "results" and not back.options


def test_back_to_search_forgets_everything() -> None:
    shop = tiny_shop()
    state = play(shop, "search[lamp]", "click[tiny000003]", "click[back to search]")
    assert state == start(goal_for(shop.catalogue[0]))


def test_a_value_in_two_groups_sets_the_last_one() -> None:
    product = tiny_product(90, "Odd thing", options={"top": ("red", "one"), "bottom": ("red", "two")})
    shop = tiny_shop(product)
    state = play(shop, "search[odd]", "click[tiny000090]", "click[red]")
    assert dict(state.options) == {"bottom": "red"}
    assert shop.view_of("TINY000090").clickable[-3:] == ("red", "one", "two")


def test_a_button_s_name_as_option_value_is_the_button() -> None:
    product = tiny_product(91, "Odd thing", options={"kind": ("reviews", "attributes", "search", "next >")})
    shop = tiny_shop(product)
    item = play(shop, "search[odd]", "click[tiny000091]")
    assert act(item, "click[search]", shop, rng) is None
    reviews, attributes, chosen = (act(item, f"click[{x}]", shop, rng) for x in ("reviews", "attributes", "next >"))
    assert reviews is not None and reviews.sub == "Reviews"
    assert attributes is not None and attributes.sub == "Attributes"  # the tab is hidden, its name still works
    assert chosen is not None and dict(chosen.options) == {"kind": "next >"}


def test_the_way_back_looks_for_the_page_s_name_in_the_whole_address() -> None:
    shop = tiny_shop(tiny_product(92, "search_results lamp"), tiny_product(93, "item_page lamp"))
    item = play(shop, "search[search_results lamp]", "click[next >]", "click[tiny000010]")
    back = act(item, "click[< prev]", shop, rng)
    assert back is not None and back.page == 1  # turned a page back instead of coming back to page 2
    sub = play(shop, "search[item_page lamp]", "click[tiny000001]", "click[features]", "click[< prev]")
    assert sub.kind == "results"
    assert play(shop, "search[lamp]", "click[tiny000001]", "click[features]", "click[< prev]").kind == "item"


def test_the_first_page_s_name_leads_below_one() -> None:
    shop = tiny_shop(tiny_product(92, "search_results lamp"))
    item = play(shop, "search[search_results lamp]", "click[tiny000092]", "click[< prev]")
    assert item.page == 0 and item.shown() == ()


def test_special_keywords() -> None:
    shop = tiny_shop(tiny_product(94, "Blue cup", category="grocery", query="tea cups"))
    assert play(shop, "search[<c> grocery]").results == (12,)
    assert play(shop, "search[<q> tea cups]").results == (12,)
    assert sorted(play(shop, "search[<r>]").results) == list(range(13))
    for crashes_the_original in ("search[<c>]", "search[<a> warm light]", "search[<q>]", "search[<c> nothing]"):
        assert play(shop, crashes_the_original).results == ()


def test_buying_ends_the_session() -> None:
    shop = tiny_shop()
    state = play(shop, "search[lamp]", "click[tiny000003]", "click[buy now]")
    assert state.kind == "done"
    assert act(state, "search[lamp]", shop, rng) is None and page_actions(state, shop) == ()


def test_every_admissible_action_is_executed() -> None:
    shop = tiny_shop(tiny_product(95, "Odd thing", options={"kind": ("a [b]", "a]", "", "x\ny", "é", '7" wide')}))
    seen, todo = set(), [start(goal_for(shop.catalogue[12]))]
    while todo:
        state = todo.pop()
        if (key := (state.kind, state.asin, state.page, tuple(state.options.items()))) in seen or state.page > 3:
            continue
        seen.add(key)
        for action in (*page_actions(state, shop), "search[odd]"):
            if state.kind != "done":
                after = act(state, action, shop, rng)
                assert after is not None, action
                todo.append(after)
    assert {kind for kind, *_ in seen} == {"index", "results", "item", "sub", "done"}
    assert not any("a [b]" in action for action in shop.view(12).admissible)  # the grammar cannot say it


@given(st.text(max_size=40))
def test_no_action_ever_raises(action: str) -> None:
    shop = tiny_shop()
    for state in (start(goal_for(shop.catalogue[0])), play(shop, "search[lamp]", "click[tiny000001]")):
        for text in (action, f"click[{action}]", f"search[{action}]"):
            act(state, text, shop, rng)
