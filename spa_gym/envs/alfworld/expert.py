"""The expert with full knowledge: a shortest plan (to within a step or two) from any state of a game.

All six goals have the same shape, "bring things to places, some treated on the way", so a plan is found by trying every
thing, appliance and target in turn and keeping the cheapest. It reads the engine's state and never changes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations

from spa_gym.envs.alfworld.engine import Engine
from spa_gym.envs.alfworld.game import Game

__all__ = ["expert_plan", "goal_share"]

_TREATMENT = {
    "pick_clean_then_place_in_recep": ("clean", "sinkbasin"),
    "pick_heat_then_place_in_recep": ("heat", "microwave"),
    "pick_cool_then_place_in_recep": ("cool", "fridge"),
}


@dataclass(slots=True)
class _Draft:
    """A plan being written: what the state would be after its commands."""

    engine: Engine
    commands: list[str]
    location: int
    opened: int
    emptied: int = -1
    """The receptacle that the wanted object was taken from; -1 if it was in hand."""

    def fork(self) -> _Draft:
        return _Draft(self.engine, list(self.commands), self.location, self.opened, self.emptied)

    @property
    def game(self) -> Game:
        return self.engine.game

    def go(self, r: int) -> None:
        place = self.game.receptacle_location[r]
        if place != self.location:
            self.commands.append(f"go to {self.game.receptacle_names[r]}")
            self.location = place

    def reach(self, r: int) -> None:
        """Go to a receptacle and see that it is not closed."""
        self.go(r)
        if self.game.openable >> r & 1 and not self.opened >> r & 1:
            self.commands.append(f"open {self.game.receptacle_names[r]}")
            self.opened |= 1 << r

    def take(self, o: int, r: int) -> None:
        self.reach(r)
        self.commands.append(f"take {self.game.object_names[o]} from {self.game.receptacle_names[r]}")
        self.emptied = r

    def put(self, o: int, r: int) -> None:
        self.reach(r)
        command = self.engine.lexicon.dialect.put_command
        self.commands.append(command.format(o=self.game.object_names[o], r=self.game.receptacle_names[r]))

    def treat(self, verb: str, o: int, r: int) -> None:
        self.go(r)
        self.commands.append(f"{verb} {self.game.object_names[o]} with {self.game.receptacle_names[r]}")


def _cheapest(drafts: list[_Draft]) -> _Draft | None:
    return min(drafts, key=lambda draft: len(draft.commands), default=None)


def _standing(engine: Engine, objects: int) -> list[tuple[int, int]]:
    """`(object, receptacle)` for each of the objects that can be taken."""
    game = engine.game
    return [
        (o, r)
        for r, contents in enumerate(engine.contents)
        if game.receptacle_location[r] >= 0
        for o in contents
        if objects >> o & 1 and game.pickupable >> o & 1
    ]


def _free_hands(draft: _Draft) -> _Draft | None:
    """Put down what is held, at the nearest receptacle that takes it; None where no receptacle of the room does.

    That happens, here as in the original: nothing takes a teddy bear, and many rooms have no place for a paper towel
    roll. Who picks one up cannot do anything else any more.
    """
    game, held = draft.game, draft.engine.held
    drafts = []
    for r, place in enumerate(game.receptacle_location):
        if place >= 0 and game.can_contain[r] >> held & 1:
            candidate = draft.fork()
            candidate.put(held, r)
            drafts.append(candidate)
    return _cheapest(drafts)


def _drafts_in_hand(engine: Engine, wanted: int) -> list[tuple[int, _Draft]]:
    """`(object, draft)` for each way to come to hold one of the wanted objects."""
    start: _Draft | None = _Draft(engine, [], engine.location, engine.opened)
    if engine.held >= 0 and wanted >> engine.held & 1:
        return [(engine.held, start)]
    if engine.held >= 0:
        start = _free_hands(start)
    if start is None:
        return []
    drafts = []
    for o, r in _standing(engine, wanted):
        draft = start.fork()
        draft.take(o, r)
        drafts.append((o, draft))
    return drafts


def _plan_light(engine: Engine) -> _Draft | None:
    game = engine.game
    lamps = [
        (o, r)
        for r, contents in enumerate(engine.contents)
        if game.receptacle_location[r] >= 0
        for o in contents
        if game.object_types[o] == game.goal.target_type and game.toggleable >> o & 1
    ]
    drafts = []
    for _, draft in _drafts_in_hand(engine, game.goal_objects):
        for lamp, r in lamps:
            end = draft.fork()
            end.go(r)
            if not engine.toggled >> lamp & 1:
                end.commands.append(f"use {game.object_names[lamp]}")
            drafts.append(end)
    return _cheapest(drafts)


def _plan_place(engine: Engine) -> _Draft | None:
    game = engine.game
    targets = [r for r in game.goal_receptacles if game.receptacle_location[r] >= 0]
    verb, appliance = _TREATMENT.get(game.goal.kind, ("", ""))
    appliances = [
        r for r, kind in enumerate(game.receptacle_types) if kind == appliance and game.receptacle_location[r] >= 0
    ]
    done = engine.goal_state()
    drafts = []
    for o, draft in _drafts_in_hand(engine, game.goal_objects):
        fitting = [r for r in targets if game.can_contain[r] >> o & 1]
        treated = [draft]
        if verb and not done >> o & 1:
            treated = []
            for r in appliances:
                step = draft.fork()
                step.treat(verb, o, r)
                treated.append(step)
        # Taken from one of two receptacles, a thing is still in the other: treated in hand, it is where it belongs.
        if verb and any(o in engine.contents[r] for r in game.goal_receptacles if r != draft.emptied):
            drafts += treated
            continue
        for step in treated:
            for r in fitting:
                end = step.fork()
                end.put(o, r)
                drafts.append(end)
    return _cheapest(drafts)


def _plan_two(engine: Engine) -> _Draft | None:
    game = engine.game
    standing = _standing(engine, game.goal_objects)
    best: _Draft | None = None
    for target in game.goal_receptacles:
        if game.receptacle_location[target] < 0:
            continue
        there = {o for o in engine.contents[target] if game.goal_objects >> o & 1}
        need = 2 - len(there)
        start: _Draft | None = _Draft(engine, [], engine.location, engine.opened)
        if engine.held >= 0 and game.goal_objects >> engine.held & 1 and game.can_contain[target] >> engine.held & 1:
            start.put(engine.held, target)
            need -= engine.held not in there
        elif engine.held >= 0:
            start = _free_hands(start)
        if start is None:
            continue
        loose = [
            (o, r) for o, r in standing if o not in there and game.can_contain[target] >> o & 1 and o != engine.held
        ]
        for chosen in permutations(loose, max(need, 0)):
            if len({o for o, _ in chosen}) < len(chosen):
                continue
            draft = start.fork()
            for o, r in chosen:
                draft.take(o, r)
                draft.put(o, target)
            if best is None or len(draft.commands) < len(best.commands):
                best = draft
    return best


def expert_plan(engine: Engine) -> list[str] | None:
    """Commands that fulfil the goal from the engine's present state, with the last one and not before.

    The plan has the length of the official walkthrough in nearly all official games and two steps more in the rest.

    Returns:
        The plan; [] if the goal holds, None if there is no plan.
    """
    if engine.goal_holds():
        return []
    kind = engine.game.goal.kind
    if kind == "look_at_obj_in_light":
        draft = _plan_light(engine)
    elif kind == "pick_two_obj_and_place":
        draft = _plan_two(engine)
    else:
        draft = _plan_place(engine)
    return draft.commands if draft else None


def goal_share(engine: Engine) -> float:
    """Share of the goal's conditions that hold, in [0, 1]; 1.0 exactly when the goal holds.

    Conditions: for light, that the object is held and that the lamp in reach is on; for two, each object in one and the
    same receptacle; otherwise that one and the same object is treated (where asked for) and in a target.
    """
    if engine.goal_holds():
        return 1.0
    game = engine.game
    if game.goal.kind == "look_at_obj_in_light":
        # One of two at most: with both the goal would hold.
        holding = engine.held >= 0 and game.goal_objects >> engine.held & 1
        here = (
            [o for r in game.receptacles_at[engine.location] for o in engine.contents[r]]
            if engine.location >= 0
            else []
        )
        lit = any(engine.toggled >> o & 1 and game.object_types[o] == game.goal.target_type for o in here)
        return 0.5 if holding or lit else 0.0
    placed = [[o for o in engine.contents[r] if game.goal_objects >> o & 1] for r in game.goal_receptacles]
    if game.goal.kind == "pick_two_obj_and_place":
        return 0.5 if any(placed) else 0.0
    if game.goal.kind == "pick_and_place_simple":
        return 0.0
    return 0.5 if any(placed) or engine.goal_state() & game.goal_objects else 0.0
