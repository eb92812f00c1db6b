"""Fidelities: their names, and that any mixture of repairs can be lived in."""

from __future__ import annotations

import dataclasses
import itertools
import random

import pytest

from spa_gym.core.errors import BadArgument
from spa_gym.envs.virtualhome.fidelity import FIDELITIES, Fidelity, fidelity_named
from spa_gym.envs.virtualhome.parity import Walker
from spa_gym.envs.virtualhome.simulator import Simulator
from tests.envs.virtualhome.full_house import full_house


def test_the_default_mends_all_and_the_original_nothing() -> None:
    assert next(iter(FIDELITIES)) == "repaired"
    assert all(dataclasses.astuple(FIDELITIES["repaired"]))
    assert not any(dataclasses.astuple(FIDELITIES["2.3.0"]))
    assert sum(dataclasses.astuple(FIDELITIES["eai"])) == 3
    assert Simulator(full_house()).fidelity is FIDELITIES["repaired"]


@pytest.mark.parametrize("name", ["2.2.4", "", None, ["eai"]])
def test_an_unknown_fidelity_is_refused_by_name(name: object) -> None:
    with pytest.raises(BadArgument, match="a fidelity out of repaired, 2.3.0, eai"):
        fidelity_named(name)  # type: ignore[arg-type]


def test_any_mixture_of_repairs_keeps_the_state_in_order() -> None:
    house = full_house()
    for number, flags in enumerate(itertools.product((False, True), repeat=len(dataclasses.fields(Fidelity)))):
        simulator = Simulator(house)
        simulator.state.fidelity = Fidelity(*flags)
        walker = Walker(house, random.Random(number))
        for _ in range(15):
            simulator.execute(walker.command(simulator))
        state, everyone = simulator.state, range(len(house))
        assert state.upon == [sum(1 << other for other in everyone if state.on[other] >> node & 1) for node in everyone]
