"""Families of household chores: put away, bring, open and close, switch, clean, laundry."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from spa_gym.core.draws import choice, sample
from spa_gym.envs.virtualhome.goal_clauses import Clause
from spa_gym.envs.virtualhome.world.class_table import object_class
from spa_gym.envs.virtualhome.world.draft import Draft
from spa_gym.envs.virtualhome.world.furniture import furniture
from spa_gym.envs.virtualhome.world.object_class import Place

__all__ = ["bring", "clean", "laundry", "open_close", "put_away", "put_clause", "switch"]

_HOME_WEIGHT = 3
"""A place of at least this weight is where things of the class belong."""
_SHUT = ("fridge", "kitchen_cabinet", "cupboard", "closet", "dresser", "bathroom_cabinet", "nightstand", "dishwasher")
_SHUT_TOO = ("washing_machine", "microwave", "oven", "toilet", "filing_cabinet", "freezer", "trashcan", "stove")
_AIRED = ("window", "curtain")
_SWITCHED = ("television", "radio", "floor_lamp", "lamp", "light", "computer", "stereo", "cd_player", "faucet")
_PLUGGED = ("radio", "lamp", "toaster", "television", "stereo")
_WASHED = (
    *("plate", "bowl", "mug", "drinking_glass", "fork", "spoon", "knife", "fryingpan", "cup", "cookingpot"),
    *("towel",),
)
_WASHED_FURNITURE = ("table", "kitchen_counter", "coffee_table", "bathroom_counter", "toilet", "oven", "mirror", "desk")
_CLOTHES = ("clothes_shirt", "clothes_pants", "clothes_socks", "pajamas", "towel", "clothes_dress", "clothes_underwear")

_OF_USE = (
    (("food_apple", "food_banana", "food_snack", "food_orange"), ("coffee_table", "desk", "table")),
    (("food_cake", "food_pizza", "food_dessert", "plate", "bowl"), ("coffee_table", "table")),
    (
        ("juice", "wine", "mug", "drinking_glass", "tea", "coffee", "beer"),
        ("coffee_table", "desk", "nightstand", "table"),
    ),
    (("book", "novel", "magazine", "newspaper"), ("nightstand", "sofa", "bed", "coffee_table", "table", "couch")),
    (("notebook", "pen", "textbook", "laptop", "mail", "bills"), ("desk", "coffee_table", "table")),
    (("cellphone", "spectacles", "keys", "purse"), ("nightstand", "desk", "table", "coffee_table")),
    (("pillow", "blanket"), ("sofa", "bed", "couch")),
    (("toy", "clothes_shirt", "clothes_pants", "clothes_jacket", "clothes_dress", "pajamas", "towel"), ("bed",)),
    (("soap", "toothbrush", "tooth_paste", "shampoo", "comb", "razor"), ("bathroom_counter",)),
    (("remote_control", "cards", "board_game", "candle", "napkin"), ("coffee_table", "table")),
)
"""Things and the surfaces where somebody may want them."""


def _of_use(name: str) -> tuple[str, ...]:
    return next((surfaces for names, surfaces in _OF_USE if name in names), ())


def put_clause(place: Place, name: str, *, clean: bool = False, count: int = 1) -> Clause:
    """The clause that asks for things of a class at a place."""
    return Clause("put_in" if place.relation == "INSIDE" else "put_on", name, place.carrier, clean, count)


def _homes(draft: Draft, name: str) -> list[Place]:
    return [
        place
        for place in object_class(name).places
        if place.weight >= _HOME_WEIGHT and 1 <= len(draft.pieces(place.carrier)) <= 2
    ]


def _pairs(draft: Draft, names: Collection[str]) -> Iterator[tuple[str, Place]]:
    """Things and the homes that they have here, in random order, each thing once."""
    for name in sample(draft.rng, list(names), len(names)):
        homes = _homes(draft, name)
        if homes:
            yield name, choice(draft.rng, homes)


def put_away(draft: Draft) -> list[Clause] | None:
    """One to three things belong elsewhere, or two of a kind; what they go into may have to be closed."""
    number = draft.number(0.5, 0.2)
    clauses: list[Clause] = []
    for name, place in _pairs(draft, draft.known):
        two = number == 1 and draft.chance(0.4)
        if draft.want(name, 1 + two, without={place.carrier}, astray=0.7):
            draft.target(place.carrier)
            clauses.append(put_clause(place, name, count=1 + two))
        if len(clauses) == number:
            break
    last = clauses[-1].target if clauses else ""
    if last in (*_SHUT, *_SHUT_TOO) and clauses[-1].kind == "put_in" and draft.chance(0.35):
        draft.set_all(last, "OPEN")
        clauses.append(Clause("close", last))
    return clauses


def bring(draft: Draft) -> list[Clause] | None:
    """One or two things are wanted on a surface where they are of use, and at times a lamp is wanted on."""
    number = draft.number(0.5, 0.1)
    clauses: list[Clause] = []
    for name in sample(draft.rng, draft.known, len(draft.known)):
        surfaces = [surface for surface in _of_use(name) if draft.has(surface)]
        if clauses and clauses[0].target in surfaces:
            surfaces = [clauses[0].target]
        if surfaces:
            surface = choice(draft.rng, surfaces)
            if draft.want(name, without={surface}):
                draft.target(surface)
                clauses.append(Clause("put_on", name, surface))
        if len(clauses) == number:
            break
    lamps = draft.rare(("lamp", "floor_lamp", "light"))
    if lamps and clauses and draft.chance(0.3):
        draft.set_all(lamps[0], "OFF")
        clauses.append(Clause("switch_on", lamps[0]))
    return clauses


def open_close(draft: Draft) -> list[Clause] | None:
    """Doors that stand open, windows and curtains: three or four of them."""
    number = 2 + draft.number(0.4)
    shut = sample(draft.rng, draft.rare((*_SHUT, *_SHUT_TOO)), 4)
    aired = sample(draft.rng, draft.rare(_AIRED), int(draft.rng.random() * 3))
    clauses = []
    for name in (*aired, *shut)[:number]:
        opens = draft.chance(0.6 if name in aired else 0.15)
        draft.set_all(name, "CLOSED" if opens else "OPEN")
        clauses.append(Clause("open" if opens else "close", name))
    return clauses if len(clauses) >= 3 else None


def switch(draft: Draft) -> list[Clause] | None:
    """Lamps and devices to be switched on or off, three or four; at times one must be plugged in."""
    number = 2 + draft.number(0.4)
    devices = sample(draft.rng, draft.rare(_SWITCHED), 4)
    clauses = []
    for name in devices[:number]:
        on = draft.chance(0.5)
        draft.set_all(name, "OFF" if on else "ON")
        clauses.append(Clause("switch_on" if on else "switch_off", name))
    unplugged = [name for name in draft.rare(_PLUGGED) if name not in devices]
    if unplugged and (len(clauses) < 3 or draft.chance(0.3)):
        name = choice(draft.rng, unplugged)
        draft.set_all(name, "OFF")
        draft.set_all(name, "PLUGGED_OUT")
        clauses.insert(0, Clause("plug_in", name))
    return clauses[:4] if len(clauses) >= 3 else None


def clean(draft: Draft) -> list[Clause] | None:
    """Something dirty is wanted clean at its place, or several things are to be washed."""
    clauses: list[Clause] = []
    if draft.chance(0.6):
        for name, place in _pairs(draft, [name for name in _WASHED if name in draft.known]):
            if place.carrier != "dishwasher" and draft.want(name, without={place.carrier}, dirty=True, astray=0.4):
                draft.target(place.carrier)
                clauses.append(put_clause(place, name, clean=True))
                break
    number = draft.number(0.3) - draft.chance(0.4) if clauses else 2 + draft.number(0.3)
    tables = [name for name in draft.rare(_WASHED_FURNITURE) if furniture()[name].dirty]
    for name in sample(draft.rng, tables, 1 + draft.chance(0.5)):
        if number:
            draft.set_all(name, "DIRTY")
            clauses.append(Clause("wash", name))
            number -= 1
    for name in sample(draft.rng, [name for name in _WASHED if name in draft.known], number):
        if draft.want(name, dirty=True, astray=0.4):
            clauses.append(Clause("wash", name))
    return clauses or None


def laundry(draft: Draft) -> list[Clause] | None:
    """Clothes go into the washing machine, which is then switched on, or into the basket."""
    machine = draft.has("washing_machine") and draft.chance(0.75)
    target = "washing_machine" if machine else "basket_for_clothes"
    if not draft.has(target):
        return None
    number = draft.number(0.4) + (not machine)
    clauses: list[Clause] = []
    for name in sample(draft.rng, [name for name in _CLOTHES if name in draft.known], number):
        if draft.want(name, without={target}, dirty=True if machine else None, astray=0.4):
            clauses.append(Clause("put_in", name, target))
    if machine:
        draft.set_all(target, "OFF")
        if draft.chance(0.4) and draft.want("laundry_detergent"):
            clauses.append(Clause("put_in", "laundry_detergent", target))
        if draft.chance(0.3):
            draft.set_all(target, "OPEN")
            clauses.append(Clause("close", target))
        clauses.append(Clause("switch_on", target))
    draft.target(target)
    return clauses[-4:]
