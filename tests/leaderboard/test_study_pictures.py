"""Cost, task lengths, and pictures of few and of many methods."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from spa_gym.core.run_record import RunRecord
from spa_gym.leaderboard import curves
from spa_gym.leaderboard.cost import cost_of
from spa_gym.leaderboard.curves import draw_curves, seed_band
from spa_gym.leaderboard.pictures import draw_differences
from spa_gym.leaderboard.summary import Study, collect_studies
from spa_gym.leaderboard.task_lengths import length_groups
from spa_gym.leaderboard.theme import LIGHT, method_colours

pytest.importorskip("matplotlib")


def run_of(method: str, seed: int, *, points: int = 3) -> RunRecord:
    """A run of some points, each of 100 environment steps, 10 tokens and 60 seconds, 25 steps continued."""
    at = range(1, points + 1)
    curves: dict[str, list[float | None]] = {
        "env_steps": [100.0 * i for i in at],
        "tokens": [10.0 * i for i in at],
        "continued_steps": [25.0 * i for i in range(points)],
        "success_sampled": [0.1 * i + 0.1 * seed for i in at],
        "success_batch": [0.2 for _ in at],
        "episode_length": [9.0 for _ in at],
    }
    made = RunRecord("train", method, "SPA-Toy-v0", seed=seed, curves=curves, elapsed_s=[60.0 * i for i in at])
    made.env_steps, made.tokens, made.updates, made.wall_time_s = 100 * points, 10 * points, 4, 70.0 * points
    made.metrics = {"exploration_env_steps": 40 * seed}
    return made


def study_of(methods: int, *, points: int = 3) -> Study:
    names = ["ppo", *(f"m{number:02d}" for number in range(methods - 1))]
    return Study("SPA-Toy-v0", {}, {name: {s: run_of(name, s, points=points) for s in (0, 1)} for name in names})


def test_cost_by_hand() -> None:
    cost = cost_of([run_of("rro", 0), run_of("rro", 1, points=5)])
    assert (cost.env_steps, cost.tokens, cost.updates, cost.seconds) == (400, 40, 4, 280)
    assert cost.explored == 20 and cost.continued == (75 + 250) / 2
    bare = RunRecord("train", "sft", "SPA-Toy-v0", curves={"continued_steps": [None, 3.0]})
    assert (cost_of([bare]).explored, cost_of([bare]).continued) == (0, 3)


def test_groups_are_as_equal_as_lengths_allow() -> None:
    assert length_groups([4] * 9 + [5]) == {"short (4)": [*range(9)], "long (5)": [9]}
    assert length_groups([4, 4, None]) == {} == length_groups([])
    groups = length_groups([1, 2, 3, 4, 5, 6])
    assert groups == {"short (1-2)": [0, 1], "medium (3-4)": [2, 3], "long (5-6)": [4, 5]}


def test_success_by_task_length_by_hand() -> None:
    records = []
    for seed, successes in enumerate(([1, 1, 0, 0], [1, 0, 1, 0])):
        final = {"success": 0.5, "n": 4, "successes": successes, "expert_steps": [3, 3, 5, 9]}
        records.append(RunRecord("train", "ppo", "SPA-Toy-v0", seed=seed, final={"test/sampled": final}))
    (row,) = collect_studies(records)[0].splits["test"]
    assert {name: value.mean for name, value in row.cells["sampled"].by_length.items()} == {
        "short (3)": 0.75,
        "medium (5)": 0.5,
        "long (9)": 0.0,
    }
    records[1].final["test/sampled"]["expert_steps"] = [3, 3, 5, 5]
    (row,) = collect_studies(records)[0].splits["test"]
    assert row.cells["sampled"].by_length == {}, "other tasks are not the same tasks"


def test_a_split_on_which_nobody_solves_anything_is_not_drawn(tmp_path: Path) -> None:
    def drawn(successes: list[int]) -> Path | None:
        final = {"official_test/greedy": {"success": sum(successes) / 2, "n": 2, "successes": successes}}
        records = [RunRecord("train", method, "SPA-Toy-v0", final=final) for method in ("ppo", "spa")]
        return draw_differences(collect_studies(records)[0], tmp_path / "differences.png")

    assert drawn([0, 0]) is None and not (tmp_path / "differences.png").exists()
    assert drawn([1, 0]) == tmp_path / "differences.png"


def test_a_curve_can_be_drawn_against_tokens_and_seconds() -> None:
    runs = [run_of("ppo", 0), run_of("ppo", 1)]
    for axis, x in (("env_steps", 100.0), ("tokens", 10.0), ("seconds", 60.0)):
        band = seed_band(runs, "success_sampled", axis)
        assert band is not None and band.x.tolist() == [x, 2 * x, 3 * x]
        assert band.mean == pytest.approx([0.15, 0.25, 0.35])
        assert np.all(band.low <= band.mean) and np.all(band.mean <= band.high)


def test_few_methods_share_panels_and_many_have_one_each(tmp_path: Path) -> None:
    few = draw_curves(study_of(3), tmp_path, ".png", ("ppo",))
    assert list(few) == ["learning_curves", "learning_curves_cost"]
    many = draw_curves(study_of(9), tmp_path, "-2.png", ("spa", "ppo"))
    assert list(many) == ["learning_curves", "learning_curves_tokens", "learning_curves_time", "episode_length"]
    assert all(path.read_bytes()[:4] == b"\x89PNG" for path in (*few.values(), *many.values()))
    assert many["learning_curves"].name == "learning_curves-2.png"


def test_looks_that_were_not_taken_leave_the_training_tasks(tmp_path: Path) -> None:
    study = study_of(7)
    for runs in study.records.values():
        for run in runs.values():
            run.curves["success_sampled"] = [None, None, 0.5]
    assert "learning_curves" in draw_curves(study, tmp_path, ".png")
    assert draw_curves(study_of(7, points=1), tmp_path, ".png") == {}, "a point is no curve"


@pytest.mark.parametrize(
    ("looks", "drawn"), [((0.1, 0.2, 0.3), "success_sampled"), ((None, 0.2, 0.3), "success_batch")]
)
def test_two_looks_are_no_curve_of_many_methods(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, looks: tuple[float | None, ...], drawn: str
) -> None:
    study, seen = study_of(7), []
    for runs in study.records.values():
        for run in runs.values():
            run.curves["success_sampled"] = list(looks)
    monkeypatch.setattr(curves, "_draw_each", lambda panel, reference, path, theme: seen.append(panel[0]) or path)
    draw_curves(study, tmp_path, ".png", ("ppo",))
    assert seen == [drawn, drawn, drawn, "episode_length"]


def test_no_two_methods_share_a_colour_by_chance() -> None:
    few = method_colours(["sft", "ppo", "spa"], LIGHT)
    assert len(set(few.values())) == 3
    assert len(set(method_colours([str(i) for i in range(22)], LIGHT).values())) == 1
