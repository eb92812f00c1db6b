"""Every environment and every method has a page; published figures have their source, and stay on their page."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import gymnasium
import pytest

from benchmarks import ablation_sweeps, doc_tables, stopped_runs, two_studies
from spa_gym.baselines.ablations import ABLATIONS
from spa_gym.baselines.methods.registry import METHODS
from spa_gym.core.run_record import RunRecord
from spa_gym.registration import REGISTRATIONS

_PAGES = Path(__file__).resolve().parents[1] / "docs" / "environments"
_FORM = (
    *("Description", "Observation", "Action", "Reward", "Episode end", "Information", "Arguments", "Data"),
    *("Differences from the original", "Version history"),
)
_IDS = [row.id for row in REGISTRATIONS if not row.wrappers]


def _page(env_id: str) -> str:
    return (_PAGES / f"{env_id.split('-')[1].lower()}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("env_id", _IDS)
def test_the_pages_have_one_form(env_id: str) -> None:
    page = _page(env_id)
    assert page.startswith(f"# {env_id}\n")
    assert tuple(re.findall(r"^## (.*)$", page, re.MULTILINE)) == _FORM


@pytest.mark.parametrize("env_id", _IDS)
def test_every_argument_of_the_environment_is_on_its_page(env_id: str) -> None:
    env = gymnasium.make(env_id).unwrapped
    arguments = set(type(env).__init__.__annotations__) - {"return", "render_mode"}
    table = _page(env_id).split("## Arguments")[1].split("\n## ")[0]
    assert arguments - set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE)) == set()


@pytest.mark.parametrize("env_id", _IDS)
def test_every_key_of_info_is_on_its_page(env_id: str) -> None:
    env = gymnasium.make(env_id, progress=True)
    _, info = env.reset(seed=0)
    table = _page(env_id).split("## Information")[1].split("\n## ")[0]
    assert {key for key in info if f"`{key}`" not in table} == set()


@pytest.mark.parametrize("method", list(METHODS))
def test_every_method_has_a_page(method: str) -> None:
    page = _PAGES.parent / "methods" / f"{method}.md"
    if method == "spa-penalty":  # a form of spa, and on its page
        page = page.with_name("spa.md")
    assert f"`{method}`" in page.read_text(encoding="utf-8")


def _tables(page: str) -> list[list[list[str]]]:
    """The tables of a Markdown text: rows of cells, the heading first."""
    blocks = re.findall(r"(?:^\|.*\n)+", page, re.MULTILINE)
    return [[[c.strip() for c in line.strip("| \n").split("|")] for line in b.splitlines()] for b in blocks]


def test_every_published_figure_says_where_it_was_read() -> None:
    page = (_PAGES.parent / "published.md").read_text(encoding="utf-8")
    marks, protocols, *tables = _tables(page)
    known = {row[0] for row in marks[2:]}
    assert known == {"F", "A", "N", "W", "calc"} and protocols[0][0] == "family" and len(tables) >= 6
    for heading, rule, *rows in tables:
        assert heading[-1] == "mark" and len(rule) == len(heading) and rows
        for row in rows:
            assert len(row) == len(heading) and row[-1].split()[0] in known, row


def test_the_tables_of_the_pages_are_those_of_the_report() -> None:
    if not doc_tables.SUMMARY.is_file():
        pytest.skip("the report is not here: spa-gym report benchmarks/results/comparison makes it")
    summary = json.loads(doc_tables.SUMMARY.read_text(encoding="utf-8"))
    for path in doc_tables.pages():
        page = path.read_text(encoding="utf-8")
        assert "<!-- table of " in page, path
        assert doc_tables.filled(page, summary) == page, f"python benchmarks/doc_tables.py mends {path.name}"


def test_a_table_is_put_between_its_marks() -> None:
    interval, other = [0.5, 0.4, 0.6], [-0.1, -0.2, 0.0]
    cell = {"success": interval, "differences": {"ppo": other}, "grounding": 0.75, "steps": 9.96}
    row = {"method": "grpo", "seeds": [0, 1], "cells": {"sampled": cell, "greedy": cell}}
    study = {
        "env": "SPA-ALFWorld-v0 size=small",
        "splits": {"valid_unseen": [row], "official_valid_unseen": []},
        "costs": {"grpo": {"env_steps": 10214.2, "seconds": 90.0}},
    }
    marks = "<!-- table of methods: grpo ppo -->\nold", "<!-- table of world: SPA-WebShop-v0 -->"
    page = f"a\n{marks[0]}\n<!-- end -->\n{marks[1]}\n<!-- end -->\nb\n"
    lines = doc_tables.filled(page, [study]).splitlines()
    figures = (
        "| 2 | 0.500 [0.400, 0.600] | 0.500 [0.400, 0.600] | -0.100 [-0.200, +0.000] | – | 0.75 | 10.0 | 10,214 | 90 |"
    )
    assert f"| ALFWorld | `grpo` {figures}" in lines and "Not measured yet." in lines and "old" not in lines
    assert lines[0] == "a" and lines[-1] == "b"


def test_a_figure_with_an_interval_stands_in_the_tables_by_its_mean() -> None:
    interval = [0.5, 0.4, 0.6]
    cell = {"success": interval, "differences": {}, "grounding": [0.754, 0.7, 0.8], "steps": [9.96, 9.0, 11.0]}
    row = {"method": "grpo", "seeds": [0, 1], "cells": {"sampled": cell, "greedy": cell}}
    costs = {"grpo": {"env_steps": 10214.2, "seconds": 90.0}}
    study = {"env": "SPA-ALFWorld-v0", "splits": {"valid_unseen": [row]}, "costs": costs}
    assert "| – | – | 0.75 | 10.0 | 10,214 | 90 |" in doc_tables.of_world([study], "SPA-ALFWorld-v0")


def test_the_sweeps_are_drawn_with_the_intervals_that_there_are(tmp_path: Path) -> None:
    names = {
        ablation_sweeps.row_of(f, o, v)
        for f in ablation_sweeps.FORMS
        for o, s in ablation_sweeps.SWEEPS.items()
        for v in s
    }
    rows: dict[str, dict[str, Any]] = {
        name: {"success": [0.5, 0.4, 0.6], "grounding": [0.8, 0.7, 0.9], "steps": [15.0, 14.0, 16.0]}
        for name in {*names, "ppo"}
    }
    rows["ppo"]["steps"], rows["paper"]["grounding"] = 15.0, 0.8  # of one seed
    ablation_sweeps.draw(rows, tmp_path / "sweeps.png")
    assert (tmp_path / "sweeps.png").stat().st_size > 10_000


def test_the_picture_of_the_sweeps_has_every_value_that_is_swept() -> None:
    drawn = {
        ablation_sweeps.row_of(form, option, value)
        for form in ablation_sweeps.FORMS
        for option, values in ablation_sweeps.SWEEPS.items()
        for value in values
    }
    swept = {name for name in ABLATIONS if re.match("(paper|penalty)-(alpha|beta)-", name)}
    assert drawn == swept | {"paper", "penalty", "no-grounding"}


def test_the_table_of_trials_says_which_rate_was_chosen(tmp_path: Path) -> None:
    tried = {("ppo", 1.5e-4): 0.3, ("ppo", 5e-4): 0.4, ("eto", 5e-5): 0.2}
    for (label, rate), success in tried.items():
        record = RunRecord("train", f"{label} lr={rate:g}", "SPA-ALFWorld-v0", seed=100, settings={"lr": rate})
        record.final = {"valid_seen/sampled": {"success": success}}
        record.save(tmp_path / f"{label}-{rate}.json")
    heading, _, *rows = doc_tables.of_trials(["SPA-ALFWorld-v0", "SPA-WebShop-v0"], tmp_path).splitlines()
    assert heading == "| row | ALFWorld | WebShop |"
    assert rows == ["| `eto` | 5e-5: 0.200 |  |", "| `ppo` | 1.5e-4: 0.300, **5e-4: 0.400** |  |"], (
        "eto has one to come"
    )


def test_the_table_of_ablations_says_what_each_asks_and_by_how_much_sums_are_wrong(tmp_path: Path) -> None:
    cell = {"success": [0.5, 0.4, 0.6], "differences": {}, "grounding": 0.75, "steps": 9.96}
    cell["by_length"] = {"short (3-5)": [0.6, 0.5, 0.7], "long (8-10)": [0.25, 0.2, 0.3]}
    names = ("ppo", "no-grounding", "released-only-gae_over")
    rows = [{"method": name, "seeds": [0, 1], "cells": {"sampled": cell, "greedy": cell}} for name in names]
    (tmp_path / "report").mkdir()
    study = {"env": "SPA-ALFWorld-v0 size=small", "splits": {"valid_unseen": rows}}
    (tmp_path / "report/summary.json").write_text(json.dumps([study]))
    for seed, error in enumerate((0.2, 0.3)):
        record = RunRecord("train", "no-grounding", "SPA-ALFWorld-v0", seed=seed, curves={"sum_error": [0.9, error]})
        record.save(tmp_path / f"alfworld/no-grounding-{seed}.json")
    figures = "| 2 | 0.500 [0.400, 0.600] | 0.500 [0.400, 0.600] | – | 0.75 | 10.0 | 0.60 / 0.25 |"
    _, _, ppo, row = doc_tables.of_ablations("spa", "SPA-ALFWorld-v0", tmp_path).splitlines()
    assert ppo == f"| `ppo` |  {figures} – |"
    assert row == f"| `no-grounding` | progress alone {figures} 0.25 |"
    assert "`released-only-gae_over`" in doc_tables.of_ablations("spa-released", "SPA-ALFWorld-v0", tmp_path)
    assert doc_tables.of_ablations("spa", "SPA-WebShop-v0", tmp_path) == ""
    assert doc_tables.of_ablations("spa", "SPA-ALFWorld-v0", tmp_path / "nowhere") == ""


def test_the_trainings_that_were_stopped_are_told_as_they_stood() -> None:
    records = list(stopped_runs.stopped_records(_PAGES.parents[1] / "benchmarks/results/gpu-stopped"))
    assert {(r.method, r.seed) for r in records} == {(m, s) for m in ("ppo", "spa", "spa-penalty") for s in range(3)}
    page = " ".join((_PAGES.parent / "findings.md").read_text(encoding="utf-8").split())
    for method, figures in stopped_runs.figures(stopped_runs.study_of(records)).items():
        success, grounding, length = (figures[name] for name in stopped_runs.SHOWN)
        told = f"{success[0]:.3f} -> {success[1]:.3f} | {grounding[0]:.3f} -> {grounding[1]:.3f}"
        assert f"| `{method}` | {told} | {length[0]:.1f} -> {length[1]:.1f} |" in page


def test_two_studies_are_set_side_by_side_over_what_both_have() -> None:
    first = {"sft": (-0.3, 0.1), "spa": (-0.2, 0.2), "rft": (0.1, 0.06), "rloo": (0.0, 0.1), "eto": (0.5, 0.1)}
    second = {"spa": (-0.1, 0.1), "rft": (0.2, float("nan")), "sft": (-0.4, 0.1), "rloo": (0.1, 0.1)}
    assert two_studies.in_both(first, second) == ["sft", "spa", "rft", "rloo"]
    assert two_studies.with_seeds(first, second) == ["sft", "spa", "rloo"]
    *_, every, some = two_studies.table(first, second | {"rft": (-0.2, float("nan"))}).splitlines()
    assert every == "Spearman over all rows (4): +0.40"
    assert some == "Spearman over rows with two seeds and more in both (3): +1.00"


def test_the_order_at_eleven_times_the_size_is_told_as_it_is() -> None:
    results = _PAGES.parents[1] / "benchmarks/results"
    studies = [two_studies.gains(results / name, "ppo") for name in ("comparison/alfworld", "gpu/alfworld")]
    *_, every, some = two_studies.table(*studies).splitlines()
    page = " ".join((_PAGES.parent / "findings.md").read_text(encoding="utf-8").split())
    assert "over the 24 rows that both have, gain over `ppo` (sampled and greedy together) has a rank" in page
    assert "correlation of +0.92" in page
    assert "over the 15 with two seeds +0.86" in page
    assert "(24): +0.92" in every and "(15): +0.86" in some
