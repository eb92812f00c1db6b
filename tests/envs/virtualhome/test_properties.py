"""What is true of every state, whatever was done: in all fidelities, and the promises of `"repaired"`."""

from __future__ import annotations

import pickle
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spa_gym.envs.virtualhome.fidelity import FIDELITIES
from spa_gym.envs.virtualhome.house import House
from spa_gym.envs.virtualhome.parity import Walker
from spa_gym.envs.virtualhome.reasons import REASONS, reason_text
from spa_gym.envs.virtualhome.rules.loads import load_of
from spa_gym.envs.virtualhome.simulator import Simulator
from spa_gym.envs.virtualhome.state import HouseState
from spa_gym.envs.virtualhome.verbs import VERBS, Command
from spa_gym.envs.virtualhome.vocabulary import State, bits
from tests.envs.virtualhome.full_house import full_house
from tests.envs.virtualhome.tiny_house import tiny_house

HOUSES = {"full": full_house(), "tiny": tiny_house()}
_SETTINGS = settings(max_examples=25, deadline=None)

houses = st.sampled_from(sorted(HOUSES))
fidelities = st.sampled_from(sorted(FIDELITIES))
seeds = st.integers(0, 10**6)
nodes = st.integers(-3, 60)
commands = st.builds(Command, st.sampled_from([*VERBS, "FLY"]), st.lists(nodes, max_size=3).map(tuple))


def _walked(house: House, fidelity: str, seed: int, steps: int = 60) -> Simulator:
    simulator, rng = Simulator(house, fidelity), random.Random(seed)
    walker = Walker(house, rng)
    for _ in range(rng.randrange(steps)):
        simulator.execute(walker.command(simulator))
    return simulator


def _everything(state: HouseState) -> tuple[object, ...]:
    """All of a state, what is derived included."""
    rows = (state.states, state.on, state.inside, state.close, state.facing, state.upon, state.contents)
    hands = (state.right_hand, state.left_hand, state.near, sorted(state.other_hands.items()))
    return *(tuple(row) for row in rows), *hands, tuple(sorted(state.origins.items()))


@given(houses, fidelities, seeds, commands)
@_SETTINGS
def test_what_fails_changes_nothing_and_gives_a_reason(name: str, fidelity: str, seed: int, command: Command) -> None:
    house = HOUSES[name]
    simulator = _walked(house, fidelity, seed)
    before = _everything(simulator.state)
    failure = simulator.check(command)
    assert _everything(simulator.state) == before
    assert simulator.execute(command) == failure
    if failure is not None:
        assert _everything(simulator.state) == before
        assert failure.kind in REASONS and reason_text(failure, house)


@given(houses, fidelities, seeds)
@_SETTINGS
def test_snapshots_are_exact_and_small(name: str, fidelity: str, seed: int) -> None:
    house = HOUSES[name]
    simulator = _walked(house, fidelity, seed)
    walker, before = Walker(house, random.Random(seed)), _everything(simulator.state)
    snapshot = simulator.snapshot()
    packed = pickle.dumps(snapshot)
    for _ in range(20):
        simulator.execute(walker.command(simulator))
    for again in (snapshot, pickle.loads(packed), pickle.loads(pickle.dumps(pickle.loads(packed)))):
        other = Simulator(house, fidelity)
        other.restore(again)
        assert _everything(other.state) == before
        for _ in range(5):  # a restored state shares nothing with its snapshot
            other.execute(walker.command(other))
    simulator.restore(snapshot)
    assert _everything(simulator.state) == before
    assert len(packed) < 20_000
    simulator.reset()
    assert _everything(simulator.state) == _everything(Simulator(house, fidelity).state)


@given(houses, fidelities, seeds)
@_SETTINGS
def test_what_is_kept_beside_the_relations_agrees_with_them(name: str, fidelity: str, seed: int) -> None:
    state = _walked(HOUSES[name], fidelity, seed).state
    everyone = range(len(state.house))
    for row, inverse in ((state.on, state.upon), (state.inside, state.contents)):
        assert inverse == [sum(1 << other for other in everyone if row[other] >> node & 1) for node in everyone]
    assert all(state.close[other] >> node & 1 for node in everyone for other in bits(state.close[node]))
    direct = state.close[state.house.character]
    near = direct
    for node in bits(direct):
        near |= state.close[node] | state.upon[node]
    assert state.near == near


@given(houses, seeds)
@_SETTINGS
def test_repaired_things_are_in_one_room_and_nothing_is_inside_itself(name: str, seed: int) -> None:
    state = _walked(HOUSES[name], "repaired", seed).state
    house, character = state.house, state.house.character
    room = state.room_of(character)
    for node in range(len(house)):
        if not house.rooms >> node & 1:
            assert (state.inside[node] & house.rooms).bit_count() == 1
        assert not _reaches(state, node, node)
    for thing in bits(load_of(state, state.held | state.upon[character] | state.blueprint.body)):
        assert state.room_of(thing) == room
    for node in range(len(house)):
        for other in bits((state.on[node] | state.inside[node]) & ~house.rooms):
            assert state.room_of(node) == state.room_of(other)


@given(houses, seeds)
@_SETTINGS
def test_repaired_hands_hold_one_thing_each_and_seats_one_character(name: str, seed: int) -> None:
    state = _walked(HOUSES[name], "repaired", seed).state
    character = state.house.character
    assert state.right_hand.bit_count() <= 1 and state.left_hand.bit_count() <= 1
    assert not state.right_hand & state.left_hand
    for thing in bits(state.held):
        assert not state.on[thing] and state.close[character] >> thing & 1
    posture = state.states[character] & (State.SITTING | State.LYING)
    assert posture.bit_count() == state.on[character].bit_count() <= 1


@given(houses, seeds)
@_SETTINGS
def test_repaired_houses_stay_usable(name: str, seed: int) -> None:
    """From every state one can stand up, empty the hands, and get hold of whatever can be grabbed."""
    house = HOUSES[name]
    simulator = _walked(house, "repaired", seed)
    state = simulator.state
    simulator.execute(Command("STANDUP"))
    for thing in bits(state.held):
        assert simulator.execute(Command("DROP", (thing,))) is None
    start = simulator.snapshot()
    for thing in bits(state.blueprint.portable):
        simulator.restore(start)
        if state.on[thing] >> house.character & 1:
            simulator.execute(Command("PUTOFF", (thing,)))
        assert simulator.execute(Command("FIND", (thing,))) is None
        place = state.shut_in(thing)
        while place >= 0:
            for command in (Command("WALK", (place,)), Command("OPEN", (place,))):
                failure = simulator.execute(command)
                if failure and failure.kind == "is_on":
                    assert simulator.execute(Command("SWITCHOFF", (place,))) is None
                    failure = simulator.execute(command)
                if failure and failure.kind == "shut_in":
                    break
                assert failure is None
            assert simulator.execute(Command("FIND", (thing,))) is None
            place = state.shut_in(thing)
        assert simulator.execute(Command("GRAB", (thing,))) is None


def _reaches(state: HouseState, node: int, goal: int) -> bool:
    """Whether ON and INSIDE edges lead from a node to another one."""
    seen, waiting = 0, [node]
    while waiting:
        here = waiting.pop()
        after = (state.on[here] | state.inside[here]) & ~seen
        if after >> goal & 1:
            return True
        seen |= after
        waiting += bits(after)
    return False


def test_a_pickled_snapshot_of_an_unchanged_house_is_tiny() -> None:
    simulator = Simulator(full_house())
    assert len(pickle.dumps(simulator.snapshot())) < 400


@pytest.mark.parametrize("bad", [Command("GRAB", ()), Command("SLEEP", (3,)), Command("PUTIN", (3,))])
def test_a_wrong_number_of_objects_is_refused(bad: Command) -> None:
    failure = Simulator(full_house()).execute(bad)
    assert failure is not None and failure.kind == "wrong_number"
