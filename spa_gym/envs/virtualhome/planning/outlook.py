"""`Outlook`: how many actions a goal takes at least from a state; a count of those that no other part can save."""

from __future__ import annotations

from spa_gym.envs.virtualhome.goal import Condition
from spa_gym.envs.virtualhome.planning.draft import Draft
from spa_gym.envs.virtualhome.planning.surroundings import near_from
from spa_gym.envs.virtualhome.vocabulary import Property, State, bits

__all__ = ["Outlook"]

_POSTURES = State.SITTING | State.LYING
_SIDE_EFFECTS = frozenset(
    {"GRAB", "WALK", "RUN", "FIND", "OPEN", "CLOSE", "SWITCHON", "SWITCHOFF", "PLUGIN", "PLUGOUT", "PUTBACK", "PUTIN"}
    | {"WASH", "RINSE", "SCRUB", "WIPE", "SIT", "LIE", "STANDUP", "TURNTO", "PUTON", "PUTOFF", "DROP", "POUR"}
)
"""Actions that may be done for another part's sake."""


class Outlook:
    """Counts for one goal."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._single = [c for c in draft.goal.conditions if c.relation is None or not c.subjects & (c.subjects - 1)]

    def steps(self) -> int:
        """At least so many actions from where the draft stands (0: it may hold already)."""
        draft = self._draft
        state, goal, character = draft.state, draft.goal, draft.house.character
        deeds: dict[tuple[str, int], int] = {}
        walks = 0
        for condition in goal.conditions:
            if condition.holds(state):
                continue
            if condition.relation is None:
                if condition.subjects >> character & 1:
                    deeds["body", 0] = 1
                else:
                    count, walk = self._for_states(condition)
                    deeds["states", condition.subjects] = deeds.get(("states", condition.subjects), 0) + count
                    walks = max(walks, walk)
            elif condition.subjects >> character & 1:
                if condition.relation.startswith("HOLDS"):
                    deeds["move", condition.targets] = max(deeds.get(("move", condition.targets), 0), 1)
                    walks = max(walks, 0 if state.near & condition.targets else 1)
                elif condition.relation == "ON":
                    deeds["body", 0] = 1
                    walks = max(walks, 0 if state.near & condition.targets else 1)
                elif condition.relation == "FACING":
                    deeds["face", 0] = max(deeds.get(("face", 0), 0), 1)
                elif not state.near & condition.targets:
                    walks = max(walks, 1)
            else:
                count, walk = self._for_place(condition)
                deeds["move", condition.subjects] = max(deeds.get(("move", condition.subjects), 0), count)
                walks = max(walks, walk)
        steps = sum(deeds.values()) + walks
        actions = 0
        for i, action in enumerate(goal.actions):
            if not draft.done >> i & 1 and not action.verbs & _SIDE_EFFECTS:
                actions += 1
        if actions and not steps:
            steps = self._for_actions()
        return max(1, steps + actions)

    def _for_states(self, condition: Condition) -> tuple[int, int]:
        states, wanted = self._draft.state.states, condition.states
        counts = sorted(count for node in bits(condition.subjects) if (count := (wanted & ~states[node]).bit_count()))
        missing = condition.count - sum(1 for node in bits(condition.subjects) if states[node] & wanted == wanted)
        near = self._draft.state.near & condition.subjects
        return sum(counts[:missing]), 0 if near else 1

    def _for_place(self, condition: Condition) -> tuple[int, int]:
        """Actions and walks until a thing is where it should be."""
        draft, state = self._draft, self._draft.state
        rooms, character = draft.house.rooms, 1 << draft.house.character
        if condition.targets & character:
            things = condition.subjects
            if things & state.held:
                return 1, 0
            return 2, 0 if state.near & things else 1
        to_room = condition.targets & rooms
        relation = condition.relation or ""
        missing, in_hand, elsewhere = condition.count, 0, 0
        for thing in bits(condition.subjects):
            if state.row(relation, thing) & condition.targets:
                missing -= not condition.states & ~state.states[thing]
            elif state.held >> thing & 1:
                in_hand |= 1 << thing
            else:
                elsewhere |= 1 << thing
        put = 0 if to_room else 1
        held = min(missing, in_hand.bit_count())
        count = held * put + max(0, missing - held) * (1 + put)
        walks = 0
        if missing > held and not state.near & elsewhere:
            walks = 1
            if not any(near_from(state, thing) & condition.targets for thing in bits(elsewhere)):
                walks = 2
        elif not state.near & condition.targets:
            walks = 1
        if relation == "INSIDE" and not to_room:
            count += self._closed(condition.targets)
        if missing == 1 and not held and not elsewhere & (elsewhere - 1) and elsewhere:
            thing = elsewhere.bit_length() - 1
            if state.inside[thing] & ~rooms and state.shut_in(thing) >= 0:
                count += 1
        return count, walks

    def _closed(self, places: int) -> int:
        draft = self._draft
        for place in bits(places):
            if not draft.house.properties[place] & Property.CAN_OPEN or draft.state.states[place] & State.OPEN:
                return 0
        return 1

    def _for_actions(self) -> int:
        """A walk, if nothing that the next action can be done to is near."""
        draft = self._draft
        for i, action in enumerate(draft.goal.actions):
            if not draft.done >> i & 1:
                if action.objects and not draft.state.near & action.objects:
                    return 1
                if draft.goal.ordered:
                    break
        return 0
