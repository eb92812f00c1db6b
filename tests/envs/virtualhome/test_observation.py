"""The default observation, line by line in the tiny house, and what must hold of it anywhere."""

from __future__ import annotations

import random
import re

import pytest

from spa_gym.envs.virtualhome.admissible import AdmissibleActions
from spa_gym.envs.virtualhome.house import Edge, House, Node, build_house
from spa_gym.envs.virtualhome.observation import first_observation, observation
from spa_gym.envs.virtualhome.parser import ActionParser
from spa_gym.envs.virtualhome.simulator import Simulator
from spa_gym.envs.virtualhome.verbs import Command
from spa_gym.envs.virtualhome.vocabulary import positions
from tests.envs.virtualhome.tiny_house import tiny_house

_FORM = re.compile(
    r"You [^.]+\. (You are (sitting|lying)( on [^.]+)?\. )?You have [^.]+\. (You wear [^.]+\. )?You see [^.]+\."
)


def _lines(house: House, *texts: str, fidelity: str = "repaired") -> list[str]:
    sim, parser = Simulator(house, fidelity), ActionParser(house)
    lines = []
    for text in texts:
        command = parser.parse(text, sim)
        assert isinstance(command, Command), command
        assert sim.execute(command) is None, text
        lines.append(observation(sim, command))
    return lines


def test_the_first_observation() -> None:
    assert first_observation(Simulator(tiny_house()), "Your task is to: open the fridge.") == (
        "You are in kitchen. The house has kitchen, bedroom. You have nothing. "
        "You see fridge (closed, on); table; chair; apple; light 1 (on).\n"
        "Your task is to: open the fridge."
    )


def test_a_morning_in_the_tiny_house() -> None:
    deeds = {
        "walk to fridge": "You walk to fridge in kitchen. You have nothing. You see fridge (closed, on); light 1 (on).",
        "switch off fridge": "You switch off fridge. You have nothing. You see fridge (closed, off); light 1 (on).",
        "open fridge": "You open fridge. You have nothing. "
        "You see fridge (open, off), in it milk (closed); light 1 (on).",
        "grab milk": "You grab milk. You have milk. You see fridge (open, off), in it nothing; light 1 (on).",
        "walk to table": "You walk to table in kitchen. You have milk. "
        "You see table, on it plate (dirty), knife; chair, on it book (closed).",
        "grab plate": "You grab plate. You have milk, plate. You see table, on it knife; chair, on it book (closed).",
        "wash plate": "You wash plate. You have milk, plate. You see table, on it knife; chair, on it book (closed).",
        "put milk on table": "You put milk on table. You have plate. "
        "You see table, on it milk (closed), knife; chair, on it book (closed).",
        "walk to bedroom": "You walk to bedroom. You have plate. "
        "You see bed; television (off, unplugged); light 2 (off); wardrobe (closed).",
        "walk to bed": "You walk to bed in bedroom. You have plate. "
        "You see bed, on it pillow, coat (dirty), remote_control (off); television (off, unplugged).",
        "grab coat": "You grab coat. You have coat, plate. "
        "You see bed, on it pillow, remote_control (off); television (off, unplugged).",
        "put on coat": "You put on coat. You have plate. You wear coat. "
        "You see bed, on it pillow, remote_control (off); television (off, unplugged).",
        "lie on bed": "You lie on bed. You are lying on bed. You have plate. You wear coat. "
        "You see bed, on it pillow, remote_control (off); television (off, unplugged).",
        "sleep": "You sleep. You are lying on bed. You have plate. You wear coat. "
        "You see bed, on it pillow, remote_control (off); television (off, unplugged).",
    }
    assert _lines(tiny_house(), *deeds) == list(deeds.values())


def test_what_carries_something_has_a_group_of_its_own_after_its_carrier() -> None:
    lines = _lines(tiny_house(), "walk to apple", "grab apple", "walk to table", "put apple on plate", "grab plate")
    assert lines[-2].endswith(
        "You see table, on it plate (dirty), knife; plate (dirty), on it apple; chair, on it book (closed)."
    )
    assert lines[-1].endswith(
        "You have plate. You see table, on it knife; chair, on it book (closed); plate (dirty), on it apple."
    ), "what is held and carries something comes last"


def _box_house(*edges: Edge, box: str = "OPEN") -> House:
    nodes = [
        *(Node(1, "hall", "Rooms"), Node(2, "character"), Node(3, "wall", "Walls"), Node(4, "shelf", "Furniture")),
        Node(5, "box", "Props", ("CAN_OPEN", "CONTAINERS", "GRABBABLE"), (box,)),
        *(Node(6, "bowl", "Props", ("RECIPIENT", "GRABBABLE")), Node(7, "egg", "Food", ("GRABBABLE",))),
        Node(8, "counter", "Furniture", ("SURFACES",), ("CLOSED",)),
        Node(9, "hands_both", "", ("BODY_PART",)),
    ]
    near = [(2, "CLOSE", node) for node in range(3, 10)] + [(node, "CLOSE", 2) for node in range(3, 10)]
    return build_house("boxes", nodes, [*((node, "INSIDE", 1) for node in range(2, 9)), *near, *edges])


@pytest.mark.parametrize(
    ("edges", "seen"),
    [
        ((), "shelf; box (open), in it nothing; bowl; egg; counter"),
        (((5, "ON", 4), (6, "INSIDE", 5), (7, "INSIDE", 6)),
         "shelf, on it box (open); box (open), in it bowl; bowl, in it egg; counter"),
        (((5, "ON", 4),), "shelf, on it box (open); box (open), in it nothing; bowl; egg; counter"),
        (((5, "INSIDE", 8), (7, "INSIDE", 8)),
         "shelf; bowl; counter, in it box (open), egg; box (open), in it nothing"),
        (((4, "ON", 3),), "shelf; box (open), in it nothing; bowl; egg; counter"),
        (((6, "ON", 7), (7, "ON", 6)), "shelf; box (open), in it nothing; counter; bowl, on it egg; egg, on it bowl"),
        (((6, "ON", 6),), "shelf; box (open), in it nothing; egg; counter; bowl, on it bowl"),
    ],
)  # fmt: skip
def test_groups(edges: tuple[Edge, ...], seen: str) -> None:
    text = first_observation(Simulator(_box_house(*edges)), "")
    assert text == f"You are in hall. The house has hall. You have nothing. You see {seen}.\n"


def test_what_is_in_a_closed_box_is_not_seen_at_any_depth() -> None:
    house = _box_house((6, "INSIDE", 5), (7, "INSIDE", 6), box="CLOSED")
    assert "You see shelf; box (closed); counter." in first_observation(Simulator(house), "")


def test_a_house_in_which_nothing_is_seen() -> None:
    house = build_house("bare", [Node(1, "hall", "Rooms"), Node(2, "character")], [(2, "INSIDE", 1)])
    assert first_observation(Simulator(house), "x").startswith(
        "You are in hall. The house has hall. You have nothing. You see nothing."
    )
    lost = build_house("lost", [Node(1, "hall", "Rooms"), Node(2, "character")], [])
    assert first_observation(Simulator(lost), "x").startswith("The house has hall.")


@pytest.mark.parametrize("fidelity", ["repaired", "2.3.0", "eai"])
def test_the_form_holds_and_nothing_near_is_left_out(fidelity: str) -> None:
    house = tiny_house()
    sim, parser, admissible = Simulator(house, fidelity), ActionParser(house), AdmissibleActions(house)
    rng = random.Random(fidelity)
    for _ in range(300):
        actions = admissible.of(sim)
        command = parser.parse(rng.choice([a for a in actions if not a.startswith("walk")] or actions), sim)
        if rng.random() < 0.3:
            command = parser.parse(rng.choice(actions), sim)
        assert isinstance(command, Command)
        sim.execute(command)
        text = observation(sim, command)
        assert _FORM.fullmatch(text), text
        seen = text.partition("You see ")[2]
        state = sim.state
        for node in positions(state.near & ~house.by_class["floor"] & ~house.rooms & ~state.held):
            shut = any(state.states[place] & 1 for place in positions(state.inside[node]))
            if node != house.character and not state.on[node] >> house.character & 1 and not shut:
                assert house.names[node] in seen, (house.names[node], text)


def test_two_simulators_of_one_house_say_the_same() -> None:
    house = tiny_house()
    assert _lines(house, "walk to bed", "grab coat") == _lines(house, "walk to bed", "grab coat")
    assert _lines(house, "walk to bed") == _lines(tiny_house(), "walk to bed")
