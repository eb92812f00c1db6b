"""What each method makes of a batch of trajectories, worked out by hand; and the seam that they stand behind."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gymnasium
import pytest

import spa_gym  # noqa: F401  (registers the ids)
from spa_gym.baselines.methods.oracle import OracleProgress
from spa_gym.baselines.methods.ppo import SparseReward
from spa_gym.baselines.methods.registry import METHODS, make_method
from spa_gym.baselines.methods.spa import StepwiseProgress
from spa_gym.baselines.seam import Batch, Study
from spa_gym.core.errors import BadArgument
from spa_gym.core.trajectory import Step, Trajectory
from tests.baselines.methods.own import Own


def _episode(grounded: Sequence[bool], progress: Sequence[float | None], score: float) -> Trajectory:
    last = len(grounded) - 1
    steps = tuple(
        Step("o", "a", score if i == last else 0.0, g, p)
        for i, (g, p) in enumerate(zip(grounded, progress, strict=True))
    )
    return Trajectory("", "", "", "", steps, "", score > 0, score == 0, score, score == 1.0)


PLAYED = [
    _episode([True, False, True], [0.25, 0.25, 1.0], 1.0),
    _episode([False, True], [0.0, 0.5], 0.0),
]


def _credit(method: Any) -> list[list[float]]:
    credit = method.credit(Batch(PLAYED))
    assert credit.advantages is None and [len(r) for r in credit.rewards] == [3, 2]
    return [r.tolist() for r in credit.rewards]


def test_sparse_reward_is_the_environments() -> None:
    assert _credit(SparseReward()) == [[0.0, 0.0, 1.0], [0.0, 0.0]]


def test_oracle_pays_what_progress_was_gained() -> None:
    assert _credit(OracleProgress()) == [[0.25, 0.0, 0.75], [0.0, 0.5]]


def test_oracles_rewards_sum_to_the_progress_at_the_end() -> None:
    env: Any = gymnasium.make("SPA-ALFWorld-v0", size="small", progress=True)
    for task in range(4):
        rng = random.Random(task)
        observation, info = env.reset(options={"task_id": task})
        plan, steps, done = list(env.unwrapped.expert()), [], False
        while not done:
            action = plan[len(steps)] if task % 2 else rng.choice(info["admissible_actions"])
            observation, reward, terminated, truncated, info = env.step(action)
            steps.append(Step("o", action, float(reward), info["grounded"], info["progress"]))
            done = terminated or truncated
        credit = OracleProgress().credit(Batch([Trajectory("", "", "", "", tuple(steps), "", True, False, 0.0, False)]))
        assert credit.rewards is not None
        assert credit.rewards[0].sum() == pytest.approx(info["progress"])
        assert (credit.rewards[0].sum() == pytest.approx(1.0)) == info["success"]


def test_oracle_needs_recorded_progress() -> None:
    with pytest.raises(BadArgument, match="progress=True"):
        OracleProgress().credit(Batch([_episode([True, True], [0.5, None], 0.0)]))


def test_methods_without_an_estimator_need_no_steps(tmp_path: Path) -> None:
    study = Study("nowhere", "SPA-ALFWorld-v0", {}, tmp_path, 0)
    for method in (SparseReward(), OracleProgress()):
        assert method.prepare(study) == 0 and method.metrics() == {}


@pytest.mark.parametrize("name", list(METHODS))
def test_every_name_makes_its_method(name: str) -> None:
    method = make_method(name)
    assert method.name == name
    assert method.needs.progress == (name == "oracle")


def test_options_and_methods_of_ones_own() -> None:
    method = make_method("spa", {"alpha": 3.0, "tasks": 7})
    assert isinstance(method, StepwiseProgress) and (method.alpha, method.tasks) == (3.0, 7)
    assert isinstance(make_method("tests.baselines.methods.own:Own"), Own)


def test_an_unknown_method_is_refused_with_those_that_exist() -> None:
    with pytest.raises(BadArgument, match="ppo, spa, spa-penalty, oracle"):
        make_method("dpo")


@pytest.mark.parametrize("name", ["spa_gym.baselines.methods.nothing:Here", "spa_gym.baselines.methods.spa:Nothing"])
def test_a_method_that_cannot_be_imported_is_refused(name: str) -> None:
    with pytest.raises(BadArgument, match="cannot be imported"):
        make_method(name)


def test_an_option_that_does_not_exist_is_refused() -> None:
    with pytest.raises(BadArgument, match="gamma_"):
        make_method("spa", {"gamma_": 1.0})


@pytest.mark.parametrize("name", [".x:y", "a..b:C", "os.:path", "x:y.", ":y", "x:"])
def test_a_name_that_no_module_has_is_refused(name: str) -> None:
    with pytest.raises(BadArgument, match="package.module:object"):
        make_method(name)
