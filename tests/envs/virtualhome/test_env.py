"""`SPA-VirtualHome-v0` as users make it: the contract, reasons, goals of actions, refusals of its own."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import pytest

import spa_gym  # noqa: F401  (registers the ids)
from spa_gym.core.errors import BadArgument
from spa_gym.core.tasks import FixedTaskSet, Task
from spa_gym.envs.virtualhome.env import VirtualHomeEnv
from spa_gym.envs.virtualhome.goal import ActionGoal, Condition, Goal
from spa_gym.envs.virtualhome.household_task import HouseholdTask
from spa_gym.testing import check_text_env
from tests.envs.virtualhome.tiny_house import tiny_house

ID = "SPA-VirtualHome-v0"


@pytest.mark.parametrize(
    "kwargs",
    [{"size": "small"}, {"size": "official", "split": "valid_unseen", "world_seed": 5}],
    ids=["small", "official"],
)
def test_the_contract_is_kept(kwargs: dict[str, Any]) -> None:
    # Two processes are compared once; that takes seconds, and does not depend on the arguments.
    check_text_env(gym.make(ID, **kwargs), processes=kwargs == {"size": "small"})


class _TinyHouse(VirtualHomeEnv):
    """The hand-made house with a goal of ours."""

    def __init__(self, goal: Goal, **kwargs: Any) -> None:
        super().__init__(size="small", **kwargs)
        payload = HouseholdTask(tiny_house(), goal, "tiny")
        self.tasks = FixedTaskSet("tiny", "train", [Task("0" * 16, "toy", "Do it.", payload)])


def _node(name: str) -> int:
    return 1 << tiny_house().names.index(name)


def test_why_nothing_happened_is_told_to_people_alone() -> None:
    env = _TinyHouse(Goal((Condition(_node("fridge"), states=0b10),)))
    env.reset()
    assert env.reason == ""
    observation, _, _, _, info = env.step("open unicorn")
    assert (observation, info["grounded"]) == ("Nothing happens.", False) and "unicorn" in env.reason
    observation, _, _, _, info = env.step("put apple in apple")
    assert (observation, info["grounded"]) == ("Nothing happens.", False) and env.reason
    assert env.step("walk to fridge")[4]["grounded"] and env.reason == ""


def test_an_action_that_leaves_no_trace_counts_for_the_goal_and_is_cloned() -> None:
    goal = Goal(actions=(ActionGoal(frozenset({"TOUCH"}), _node("fridge")), ActionGoal(frozenset({"TURNTO"}))))
    env, other = _TinyHouse(goal, progress=True), _TinyHouse(goal, progress=True)
    env.reset()
    env.step("walk to fridge")
    assert env.step("touch fridge")[4]["goal_share"] == 0.5
    other.restore_state(env.clone_state())
    for target in (env, other):
        _, reward, terminated, _, info = target.step("turn to fridge")
        assert (reward, terminated, info["progress"], info["goal_share"]) == (1.0, True, 1.0, 1.0)


def test_spa_form_tells_less() -> None:
    texts = []
    for form in ("default", "spa"):
        env = gym.make(ID, size="small", observation=form)
        env.reset(options={"task_id": 0})
        texts.append(env.step("walk to kitchen")[0])
    assert texts[0].startswith("You walk to kitchen.") and "walk" not in texts[1]


@pytest.mark.parametrize(
    ("kwargs", "named"),
    [
        ({"fidelity": "perfect"}, "repaired"),
        ({"observation": "picture"}, "default, spa"),
        ({"success": "always"}, "goal, spa"),
        ({"success": "spa"}, "SPA's own records"),
        ({"source": "generated", "data_dir": "/tmp"}, "drop one of the two"),
    ],
)
def test_what_does_not_exist_is_refused_with_what_does(kwargs: dict[str, Any], named: str) -> None:
    with pytest.raises(BadArgument) as caught:
        VirtualHomeEnv(**kwargs)
    assert named in str(caught.value) and "To mend it" in str(caught.value)
