"""ActionChoice, ReActAction, HistoryObservation, RecordTrajectory."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest
from gymnasium.envs.registration import EnvSpec
from gymnasium.spaces import Discrete
from gymnasium.utils.env_checker import check_env
from hypothesis import given
from hypothesis import strategies as st

import spa_gym
from spa_gym.core.errors import BadArgument, DataCorrupt
from spa_gym.wrappers import (
    ActionChoice,
    HistoryObservation,
    ProgressAttributionWrapper,
    ReActAction,
    RecordTrajectory,
    parse_react,
)
from tests.wrappers.worlds import ACTIONS, GROUNDED, PROGRESS, make_toy, reset_to_first_room

SMALL = {
    "choice": lambda env: ActionChoice(env, max_actions=6),
    "react": ReActAction,
    "history": lambda env: HistoryObservation(env, turns=3),
    "record": RecordTrajectory,
}


@pytest.mark.filterwarnings("ignore:.*is different from the unwrapped version.*")
@pytest.mark.parametrize("name", SMALL)
def test_gymnasium_check_env_and_spec(name):
    env = SMALL[name](make_toy())
    check_env(env)
    again = gymnasium.make(EnvSpec.from_json(env.spec.to_json()))
    assert type(again) is type(env) and again.spec.to_json() == env.spec.to_json()
    assert again.action_space == env.action_space and again.observation_space == env.observation_space


@pytest.mark.parametrize("name", SMALL)
def test_clone_and_restore_go_on_exactly(name):
    env = SMALL[name](make_toy())
    reset_to_first_room(env)
    actions = (0, 9, 0, 1) if name == "choice" else ACTIONS
    for action in actions[:2]:
        env.step(action)
    state = spa_gym.clone(env)

    def rest(env):
        steps = []
        for action in actions[2:]:
            observation, reward, terminated, truncated, info = env.step(action)
            steps.append((observation, reward, terminated, truncated, info["admissible_actions"]))
        return steps, [trajectory.steps for trajectory in getattr(env, "trajectories", [])]

    first = rest(env)
    fresh = SMALL[name](make_toy())
    spa_gym.restore(fresh, state)
    assert rest(fresh) == first


def test_action_choice_by_hand():
    env = ActionChoice(make_toy(), max_actions=4)
    assert env.action_space == Discrete(4)
    _, info = reset_to_first_room(env)
    assert info["admissible_actions"] == ("go right", "take key")
    assert info["action_mask"].tolist() == [1, 1, 0, 0] and info["action_mask"].dtype == np.int8
    assert env.action_masks().tolist() == [True, True, False, False]
    observation, _, _, _, info = env.step(np.int64(1))
    assert info["grounded"] and "key" not in observation
    assert info["action_mask"].tolist() == [1, 0, 0, 0]
    for outside in (1, 3, -1, 99):
        observation, reward, terminated, truncated, info = env.step(outside)
        assert (observation, reward, terminated, truncated) == ("Nothing happens.", 0.0, False, False)
        assert info["grounded"] is False
    with pytest.raises(BadArgument, match=r"max_actions=2"):
        ActionChoice(make_toy(), max_actions=1).reset(options={"task_id": 0}, seed=_first_room_seed())
    for bad in (0, -1, 2.5, True):
        with pytest.raises(BadArgument, match="max_actions of at least 1"):
            ActionChoice(make_toy(), max_actions=bad)


def _first_room_seed():
    return next(s for s in range(99) if "room 0." in make_toy().reset(seed=s, options={"task_id": 0})[0])


@pytest.mark.parametrize(
    ("reply", "parsed"),
    [
        ("Thought: near.\nAction: go to desk 1", ("near.", "go to desk 1")),
        ("Action: look", ("", "look")),
        ("  ACTION :x\n action:  look  \nObservation: You see", ("ACTION :x", "look")),
        ("Thought: a\nb\nAction:\n\n  look\nObservation: x\nAction: go", ("a\nb", "look")),
        ("no label first\nAction: look", ("no label first", "look")),
        ("Thought: Action: is a word\nAction: look", ("Action: is a word", "look")),
        (" look\n", ("", "look")),
        ("", None),
        ("Action:", None),
        ("Thought: I should act.\nAction:   \n\n", None),
    ],
)
def test_react_grammar(reply, parsed):
    assert parse_react(reply) == parsed


@given(st.text(max_size=200), st.text(alphabet="abc 1", min_size=1).filter(str.strip))
def test_react_finds_any_action_after_a_thought_without_one(thought, action):
    reply = f"Thought: {thought}\nAction: {action}"
    if parse_react(f"Thought: {thought}") is None and "action:" not in thought.lower():
        assert parse_react(reply)[1] == action.strip()


def test_react_passes_the_rest_through():
    env, plain = ReActAction(make_toy()), make_toy()
    for each in (env, plain):
        reset_to_first_room(each)
    assert env.step("Thought: mine!\nAction: take key\nObservation: gold") == plain.step("take key")
    assert env.step("Thought: hm") == plain.step("Thought: hm")
    assert env.step("go right") == plain.step("go right")
    assert env.step("x" * 100_000) == plain.step("x" * 100_000)
    with pytest.raises(TypeError, match="a text as action"):
        env.step(None)
    assert "Action: " in env.action_space.sample()
    with pytest.raises(BadArgument, match="action space of texts"):
        ReActAction(ActionChoice(make_toy()))
    with pytest.raises(BadArgument, match="max_thought_length"):
        ReActAction(make_toy(), max_thought_length=-1)


def test_history_by_hand():
    env, plain = HistoryObservation(make_toy(), turns=2), make_toy()
    first, _ = reset_to_first_room(plain)
    assert reset_to_first_room(env)[0] == first
    seen = [plain.step(action)[0] for action in ACTIONS[:4]]
    shown = [env.step(action)[0] for action in ACTIONS[:4]]
    assert shown[0] == f"{first}\n> take key\n{seen[0]}"
    assert shown[1] == f"{first}\n> take key\n{seen[0]}\n> dance\n{seen[1]}"
    assert shown[2] == f"{first}\n[earlier turns left out: 1]\n> dance\n{seen[1]}\n> go right\n{seen[2]}"
    assert shown[3] == f"{first}\n[earlier turns left out: 2]\n> go right\n{seen[2]}\n> go right\n{seen[3]}"
    assert env.reset(seed=0)[0] == make_toy().reset(seed=0)[0], "nothing is left of the episode before"
    assert env.step("y" * 10**6)[0] in env.observation_space
    for bad in (0, True, 1.5):
        with pytest.raises(BadArgument, match="turns of at least 1"):
            HistoryObservation(make_toy(), turns=bad)
    with pytest.raises(BadArgument, match="spaces of texts"):
        HistoryObservation(ActionChoice(make_toy()))


def test_record_by_hand(tmp_path):
    path = tmp_path / "runs" / "toy.jsonl"
    env = RecordTrajectory(ProgressAttributionWrapper(make_toy(progress=True), "uniform"), str(path), every=2)
    first, info = reset_to_first_room(env)
    seen = [first] + [env.step(action)[0] for action in ACTIONS]
    (trajectory,) = env.trajectories
    assert not path.exists(), "written every 2 episodes"
    assert (trajectory.env_id, trajectory.task_id, trajectory.goal) == ("SPA-Toy-v0", info["task_id"], info["goal"])
    assert [step.observation for step in trajectory.steps] == seen[:-1] and trajectory.final_observation == seen[-1]
    assert tuple(step.action for step in trajectory.steps) == ACTIONS
    assert tuple(step.grounded for step in trajectory.steps) == GROUNDED
    assert [step.reward for step in trajectory.steps] == [0.0] * 5 + [1.0], "the environment's own, not the credit"
    assert [step.progress for step in trajectory.steps] == pytest.approx(PROGRESS)
    assert (trajectory.score, trajectory.success) == (1.0, True)
    assert (trajectory.terminated, trajectory.truncated) == (True, False)
    env.reset()
    env.step("look")
    reset_to_first_room(env)  # the episode before is unfinished and forgotten
    for action in ACTIONS:
        env.step(action)
    assert spa_gym.read_jsonl(path) == env.trajectories and len(env.trajectories) == 2
    env.close()
    env.close()
    again = RecordTrajectory(make_toy(max_episode_steps=1), str(path))
    again.reset(seed=0)
    again.step("dance")
    again.close()
    kept = spa_gym.read_jsonl(path)
    assert len(kept) == 3 and kept[:2] == env.trajectories, "what the file held is kept"
    assert (kept[2].terminated, kept[2].truncated, kept[2].score) == (False, True, 0.0)


def test_record_refuses_a_broken_file(tmp_path):
    (tmp_path / "x.jsonl").write_text("{not json\n")
    with pytest.raises(DataCorrupt):
        RecordTrajectory(make_toy(), str(tmp_path / "x.jsonl"))
    with pytest.raises(BadArgument, match="every of at least 1"):
        RecordTrajectory(make_toy(), every=0)
