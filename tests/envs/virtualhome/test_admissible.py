"""Every listed action is executed, and every listed kind that the simulator allows is listed."""

from __future__ import annotations

import random

import pytest

from spa_gym.envs.virtualhome.admissible import AdmissibleActions
from spa_gym.envs.virtualhome.house import House, Node, build_house
from spa_gym.envs.virtualhome.parser import ActionParser
from spa_gym.envs.virtualhome.simulator import Simulator
from spa_gym.envs.virtualhome.verbs import VERBS, Command
from tests.envs.virtualhome.tiny_house import at, tiny_house
from tests.official_data import data_root

_HOUSE = tiny_house()


def _walk(house: House, seed: str, steps: int, fidelity: str = "repaired", sets_too: bool = True) -> set[str]:
    """A random walk over listed actions; after every step both ways to make the list must agree. Returns the verbs."""
    sim, parser, admissible, rng = (
        Simulator(house, fidelity),
        ActionParser(house),
        AdmissibleActions(house),
        random.Random(seed),
    )
    done = set()
    for step in range(steps):
        actions = admissible.of(sim)
        assert len(set(actions)) == len(actions)
        if sets_too:
            assert actions == admissible.by_asking(sim)
        deeds = [action for action in actions if not action.startswith("walk to")]
        action = rng.choice(deeds if deeds and rng.random() < 0.7 else actions)
        command = parser.parse(action, sim)
        assert isinstance(command, Command), action
        assert sim.execute(command) is None, action
        done.add(command.verb)
        if step % 80 == 79:
            sim.reset()
    return done


def test_random_walks_in_the_tiny_house() -> None:
    done = set()
    for seed in range(8):
        done |= _walk(_HOUSE, f"tiny {seed}", 300)
    assert done >= {*VERBS} - {"RUN", "FIND", "RELEASE", "MOVE", "SQUEEZE", "GREET", "POUR", "TYPE", "WATCH"} - _RARE


_RARE = {"LOOKAT", "POINTAT", "LIE", "SLEEP", "WAKEUP", "CUT"}


@pytest.mark.parametrize("fidelity", ["2.3.0", "eai"])
def test_random_walks_in_the_other_fidelities(fidelity: str) -> None:
    _walk(_HOUSE, fidelity, 300, fidelity, sets_too=False)


@pytest.mark.parametrize("number", range(1, 8))
def test_random_walks_over_official_scenes(number: int) -> None:
    _walk(_scene(number), f"scene {number}", 100)


def _scene(number: int) -> House:
    from spa_gym.envs.virtualhome.official.scene_file import read_scene_file

    root = data_root()
    path = root / "virtualhome" / "raw_scenes" / f"TrimmedTestScene{number}_graph.json" if root else None
    if path is None or not path.exists():
        pytest.skip("needs VirtualHome's scene files")
    return read_scene_file(path)


def test_all_pairs_that_the_simulator_allows_are_listed_where_nothing_is_left_out() -> None:
    """Against every verb and every node or pair, less what the module says is left out."""
    sim, parser, admissible = Simulator(_HOUSE), ActionParser(_HOUSE), AdmissibleActions(_HOUSE)
    for text in ("walk to fridge", "switch off fridge", "open fridge", "grab milk", "walk to table", "grab knife"):
        command = parser.parse(text, sim)
        assert isinstance(command, Command)
        assert sim.execute(command) is None, text
    listed = set(admissible.of(sim))
    things = [node for node, name in enumerate(_HOUSE.names) if not name.startswith(("floor", "character"))]
    rooms = [node for node in things if _HOUSE.rooms >> node & 1]
    left_out = {
        "RUN",
        "FIND",
        "RELEASE",
        "MOVE",
        "TURNTO",
        "PUSH",
        "TYPE",
        "RINSE",
        "SCRUB",
        "WIPE",
        "PUTIN",
        "PUTBACK",
    }
    for verb in VERBS.keys() - left_out:
        words = VERBS[verb].template
        for node in things:
            if VERBS[verb].arity == 1 and (verb == "WALK" or node not in rooms):
                allowed = sim.check(Command(verb, (node,))) is None
                assert (words.format(_HOUSE.names[node]) in listed) == allowed, (verb, _HOUSE.names[node])
    assert {"put milk on table", "put milk on plate", "put milk in plate", "pour milk into plate"} <= listed
    assert {"rinse plate", "scrub plate", "wipe plate"} <= listed, "it is dirty"
    assert "wash knife" in listed
    assert not {"wipe knife", "put milk on milk", "put milk on knife", "walk to floor 1", "grab plate"} & listed


def _listed_after(*texts: str) -> tuple[str, ...]:
    sim, parser = Simulator(_HOUSE), ActionParser(_HOUSE)
    for text in texts:
        command = parser.parse(text, sim)
        assert isinstance(command, Command)
        assert sim.execute(command) is None, text
    return AdmissibleActions(_HOUSE).of(sim)


def test_the_order_is_walks_then_things_then_places_of_what_is_held() -> None:
    actions = _listed_after("walk to chair", "grab book", "walk to table", "grab knife")
    walks = [action for action in actions if action.startswith("walk to ")]
    assert walks[:4] == ["walk to kitchen", "walk to bedroom", "walk to fridge", "walk to milk"]
    assert list(actions[: len(walks)]) == walks
    pairs = [action for action in actions if action.startswith("put ") and (" on " in action[6:] or " in " in action)]
    pairs = [action for action in pairs if not action.startswith("put on")]
    assert list(actions[-len(pairs) :]) == pairs
    assert pairs[:2] == ["put knife on table", "put knife on plate"], "things in house order, each on before in"
    alone = actions[len(walks) : -len(pairs)]
    things = [_HOUSE.names.index(next(name for name in _HOUSE.names if action.endswith(name))) for action in alone]
    assert things == sorted(things)
    order = [verb.template.removesuffix("{0}") for verb in VERBS.values()]
    for thing in set(things):
        verbs = [next(i for i, words in enumerate(order) if action.startswith(words)) for action in alone
                 if action.endswith(_HOUSE.names[thing])]  # fmt: skip
        assert verbs == sorted(verbs)
    resting = _listed_after("walk to chair", "grab book", "sit on chair")
    assert resting[-3:] == ("stand up", "sleep", "wake up")


def test_what_is_shut_in_is_not_listed_until_it_is_open() -> None:
    assert "grab milk" not in _listed_after("walk to fridge")
    assert "wash milk" not in _listed_after("walk to fridge")
    assert "grab milk" in _listed_after("walk to fridge", "switch off fridge", "open fridge")


def test_sitting_people_do_not_walk() -> None:
    actions = _listed_after("walk to chair", "grab book", "sit on chair")
    assert not any(action.startswith("walk to") for action in actions)
    assert {"stand up", "sleep", "wake up", "read book"} <= set(actions)


def test_a_thing_goes_on_nothing_that_is_on_it() -> None:
    actions = _listed_after("walk to chair", "grab book", "walk to table", "put book on plate", "grab plate")
    assert "put plate on table" in actions
    assert "put plate on plate" not in actions


def test_what_is_in_no_room_is_not_walked_to() -> None:
    nodes = [
        Node(1, "kitchen", "Rooms"),
        Node(2, "character"),
        Node(3, "table", "Furniture"),
        Node(4, "ghost", "Props"),
    ]
    house = build_house("ghost", nodes, [(2, "INSIDE", 1), (3, "INSIDE", 1)])
    assert AdmissibleActions(house).of(Simulator(house)) == ("walk to kitchen", "walk to table")


def test_the_same_list_for_the_same_state_whatever_came_before() -> None:
    sim, parser, admissible = Simulator(_HOUSE), ActionParser(_HOUSE), AdmissibleActions(_HOUSE)
    before = admissible.of(sim)
    for text in ("walk to bed", "grab coat", "put on coat"):
        command = parser.parse(text, sim)
        assert isinstance(command, Command)
        assert sim.execute(command) is None
        assert admissible.of(sim) == AdmissibleActions(_HOUSE).of(sim)
    assert "take off coat" in admissible.of(sim)
    sim.reset()
    assert admissible.of(sim) == before
    assert at(_HOUSE, "coat")
