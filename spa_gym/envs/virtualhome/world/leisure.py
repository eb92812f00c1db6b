"""Families about the person: dress, go out, work at the computer, rest, watch television, read."""

from __future__ import annotations

from spa_gym.core.draws import choice, sample
from spa_gym.envs.virtualhome.goal_clauses import Clause
from spa_gym.envs.virtualhome.world.draft import Draft

__all__ = ["computer_work", "dress", "evening", "go_out", "reading", "rest"]

_WORN = (
    *("clothes_jacket", "clothes_hat", "shoes", "clothes_shirt", "clothes_pants", "clothes_socks", "spectacles"),
    *("clothes_scarf", "clothes_gloves", "slippers", "clothes_dress", "clothes_skirt"),
)
_TAKEN_OFF = ("clothes_jacket", "clothes_hat", "shoes", "spectacles", "slippers", "clothes_scarf")
_OUTDOORS = ("clothes_jacket", "clothes_hat", "shoes", "clothes_scarf", "clothes_gloves")
_TAKEN_ALONG = ("keys", "cellphone", "purse", "spectacles", "book", "mail")
_LEFT_RUNNING = ("radio", "computer", "lamp", "television", "stereo")
_READ = ("book", "novel", "magazine", "newspaper", "notebook", "textbook", "mail")
_SNACKS = ("food_snack", "food_apple", "juice", "wine", "food_cake", "mug", "bowl")
_DESK_THINGS = ("notebook", "pen", "mug", "cellphone", "document", "coffee", "spectacles")
_LAMPS = ("lamp", "floor_lamp", "light")
_OFF_AT_NIGHT = ("television", "floor_lamp", "radio", "computer", "light")


def _first_wanted(draft: Draft, names: tuple[str, ...], without: str = "") -> str | None:
    """One of the classes, laid out somewhere else than on `without`."""
    for name in sample(draft.rng, [name for name in names if name in draft.known], 3):
        if draft.want(name, without={without} if without else ()):
            return name
    return None


def dress(draft: Draft) -> list[Clause] | None:
    """Clothes to be put on, after something was taken off at times."""
    clauses: list[Clause] = []
    if draft.chance(0.35):
        name = choice(draft.rng, [name for name in _TAKEN_OFF if name in draft.known])
        draft.wear(name)
        clauses.append(Clause("take_off", name))
    number = 1 + draft.number(0.3)
    for name in sample(draft.rng, [name for name in _WORN if name in draft.known], number):
        if len(clauses) < 4 and draft.want(name, astray=0.3):
            clauses.append(Clause("wear", name))
    return clauses if len(clauses) > 1 else None


def go_out(draft: Draft) -> list[Clause] | None:
    """Dressed for the street and with the keys in hand, to the room where the door is."""
    clauses: list[Clause] = []
    for name in sample(draft.rng, [name for name in _OUTDOORS if name in draft.known], draft.number(0.2)):
        if draft.want(name, astray=0.3):
            clauses.append(Clause("wear", name))
    name = _first_wanted(draft, _TAKEN_ALONG)
    running = draft.rare(_LEFT_RUNNING)
    if name is None or not clauses:
        return None
    if running and len(clauses) == 1 and draft.chance(0.4):
        draft.set_all(running[0], "ON")
        clauses.insert(0, Clause("switch_off", running[0]))
    return [*clauses, Clause("hold", name), Clause("go_to", "living_room")]


def computer_work(draft: Draft) -> list[Clause] | None:
    """The computer is switched on and used, sitting, with something on the desk."""
    if not draft.has("computer", "keyboard", "chair", "desk"):
        return None
    clauses = []
    if draft.chance(0.8):
        name = _first_wanted(draft, _DESK_THINGS, "desk")
        if name is not None:
            clauses.append(Clause("put_on", name, "desk"))
    draft.set_all("computer", "OFF")
    draft.target("desk")
    clauses.append(Clause("switch_on", "computer"))
    if len(clauses) < 2 or draft.chance(0.5):
        clauses.append(Clause("sit_on", "chair"))
    return [*clauses, Clause("type_on", "keyboard")]


def rest(draft: Draft) -> list[Clause] | None:
    """Off to bed, after what is running was switched off and the curtain closed."""
    clauses: list[Clause] = []
    if draft.chance(0.5):
        name = "pajamas" if draft.chance(0.5) else None
        if name and draft.want(name):
            clauses.append(Clause("wear", name))
        elif draft.has("nightstand"):
            thing = _first_wanted(draft, ("book", "cellphone", "novel", "drinking_glass", "spectacles"), "nightstand")
            if thing is not None:
                draft.target("nightstand")
                clauses.append(Clause("put_on", thing, "nightstand"))
    devices = sample(draft.rng, draft.rare(_OFF_AT_NIGHT), 2 - len(clauses))
    for device in devices:
        draft.set_all(device, "ON")
        clauses.append(Clause("switch_off", device))
    if len(clauses) < 2 and draft.rare(("curtain",)):
        draft.set_all("curtain", "OPEN")
        clauses.append(Clause("close", "curtain"))
    draft.target("bed")
    if len(clauses) < 2:
        return None
    return [*clauses, Clause("lie_on", "bed"), *([Clause("sleep")] if draft.chance(0.7) else [])]


def evening(draft: Draft) -> list[Clause] | None:
    """The television is switched on and watched from the sofa, with something at hand."""
    seats = [name for name in ("sofa", "couch") if draft.has(name)]
    if not seats or not draft.has("television"):
        return None
    clauses = []
    if draft.has("coffee_table") and draft.chance(0.6):
        name = _first_wanted(draft, _SNACKS, "coffee_table")
        if name is not None:
            draft.target("coffee_table")
            clauses.append(Clause("put_on", name, "coffee_table"))
    if not clauses and draft.chance(0.8):
        lamp = [name for name in draft.rare(_LAMPS) if name != "lamp"]
        if lamp and draft.chance(0.5):
            draft.set_all(lamp[0], "OFF")
            clauses.append(Clause("switch_on", lamp[0]))
        elif draft.want("remote_control"):
            clauses.append(Clause("hold", "remote_control"))
    draft.set_all("television", "OFF")
    if draft.chance(0.1):
        draft.set_all("television", "PLUGGED_OUT")
    draft.target(seats[0])
    return [*clauses, Clause("switch_on", "television"), Clause("sit_on", seats[0]), Clause("watch", "television")]


def reading(draft: Draft) -> list[Clause] | None:
    """A book or paper is read on a seat, at times by the light of a lamp."""
    seats = [name for name in ("sofa", "couch", "bed", "chair") if draft.has(name)]
    seat = choice(draft.rng, seats)
    name = _first_wanted(draft, _READ, seat)
    lamps = draft.rare(_LAMPS)
    draft.target(seat)
    if name is None:
        return None
    clauses = [Clause("sit_on", seat), Clause("read", name)]
    if lamps and draft.chance(0.7):
        lamp = choice(draft.rng, lamps)
        draft.set_all(lamp, "OFF")
        clauses.insert(0, Clause("switch_on", lamp))
    return clauses
