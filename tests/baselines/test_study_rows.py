"""Rows of a study: every method in the large sizes, unknown names by name, small budgets, trial runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from spa_gym.baselines import tuning as tuning_module
from spa_gym.baselines.ablations import ABLATIONS
from spa_gym.baselines.experiment import Job
from spa_gym.baselines.methods.registry import METHODS, make_method
from spa_gym.baselines.studies import STUDIES
from spa_gym.baselines.study_rows import Row, ablation_rows, method_rows
from spa_gym.baselines.train_config import TrainConfig
from spa_gym.baselines.training.tasks import Tasks
from spa_gym.baselines.tuning import RATES, SEED, chosen, trial_rows, try_rates
from spa_gym.core.errors import BadArgument
from spa_gym.core.run_record import RunRecord

CPU = STUDIES["alfworld"].presets["cpu"]


@pytest.mark.parametrize("size", ["cpu", "gpu"])
@pytest.mark.parametrize("name", list(STUDIES))
def test_every_method_is_in_the_large_sizes_and_has_room(name: str, size: str) -> None:
    preset = STUDIES[name].presets[size]
    rows = method_rows(preset)
    assert {row.method for row in rows} == set(METHODS) and len({row.folder for row in rows}) == len(rows)
    assert {"ppo", "spa", "sft-longer"} <= {row.label for row in rows}, "sft is the imitation that all start from"
    for row in rows:
        config = TrainConfig(env_id="SPA-ALFWorld-v0", **{**preset.training, **row.changes})
        Tasks(config, make_method(row.method, row.options).needs, ["x"])


def test_the_quick_size_stays_small() -> None:
    assert {study.presets["quick"].methods for study in STUDIES.values()} == {("ppo", "spa", "spa-penalty")}


def test_unknown_methods_are_refused_together_and_by_name() -> None:
    with pytest.raises(BadArgument, match="got pppo, grpoo"):
        method_rows(CPU, ("ppo", "pppo", "grpoo"))
    with pytest.raises(BadArgument, match="got dpo"):
        method_rows(replace(CPU, changes={"dpo": {"lr": 1e-4}}))
    with pytest.raises(BadArgument, match="cannot be imported"):
        method_rows(CPU, ("tests.baselines.methods.own:Nothing",))
    with pytest.raises(BadArgument, match="taskss"):
        method_rows(replace(CPU, options={"spa": {"taskss": 1}}))


def test_a_method_of_ones_own_is_a_row() -> None:
    (row,) = method_rows(CPU, ("tests.baselines.methods.own:Own",))
    assert row.folder == "tests.baselines.methods.own.Own" and row.method == row.label


def test_a_smaller_budget_explores_less_and_a_larger_one_does_not_explore_more() -> None:
    def tasks(env_steps: int | None) -> int:
        return method_rows(CPU, ("spa",), env_steps)[0].options["tasks"]

    assert [tasks(steps) for steps in (None, CPU.env_steps // 2, 1, 10 * CPU.env_steps)] == [42, 21, 10, 42]
    assert ablation_rows(CPU, ("paper",), CPU.env_steps // 2)[0].options["tasks"] == 21
    assert CPU.options["spa"]["tasks"] == 42


def test_few_explored_tasks_are_passed_over_more_often() -> None:
    gpu = STUDIES["alfworld"].presets["gpu"]
    found = [method_rows(gpu, ("spa",), steps)[0].options for steps in (None, gpu.env_steps // 2, gpu.env_steps // 10)]
    assert [(options["tasks"], options["epochs"]) for options in found] == [(500, 4), (250, 4), (50, 12)]
    (cpu,) = method_rows(CPU, ("spa",), CPU.env_steps // 2)
    assert cpu.options["epochs"] == CPU.options["spa"]["epochs"] == 12


def test_changes_are_the_methods_alone() -> None:
    preset = replace(CPU, changes={"rloo": {"lr": 1e-3}})
    rows = {row.label: row.changes for row in method_rows(preset, ("ppo", "rloo"))}
    assert rows == {"ppo": {}, "rloo": {"lr": 1e-3}}


def test_the_ablations_are_rows_too() -> None:
    assert [row.label for row in ablation_rows(CPU)] == list(ABLATIONS)


def test_every_method_gets_the_same_trials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stages: list[list[Job]] = []
    monkeypatch.setattr(tuning_module, "run_jobs", lambda jobs, **_: stages.append(jobs))
    assert try_rates("cpu", tmp_path, ["webshop"], ("ppo", "vineppo"), env_steps=500) == [tmp_path / "trials"]
    imitations, trials = stages
    table = STUDIES["webshop"].table_split
    assert [job.config.seed for job in (*imitations, *trials)] == [SEED] * (1 + 2 * len(RATES))
    assert {job.config.method: job.config.env_steps for job in trials} == {"ppo": 500, "vineppo": 500}
    assert [job.config.lr for job in trials] == [*RATES, *RATES] and len({job.out for job in trials}) == len(trials)
    assert all(table not in (*job.config.final_splits, job.config.evaluate_split) for job in trials)
    assert table not in imitations[0].config.evaluate
    assert SEED not in {seed for study in STUDIES.values() for size in study.presets.values() for seed in size.seeds}
    for study in STUDIES.values():
        assert {row.changes["lr"] for row in trial_rows([Row("b", "eto")], study)} == set(study.preference_rates)
        assert len(study.preference_rates) == len(RATES), "as many trials for every method"
    (row, _) = trial_rows([Row("a", "ppo", changes={"lr": 3.0, "epochs": 4})], STUDIES["alfworld"])
    assert row.changes == {"lr": RATES[0], "epochs": 4}


def test_the_best_rate_is_chosen_and_ties_go_to_the_shared_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rates = (2e-4, 5e-4, 1e-3)
    monkeypatch.setattr(tuning_module, "RATES", rates)
    monkeypatch.setitem(tuning_module.STUDIES, "alfworld", replace(STUDIES["alfworld"], preference_rates=rates))
    tried = {"ppo": (0.5, 0.5, 0.5), "rloo": (0.2, 0.3, 0.4), "eto": (0.4, 0.1, 0.4), "rft": (0.1, 0.9)}
    for label, successes in tried.items():
        for rate, success in zip(rates, successes, strict=False):
            record = RunRecord("train", f"{label} lr={rate:g}", "SPA-ALFWorld-v0", seed=SEED, settings={"lr": rate})
            record.final = {"valid_seen/greedy": {"success": 1.0}, "valid_seen/sampled": {"success": success}}
            record.save(tmp_path / "alfworld" / f"{label}{rate}" / "record.json")
    own = RunRecord("train", "ppo lr=0.001", "SPA-ALFWorld-v0", settings={"lr": 1e-3})
    own.save(tmp_path / "alfworld" / "ppo0.001" / "outcome" / "record.json")  # a method's first training, not played
    RunRecord("train", "sft", "SPA-ALFWorld-v0").save(tmp_path / "alfworld" / "sft" / "record.json")
    assert chosen(tmp_path) == {"SPA-ALFWorld-v0": {"eto": 2e-4, "ppo": 5e-4, "rloo": 1e-3}}, (
        "rft has not had all its trials"
    )


def test_the_rates_of_the_tables_are_those_that_the_trials_chose() -> None:
    trials = Path(__file__).parents[2] / "benchmarks" / "results" / "trials"
    if not trials.is_dir():
        pytest.skip("the run records are not here: a checkout of the repository has them")
    found = chosen(trials)
    for study in STUDIES.values():
        preset = study.presets["cpu"]
        used = {row.label: row.changes.get("lr", preset.training["lr"]) for row in method_rows(preset)}
        assert used == found[study.env_id]
