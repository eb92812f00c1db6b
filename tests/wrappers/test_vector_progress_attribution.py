"""The vector twin equals a single wrapper around each environment, in every autoreset mode, with one call a step."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest
from gymnasium.error import ResetNeeded
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv

from spa_gym.core.errors import BadArgument
from spa_gym.wrappers import ProgressAttributionWrapper, VectorProgressAttributionWrapper
from tests.wrappers.worlds import ACTIONS, CountingBatch, FromTexts, Scripted, choose, make_toy

NUM_ENVS, LIMIT, SEED = 3, 7, 11


def assert_same(left, right, where="infos"):
    """Equality of infos: nested dicts of arrays (of objects, too) and of masks."""
    if isinstance(left, dict):
        assert left.keys() == right.keys(), where
        for key in left:
            assert_same(left[key], right[key], f"{where}[{key!r}]")
    elif isinstance(left, np.ndarray):
        assert left.dtype == right.dtype and left.tolist() == right.tolist(), where
    else:
        assert left == right, where


def both(mode, estimator, **settings):
    """The twin around plain environments, and plain vector environments around single wrappers."""

    def wrapped():
        return ProgressAttributionWrapper(make_toy(LIMIT), estimator, **settings)

    plain = SyncVectorEnv([lambda: make_toy(LIMIT)] * NUM_ENVS, autoreset_mode=mode)
    singles = SyncVectorEnv([wrapped] * NUM_ENVS, autoreset_mode=mode)
    return VectorProgressAttributionWrapper(plain, estimator, **settings), singles


def run(envs, steps, mode, on_step):
    """A scripted policy; in mode DISABLED ended episodes are reset by mask."""
    rng = np.random.default_rng(5)
    observations, infos = envs.reset(seed=SEED)
    on_step((observations, infos))
    for _ in range(steps):
        # The expert's luck is needed to reach an end by the rule: sometimes all environments are walked to the exit.
        result = envs.step(tuple(choose(infos, i, rng) for i in range(NUM_ENVS)))
        on_step(result)
        infos = result[4]
        ended = result[2] | result[3]
        if mode is AutoresetMode.DISABLED and ended.any():
            observations, infos_reset = envs.reset(options={"reset_mask": ended})
            on_step((observations, infos_reset))
            for i in np.flatnonzero(ended):
                infos["admissible_actions"][i] = infos_reset["admissible_actions"][i]


@pytest.mark.parametrize("mode", list(AutoresetMode))
@pytest.mark.parametrize("estimator", ["oracle", "uniform", "difference", FromTexts])
@pytest.mark.parametrize("residual", [False, True])
def test_the_twin_equals_single_wrappers(mode, estimator, residual):
    settings = {"alpha": 1.5, "beta": 0.5, "grounding": "potential", "residual": residual}
    records = []
    for envs in both(mode, estimator, **settings):
        records.append([])
        run(envs, 60, mode, records[-1].append)
    twin, singles = records
    assert len(twin) == len(singles) > 60
    endings = set()
    for ours, theirs in zip(twin, singles, strict=True):
        assert len(ours) == len(theirs)
        assert tuple(ours[0]) == tuple(theirs[0])
        assert_same(ours[-1], theirs[-1])
        for left, right in zip(ours[1:-1], theirs[1:-1], strict=True):
            assert left.dtype == right.dtype and left.tolist() == right.tolist()
        if len(ours) == 5:
            endings |= {*np.where(ours[2], "terminated", "").tolist(), *np.where(ours[3], "truncated", "").tolist()}
    assert "truncated" in endings


@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_an_end_by_the_rule_and_what_follows(mode):
    """By hand: environment 0 solves task 0 with the script, environment 1 does nothing useful."""
    twin, _ = both(mode, lambda: Scripted([0.125]), beta=0.5, grounding="penalty", residual=True)
    seed = next(s for s in range(99) if "room 0." in make_toy().reset(seed=s, options={"task_id": 0})[0])
    twin.reset(seed=[seed, 0, 0], options={"task_id": 0})
    for t, action in enumerate(ACTIONS):
        observations, rewards, terminations, _, infos = twin.step((action, "dance", "dance"))
        last = t == len(ACTIONS) - 1
        source = infos["final_info"] if last and mode is AutoresetMode.SAME_STEP else infos
        c = 1.0 - 5 * 0.125 if last else 0.125
        assert terminations.tolist() == [last, False, False]
        assert source["reward/progress"][0] == c and source["_reward/progress"][0]
        assert source["reward/env"][0] == float(last)
        assert source["reward/grounding"][0] == (-1.0 if action == "dance" else 0.0)
        assert rewards[0] == c - 0.5 * (action == "dance")
        assert rewards[1:].tolist() == [0.125 - 0.5] * 2
    if mode is AutoresetMode.SAME_STEP:
        assert "walk" not in infos["final_obs"][0] and infos["final_obs"][0] != observations[0]
        assert not infos["_reward/env"][0] and infos["_reward/env"][1], "the reset has no reward"
        assert infos["final_info"]["_reward/env"].tolist() == [True, False, False]
        return
    if mode is AutoresetMode.DISABLED:
        _, infos = twin.reset(options={"reset_mask": np.array([True, False, False])})
        assert "reward/env" not in infos
    else:
        _, rewards, terminations, _, infos = twin.step(("ignored", "dance", "dance"))
        assert rewards[0] == 0.0 and not terminations[0]
        assert infos["_reward/progress"].tolist() == [False, True, True]
        assert rewards[1] == 1.0 * (0.0 - 6 * 0.125) - 0.5, "truncated at step 7 with R = 0"


@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_one_call_for_all_environments(mode):
    batch = CountingBatch()
    twin = VectorProgressAttributionWrapper(
        SyncVectorEnv([lambda: make_toy(2), lambda: make_toy(2), lambda: make_toy(3)], autoreset_mode=mode),
        batch,
        beta=0.0,
    )
    twin.reset(seed=0)
    assert (batch.begins, batch.calls) == ([[0, 1, 2]], [])
    for _ in range(2):
        _, rewards, *_ = twin.step(("dance",) * 3)
        assert rewards.tolist() == [0.25, 1.25, 2.25]
    assert batch.calls == [[0, 1, 2]] * 2
    if mode is AutoresetMode.DISABLED:
        twin.reset(options={"reset_mask": np.array([True, True, False])})
    elif mode is AutoresetMode.NEXT_STEP:
        _, rewards, *_ = twin.step(("dance",) * 3)
        assert rewards.tolist() == [0.0, 0.0, 2.25]
        assert batch.calls[2] == [2]
    assert batch.begins == [[0, 1, 2], [0, 1]]


@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_oracle_does_not_leak_progress(mode):
    twin, _ = both(mode, "oracle")
    seen = []
    run(twin, 20, mode, lambda result: seen.append(result[-1]))
    final = [infos["final_info"] for infos in seen if "final_info" in infos]
    assert bool(final) == (mode is AutoresetMode.SAME_STEP)
    for infos in seen + final:
        assert not {"progress", "_progress", "goal_share", "_goal_share"} & infos.keys()


def test_oracle_leaves_what_the_user_asked_for():
    envs = VectorProgressAttributionWrapper(SyncVectorEnv([lambda: make_toy(progress=True)] * 2), "oracle")
    assert "progress" in envs.reset(seed=0)[1]


@pytest.mark.slow
@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
def test_async_equals_sync(mode):
    records = []
    for make in (SyncVectorEnv, AsyncVectorEnv):
        envs = VectorProgressAttributionWrapper(make([lambda: make_toy(4)] * NUM_ENVS, autoreset_mode=mode), "oracle")
        records.append([])
        run(envs, 12, mode, records[-1].append)
        envs.close()
    for left, right in zip(*records, strict=True):
        assert tuple(left[0]) == tuple(right[0])
        assert [array.tolist() for array in left[1:-1]] == [array.tolist() for array in right[1:-1]]
        assert_same(left[-1], right[-1])


def test_make_vec_of_a_wrapped_id_and_the_twin_agree():
    envs = gymnasium.make_vec("SPA-Toy-v0", num_envs=2, max_episode_steps=4)
    twin = VectorProgressAttributionWrapper(envs, "uniform", beta=0.0)
    twin.reset(seed=0)
    assert twin.step(("dance", "dance"))[1].tolist() == [0.25, 0.25]


def test_misuse():
    envs = SyncVectorEnv([make_toy] * 2)
    with pytest.raises(ResetNeeded):
        VectorProgressAttributionWrapper(envs, "oracle").step(("look", "look"))
    with pytest.raises(BadArgument, match="follows one episode.*pass its class"):
        VectorProgressAttributionWrapper(envs, FromTexts()).reset()
    with pytest.raises(BadArgument, match="did you mean 'uniform'"):
        VectorProgressAttributionWrapper(envs, "unifrom")
    one = VectorProgressAttributionWrapper(SyncVectorEnv([make_toy]), FromTexts())
    one.reset(seed=0)
    assert one.step(("look",))[1].shape == (1,)
    envs.metadata.pop("autoreset_mode")
    with pytest.raises(BadArgument, match="AutoresetMode"):
        VectorProgressAttributionWrapper(envs, "oracle")
