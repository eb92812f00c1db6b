"""gymnasium.make_vec: sync by default, async in every mode of memory, always the very texts of single environments."""

from __future__ import annotations

import copy
import multiprocessing
from typing import Any

import gymnasium
import pytest
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv, VectorEnv
from gymnasium.vector.utils import create_shared_memory, read_from_shared_memory, write_to_shared_memory

from spa_gym.core.errors import BadArgument
from spa_gym.core.spaces import Unicode
from tests.toy import TOY_ID

ACTIONS = [["go right", "go left"], ["sing 🎵", "go right"], ["go left", "take key"], ["go right", "go right"]]


def rollout(envs: VectorEnv[Any, Any, Any]) -> list[Any]:
    observations, infos = envs.reset(seed=11)
    seen = [(tuple(observations), tuple(infos["task_id"]), tuple(infos["admissible_actions"]))]
    for actions in ACTIONS:
        observations, rewards, _, _, infos = envs.step(actions)
        seen.append((tuple(observations), tuple(rewards), tuple(infos["grounded"]), tuple(infos["admissible_actions"])))
    envs.close()
    return seen


def single_texts() -> list[tuple[str, ...]]:
    columns = []
    for index in range(2):
        env = gymnasium.make(TOY_ID)
        columns.append([env.reset(seed=11 + index)[0], *(env.step(actions[index])[0] for actions in ACTIONS)])
    return list(zip(*columns, strict=True))


def test_sync_is_the_default_and_takes_wrappers_and_vector_kwargs() -> None:
    envs = gymnasium.make_vec(
        TOY_ID,
        num_envs=2,
        vector_kwargs={"autoreset_mode": AutoresetMode.DISABLED},
        wrappers=(gymnasium.wrappers.RecordEpisodeStatistics,),
    )
    assert isinstance(envs, SyncVectorEnv)
    assert [texts for texts, *_ in rollout(envs)] == single_texts()


@pytest.mark.parametrize(
    "vector_kwargs", [{}, {"shared_memory": False}, {"copy": False}, {"context": "spawn"}], ids=str
)
def test_async_returns_the_same_texts_as_sync(vector_kwargs: dict[str, Any]) -> None:
    envs = gymnasium.make_vec(TOY_ID, num_envs=2, vectorization_mode="async", vector_kwargs=vector_kwargs)
    assert isinstance(envs, AsyncVectorEnv)
    assert rollout(envs) == rollout(gymnasium.make_vec(TOY_ID, num_envs=2))


def test_async_keeps_what_it_returned() -> None:
    envs = gymnasium.make_vec(TOY_ID, num_envs=2, vectorization_mode="async")
    first, _ = envs.reset(seed=11)
    kept = tuple(first)
    envs.step(["sing", "sing"])
    assert isinstance(first, tuple) and first == kept == single_texts()[0]
    envs.close()


def test_async_autoreset_gives_the_first_text_of_the_next_task() -> None:
    both = []
    for mode in ("sync", "async"):
        kwargs = {"autoreset_mode": AutoresetMode.SAME_STEP}
        envs = gymnasium.make_vec(
            TOY_ID, num_envs=2, vectorization_mode=mode, vector_kwargs=kwargs, max_episode_steps=2
        )
        envs.reset(seed=5)
        envs.step(["sing", "sing"])
        observations, _, _, truncated, infos = envs.step(["sing", "sing"])
        assert truncated.all() and all(text.startswith("Leave a corridor") for text in observations)
        assert list(infos["final_obs"]) == ["Nothing happens."] * 2
        both.append(tuple(observations))
        envs.close()
    assert both[0] == both[1]


def test_shared_texts_hold_any_text_up_to_the_bound() -> None:
    space = Unicode(4)
    memory = create_shared_memory(space, 3, multiprocessing.get_context())
    view = read_from_shared_memory(space, memory, 3)
    texts = ("🗝🗝🗝🗝", "\ud800\x00", "")
    for index, text in enumerate(("long", *texts[1:])):
        write_to_shared_memory(space, index, text, memory)
    write_to_shared_memory(space, 0, texts[0], memory)
    assert tuple(view) == texts and view[-3] == texts[0] and view[1:] == texts[1:] and len(view) == 3
    frozen = copy.deepcopy(view)
    write_to_shared_memory(space, 0, "", memory)
    assert frozen == texts and view[0] == "" and repr(view).startswith("SharedTexts(")
    with pytest.raises(IndexError):
        view[3]


def test_text_beyond_the_bound_is_loud() -> None:
    space = Unicode(2)
    memory = create_shared_memory(space, 1)
    with pytest.raises(BadArgument, match="at most 2 characters; got 9.*max_observation_length"):
        write_to_shared_memory(space, 0, "x" * 9, memory)
