"""The searching expert: what it does about what it is shown, and how it fares on generated tasks."""

from __future__ import annotations

import random

import pytest

from spa_gym.envs.virtualhome.env import VirtualHomeEnv
from spa_gym.envs.virtualhome.searcher import SearchingExpert

_INTRO = "You are in kitchen. The house has bedroom, kitchen. You have {has}. You see {sees}.\nYour task is to: {task}."


def _player(task: str, *, has: str = "nothing", sees: str = "table; fridge (closed)") -> SearchingExpert:
    return SearchingExpert(_INTRO.format(task=task, has=has, sees=sees))


def _play(player: SearchingExpert, *answers: str) -> list[str]:
    """The actions of a player who gets these answers, and the one after."""
    actions = []
    for answer in answers:
        actions.append(player.act())
        player.observe(actions[-1], answer)
    return [*actions, player.act()]


def test_what_is_in_sight_is_used() -> None:
    """Walk, grab, walk, open, put, by the names that are shown."""
    player = _player("put the mug in the cupboard")
    actions = _play(
        player,
        "You walk to mug 2. You have nothing. You see table, on it mug 2, plate (dirty).",
        "You grab mug 2. You have mug 2. You see table, on it plate (dirty).",
        "You walk to cupboard. You have mug 2. You see cupboard (closed); fridge (closed, on).",
        "You open cupboard. You have mug 2. You see cupboard (open), in it nothing; fridge (closed, on).",
        "You put mug 2 in cupboard. You have nothing. You see cupboard (open), in it mug 2; fridge (closed, on).",
    )
    assert actions[:5] == [
        *("walk to mug", "grab mug 2", "walk to cupboard", "open cupboard", "put mug 2 in cupboard"),
    ]
    assert player.finished


def test_closed_places_are_opened_the_likeliest_first() -> None:
    """Milk is kept in the fridge, which must be off before it opens; then in the next place."""
    player = _player("hold the milk")
    near = "window (closed); kitchen_cabinet (closed); fridge"
    actions = _play(
        player,
        f"You walk to milk. You have nothing. You see {near} (closed, on).",
        f"You switch off fridge. You have nothing. You see {near} (closed, off).",
        f"You open fridge. You have nothing. You see {near} (open, off), in it nothing.",
        "You open kitchen_cabinet. You have nothing. You see kitchen_cabinet (open), in it milk (closed).",
    )
    assert actions == ["walk to milk", "switch off fridge", "open fridge", "open kitchen_cabinet", "grab milk"]


def test_two_of_a_kind() -> None:
    """The second one is looked for by the next number."""
    player = _player("put two mug on the table")
    actions = _play(
        player,
        "You walk to mug 1. You have nothing. You see sink, in it mug 1.",
        "You grab mug 1. You have mug 1. You see sink.",
        "You walk to table. You have mug 1. You see table.",
        "You put mug 1 on table. You have nothing. You see table, on it mug 1.",
        "You walk to mug 2 in bedroom. You have nothing. You see desk, on it mug 2.",
    )
    assert actions[4:] == ["walk to mug 2", "grab mug 2"]


def test_the_dirty_one_is_washed_first() -> None:
    """Where a clean one is asked for."""
    player = _player("put the clean plate on the table")
    actions = _play(
        player,
        "You walk to plate. You have nothing. You see sink, in it plate (dirty).",
        "You wash plate. You have nothing. You see sink, in it plate.",
    )
    assert actions == ["walk to plate", "wash plate", "grab plate"]


def test_what_ends_in_a_posture_comes_last() -> None:
    """Unplugged things are plugged in, then switched on; the seat is taken at the end, after looking."""
    player = _player("sit on the sofa, switch on the television and watch the television")
    sofa = "You see tvstand, on it television"
    actions = _play(
        player,
        f"You walk to television. You have nothing. {sofa} (off, unplugged).",
        f"You plug in television. You have nothing. {sofa} (off).",
        f"You switch on television. You have nothing. {sofa} (on).",
        f"You turn to television. You have nothing. {sofa} (on).",
        f"You watch television. You have nothing. {sofa} (on).",
        "You walk to sofa. You have nothing. You see sofa, on it toy.",
        "You sit on sofa. You are sitting on sofa. You have nothing. You see sofa, on it toy.",
    )
    assert actions[:7] == [
        *("walk to television", "plug in television", "switch on television", "turn to television"),
        *("watch television", "walk to sofa", "sit on sofa"),
    ]
    assert player.finished


def test_a_full_seat_is_cleared() -> None:
    """A chair has room for one thing."""
    actions = _play(
        _player("sit on the chair"),
        "You walk to chair. You have nothing. You see chair, on it book (closed).",
        "You grab book. You have book. You see chair.",
    )
    assert actions == ["walk to chair", "grab book", "sit on chair"]


def test_hands_are_freed_of_what_is_not_asked_for() -> None:
    """Both are full after somebody else's doings."""
    player = _player("hold the mug and open the fridge", has="mug, knife")
    actions = _play(player, "You walk to fridge. You have mug, knife. You see fridge (closed).")
    assert actions == ["walk to fridge", "drop knife"]


def test_whoever_sits_stands_up_before_walking() -> None:
    """As when a slip made it sit down."""
    player = _player("go to the bedroom")
    player.observe("sit on chair", "You sit on chair. You are sitting on chair. You have nothing. You see chair.")
    assert _play(player, "You stand up. You have nothing. You see chair.") == ["stand up", "walk to bedroom"]


def test_a_refusal_leads_to_something_else() -> None:
    """Another one of the kind, and what is not in the house is given up."""
    player = _player("read the mail and open the fridge")
    actions = _play(player, "Nothing happens.")
    assert actions == ["walk to mail", "walk to fridge"]


def test_a_remembered_place_is_opened_without_a_walk() -> None:
    """Somebody closed the fridge in front of it."""
    player = _player("hold the milk")
    player.observe(
        "walk to fridge", "You walk to fridge. You have nothing. You see fridge (open), in it milk (closed)."
    )
    player.observe("close fridge", "You close fridge. You have nothing. You see fridge (closed); oven (closed, off).")
    assert player.act() == "open fridge"


def test_washing_counts_by_any_verb() -> None:
    """Rinsed is washed."""
    player = _player("wash the mug")
    player.observe("walk to mug", "You walk to mug. You have nothing. You see sink, in it mug (dirty).")
    assert player.act() == "wash mug"
    player.observe("rinse mug", "You rinse mug. You have nothing. You see sink, in it mug.")
    assert player.finished


@pytest.mark.parametrize("text", ["", "The task is Relax (I sit down).", "You see nothing.\nYour task is to: dance."])
def test_unknown_tasks_are_survived(text: str) -> None:
    """It walks about, whatever happens."""
    player = SearchingExpert(text)
    for _ in range(3):
        player.observe(player.act(), "Nothing happens.")
    assert player.act().startswith("walk to ")


@pytest.mark.parametrize(("split", "noise"), [("train", 0.0), ("valid_unseen", 0.0), ("train", 0.2)])
def test_generated_tasks_are_done(split: str, noise: float) -> None:
    """Nearly all, also where somebody else does something at random now and then."""
    env, rng = VirtualHomeEnv(size="small", split=split), random.Random("noise")
    done = refused = 0
    for task in range(40):
        _, info = env.reset(options={"task_id": task})
        player = env.demonstrator()
        for _ in range(40):
            slip = rng.random() < noise
            action = rng.choice(info["admissible_actions"]) if slip else player.act()
            observation, _, terminated, _, info = env.step(action)
            player.observe(action, observation)
            refused += observation == "Nothing happens."
            if terminated:
                break
        done += info["success"]
    assert done >= 38
    assert refused <= 20


def test_things_for_the_same_place_are_fetched_together() -> None:
    """As long as no hand is needed to open the place."""
    answers = (
        "You walk to mug. You have nothing. You see sink, in it mug, fork.",
        "You grab mug. You have mug. You see sink, in it fork.",
        "You grab fork. You have mug, fork. You see sink.",
    )
    both = _player("put the mug on the table and put the fork on the table")
    assert _play(both, *answers) == ["walk to mug", "grab mug", "grab fork", "walk to table"]
    both = _player("put the mug in the dishwasher and put the fork in the dishwasher")
    assert _play(both, *answers[:2]) == ["walk to mug", "grab mug", "walk to dishwasher"]


def test_what_is_poured_stays_when_the_bottle_is_let_go() -> None:
    """Whoever walks off with the bottle takes the drink out of the glass."""
    player = _player("pour the milk into the mug and go to the bedroom", has="milk")
    answers = (
        "You walk to mug. You have milk. You see table, on it mug.",
        "You pour milk into mug. You have milk. You see table, on it mug, in it milk.",
    )
    assert _play(player, *answers) == ["walk to mug", "pour milk into mug", "drop milk"]
