"""`Outlook`: how many actions a goal takes at least from a state.

Two counts are added. Deeds: what must be done to things, where one deed for two parts is counted once. Walks: places
that must be gone to, no two of which one walk serves.
"""

from __future__ import annotations

from typing import Final

from spa_gym.envs.virtualhome.goal import ActionGoal, Condition
from spa_gym.envs.virtualhome.planning.draft import Draft
from spa_gym.envs.virtualhome.planning.surroundings import near_from
from spa_gym.envs.virtualhome.vocabulary import Property, State, bits

__all__ = ["Outlook"]

_SIDE_EFFECTS: Final = frozenset(
    {"GRAB", "WALK", "RUN", "FIND", "OPEN", "CLOSE", "SWITCHON", "SWITCHOFF", "PLUGIN", "PLUGOUT", "PUTBACK", "PUTIN"}
    | {"WASH", "RINSE", "SCRUB", "WIPE", "SIT", "LIE", "STANDUP", "TURNTO", "PUTON", "DROP", "POUR"}
)
"""Actions that may be done for another part's sake."""
_IN_HAND: Final = frozenset({"READ", "DRINK"})
_ANYWHERE: Final = frozenset({"LOOKAT", "POINTAT", "WATCH", "TURNTO", "GREET"})
"""Actions that need nothing near."""
_BODY: Final = ("body", 0)


class Outlook:
    """Counts for one goal.

    Args:
        draft: in the state that is planned from; which places are near each other is looked up there, once.
    """

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._zones: dict[int, int] = {}
        self._deeds: dict[tuple[str, int], int] = {}
        self._places: list[int] = []

    def steps(self) -> int:
        """At least so many actions from where the draft stands, where the goal does not hold."""
        draft = self._draft
        deeds = self._deeds = {}
        self._places = []
        for condition in draft.goal.conditions:
            if not condition.holds(draft.state):
                self._add(condition)
        actions = 0
        for i, action in enumerate(draft.goal.actions):
            if not draft.done >> i & 1 and not action.verbs & _SIDE_EFFECTS:
                actions += 1
                self._add_action(action)
        return max(1, sum(deeds.values()) + actions + self._walks())

    def _deed(self, kind: str, nodes: int, count: int = 1) -> None:
        key = kind, nodes
        if count > self._deeds.get(key, 0):
            self._deeds[key] = count

    def _visit(self, nodes: int, later: bool = False) -> None:
        """One of some nodes must be near, now or (`later`) after a walk to somewhere else."""
        if later or not self._draft.state.near & nodes:
            self._places.append(nodes)

    def _walks(self) -> int:
        apart: list[int] = []
        for nodes in self._places:
            zone = self._zone(nodes)
            if not any(zone & other or self._zone(other) & nodes for other in apart):
                apart.append(nodes)
        return len(apart)

    def _zone(self, nodes: int) -> int:
        """What a walk to one of some nodes brings near."""
        zone = self._zones.get(nodes)
        if zone is None:
            zone = 0
            for node in bits(nodes):
                zone |= near_from(self._draft.state, node)
            self._zones[nodes] = zone
        return zone

    def _add(self, condition: Condition) -> None:
        character, relation = 1 << self._draft.house.character, condition.relation
        if relation is None:
            if condition.subjects & character:
                self._deed(*_BODY)
            else:
                self._add_states(condition)
        elif not condition.subjects & character:
            self._add_move(condition, relation)
        elif relation == "ON":
            self._deed(*_BODY)
            self._visit(condition.targets)
        elif relation == "FACING":
            self._deed("face", 0)
        elif relation == "CLOSE":
            self._visit(condition.targets)
        elif relation != "INSIDE":
            self._deed("move", condition.targets)
            self._visit(condition.targets)
        elif not self._places:
            self._visit(condition.targets, later=True)

    def _add_states(self, condition: Condition) -> None:
        states, wanted = self._draft.state.states, condition.states
        missing = condition.count
        lacking, away = [], 0
        for node in bits(condition.subjects):
            lack = wanted & ~states[node]
            if lack:
                lacking.append(lack.bit_count())
                away |= 1 << node
            else:
                missing -= 1
        self._deed(f"states {wanted}", condition.subjects, sum(sorted(lacking)[:missing]))
        self._visit(away)

    def _add_move(self, condition: Condition, relation: str) -> None:
        """Have things in hand, and put them down where they should be, or on."""
        draft, state = self._draft, self._draft.state
        rooms, character = draft.house.rooms, 1 << draft.house.character
        targets, missing, in_hand, elsewhere, unfit = condition.targets, condition.count, 0, 0, 0
        for thing in bits(condition.subjects):
            if state.row(relation, thing) & targets:
                if condition.states & ~state.states[thing]:
                    unfit |= 1 << thing
                else:
                    missing -= 1
            elif state.held >> thing & 1:
                in_hand |= 1 << thing
            else:
                elsewhere |= 1 << thing
        if unfit:
            self._deed("move", condition.subjects)
            return
        put = 0 if targets & rooms else 1
        held = min(missing, in_hand.bit_count())
        self._deed("move", condition.subjects, held * put + (missing - held) * (1 + put))
        fetch = missing > held
        far = fetch and not state.near & elsewhere
        if fetch:
            self._visit(elsewhere)
        if not targets & character and not targets & rooms:
            if not far:
                self._visit(targets)
            elif not self._zone(elsewhere) & targets:
                self._visit(targets, later=True)
            if relation == "INSIDE" and all(self._is_shut(place) for place in bits(targets)):
                self._deed("open", targets)
        if fetch and not elsewhere & (elsewhere - 1):
            shut_in = state.shut_in(elsewhere.bit_length() - 1)
            if shut_in >= 0:
                self._deed("open", 1 << shut_in)

    def _is_shut(self, place: int) -> bool:
        draft = self._draft
        return bool(draft.house.properties[place] & Property.CAN_OPEN and not draft.state.states[place] & State.OPEN)

    def _add_action(self, action: ActionGoal) -> None:
        if not action.objects or action.verbs & _ANYWHERE:
            return
        if action.verbs <= _IN_HAND and not self._draft.state.held & action.objects:
            self._deed("move", action.objects)
        self._visit(action.objects)
