"""The goal of a record, as conditions on its house; and what becomes of it in the repaired simulator.

The recorded goals of activities are what the original simulator left behind, defects included: a thing that was carried
into another room stays INSIDE the room that was left, and a character who stood up stays ON the chair. An agent in the
repaired simulator cannot, and should not, bring that about. So there a recorded relation that the record's own program
does not reach is read anew:

- INSIDE a room: INSIDE the room where the program leaves the thing, unless it was there from the start;
- the character ON something that it got up from: no longer part of the goal;
- a thing in one hand: in either hand, since an agent cannot choose the hand.

Every other part stays as recorded.
"""

from __future__ import annotations

from spa_gym.envs.virtualhome.goal import ActionGoal, Condition, Goal, ReadableState
from spa_gym.envs.virtualhome.house import Edge, House
from spa_gym.envs.virtualhome.official.graph_checks import checked_edge, refuse
from spa_gym.envs.virtualhome.official.record import Record
from spa_gym.envs.virtualhome.vocabulary import STATES, bits, names_of, states_mask

__all__ = ["condition_text", "recorded_goal", "repaired_goal"]

_HANDS = ("HOLDS_RH", "HOLDS_LH")


def recorded_goal(record: Record, house: House, where: str) -> Goal:
    """The goal exactly as it was recorded.

    Raises:
        DataCorrupt: it names a node that is not there.
    """
    conditions = []
    for node_id, word in record.goal_states:
        if type(node_id) is not int or node_id not in house.position_of:
            refuse(f"{where}: the goal {node_id!r} {word} about a node that is there", f"no node {node_id!r:.40}")
        conditions.append(Condition(house.mask([node_id]), states=states_mask([word])))
    for triple in record.goal_relations:
        conditions.append(_relation(house, checked_edge(*triple, house.position_of, f"{where}: the goal")))
    return Goal(
        tuple(dict.fromkeys(conditions)), tuple(ActionGoal(verbs) for verbs in record.goal_actions), ordered=True
    )


def _relation(house: House, edge: Edge) -> Condition:
    return Condition(house.mask([edge[0]]), relation=edge[1], targets=house.mask([edge[2]]))


def repaired_goal(goal: Goal, house: House, start: ReadableState, end: ReadableState) -> Goal:
    """The goal for the repaired simulator.

    Args:
        goal: as it was recorded.
        house: where it stands.
        start: the state at the start.
        end: the state after the record's program in the repaired simulator.
    """
    conditions: list[Condition] = []
    for condition in goal.conditions:
        if condition.relation in _HANDS:
            condition = Condition(condition.subjects, relation="HOLDS", targets=condition.targets)
        if condition.holds(end):
            conditions.append(condition)
        elif condition.relation == "INSIDE" and condition.targets & house.rooms:
            (subject,) = bits(condition.subjects)
            moved = Condition(condition.subjects, relation="INSIDE", targets=end.inside[subject] & house.rooms)
            if moved.targets and not moved.holds(start):
                conditions.append(moved)
        elif condition.relation != "ON" or condition.subjects != 1 << house.character:
            conditions.append(condition)
    return Goal(tuple(dict.fromkeys(conditions)), goal.actions, goal.ordered)


def condition_text(condition: Condition, house: House) -> str:
    """A condition about single nodes in words for messages, with VirtualHome's ids."""
    names = {i: f"{house.class_names[i]}.{house.ids[i]}" for i in bits(condition.subjects | condition.targets)}
    (subject,) = bits(condition.subjects)
    if condition.relation is None:
        return f"{names[subject]} {'+'.join(names_of(condition.states, STATES))}"
    return f"{names[subject]} {condition.relation} {' or '.join(names[i] for i in bits(condition.targets))}"
