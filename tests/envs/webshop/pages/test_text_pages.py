"""The pages as text, by hand: every page in both modes, and what white space becomes."""

from __future__ import annotations

from dataclasses import replace

from spa_gym.envs.webshop.pages.text_nodes import joined, visible
from spa_gym.envs.webshop.pages.text_pages import nodes, text, text_rich
from spa_gym.envs.webshop.session import act, start
from spa_gym.envs.webshop.shop import Shop
from tests.envs.webshop.tiny_shop import goal_for, tiny_product, tiny_shop


def page(shop: Shop, *actions: str, mode=text) -> str:
    state = start(goal_for(shop.catalogue[0]))
    for action in actions:
        after = act(state, action, shop, lambda: None)  # type: ignore[arg-type, return-value]
        assert after is not None, action
        state = after
    return mode(replace(state, reward=0.75) if state.kind == "done" else state, shop)


HEAD = "Instruction: [SEP] i want a brass lamp 0 in red [SEP] Back to Search"


def test_start() -> None:
    expected = "WebShop [SEP] Instruction: [SEP] i want a brass lamp 0 in red [SEP] Search"
    assert page(tiny_shop()) == expected
    expected = "WebShop\nInstruction: \ni want a brass lamp 0 in red\n[button] Search [button_]\n"
    assert page(tiny_shop(), mode=text_rich) == expected


def test_results() -> None:
    shop = tiny_shop()
    first = page(shop, "search[lamp]")
    assert first.startswith(
        f"{HEAD} [SEP] Page 1 (Total results: 12) [SEP] Next > [SEP] TINY000000 [SEP] Brass lamp 0 [SEP] $10.0 [SEP] T"
    )
    second = page(shop, "search[lamp]", "click[next >]")
    assert second == (
        f"{HEAD} [SEP] Page 2 (Total results: 12) [SEP] < Prev [SEP] Next > "
        "[SEP] TINY000010 [SEP] Brass lamp 10 [SEP] $20.0 [SEP] TINY000011 [SEP] Brass lamp 11 [SEP] $21.0"
    )
    assert page(shop, "search[nothing]") == f"{HEAD} [SEP] Page 1 (Total results: 0) [SEP] Next >"


def test_results_mark_what_was_opened() -> None:
    shop = tiny_shop()
    rich = page(shop, "search[lamp]", "click[tiny000001]", "click[< prev]", mode=text_rich)
    assert "\n\n[button] TINY000000 [button_]\nBrass lamp 0\n$10.0\n\n" in rich
    assert "\n\n[clicked button] TINY000001 [clicked button_]\nBrass lamp 1\n" in rich


def test_item() -> None:
    assert page(tiny_shop(), "search[lamp]", "click[tiny000001]") == (
        f"{HEAD} [SEP] < Prev [SEP] color [SEP] red [SEP] blue [SEP] size [SEP] tall [SEP] wide [SEP] Brass lamp 1 "
        "[SEP] Price: $11.0 [SEP] Rating: N.A. [SEP] Description [SEP] Features [SEP] Reviews [SEP] Buy Now"
    )
    shown = page(tiny_shop(show_attrs=True), "search[lamp]", "click[tiny000001]")
    assert shown.endswith("Reviews [SEP] Attributes [SEP] Buy Now")


def test_clicked_options_are_told_apart_and_said_last_first() -> None:
    actions = ("search[lamp]", "click[tiny000001]", "click[red]", "click[wide]")
    lines = page(tiny_shop(), *actions, mode=text_rich).split("\n")
    assert lines[:3] == ["You have clicked wide.", "You have clicked red.", "Instruction:"]
    assert lines[6:12] == [
        *("color", "  [clicked button] red [clicked button_]", "  [button] blue [button_]", "size"),
        *("  [button] tall [button_]", "  [clicked button] wide [clicked button_]"),
    ]


def test_a_value_counts_as_clicked_wherever_the_address_quotes_it_and_never_when_json_escapes_it() -> None:
    shop = tiny_shop(tiny_product(90, "Odd thing", options={"width": ("40 é", '9"', "width")}))
    for value in ("40 é", '9"'):
        lines = page(shop, "search[odd]", "click[tiny000090]", f"click[{value}]", mode=text_rich).split("\n")
        assert f"  [button] {value} [button_]" in lines
        assert "  [clicked button] width [clicked button_]" in lines  # the name of its group stands there in quotes


def test_sub_pages() -> None:
    shop = tiny_shop(show_attrs=True)
    item = ("search[lamp]", "click[tiny000001]")
    assert page(shop, *item, "click[description]") == f"{HEAD} [SEP] < Prev [SEP] It shines."
    assert page(shop, *item, "click[features]") == f"{HEAD} [SEP] < Prev [SEP] Warm light [SEP] Long cord"
    assert page(shop, *item, "click[reviews]") == f"{HEAD} [SEP] < Prev"
    expected = f"{HEAD} [SEP] < Prev [SEP] warm light [SEP] garden [SEP] lamps [SEP] Home › Lighting › Lamps"
    assert page(shop, *item, "click[attributes]") == expected
    rich = page(shop, *item, "click[features]", mode=text_rich)
    assert rich.endswith("[button] < Prev [button_]\n Warm light\n Long cord\n")


def test_empty_and_blank_texts() -> None:
    product = tiny_product(91, "Odd \u00a0", description="", bullets=("", " \n ", " a ", "\u00a0"), options={})
    shop = tiny_shop(product)
    item = ("search[odd]", "click[tiny000091]")
    assert page(shop, *item, "click[description]") == f"{HEAD} [SEP] < Prev"
    assert page(shop, *item, "click[features]") == f"{HEAD} [SEP] < Prev [SEP]  [SEP] a [SEP] "
    assert " [SEP] Odd [SEP] Price: $101.0" in page(shop, *item)


def test_end() -> None:
    actions = ("search[lamp]", "click[tiny000001]", "click[wide]", "click[red]", "click[buy now]")
    last = page(tiny_shop(), *actions)
    assert '[SEP] asin [SEP] TINY000001 [SEP] options [SEP] {"color": "red", "size": "wide"} [SEP] attrs' in last
    assert last.endswith("Your score (min 0.0, max 1.0) [SEP] 0.75 [SEP] Reward Details [SEP] None")


def test_options_at_the_end_are_escaped_as_in_a_script() -> None:
    shop = tiny_shop(tiny_product(92, "Odd thing", options={"kind": ("a<b & c's é",)}))
    last = page(shop, "search[odd]", "click[tiny000092]", "click[a<b & c's é]", "click[buy now]")
    assert r'{"kind": "a\u003cb \u0026 c\u0027s \u00e9"}' in last


def test_the_kept_texts_equal_the_nodes() -> None:
    shop = tiny_shop()
    for actions in (("search[lamp]",), ("search[lamp]", "click[next >]"), ("search[lamp]", "click[tiny000004]")):
        state = start(goal_for(shop.catalogue[0]))
        for action in actions:
            state = act(state, action, shop, lambda: None)  # type: ignore[arg-type, assignment, return-value]
        assert text(state, shop) == joined(visible(nodes(state, shop)))
