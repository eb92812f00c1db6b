"""The expert: the choice of options, and a plan from every page."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from spa_gym.envs.webshop.backend import ProcessBackend
from spa_gym.envs.webshop.expert import best_options, expert_plan
from spa_gym.envs.webshop.goals import Goal
from spa_gym.envs.webshop.session import act, start
from spa_gym.envs.webshop.shop import Shop
from tests.envs.webshop.tiny_shop import goal_for, tiny_product, tiny_scorer, tiny_shop


def options_for(shop: Shop, goal: Goal) -> dict[str, str]:
    scorer = tiny_scorer()

    def worth(asin: str, options: Mapping[str, str]) -> float:
        return scorer.score(shop.view_of(asin).product, goal, shop.price_of(asin), options).reward

    return best_options(shop.view_of(goal.asin).product, goal, worth)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (("red",), {"color": "red"}),
        (("wide", "blue"), {"color": "blue", "size": "wide"}),
        ((("size", "tall"),), {"size": "tall"}),
        ((), {}),
        (("bluish blue",), {"color": "blue"}),  # not a value of the product, but the reward takes blue for it
        (("green",), {}),
    ],
)
def test_options(asked: tuple[str, ...], expected: dict[str, str]) -> None:
    shop = tiny_shop()
    assert options_for(shop, goal_for(shop.catalogue[0], goal_options=asked)) == expected


WALKS = [
    (),
    ("search[lamp]",),
    ("search[lamp]", "click[next >]"),
    ("search[nothing]",),
    ("search[lamp]", "click[tiny000003]"),
    ("search[lamp]", "click[tiny000003]", "click[reviews]"),
    ("search[lamp]", "click[next >]", "click[tiny000011]", "click[blue]", "click[features]"),
    ("search[lamp]", "click[next >]", "click[tiny000011]", "click[red]"),
]


@pytest.mark.parametrize("walk", WALKS)
@pytest.mark.parametrize("target", [0, 11])
def test_the_plan_buys_the_product_from_every_page(walk: tuple[str, ...], target: int) -> None:
    shop = tiny_shop()
    goal = goal_for(shop.catalogue[target])
    backend = ProcessBackend(shop, tiny_scorer(), "text")
    backend.begin(goal)
    for action in walk:
        assert backend.act(action, None)  # type: ignore[arg-type]
    plan = expert_plan(backend.state, goal, options_for(shop, goal), shop)
    assert plan
    for action in plan:
        assert backend.state.reward is None
        assert action in backend.admissible() or action.startswith("search[")
        assert backend.act(action, None)  # type: ignore[arg-type]
    assert backend.state.reward == 1.0 and backend.state.asin == goal.asin
    assert expert_plan(backend.state, goal, {}, shop) == []


def test_the_shorter_way_is_taken() -> None:
    shop = tiny_shop()
    goal = goal_for(shop.catalogue[11], goal_options=())
    state = act(start(goal), "search[lamp]", shop, None)  # type: ignore[arg-type]
    assert state is not None
    assert expert_plan(state, goal, {}, shop) == ["click[next >]", "click[tiny000011]", "click[buy now]"]


def test_nothing_is_planned_where_no_search_finds_the_product() -> None:
    shop = tiny_shop(tiny_product(90, "<r> [x]", description="", bullets=(), options={}))
    goal = goal_for(shop.catalogue[12], instruction_text="zzz")
    assert expert_plan(start(goal), goal, {}, shop) is None
