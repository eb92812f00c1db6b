"""Generated houses: of the promised sizes, well formed as VirtualHome asks, and new where they must be."""

from __future__ import annotations

from collections import Counter

import pytest

from spa_gym.envs.virtualhome.house import House
from spa_gym.envs.virtualhome.simulator import Simulator
from spa_gym.envs.virtualhome.verbs import Command
from spa_gym.envs.virtualhome.vocabulary import PROPERTIES, State, bits, names_of
from spa_gym.envs.virtualhome.world.furniture import STRUCTURE
from spa_gym.envs.virtualhome.world.generated import generated_tasks
from spa_gym.envs.virtualhome.world.layout import NUM_HOUSES, SIZES, draw_layout

NODES = {"official": (100, 190), "small": (30, 52)}
ROOMS = {"official": (5, 7), "small": (4, 4)}


def houses(size: str, count: int, split: str = "train") -> list[House]:
    return [generated_tasks(0, size, split)[i].payload.house for i in range(count)]


@pytest.mark.parametrize("size", SIZES)
def test_layouts_differ_and_unseen_ones_are_new(size: str) -> None:
    for seed in range(3):
        drawn = {g: {draw_layout(seed, size, g, i) for i in range(n)} for g, n in NUM_HOUSES.items()}
        assert len(drawn["train"]) == NUM_HOUSES["train"] and len(drawn["valid_unseen"]) == NUM_HOUSES["valid_unseen"]
        assert not drawn["train"] & drawn["valid_unseen"]


@pytest.mark.parametrize("size", SIZES)
def test_houses_have_the_promised_sizes(size: str) -> None:
    for house in houses(size, 100):
        assert NODES[size][0] <= len(house) <= NODES[size][1]
        assert ROOMS[size][0] <= house.rooms.bit_count() <= ROOMS[size][1]


@pytest.mark.parametrize("size", SIZES)
def test_graphs_are_well_formed(size: str) -> None:
    for house in houses(size, 60):
        rows = house.rows
        for node in range(len(house)):
            name = house.names[node]
            if house.rooms >> node & 1:
                assert not rows["INSIDE"][node]
                continue
            assert (rows["INSIDE"][node] & house.rooms).bit_count() == 1, name
            carriers = rows["ON"][node] | rows["INSIDE"][node] & ~house.rooms
            assert carriers.bit_count() <= 1, name
            for carrier in bits(carriers):
                assert rows["CLOSE"][node] >> carrier & 1, name
                assert (rows["INSIDE"][carrier] & rows["INSIDE"][node]) & house.rooms, f"{name} and its carrier"
            assert all(rows["CLOSE"][other] >> node & 1 for other in bits(rows["CLOSE"][node])), name
            assert not rows["CLOSE"][node] >> node & 1, name
            states = house.states[node]
            for one, other in ((State.OPEN, State.CLOSED), (State.ON, State.OFF), (State.DIRTY, State.CLEAN),
                               (State.PLUGGED_IN, State.PLUGGED_OUT), (State.ON, State.PLUGGED_OUT)):  # fmt: skip
                assert not (states & one and states & other), name
            if "CONTAINERS" in names_of(house.properties[node], PROPERTIES):
                assert not (states & State.ON and states & State.CLOSED), f"{name} could not be opened"


@pytest.mark.parametrize("size", SIZES)
def test_seats_face_what_is_watched_from_them(size: str) -> None:
    facing = Counter()
    for house in houses(size, 60):
        for node in range(len(house)):
            for seen in bits(house.rows["FACING"][node]):
                facing[house.class_names[node], house.class_names[seen]] += 1
                assert house.rows["INSIDE"][node] & house.rows["INSIDE"][seen] & house.rooms
    assert facing["chair", "computer"] and facing["sofa", "television"]


@pytest.mark.parametrize(("size", "most"), [("small", 13), ("official", 16)])
def test_few_things_are_near_after_a_walk(size: str, most: int) -> None:
    sizes = []
    for house in houses(size, 40):
        simulator = Simulator(house)
        for node in range(len(house)):
            if house.class_names[node] in STRUCTURE or house.rooms >> node & 1 or node == house.character:
                continue
            simulator.reset()
            assert simulator.execute(Command("WALK", (node,))) is None, house.names[node]
            sizes.append(simulator.state.near.bit_count())
    assert max(sizes) <= most
    assert sum(3 <= n <= 12 for n in sizes) > 0.8 * len(sizes)


def test_the_character_stands_in_all_kinds_of_rooms_and_away_from_the_goal() -> None:
    rooms, beside = Counter(), 0
    for i in range(250):
        house, goal = generated_tasks(0, "small")[i].payload.house, generated_tasks(0, "small")[i].payload.goal
        character = house.character
        rooms[house.class_names[next(bits(house.rows["INSIDE"][character]))]] += 1
        worn = sum(1 << node for node in range(len(house)) if house.rows["ON"][node] >> character & 1)
        near = Simulator(house).state.near & ~worn & ~(1 << character)
        beside += bool(near)
        for condition in goal.conditions:
            if condition.relation in ("ON", "INSIDE") and not condition.subjects >> character & 1:
                assert not near & condition.subjects & ~worn
    assert len(rooms) == 4 and min(rooms.values()) > 30
    assert 80 < beside < 200
