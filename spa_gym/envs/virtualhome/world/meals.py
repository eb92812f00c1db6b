"""Families about food: cook it, serve it, lay the table, have a snack."""

from __future__ import annotations

from spa_gym.core.draws import choice, sample
from spa_gym.envs.virtualhome.goal_clauses import Clause
from spa_gym.envs.virtualhome.world.draft import Draft

__all__ = ["prepare_food", "serve_food", "set_table", "snack"]

_COOKED = {
    "oven": ("food_chicken", "food_pizza", "food_cake", "food_bread", "food_fish", "food_potato"),
    "stove": ("cookingpot", "fryingpan", "kettle"),
    "microwave": ("food_pizza", "food_chicken", "food_carrot", "milk", "food_vegetable", "food_rice"),
    "toaster": ("food_bread",),
}
_MEALS = (
    *("food_cake", "food_pizza", "food_bread", "food_cheese", "food_apple", "food_chicken", "food_dessert"),
    *("food_snack",),
)
_CUTLERY = ("fork", "knife", "spoon")
_DISHES = ("plate", "bowl", "mug", "drinking_glass", "cup", "wine_glass")
_DRINKS = ("milk", "juice", "wine", "beer")
_GLASSES = ("mug", "drinking_glass", "cup", "wine_glass")
_EATEN = (
    *("food_apple", "food_banana", "food_cake", "food_pizza", "food_snack", "food_cheese", "food_dessert"),
    *("food_bread",),
)


def _known(draft: Draft, names: tuple[str, ...], count: int) -> list[str]:
    return sample(draft.rng, [name for name in names if name in draft.known], count)


def prepare_food(draft: Draft) -> list[Clause] | None:
    """Food goes into an appliance, which is then switched on; a dish may be wanted beside it."""
    appliances = [name for name in _COOKED if draft.has(name)]
    if not appliances:
        return None
    appliance = choice(draft.rng, appliances)
    foods = _known(draft, _COOKED[appliance], 1)
    if not foods or not draft.want(foods[0], without={appliance}, astray=0.1):
        return None
    draft.set_all(appliance, "OFF")
    on_top = appliance == "stove"
    clauses = [Clause("put_on" if on_top else "put_in", foods[0], appliance)]
    if appliance in ("oven", "microwave") and draft.chance(0.3):
        draft.set_all(appliance, "OPEN")
        clauses.append(Clause("close", appliance))
    clauses.append(Clause("switch_on", appliance))
    if len(clauses) < 3 and (on_top or draft.chance(0.5)):
        clauses += _laid(draft, _known(draft, ("plate", "bowl"), 1), "table")
    return clauses if not on_top or len(clauses) > 2 else None


def _laid(draft: Draft, names: list[str], target: str, count: int = 1) -> list[Clause]:
    """Clauses that ask for these things on a table."""
    if not draft.has(target):
        return []
    draft.target(target)
    return [
        Clause("put_on", name, target, count=count)
        for name in names
        if draft.want(name, count, without={target}, astray=0.1)
    ]


def serve_food(draft: Draft) -> list[Clause] | None:
    """Food and perhaps a drink or a plate on the table, or the food on a plate."""
    table = choice(draft.rng, ("table", "table", "coffee_table"))
    if not draft.has(table):
        return None
    if draft.chance(0.3):
        foods = _known(draft, _MEALS, 1)
        if not draft.want("plate", astray=1) or not draft.want(foods[0], astray=0):
            return None
        return [Clause("put_on", foods[0], "plate"), *_laid(draft, _known(draft, _DRINKS, 1), table)]
    names = [*_known(draft, _MEALS, draft.number(0.3)), *_known(draft, _DRINKS, 1)]
    return _laid(draft, names, table) or None


def set_table(draft: Draft) -> list[Clause] | None:
    """Dishes and cutlery on the table, one or two of each."""
    if draft.chance(0.35):
        name = _known(draft, (*_DISHES, *_CUTLERY), 1)
        others = _known(draft, _CUTLERY, 1)
        clauses = _laid(draft, name, "table", count=2)
        return clauses + [c for c in _laid(draft, others, "table") if c.subject != name[0]]
    names = [*_known(draft, _DISHES, 1), *_known(draft, _CUTLERY, draft.number(0.4))]
    if draft.number(0.2) > 1:
        names += [name for name in _known(draft, _DISHES, 1) if name not in names]
    return _laid(draft, names, "table")


def snack(draft: Draft) -> list[Clause] | None:
    """Pour a drink, have it and eat something."""
    [glass, *_], [drink, *_] = _known(draft, _GLASSES, 1), _known(draft, _DRINKS, 1)
    if not draft.want(glass, astray=0.3) or not draft.want(drink, astray=0.1):
        return None
    clauses = [Clause("pour", drink, glass)]
    if draft.chance(0.6):
        clauses.append(Clause("drink", drink))
    foods = _known(draft, _EATEN, 1)
    if (len(clauses) == 1 or draft.chance(0.7)) and draft.want(foods[0]):
        clauses.append(Clause("eat", foods[0]))
    return clauses if len(clauses) > 1 else None
