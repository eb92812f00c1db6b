"""The single wrapper against sums done by hand, and against everything that can be misused."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest
from gymnasium.error import ResetNeeded
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import SyncVectorEnv
from gymnasium.wrappers import RecordEpisodeStatistics, TimeLimit
from hypothesis import given, settings
from hypothesis import strategies as st

import spa_gym
from spa_gym.core.errors import BadArgument, SpaGymError, WrongType
from spa_gym.wrappers import ProgressAttributionWrapper, VectorProgressAttributionWrapper
from spa_gym.wrappers.estimators import LiveEstimator
from tests.toy import Toy
from tests.wrappers.worlds import (
    ACTIONS,
    GROUNDED,
    PROGRESS,
    CountingBatch,
    FromTexts,
    Scripted,
    make_toy,
    reset_to_first_room,
)


def play(env, actions=ACTIONS):
    return [env.step(action) for action in actions]


@pytest.mark.parametrize(
    ("grounding", "g"),
    [("paper", (1, 0, 1, 1, 1, 1)), ("penalty", (0, -1, 0, 0, 0, 0)), ("potential", (0, -1, 1, 0, 0, 0))],
)
def test_every_field_by_hand(grounding, g):
    env = ProgressAttributionWrapper(make_toy(), "oracle", alpha=2.0, beta=0.25, grounding=grounding)
    reset_to_first_room(env)
    before = (0.0, *PROGRESS)
    for t, (_, reward, terminated, truncated, info) in enumerate(play(env)):
        c = before[t + 1] - before[t]
        assert info["reward/env"] == (1.0 if t == 5 else 0.0)
        assert info["reward/progress"] == pytest.approx(c, abs=1e-12)
        assert info["reward/grounding"] == g[t]
        assert reward == 2.0 * info["reward/progress"] + 0.25 * g[t]
        assert type(reward) is float
        assert info["grounded"] is GROUNDED[t]
        assert (terminated, truncated) == (t == 5, False)


def test_info_is_new_and_the_environment_s_own_otherwise():
    plain, wrapped = make_toy(), ProgressAttributionWrapper(make_toy(), FromTexts())
    (observation, info), (observation_w, info_w) = reset_to_first_room(plain), reset_to_first_room(wrapped)
    assert (observation, info) == (observation_w, info_w)
    seen = [info_w]
    for action in ACTIONS:
        expected, got = plain.step(action), wrapped.step(action)
        added = {"reward/env", "reward/progress", "reward/grounding"}
        assert got[4].keys() - expected[4].keys() == added
        assert {key: value for key, value in got[4].items() if key not in added} == expected[4]
        assert (got[0], *got[2:4]) == (expected[0], *expected[2:4])
        assert got[4]["reward/env"] == expected[1]
        assert all(got[4] is not old for old in seen)
        seen.append(got[4])


def test_the_estimator_sees_goal_and_texts_in_order():
    script = Scripted([0.0])
    env = ProgressAttributionWrapper(make_toy(), script)
    first, info = env.reset(seed=3)
    texts = [first]
    for action in ("dance", "go left", "look"):
        texts.append(env.step(action)[0])
    assert script.begun == [info["goal"]]
    assert script.calls == list(zip(texts, ("dance", "go left", "look"), texts[1:], strict=False))
    env.reset()
    assert len(script.begun) == 2


def test_oracle_does_not_leak_progress():
    env = ProgressAttributionWrapper(make_toy(), "oracle")
    _, info = reset_to_first_room(env)
    infos = [info, *(step[4] for step in play(env))]
    assert not any(key in info for info in infos for key in ("progress", "goal_share"))
    shown = ProgressAttributionWrapper(make_toy(progress=True), "oracle")
    assert "progress" in reset_to_first_room(shown)[1], "what the user asked for stays"


def test_truncation_pays_the_residual():
    env = ProgressAttributionWrapper(make_toy(max_episode_steps=3), Scripted([0.5, 0.25, 8.0]), beta=0.0, residual=True)
    reset_to_first_room(env)
    steps = play(env, ACTIONS[:3])
    assert [step[1] for step in steps] == [0.5, 0.25, -0.75]
    assert [step[4]["reward/progress"] for step in steps] == [0.5, 0.25, -0.75]
    assert steps[2][2:4] == (False, True)
    without = ProgressAttributionWrapper(make_toy(max_episode_steps=3), Scripted([0.5, 0.25, 8.0]), beta=0.0)
    reset_to_first_room(without)
    assert [step[1] for step in play(without, ACTIONS[:3])] == [0.5, 0.25, 8.0]


def test_residual_counts_half_scores_too_and_alpha_scales_it():
    env = ProgressAttributionWrapper(make_toy(), Scripted([0.0625]), alpha=2.0, beta=0.0, residual=True)
    reset_to_first_room(env)
    rewards = [step[1] for step in play(env, ("take key", "go right", "go right", "give up"))]
    assert rewards == [0.125, 0.125, 0.125, 2 * (0.5 - 3 * 0.0625)]


def test_residual_starts_anew_with_every_episode():
    env = ProgressAttributionWrapper(make_toy(max_episode_steps=2), Scripted([0.5]), beta=0.0, residual=True)
    for _ in range(3):
        reset_to_first_room(env)
        assert [step[1] for step in play(env, ("dance", "dance"))] == [0.5, -0.5]


@settings(max_examples=60, deadline=None)
@given(
    contributions=st.lists(st.floats(-10, 10), min_size=1, max_size=12),
    mistakes=st.integers(0, 6),
    limit=st.integers(1, 14),
)
def test_residual_makes_the_return_exact(contributions, mistakes, limit):
    env = ProgressAttributionWrapper(make_toy(limit), Scripted(contributions), alpha=1.0, beta=0.0, residual=True)
    reset_to_first_room(env)
    total = own = 0.0
    for action in ("dance",) * mistakes + ACTIONS:
        _, reward, terminated, truncated, info = env.step(action)
        total += reward
        own += info["reward/env"]
        if terminated or truncated:
            break
    assert own == (1.0 if limit >= mistakes + len(ACTIONS) else 0.0)
    assert total == pytest.approx(own, abs=1e-13)


@settings(max_examples=40, deadline=None)
@given(contributions=st.lists(st.integers(-(2**30), 2**30).map(lambda n: n / 2**20), min_size=1, max_size=12))
def test_residual_is_bitwise_exact_where_floats_can_be(contributions):
    env = ProgressAttributionWrapper(make_toy(), Scripted(contributions), alpha=1.0, beta=0.0, residual=True)
    reset_to_first_room(env)
    assert sum(step[1] for step in play(env)) == 1.0


def test_residual_inside_the_step_limit_is_refused():
    with pytest.raises(BadArgument, match=r"TimeLimit.*To mend it: wrap TimeLimit first"):
        ProgressAttributionWrapper(Toy(), "oracle", residual=True)
    inside = TimeLimit(ProgressAttributionWrapper(Toy(), "oracle"), 3)  # without residual the order does not matter
    outside = ProgressAttributionWrapper(TimeLimit(Toy(), 3), "oracle")
    for env in (inside, outside):
        reset_to_first_room(env)
    assert play(inside, ACTIONS[:3]) == play(outside, ACTIONS[:3])
    ProgressAttributionWrapper(TimeLimit(Toy(), 3), "oracle", residual=True)


def test_spec_survives_json():
    env = ProgressAttributionWrapper(make_toy(7), "oracle", alpha=0.5, beta=0.125, grounding="penalty", residual=True)
    spec = gymnasium.envs.registration.EnvSpec.from_json(env.spec.to_json())
    again = gymnasium.make(spec)
    assert again.spec.to_json() == env.spec.to_json()
    assert again.spec.additional_wrappers[-1].kwargs == {
        "estimator": "oracle", "alpha": 0.5, "beta": 0.125, "grounding": "penalty", "residual": True,
    }  # fmt: skip
    for each in (env, again):
        reset_to_first_room(each)
    assert play(env) == play(again)


class Uncopyable(FromTexts):
    def __deepcopy__(self, memo):
        raise AssertionError("a live estimator was copied")


def test_a_live_estimator_is_never_copied():
    live = Uncopyable()
    env = RecordEpisodeStatistics(TimeLimit(ProgressAttributionWrapper(make_toy(), live), 5))
    spec = env.spec
    assert spec is not None
    kwargs = spec.additional_wrappers[0].kwargs
    assert isinstance(kwargs["estimator"], LiveEstimator) and kwargs["estimator"].estimator is live
    with pytest.raises((TypeError, ValueError), match="LiveEstimator"):
        spec.to_json()
    again = gymnasium.make(spec)
    reset_to_first_room(again)
    assert again.step("dance")[4]["reward/progress"] != 0.0


def test_the_name_is_resolved_at_the_first_reset_only():
    env = ProgressAttributionWrapper(make_toy(), "no_such_package.anywhere:Thing")
    with pytest.raises(BadArgument, match="no module named 'no_such_package'"):
        env.reset()


@pytest.mark.parametrize("bad", [None, "x", "1.5", b"1", 1j, [0.5], (), np.zeros(2), {}, object])
def test_a_contribution_of_another_type_is_refused(bad):
    env = ProgressAttributionWrapper(make_toy(), Scripted([bad]))
    env.reset()
    with pytest.raises(WrongType, match="expected a number as contribution from the estimator; got .*one float a step"):
        env.step("dance")
    envs = VectorProgressAttributionWrapper(SyncVectorEnv([make_toy, make_toy]), lambda: Scripted([bad]))
    envs.reset()
    with pytest.raises(WrongType, match="a number as contribution"):
        envs.step(("dance", "dance"))


@pytest.mark.parametrize("good", [1, True, np.float32(1), np.array(1), np.array([1.0])[0]])
def test_a_contribution_is_any_real_number(good):
    env = ProgressAttributionWrapper(make_toy(), Scripted([good]), beta=0.0)
    env.reset()
    assert env.step("dance")[1] == 1.0


@pytest.mark.parametrize("bad", [None, 0.5, [], [0.5, 0.5, 0.5], "abc"])
def test_contributions_are_one_a_step(bad):
    class Batch(CountingBatch):
        def contributions(self, *texts):
            return bad

    env = ProgressAttributionWrapper(make_toy(), Batch())
    env.reset()
    with pytest.raises(WrongType, match="expected 1 contributions from the estimator, one a step"):
        env.step("dance")
    envs = VectorProgressAttributionWrapper(SyncVectorEnv([make_toy, make_toy]), Batch())
    envs.reset()
    with pytest.raises(WrongType, match="expected 2 contributions from the estimator, one a step"):
        envs.step(("dance", "dance"))


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_a_contribution_that_is_no_number_is_refused(bad):
    env = ProgressAttributionWrapper(make_toy(), Scripted([bad]))
    env.reset()
    with pytest.raises(SpaGymError, match="finite contribution"):
        env.step("dance")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"estimator": "orcale"}, "did you mean 'oracle'"),
        ({"grounding": "papre"}, "expected grounding out of paper, penalty, potential; got 'papre'"),
        ({"alpha": float("nan")}, "expected alpha to be a finite number"),
        ({"beta": "0.5"}, "expected beta to be a finite number; got '0.5'"),
        ({"beta": True}, "expected beta"),
    ],
)
def test_bad_settings_are_refused_when_made(settings, message):
    with pytest.raises(BadArgument, match=message):
        ProgressAttributionWrapper(make_toy(), **settings)


def test_no_estimator_at_all_is_a_type_error():
    with pytest.raises(TypeError, match=r"got int"):
        ProgressAttributionWrapper(make_toy(), 3)


def test_step_needs_reset():
    with pytest.raises(ResetNeeded, match=r"call env\.reset\(\)"):
        ProgressAttributionWrapper(make_toy(), "oracle").step("look")


class Foreign(gymnasium.Env):
    observation_space = action_space = spa_gym.Unicode(10)

    def reset(self, *, seed=None, options=None):
        return "", {}


def test_an_environment_without_grounded_is_refused():
    with pytest.raises(BadArgument, match=r"info\['grounded'\]"):
        ProgressAttributionWrapper(Foreign(), FromTexts).reset()
    with pytest.raises(BadArgument, match="ground-truth progress"):
        ProgressAttributionWrapper(Foreign(), "oracle")


@pytest.mark.parametrize("estimator", ["oracle", "uniform", "difference", FromTexts])
def test_clone_and_restore_go_on_exactly(estimator):
    env = ProgressAttributionWrapper(make_toy(), estimator, residual=True, grounding="potential")
    reset_to_first_room(env)
    play(env, ACTIONS[:2])
    state = spa_gym.clone(env)
    rest = play(env, ACTIONS[2:])
    fresh = ProgressAttributionWrapper(make_toy(), estimator, residual=True, grounding="potential")
    for each in (env, fresh):
        for _ in range(2):
            spa_gym.restore(each, state)
            assert play(each, ACTIONS[2:]) == rest


@pytest.mark.filterwarnings("ignore:.*is different from the unwrapped version.*")
@pytest.mark.parametrize("estimator", ["oracle", "uniform", "difference"])
def test_gymnasium_check_env(estimator):
    check_env(ProgressAttributionWrapper(make_toy(), estimator, residual=True))
