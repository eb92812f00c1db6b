"""The reward of the original: its formula, each of its quirks with numbers worked out by hand, its recordings."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from typing import Any

import pytest

from spa_gym.envs.webshop.goals import Goal
from spa_gym.envs.webshop.official.catalogue import official_catalogue
from spa_gym.envs.webshop.product import Product
from spa_gym.envs.webshop.reward import PurchaseScore, PurchaseScorer, score_purchase
from tests.official_data import data_root, webshop_recording


def _nouns(text: str) -> Sequence[str]:
    """Words that are written with a capital letter."""
    return [word.lower() for word in text.split() if word[0].isupper()]


def _product(title: str = "Red Lamp", **changes: Any) -> Product:
    fields: dict[str, Any] = {
        "asin": "B000000001", "title": title, "description": "", "bullets": (), "pricing": (20.0,),
        "price_tag": "$20.0", "options": {}, "option_images": {}, "attributes": (), "image": "", "category": "garden",
        "query": "lamps", "product_category": "Home › Lighting › Lamps",
    }  # fmt: skip
    return Product(**(fields | changes))


def _goal(name: str = "Red Lamp", **changes: Any) -> Goal:
    fields: dict[str, Any] = {
        "asin": "B000000001", "category": "garden", "query": "lamps", "name": name,
        "product_category": "Home › Lighting › Lamps", "instruction_text": "", "attributes": ("easy clean",),
        "price_upper": 30.0, "goal_options": (),
    }  # fmt: skip
    return Goal(**(fields | changes))


def _score(product: Product, goal: Goal, price: float = 20.0, options: Sequence[str] = ()) -> PurchaseScore:
    return score_purchase(product, goal, price, {str(i): value for i, value in enumerate(options)}, _nouns)


OTHER = {"query": "chairs", "product_category": "Home › Seating › Chairs"}
"""Another query; of the categories only "Home" in common with the goal."""


def test_reward_is_the_share_of_attributes_options_and_price_that_hold() -> None:
    goal = _goal(attributes=("easy clean", "dimmable light"), goal_options=("large", "oak"))
    scored = _score(_product(attributes=("easy clean",)), goal, options=("large",))
    assert scored.reward == (1 + 1 + 1) / 5
    assert scored.components == {
        "r_type": 1.0, "r_att": 0.5, "w_att": 2 / 5, "query_match": True, "category_match": True, "title_score": 1.0,
        "r_option": 0.5, "w_option": 2 / 5, "r_price": True, "w_price": 1 / 5,
    }  # fmt: skip
    assert all(type(scored.components[key]) is bool for key in ("query_match", "category_match", "r_price"))


def test_without_goal_options_there_are_no_option_components() -> None:
    assert list(_score(_product(), _goal()).components) == [
        "r_type", "r_att", "w_att", "query_match", "category_match", "title_score", "r_price", "w_price",
    ]  # fmt: skip


def test_price_counts_up_to_and_including_the_cap() -> None:
    assert _score(_product(), _goal(), price=30.0).reward == 0.5
    assert _score(_product(), _goal(), price=30.01).reward == 0.0


def test_buying_at_once_earns_attributes_and_price() -> None:
    assert _score(_product(attributes=("easy clean",)), _goal(goal_options=("large",))).reward == 2 / 3


def test_any_product_of_the_right_kind_can_score_1() -> None:
    other = _product("Lamp", asin="B000000002", attributes=("easy clean",))
    assert _score(other, _goal("Lamp")).reward == 1.0


def test_type_is_halved_when_query_categories_and_title_disagree() -> None:
    # 1 of 5 nouns: a title_score of 0.2 is not above 0.2.
    goal = _goal("Lamp Oak Wood Stand Home")
    assert _score(_product("Lamp", **OTHER), goal).components["r_type"] == 0.5
    assert _score(_product("Lamp Oak", **OTHER), goal).components["r_type"] == 1.0
    assert _score(_product("Lamp", **OTHER | {"query": "lamps"}), goal).components["r_type"] == 1.0


def test_two_common_categories_match_in_any_order_and_repeats_count_once() -> None:
    goal = _goal(product_category="A › B › C")
    for category, match in (("C ›A", True), ("A › A › D", False), ("B", False), ("X › C › B › Y", True)):
        assert _score(_product(product_category=category), goal).components["category_match"] is match, category


def test_less_than_a_tenth_of_the_nouns_leaves_a_tenth_whatever_else_agrees() -> None:
    goal = _goal(" ".join(["Lamp", *(f"N{i}" for i in range(10))]), attributes=("easy clean",))
    scored = _score(_product("Lamp", attributes=("easy clean",)), goal)
    assert scored.components["title_score"] == 1 / 11 and scored.components["query_match"]
    assert scored.components["r_type"] == 0.1 and scored.reward == 0.1


def test_no_common_noun_gives_nothing_even_with_the_same_query_and_categories() -> None:
    scored = _score(_product("Green Light", attributes=("easy clean",)), _goal("Red Lamp"))
    assert scored.components["query_match"] and scored.components["category_match"]
    assert scored.components["r_type"] == 0.0 and scored.reward == 0.0


def test_repeated_nouns_make_the_goals_own_product_less_than_equal() -> None:
    # The set {lamp, shade} over the list lamp, shade, lamp.
    assert _score(_product("Lamp Shade Lamp"), _goal("Lamp Shade Lamp")).components["title_score"] == 2 / 3


def test_a_goal_title_without_nouns_counts_as_a_fifth() -> None:
    assert _score(_product("Lamp"), _goal("nothing here")).components["title_score"] == 0.2
    assert _score(_product("Lamp", **OTHER), _goal("nothing here")).components["r_type"] == 0.5


@pytest.mark.parametrize(
    "where",
    [{"title": "Red Lamp Easy Clean"}, {"bullets": ("it is easy", "clean")}, {"description": "An EASY CLEAN one"}],
)
def test_an_attribute_may_stand_in_title_bullets_or_description(where: dict[str, Any]) -> None:
    assert _score(_product(**where), _goal()).components["r_att"] == 1.0


def test_an_attribute_with_capitals_is_not_found_in_the_texts() -> None:
    # Texts are put in lower case, the goal's attribute is not; the comparison with attributes ignores case.
    goal = _goal(attributes=("Easy Clean",))
    assert _score(_product(description="Easy Clean"), goal).components["r_att"] == 0.0
    assert _score(_product(attributes=("easy clean",)), goal).components["r_att"] == 1.0


def test_attributes_match_above_85_of_100() -> None:
    # "essential oils" and "essential oil": 2 * 9 + ... = 26 of 27 letters; "tea tree" and "tea bag" share "tea" only.
    goal = _goal(attributes=("essential oils", "tea tree"))
    assert _score(_product(attributes=("essential oil", "tea bag")), goal).components["r_att"] == 0.5


@pytest.mark.parametrize(
    ("chosen", "wanted"),
    [("x-large", "large"), ("large", "x-large"), ("6.5", "6.5 wide"), ("12 pack", "pack of 12"), ("XL", "xl")],
)
def test_an_option_matches_when_its_words_are_among_the_others(chosen: str, wanted: str) -> None:
    assert _score(_product(), _goal(goal_options=(wanted,)), options=(chosen,)).components["r_option"] == 1.0


def test_a_colour_among_others_matches_by_its_first_letters_in_the_alphabet() -> None:
    for chosen, wanted, share in (
        ("light blue", "dark blue", 1.0),  # both blue
        ("dark red", "red", 0.0),  # dark, red
        ("black white", "black", 1.0),
        ("tank top", "tan", 1.0),
        ("black white", "white", 0.0),
    ):
        scored = _score(_product(), _goal(goal_options=(wanted,)), options=(chosen,))
        assert scored.components["r_option"] == share, (chosen, wanted)


def test_colours_of_synthetic_goals_are_not_reduced() -> None:
    # Chosen "light blue" becomes "blue", one of the three words of "color light blue": 100.
    assert (
        _score(_product(), _goal(goal_options=(("color", "light blue"),)), options=("light blue",)).reward == 1 / 3 * 2
    )
    # Chosen "dark red" becomes "dark"; "color light red" has no such word.
    pair, text = _goal(goal_options=(("color", "light red"),)), _goal(goal_options=("light red",))
    assert _score(_product(), pair, options=("red",)).components["r_option"] == 1.0
    # "light red" alone is "light", and that is not "red".
    assert _score(_product(), text, options=("red",)).components["r_option"] == 0.0
    # A value that is a colour and nothing else is reduced: the pair is "blue", the name of its group is gone.
    assert (
        _score(_product(), _goal(goal_options=(("color", "blue"),)), options=("color",)).components["r_option"] == 0.0
    )
    assert _score(_product(), _goal(goal_options=(("color", "teal blue"),)), options=("color",)).components["r_option"]


def test_one_chosen_option_may_satisfy_several_and_extra_ones_cost_nothing() -> None:
    goal = _goal(goal_options=("large", "large tall"))
    assert _score(_product(), goal, options=("large",)).components["r_option"] == 1.0
    assert _score(_product(), goal, options=("large", "oak", "left")).components["r_option"] == 1.0


def test_a_ratio_of_86_by_rapidfuzz_can_be_84_by_the_original() -> None:
    goal = _goal(goal_options=("15x60 hd binoculars",))
    assert _score(_product(), goal, options=("10x50 hd binoculars",)).components["r_option"] == 0.0
    # 89 of 100 with either: one word of three differs by two letters of eleven.
    assert _score(_product(), _goal(goal_options=("hd binocular",)), options=("hd binoculars",)).components["r_option"]


def test_letters_of_latin_1_do_not_count_and_other_signs_part_words() -> None:
    goal = _goal(goal_options=("pâté/1",))  # the words "pt" and "1"
    assert _score(_product(), goal, options=("pt 1",)).components["r_option"] == 1.0
    assert _score(_product(), goal, options=("pate",)).components["r_option"] == 0.0
    assert _score(_product(), _goal(goal_options=("™",)), options=("™",)).components["r_option"] == 0.0


def test_a_goal_without_attributes_divides_by_nothing() -> None:
    scored = _score(_product(), _goal(attributes=()))
    assert scored.components["r_att"] == 0.0 and scored.reward == 1.0


def test_what_is_remembered_changes_nothing() -> None:
    scorer = PurchaseScorer(_nouns, memory=2)
    products = [_product(f"Red Lamp N{i}", attributes=("easy clean",) if i % 2 else ()) for i in range(5)]
    goals = [_goal(f"Lamp N{i}", goal_options=("large", "red")[: i % 3]) for i in range(5)]
    for _ in range(2):
        for product in products:
            for goal in goals:
                for chosen in ({}, {"size": "x-large"}, {"color": "red wine"}):
                    kept = scorer.score(product, goal, 20.0, chosen)
                    assert kept == score_purchase(product, goal, 20.0, chosen, _nouns)


def test_components_are_new_every_time() -> None:
    scorer = PurchaseScorer(_nouns)
    scorer.score(_product(), _goal(), 20.0, {}).components["r_type"] = 7.0
    assert scorer.score(_product(), _goal(), 20.0, {}).components["r_type"] == 1.0


def test_a_scorer_can_be_pickled() -> None:
    scorer = PurchaseScorer(_nouns)
    expected = scorer.score(_product(), _goal(), 20.0, {})
    assert pickle.loads(pickle.dumps(scorer)).score(_product(), _goal(), 20.0, {}) == expected


@pytest.mark.data
def test_recorded_purchases_have_the_recorded_components_and_rewards() -> None:
    traces = [trace for trace in webshop_recording("webshop_traces") if trace["final"]]
    if not traces:
        pytest.skip("needs the recordings of the original")
    catalogue = official_catalogue(data_root())
    for trace in traces:
        final, raw = trace["final"], dict(trace["goal"])
        options = raw.pop("goal_options")
        pairs = tuple(options.items()) if isinstance(options, dict) else tuple(options)
        goal = Goal(**raw | {"attributes": tuple(raw["attributes"])}, goal_options=pairs)
        product = catalogue[catalogue.index_of(final["asin"])]
        nouns = {goal.name: final["goal_nouns"], product.title: final["purchased_nouns"]}
        scored = score_purchase(product, goal, final["price"], final["options"], nouns.__getitem__)
        assert list(scored.components.items()) == list(final["reward_info"].items())
        assert scored.reward == trace["steps"][-1]["reward"]
    assert len(traces) == 15
