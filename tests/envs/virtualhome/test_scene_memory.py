"""What is remembered of observations: states, places, hands, posture, and what is near."""

from __future__ import annotations

from spa_gym.envs.virtualhome.scene_memory import SceneMemory, Thing

_START = (
    "You are in kitchen. The house has bedroom, kitchen. You have nothing. You see table; fridge (closed, on).\nGoal."
)


def test_start() -> None:
    """Room, rooms and what stands about; nothing is near yet."""
    memory = SceneMemory(_START)
    assert (memory.room, memory.rooms, memory.held, memory.posture) == ("kitchen", ("bedroom", "kitchen"), [], "")
    assert memory.known["fridge"] == Thing(("closed", "on"), "", "", "kitchen")
    assert not memory.within_reach("fridge")


def test_places_states_and_nested_things() -> None:
    """A thing on a thing has its carrier, though it has a group of its own."""
    memory = SceneMemory(_START)
    verb, objects = memory.observe(
        "You walk to bed in bedroom. You are lying on bed. You have mug 2, light 1. You wear coat. "
        "You see bed, on it bowl (dirty), pillow; bowl (dirty), in it egg 1; desk (closed, dirty), in it nothing."
    )
    assert (verb, objects, memory.room) == ("walk to", "bed in bedroom", "bedroom")
    assert (memory.held, memory.worn) == (["mug 2", "light 1"], ["coat"])
    assert (memory.posture, memory.seat) == ("lying", "bed")
    assert memory.known["bowl"] == Thing(("dirty",), "on", "bed", "bedroom")
    assert memory.known["egg 1"] == Thing((), "in", "bowl", "bedroom")
    assert memory.states("desk") == ("closed", "dirty")
    near = [name for name in memory.known if memory.within_reach(name)]
    assert near == ["mug 2", "light 1", "coat", "bed", "bowl", "pillow", "desk"]


def test_what_lay_beside_the_thing_that_was_taken_stays_near() -> None:
    """The character still stands there."""
    memory = SceneMemory(_START)
    memory.observe("You walk to mug. You have nothing. You see sink, in it mug, fork; table, on it knife.")
    memory.observe("You grab mug. You have mug. You see sink, in it fork; table, on it knife.")
    assert memory.within_reach("fork")
    assert not memory.within_reach("knife")


def test_content_is_remembered_behind_a_door_and_from_the_door_of_the_room() -> None:
    """What is not shown is still where it was."""
    memory = SceneMemory(_START)
    memory.observe("You walk to fridge. You have nothing. You see fridge (open), in it milk, on it radio (on).")
    memory.observe("You close fridge. You have nothing. You see fridge (closed), on it radio (on).")
    memory.observe("You walk to kitchen. You have nothing. You see fridge (closed); table.")
    assert memory.known["milk"].carrier == "fridge"
    assert memory.known["radio"] == Thing(("on",), "on", "fridge", "kitchen")
    assert memory.of_class("milk") == ["milk"]


def test_washed_things_are_clean() -> None:
    """Also in the hand, where no states are shown."""
    memory = SceneMemory(_START)
    memory.observe("You walk to mug. You have nothing. You see table, on it mug (dirty).")
    memory.observe("You grab mug. You have mug. You see table.")
    assert memory.states("mug") == ("dirty",)
    memory.observe("You rinse mug. You have mug. You see table.")
    assert memory.states("mug") == ()
