"""Generated rooms and tasks: of the promised sizes and kinds, with splits that share the rooms they should."""

from __future__ import annotations

import hashlib
import json
from collections import Counter

import pytest

from spa_gym.core.errors import BadArgument
from spa_gym.envs.alfworld.engine import Engine
from spa_gym.envs.alfworld.game import TASK_TYPES
from spa_gym.envs.alfworld.generated import generated_tasks
from spa_gym.envs.alfworld.household import household
from spa_gym.envs.alfworld.names import entity_names
from spa_gym.envs.alfworld.world import NUM_ROOMS, SIZES, SPLIT_SIZES, draw_blueprint, draw_room

RANGES = {"official": (9, 54), "small": (6, 12)}


def test_worlds_and_sizes_differ() -> None:
    names = [(seed, size) for seed in (0, 1) for size in SIZES]
    assert len({draw_blueprint(*name, "train", 0).facts for name in names}) == len(names)


@pytest.mark.parametrize("group", list(NUM_ROOMS))
@pytest.mark.parametrize("size", SIZES)
def test_rooms_have_the_promised_sizes(size: str, group: str) -> None:
    low, high = RANGES[size]
    kinds = Counter()
    for seed in range(5):
        for index in range(NUM_ROOMS[group]):
            room = draw_room(seed, size, group, index)
            assert low <= len(room.receptacles) <= high
            places = [place for _, place in room.receptacles]
            assert places[0] == 1 and all(b - a in (0, 1) for a, b in zip(places, places[1:], strict=False))
            kinds[room.kind] += 1
    assert set(kinds) == set(household().rooms)
    assert kinds["kitchen"] == max(kinds.values())


@pytest.mark.parametrize("size", SIZES)
def test_unseen_rooms_are_new_and_seen_ones_are_not(size: str) -> None:
    def rooms(split: str) -> set[tuple[object, ...]]:
        found = set()
        for i in range(200):
            game = generated_tasks(0, size, split)[i].payload
            found.add((game.receptacle_names, game.receptacle_location))
        return found

    for seed in range(4):
        trained = {draw_room(seed, size, "train", index) for index in range(NUM_ROOMS["train"])}
        assert not trained & {
            draw_room(seed, size, "valid_unseen", index) for index in range(NUM_ROOMS["valid_unseen"])
        }
    assert not rooms("train") & rooms("valid_unseen")
    assert len(rooms("train") & rooms("valid_seen")) > 20


@pytest.mark.parametrize("split", list(SPLIT_SIZES))
@pytest.mark.parametrize("size", SIZES)
def test_tasks_are_of_all_types_and_not_yet_done(size: str, split: str) -> None:
    kinds = Counter()
    for i in range(200):
        task = generated_tasks(2, size, split)[i]
        kinds[task.task_type] += 1
        engine = Engine(task.payload)
        assert not engine.won and engine.held < 0 and not engine.opened
        assert not any(task.payload.receptacles_at[engine.location]), "the agent starts in the middle of the room"
        goal = task.payload.goal
        assert task.goal.endswith(".") and goal.object_type in task.goal and goal.target_type in task.goal
        assert f"Your task is to: {task.goal}" in engine.intro()
    assert set(kinds) == set(TASK_TYPES) and min(kinds.values()) >= 8


def test_things_lie_where_the_statistics_say_and_have_what_their_type_has() -> None:
    house = household()
    for i in range(100):
        blueprint = draw_blueprint(0, "official", "train", i)
        game = blueprint.game()
        placement = house.rooms[blueprint.room_kind].placement
        for r, contents in enumerate(game.contents):
            for o in contents:
                kind = game.object_types[o]
                assert placement[kind].get(game.receptacle_types[r], 0) > 0, (kind, game.receptacle_types[r])
                for able in ("pickupable", "cleanable", "heatable", "coolable", "sliceable", "toggleable", "container"):
                    assert bool(getattr(game, able) >> o & 1) == (kind in getattr(house, able)), (kind, able)
        for r, kind in enumerate(game.receptacle_types):
            assert bool(game.openable >> r & 1) == (kind in house.openable)


def test_every_name_has_a_token_of_its_own_or_is_rare() -> None:
    names = set(entity_names())
    assert len(names) == len(entity_names()) and {"mug", "mug 1", "sinkbasin 1", "cabinet 30"} <= names
    met: Counter[bool] = Counter()
    for i in range(100):
        game = generated_tasks(0, "small", "train")[i].payload
        met.update(name in names for name in (*game.receptacle_names, *game.object_names))
    assert met[False] == 0


def test_the_statistics_are_whole() -> None:
    house = household()
    assert set(house.goals) == set(TASK_TYPES)
    for kind, by_room in house.goals.items():
        for room, goals in by_room.items():
            for thing, target, count in goals:
                assert count > 0 and thing in house.pickupable and room in house.rooms
                assert kind == "look_at_obj_in_light" or thing in house.can_contain[target], (kind, room, thing, target)
    assert house.find_rate["apple"]["fridge"] > house.find_rate["apple"].get("cabinet", 0.0)


def test_a_room_of_no_known_size_is_refused() -> None:
    with pytest.raises(BadArgument):
        draw_room(0, "huge", "train", 0)


def test_a_task_is_hashed_by_its_content() -> None:
    tasks = generated_tasks(0, "small", "train")
    blueprint = draw_blueprint(0, "small", "train", 3)
    content = json.dumps({"facts": blueprint.facts, "goal": blueprint.goal_text}, sort_keys=True, separators=(",", ":"))
    assert tasks[3].id == hashlib.sha256(content.encode()).hexdigest()[:16]
