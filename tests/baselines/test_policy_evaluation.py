"""The figures of a policy on a split."""

from __future__ import annotations

from typing import Any

import pytest

from spa_gym.baselines import policy_evaluation
from spa_gym.baselines.models.checkpoint import load_checkpoint
from spa_gym.baselines.policy_evaluation import evaluate_policy
from spa_gym.core.errors import BadArgument
from spa_gym.core.trajectory import Step, Trajectory
from tests.baselines.conftest import Pipeline
from tests.baselines.tiny_runs import KWARGS


class _Engine:
    """Plays what it is told, and remembers how it was asked."""

    asked: dict[str, Any]

    def __init__(self, *_: object, dtype: object) -> None:
        type(self).asked = {"dtype": dtype}

    def run(self, make: Any, specs: Any, **settings: Any) -> list[Trajectory]:
        type(self).asked |= {"specs": specs, "spec": make().spec, **settings}
        played = []
        for spec in specs:
            steps = tuple(Step("o", "a", 0.0, k != 1) for k in range(2 + spec.task_id))
            solved = spec.task_id == 1
            kind = ("put", "heat", "cool")[spec.task_id]
            played.append(Trajectory("", "", kind, "", steps, "", solved, not solved, float(solved), solved))
        return played


def test_figures_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three episodes of 2, 3 and 4 steps, the second solved, the second step of each not executed."""
    monkeypatch.setattr(policy_evaluation, "CachedEngine", _Engine)
    figures = evaluate_policy(
        object(),
        object(),
        "SPA-ALFWorld-v0",
        {"size": "small"},
        split="valid_seen",
        temperature=0.0,
        seed=5,
        max_tasks=3,
    )
    assert figures == {
        "success": pytest.approx(1 / 3),
        "score": pytest.approx(1 / 3),
        "n": 3,
        "successes": [0, 1, 0],
        "task_types": ["put", "heat", "cool"],
        "task_grounded": [1, 2, 3],
        "task_steps": [2, 3, 4],
        "grounding": pytest.approx(6 / 9),
        "steps": 3.0,
        "env_steps": 9,
    }
    asked = _Engine.asked
    assert [spec.task_id for spec in asked["specs"]] == [0, 1, 2] and {spec.seed for spec in asked["specs"]} == {5}
    assert (asked["temperature"], asked["seed"]) == (0.0, 5)
    assert asked["spec"].kwargs["split"] == "valid_seen" and asked["spec"].kwargs["size"] == "small"
    assert not asked["spec"].kwargs.get("progress"), "the simulator's progress must not be there"


def test_the_experts_lengths_are_kept_for_the_tasks_that_were_played(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy_evaluation, "CachedEngine", _Engine)
    place: dict[str, Any] = {"split": "valid_seen", "temperature": 0.0, "max_tasks": 2}
    figures = evaluate_policy(
        object(), object(), "SPA-ALFWorld-v0", {"size": "small"}, **place, expert_steps=[4, None, 7]
    )
    assert figures["expert_steps"] == [4, None]


def test_tasks_at_given_positions_are_played_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy_evaluation, "CachedEngine", _Engine)

    def play(**which: Any) -> dict[str, Any]:
        place: dict[str, Any] = {"split": "valid_seen", "temperature": 0.0, "expert_steps": [4, None, 7]}
        return evaluate_policy(object(), object(), "SPA-ALFWorld-v0", {"size": "small"}, **place, **which)

    figures = play(positions=[0, 2])
    assert [spec.task_id for spec in _Engine.asked["specs"]] == figures["positions"] == [0, 2]
    assert (figures["n"], figures["expert_steps"], figures["task_steps"]) == (2, [4, 7], [2, 4])
    assert play(positions=range(2)) == play(max_tasks=2), "the first ones need no telling"
    for wrong in ({"positions": [0], "max_tasks": 1}, {"positions": []}, {"max_tasks": 0}):
        with pytest.raises(BadArgument, match="and not both"):
            play(**wrong)


def test_all_tasks_of_the_split_are_played_unless_fewer_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = []

    class Counting(_Engine):
        def run(self, make: Any, specs: Any, **settings: Any) -> list[Trajectory]:
            counts.append(len(specs))
            return super().run(make, specs[:1], **settings)

    monkeypatch.setattr(policy_evaluation, "CachedEngine", Counting)
    for most in (None, 7, 1000):
        evaluate_policy(
            object(),
            object(),
            "SPA-ALFWorld-v0",
            {"size": "small"},
            split="valid_unseen",
            temperature=1.0,
            max_tasks=most,
        )
    assert counts == [200, 7, 200]


def test_greedy_and_sampled_play_are_repeatable_and_differ(pipeline: Pipeline) -> None:
    loaded = load_checkpoint(pipeline.start)

    def play(temperature: float, seed: int = 0) -> dict[str, Any]:
        return evaluate_policy(
            loaded.model,
            loaded.codec,
            "SPA-ALFWorld-v0",
            KWARGS,
            split="valid_seen",
            temperature=temperature,
            seed=seed,
            max_tasks=4,
        )

    assert play(0.0) == play(0.0, seed=3)
    assert play(1.0) == play(1.0)
    assert play(1.0)["n"] == 4 and play(1.0)["steps"] <= 6
