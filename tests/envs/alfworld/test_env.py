"""`SPA-ALFWorld-v0` as users make it: the contract in every size and dialect, goals that hold, refusals of its own."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import pytest

import spa_gym  # noqa: F401  (registers the ids)
from spa_gym.core.errors import BadArgument
from spa_gym.core.tasks import FixedTaskSet, Task
from spa_gym.envs.alfworld.env import ALFWorldEnv
from spa_gym.envs.alfworld.game import Goal
from spa_gym.testing import check_text_env
from tests.envs.alfworld.kitchen import kitchen
from tests.official_data import alfworld_archive

ID = "SPA-ALFWorld-v0"


@pytest.mark.parametrize(
    "kwargs",
    [
        {"size": "small", "grammar": "2.1.2"},
        {"size": "small", "grammar": "2.1.1", "split": "valid_unseen", "world_seed": 5},
        {"size": "official", "grammar": "2.1.2", "split": "valid_seen", "list_help": True},
        {"size": "official", "grammar": "2.1.1"},
    ],
    ids=lambda kwargs: "-".join(map(str, kwargs.values())),
)
def test_the_contract_is_kept(kwargs: dict[str, Any]) -> None:
    # Two processes are compared once; that takes seconds, and does not depend on the arguments.
    check_text_env(gym.make(ID, **kwargs), processes=kwargs == {"size": "small", "grammar": "2.1.2"})


@pytest.mark.data
@pytest.mark.skipif(alfworld_archive() is None, reason="the official games are not here: set SPA_GYM_DATA")
@pytest.mark.parametrize("grammar", ["2.1.2", "2.1.1"])
def test_the_contract_is_kept_on_official_games(grammar: str) -> None:
    env = gym.make(ID, source="official", split="valid_unseen", grammar=grammar, data_dir=str(alfworld_archive()))
    check_text_env(env, processes=False)


class _Kitchen(ALFWorldEnv):
    """The hand-made kitchen with a goal of ours."""

    def __init__(self, goal: Goal, **kwargs: Any) -> None:
        super().__init__(size="small", **kwargs)
        game = kitchen(goal)
        self.tasks = FixedTaskSet("kitchen", "train", [Task("0" * 16, goal.kind, game.goal_text, game)])


def test_a_goal_that_holds_from_the_start_is_scored_with_the_first_step() -> None:
    env = _Kitchen(Goal("pick_and_place_simple", "mug", "countertop"), progress=True)
    _, info = env.reset()
    assert not info["success"] and info["score"] == 0.0
    _, reward, terminated, _, info = env.step("whatever")
    assert (reward, terminated, info["success"], info["progress"]) == (1.0, True, True, 1.0)


def test_progress_falls_when_the_goal_comes_out_of_reach() -> None:
    env = _Kitchen(Goal("pick_clean_then_place_in_recep", "mug", "shelf"), progress=True)
    env.reset()
    seen = []
    for command in (
        "go to countertop 1",
        "take mug 2 from countertop 1",
        "move mug 2 to countertop 1",
        "go to fridge 1",
    ):
        seen.append(env.step(command)[4]["progress"])
    # Six steps in all: go, take, go, clean, go, move; after putting the mug back five are left, and then six.
    assert seen == pytest.approx([1 / 6, 2 / 6, 1 / 6, 0.0])


@pytest.mark.parametrize(
    ("kwargs", "named"),
    [
        ({"grammar": "3.0"}, "2.1.2, 2.1.1"),
        ({"engine": "slow"}, "fast, textworld"),
        ({"source": "generated", "data_dir": "nowhere"}, "drop one of the two"),
    ],
)
def test_what_does_not_exist_is_refused_with_what_does(kwargs: dict[str, Any], named: str) -> None:
    with pytest.raises(BadArgument) as caught:
        ALFWorldEnv(**kwargs)
    assert named in str(caught.value) and "To mend it" in str(caught.value)
