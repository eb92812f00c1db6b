"""TextEnv: choosing the task, the sparse reward, the info, refusals, cloning of the bare environment."""

from __future__ import annotations

import pickle
from typing import Any

import gymnasium
import numpy as np
import pytest

from spa_gym.core.errors import BadArgument, ResetNeeded, SpaGymError, TaskNotFound
from spa_gym.core.text_env import TextEnv
from tests.toy import TOY_ID, Toy

PLAN_OF_TASK_0 = ["go left", "go left", "take key", "go right", "go right", "unlock door", "go out"]


def started(seed: int = 1, task_id: int | str = 0, **kwargs: Any) -> Toy:
    env = Toy(**kwargs)
    env.reset(seed=seed, options={"task_id": task_id})
    env._at = 2  # wherever the seed put us
    return env


def test_reward_is_sparse_and_the_score_comes_at_the_end() -> None:
    env = started()
    rewards = []
    for action in PLAN_OF_TASK_0:
        _, reward, terminated, truncated, info = env.step(action)
        rewards.append(reward)
        assert truncated is False and info["grounded"] is True
    assert rewards == [0.0] * 6 + [1.0]
    assert terminated is True and info["success"] is True and info["score"] == 1.0


def test_partial_score_is_no_success() -> None:
    env = started()
    for action in [*PLAN_OF_TASK_0[:5], "give up"]:
        _, reward, terminated, _, info = env.step(action)
    assert (reward, terminated, info["score"], info["success"]) == (0.5, True, 0.5, False)


def test_info_has_exactly_the_keys_of_the_contract() -> None:
    keys = {"task_id", "task_type", "goal", "admissible_actions", "grounded", "success", "score"}
    _, info = Toy().reset(seed=0)
    assert set(info) == keys
    _, info = Toy(progress=True).reset(seed=0)
    assert set(info) == keys | {"progress", "goal_share"}
    assert 0.0 <= info["progress"] < 1.0


@pytest.mark.parametrize("action", [None, 3, b"look", ["go left"], np.float64(1.0)])
def test_what_is_no_text_is_refused_and_costs_nothing(action: Any) -> None:
    env = started()
    before = env.clone_state()
    with pytest.raises(TypeError, match="expected a text as action; got .*of type .*To mend it: send a text"):
        env.step(action)
    assert env.clone_state() == before


@pytest.mark.parametrize("options", [["task_id"], "task_id", 7, True, [], "", 0, False, ("task_id", 0)])
def test_options_that_are_no_dict_are_refused(options: Any) -> None:
    with pytest.raises(BadArgument, match="options as a dict, or None"):
        Toy().reset(options=options)


@pytest.mark.parametrize("key", [np.array([1]), np.array([0, 1]), [0], None, 1.0, True, b"0", {}, np.float64(0)])
def test_a_task_id_of_another_kind_is_not_found(key: Any) -> None:
    with pytest.raises(TaskNotFound):
        Toy().reset(options={"task_id": key})


@pytest.mark.parametrize("key", [np.int64(2), np.array(2), np.uint8(2)])
def test_a_position_may_be_numpys(key: Any) -> None:
    assert Toy().reset(seed=0, options={"task_id": key})[1] == Toy().reset(seed=0, options={"task_id": 2})[1]


def test_numpy_text_is_text() -> None:
    assert started().step(np.str_("go left"))[4]["grounded"] is True


def test_task_by_position_by_id_and_by_chance() -> None:
    env = Toy()
    task_id = env.tasks[3].id
    for key in (3, np.int64(3), task_id):
        assert env.reset(seed=0, options={"task_id": key})[1]["task_id"] == task_id
    assert env.task is env.tasks[3]
    drawn = {env.reset()[1]["task_id"] for _ in range(200)}
    assert drawn == {task.id for task in env.tasks}


@pytest.mark.parametrize("key", ["nothing", "", 6, -1, True, None, 1.0, (1,)])
def test_unknown_task_says_which_there_are(key: Any) -> None:
    with pytest.raises(TaskNotFound, match="position from 0 to 5.*toy.*'train'.*To mend it"):
        Toy().reset(options={"task_id": key})


def test_misspelt_option_is_refused() -> None:
    with pytest.raises(BadArgument, match="'task_id'.*'task'"):
        Toy().reset(options={"task": 1})


@pytest.mark.parametrize("seed", [-1, 1.5, "1"])
def test_bad_seed_is_refused_and_the_episode_goes_on(seed: Any) -> None:
    env = started()
    with pytest.raises(gymnasium.error.Error, match="Seed must be"):
        env.reset(seed=seed)
    assert env.step("go left")[4]["grounded"]


def test_order_of_calls() -> None:
    env = Toy(render_mode="ansi")
    for call in (lambda: env.step("go left"), env.render, env.clone_state, lambda: env.task):
        with pytest.raises(ResetNeeded, match=r"env.reset\(\)"):
            call()
    env.reset(seed=0)
    for action in list(env.expert()):
        env.step(action)
    with pytest.raises(ResetNeeded, match="after the end"):
        env.step("go left")
    assert env.reset()[1]["score"] == 0.0
    env.step("go left")


def test_order_is_kept_by_gymnasium_make_too() -> None:
    env = gymnasium.make(TOY_ID)
    with pytest.raises(ResetNeeded, match="got step first"):
        env.step("go left")


def test_failed_begin_leaves_no_half_episode() -> None:
    class Fails(Toy):
        def _begin(self, task: Any) -> str:
            if task.payload["rooms"] == 8:
                raise SpaGymError("a world", "none", "try another")
            return super()._begin(task)

    env = Fails()
    env.reset(seed=0, options={"task_id": 0})
    with pytest.raises(SpaGymError):
        env.reset(options={"task_id": 5})
    with pytest.raises(ResetNeeded):
        env.step("go left")


def test_score_out_of_range_is_the_environments_mistake() -> None:
    class Generous(Toy):
        def _score(self) -> float | None:
            return 2.0

    env = Generous()
    env.reset(seed=0)
    with pytest.raises(SpaGymError, match=r"score in \[0, 1\] from Generous"):
        env.step("go left")


def test_progress_that_was_never_written_is_said() -> None:
    class Blind(Toy):
        _progress = TextEnv._progress

    with pytest.raises(NotImplementedError, match="Blind has no ground-truth progress"):
        Blind(progress=True).reset(seed=0)


def test_render() -> None:
    env = Toy(render_mode="ansi")
    observation, _ = env.reset(seed=0)
    assert env.render() == observation
    assert env.step("sing")[0] == env.render() == "Nothing happens."
    plain = Toy()
    plain.reset(seed=0)
    assert plain.render() is None
    with pytest.raises(BadArgument, match="'human'"):
        Toy(render_mode="human")


def test_clone_and_restore_in_a_fresh_environment() -> None:
    env = started()
    for action in PLAN_OF_TASK_0[:3]:
        observation, *_, info = env.step(action)
    state = pickle.loads(pickle.dumps(env.clone_state()))
    fresh = Toy()
    assert fresh.restore_state(state) == (observation, info)
    for target in (fresh, env):
        for action in PLAN_OF_TASK_0[3:]:
            *_, last = target.step(action)
        assert last["success"]
    assert env.reset()[0] == fresh.reset()[0]  # the generator came along


def test_restored_end_is_an_end_and_an_old_state_lives_again() -> None:
    env = started()
    before = env.clone_state()
    for action in PLAN_OF_TASK_0:
        env.step(action)
    after = env.clone_state()
    env.restore_state(before)
    assert env.step(PLAN_OF_TASK_0[0])[4]["grounded"]
    _, info = env.restore_state(after)
    assert info["success"] and info["score"] == 1.0
    with pytest.raises(ResetNeeded):
        env.step("go left")


def test_state_of_another_task_brings_its_task() -> None:
    state = started(task_id=3).clone_state()
    env = started(task_id=0)
    _, info = env.restore_state(state)
    assert env.task is env.tasks[3] and info["task_id"] == env.tasks[3].id
    assert (env._rooms, env._key) == (6, 3)


def test_state_brings_back_what_was_seen() -> None:
    env = started()
    env.step("sing")
    state = env.clone_state()
    fresh = Toy(render_mode="ansi")
    observation, info = fresh.restore_state(state)
    assert fresh.render() == observation == "Nothing happens." and info["grounded"] is False
    assert fresh.clone_state() == state


def test_state_of_another_split_is_refused() -> None:
    state = started().clone_state()
    with pytest.raises(TaskNotFound, match="'test'"):
        Toy(split="test").restore_state(state)


def test_unseeded_state_restores() -> None:
    env = started()
    env._np_random = None
    fresh = Toy()
    fresh.restore_state(env.clone_state())
    assert fresh.step("go left")[4]["grounded"]
