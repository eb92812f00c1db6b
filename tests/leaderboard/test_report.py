"""The report from synthetic run records: figures by hand, pages that stand alone, pictures that are not empty."""

from __future__ import annotations

import json
import re
import struct
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spa_gym.agents import RandomAgent
from spa_gym.core.errors import BadArgument, DataNotFound
from spa_gym.core.run_record import RunRecord
from spa_gym.leaderboard.curves import seed_band
from spa_gym.leaderboard.episode_credit import draw_episode_credit
from spa_gym.leaderboard.evaluate import evaluate
from spa_gym.leaderboard.report import make_report
from spa_gym.leaderboard.statistics import Interval
from spa_gym.leaderboard.summary import collect_studies, method_order
from tests.toy import TOY_ID

pytest.importorskip("matplotlib")
pytest.importorskip("jinja2")

TYPES = ["cool", "heat"] * 10


def train_record(method: str, seed: int, solved: int, **fields: Any) -> RunRecord:
    """A run that solves the first `solved` of 20 tasks, sampled, and one more greedy."""
    made = RunRecord("train", method, "SPA-ALFWorld-v0", {"size": "small"}, seed, env_steps=1000, **fields)
    for decoding, count in (("sampled", solved), ("greedy", solved + 1)):
        successes = [int(task < count) for task in range(20)]
        final = {"success": count / 20, "n": 20, "successes": successes, "task_types": TYPES}
        made.final[f"valid_unseen/{decoding}"] = {**final, "grounding": 0.9, "steps": 12.5}
    made.curves = {
        "env_steps": [0, 500, 1000],
        "success_sampled": [0.1, None, solved / 20],
        "grounding": [0.5, 0.6, 0.9],
    }
    return made


def study_records(seeds: int = 5) -> list[RunRecord]:
    return [train_record(m, s, base + s) for m, base in (("spa", 10), ("ppo", 7), ("sft", 3)) for s in range(seeds)]


def test_the_table_by_hand() -> None:
    (study,) = collect_studies(study_records())
    rows = {row.method: row for row in study.splits["valid_unseen"]}
    assert list(rows) == ["sft", "ppo", "spa"]
    sampled = rows["spa"].cells["sampled"]
    assert sampled.success.mean == pytest.approx(0.6)  # (10 + 11 + 12 + 13 + 14) / 100
    assert rows["spa"].cells["greedy"].success.mean == pytest.approx(0.65)
    assert sampled.iqm.mean == pytest.approx(0.6)  # the middle three
    assert set(sampled.differences) == {"ppo"} and sampled.differences["ppo"].mean == pytest.approx(0.15)
    against = rows["ppo"].cells["sampled"].differences
    assert set(against) == {"spa"} and against["spa"].mean == pytest.approx(-0.15)
    assert set(rows["sft"].cells["sampled"].differences) == {"ppo", "spa"}
    assert sampled.grounding == pytest.approx((0.9, 0.9, 0.9)) and sampled.steps == (12.5, 12.5, 12.5)
    assert sampled.num_tasks == 20 and sampled.seeds_alone == ["grounding", "steps"]
    assert study.notes == []


def test_improvement_by_hand() -> None:
    # spa 10..14 against ppo 7..11: of 25 pairs spa loses 10<11 (1), ties 10=10, 11=11 (2), wins 22.
    (study,) = collect_studies(study_records())
    cell = study.splits["valid_unseen"][2].cells["sampled"]
    assert cell.improvements["ppo"].mean == pytest.approx(23 / 25)


def test_differences_use_shared_seeds_only() -> None:
    records = [train_record("ppo", s, 5) for s in (0, 1)] + [train_record("spa", s, 5 + 5 * s) for s in (1, 2)]
    (study,) = collect_studies(records)
    cell = study.splits["valid_unseen"][1].cells["sampled"]
    assert cell.differences["ppo"].mean == pytest.approx(0.25)  # seed 1 alone: 10 - 5 of 20


def test_a_split_counts_the_seeds_that_were_played_on_it() -> None:
    records = [train_record("ppo", seed, 5) for seed in (0, 1, 2)]
    for made in records[:2]:
        made.final["official/greedy"] = made.final["valid_unseen/greedy"]
    (study,) = collect_studies(records)
    assert {split: rows[0].seeds for split, rows in study.splits.items()} == {
        "valid_unseen": [0, 1, 2],
        "official": [0, 1],
    }


def test_rates_stand_in_where_outcomes_are_missing() -> None:
    records = study_records()
    for made in records:
        for final in made.final.values():
            del final["successes"]
    (study,) = collect_studies(records)
    assert study.splits["valid_unseen"][2].cells["sampled"].differences["ppo"].mean == pytest.approx(0.15)


def test_what_does_not_compare_is_said() -> None:
    cheap = train_record("rudder", 0, 9)
    cheap.env_steps = 500
    (study,) = collect_studies([*study_records(), cheap, train_record("ppo", 0, 9)])
    notes = " | ".join(study.notes)
    assert "fewer than 5 seeds: rudder" in notes
    assert "from 500 (rudder) to 1,000 (" in notes
    assert "ppo, seed 0: several records" in notes
    (lonely,) = collect_studies([train_record("spa", 0, 9)])
    assert any("no run of 'ppo'" in note for note in lonely.notes)
    assert not any("no run of" in note for note in collect_studies([train_record("spa", 0, 9)], ())[0].notes)
    many = [train_record(name, seed, 9) for name in ("ppo", "spa", "rloo", "grpo") for seed in (0, 1)]
    assert any("fewer than 5 seeds: all methods" in note for note in collect_studies(many)[0].notes)


def test_environments_are_never_mixed() -> None:
    other = train_record("spa", 0, 9)
    other.env_kwargs = {"size": "official"}
    sizes = [study.env_kwargs["size"] for study in collect_studies([*study_records(), other])]
    assert sorted(sizes) == ["official", "small"]


def test_scores_stand_beside_success_where_they_are_partial(tmp_path: Path) -> None:
    records = study_records(seeds=2)
    assert all(row.cells["sampled"].score is None for row in collect_studies(records)[0].splits["valid_unseen"])
    for made in records:
        if made.method == "spa":  # the others have solved their tasks or scored nothing
            for final in made.final.values():
                final["scores"] = [max(0.5, float(solved)) for solved in final["successes"]]
        made.save(tmp_path / f"{made.method}{made.seed}.json")
    sft, _, spa = collect_studies(records)[0].splits["valid_unseen"]
    assert spa.cells["sampled"].score is not None and sft.cells["sampled"].score is None
    assert isinstance(spa.cells["sampled"].score, Interval)
    assert spa.cells["sampled"].score.mean == pytest.approx(0.5 + 0.5 * 10.5 / 20)
    assert spa.cells["sampled"].score_iqm is not None and sft.cells["sampled"].score_iqm is None
    assert spa.cells["sampled"].score_iqm.mean == pytest.approx(0.5 + 0.5 * 10.5 / 20)
    # ppo solves 7 and 8 of 20; spa scores 15 and 15.5.
    apart = spa.cells["sampled"].other_differences["score"]["ppo"]
    assert isinstance(apart, Interval) and apart.mean == pytest.approx(15.25 / 20 - 7.5 / 20)
    text = make_report(tmp_path, tmp_path / "report").markdown.read_text()
    header, line = (next(x for x in text.splitlines() if x.startswith(f"| {name} |")) for name in ("method", "spa"))
    place = [cell.strip() for cell in header.split("|")].index("score")
    assert line.split("|")[place].strip().startswith("0.762 [") and header.count("|") == line.count("|")


def test_the_other_differences_have_a_table_of_their_own(tmp_path: Path) -> None:
    """Two seeds with each task's actions: 4 a task for `ppo`, all executed; 5 for `spa`, one of them not."""
    for made in study_records(seeds=2):
        steps = {"ppo": 4, "spa": 5, "sft": 6}[made.method]
        for final in made.final.values():
            final |= {"task_steps": [steps] * 20, "task_grounded": [4] * 20, "steps": steps, "grounding": 4 / steps}
        made.save(tmp_path / f"{made.method}{made.seed}.json")
    report = make_report(tmp_path, tmp_path / "report")
    text = report.markdown.read_text()
    table = text[text.index("Differences (sampled), seed by seed:") :].splitlines()[2:7]
    assert table[0] == "| method | grounding, to ppo | grounding, to spa | steps, to ppo | steps, to spa |"
    assert table[4] == "| spa | -0.200 [-0.200, -0.200] | – | +1.00 [+1.00, +1.00] | – |"
    assert "0.800 [0.800, 0.800] | 5.0 [5.0, 5.0] |" in text and "do not have them task by task" not in text
    assert "-0.200 to -0.200" in report.html.read_text()
    row = json.loads(report.summary.read_text())[0]["splits"]["valid_unseen"][2]["cells"]["sampled"]
    assert row["grounding"] == pytest.approx([0.8, 0.8, 0.8])
    assert row["other_differences"]["steps"]["ppo"] == [1.0, 1.0, 1.0] and len(row["improvements"]["ppo"]) == 3


def test_one_seed_without_its_tasks_has_no_interval_of_grounding(tmp_path: Path) -> None:
    for method in ("ppo", "spa"):
        train_record(method, 0, 9).save(tmp_path / f"{method}.json")
    report = make_report(tmp_path, tmp_path / "report")
    text = report.markdown.read_text()
    assert " | 0.900 | 12.5 |" in text and "| spa | – | +0.000 | – | +0.00 |" in text
    assert "<b>12.5</b></td>" in report.html.read_text()
    row = json.loads(report.summary.read_text())[0]["splits"]["valid_unseen"][1]["cells"]["sampled"]
    assert (row["grounding"], row["steps"], row["other_differences"]["steps"]) == (0.9, 12.5, {"ppo": 0.0})


def test_runs_on_other_tasks_are_told(tmp_path: Path) -> None:
    records = study_records(seeds=2)
    records[0].final["valid_unseen/greedy"]["positions"] = list(range(0, 200, 10))
    (study,) = collect_studies(records)
    assert "valid_unseen: not all runs played the same tasks" in study.notes


def test_several_environments_share_one_table(tmp_path: Path) -> None:
    for made in study_records(seeds=2):
        made.save(tmp_path / "a" / f"{made.method}{made.seed}.json")
    for seed in range(2):
        made = train_record("ppo", seed, 15)
        made.env_id, made.env_kwargs = "SPA-Other-v0", {}
        made.save(tmp_path / "b" / f"{seed}.json")
    report = make_report(tmp_path, tmp_path / "report")
    text = report.markdown.read_text()
    table = text[text.index("## All environments") : text.index("## SPA-ALFWorld-v0")].strip().splitlines()
    header = "| method | SPA-ALFWorld-v0 size=small, valid_unseen, sampled | SPA-Other-v0, valid_unseen, sampled |"
    assert table[2:4] == [header, "|---|---:|---:|"]
    rows = {line.split("|")[1].strip(): [cell.strip() for cell in line.split("|")[2:4]] for line in table[4:]}
    assert list(rows) == ["sft", "ppo", "spa"]
    assert rows["ppo"][0].startswith("0.375 [") and rows["ppo"][1].startswith("0.750 [") and rows["sft"][1] == "–"
    assert "All environments" in report.html.read_text()
    assert "All environments" not in make_report(tmp_path / "a", tmp_path / "one").markdown.read_text()


def test_method_order() -> None:
    assert method_order(["spa", "oracle", "ppo", "grpo", "sft"]) == ["sft", "ppo", "spa", "grpo", "oracle"]


def test_band_by_hand() -> None:
    runs = [train_record("ppo", 0, 4), train_record("ppo", 1, 8)]
    runs[1].curves["env_steps"] = [0, 500, 800]
    band = seed_band(runs, "success_sampled")
    assert band is not None
    steps, mean, low, high = band
    assert steps.tolist() == [0, 800]  # the stretch that both have
    assert mean == pytest.approx([0.1, (0.1 + 0.1 * 0.8 + 0.4) / 2])
    assert (low[1], high[1]) == pytest.approx((0.18, 0.4))
    assert seed_band(runs, "episode_length") is None and seed_band(runs, "success_sampled", "tokens") is None
    assert np.all(low <= mean) and np.all(mean <= high)


class Links(HTMLParser):
    """Everything that a page would load."""

    def __init__(self) -> None:
        super().__init__()
        self.sources: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.sources += [value or "" for name, value in attrs if name in ("src", "srcset", "href")]


def png_size(path: Path) -> tuple[int, int]:
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", data[16:24])  # type: ignore[return-value]


def test_report_from_a_folder(tmp_path: Path) -> None:
    for made in study_records():
        made.save(tmp_path / "runs" / made.method / f"{made.seed}.json")
    evaluate(TOY_ID, {}, "train", RandomAgent(), 4, 0, tmp_path / "runs" / "random", progress_bar=False)
    made = make_report(tmp_path / "runs", tmp_path / "report", title="A <b>title</b> & more")
    assert made.num_records == 16
    text, page = made.markdown.read_text(), made.html.read_text()
    spa = next(line for line in text.splitlines() if line.startswith("| spa |"))
    cells = [cell.strip() for cell in spa.strip("|").split("|")]
    assert cells[1] == "5" and cells[2].startswith("0.600 [") and cells[3].startswith("0.650 [")
    assert cells[5].startswith("+0.150 [") and cells[6].startswith("0.92 [0.") and cells[7:9] == ["–", "–"]
    assert cells[9:] == ["0.900 [0.900, 0.900]", "12.5 [12.5, 12.5]"]
    assert "for records do not have them task by task: grounding, steps." in text
    assert "| spa | 1000 | 0 | 0 | 0 | 0 | 0.0 min |" in text, "its cost"
    assert f"| {TOY_ID} | train | RandomAgent | 6 |" in text
    header = next(line for line in text.splitlines() if line.startswith("| method"))
    assert header.count("|") == spa.count("|")
    links = Links()
    links.feed(page)
    assert links.sources and all(source.startswith("data:image/png;base64,") for source in links.sources)
    assert "A &lt;b&gt;title" in page and "<b>title" not in page
    assert "0.600" in page and "+0.150" in page
    for picture in made.pictures:
        width, height = png_size(picture)
        assert width > 600 and height > 250 and picture.stat().st_size > 10_000
    for name in re.findall(r"!\[.*?\]\((.*?)\)", text):
        assert (made.markdown.parent / name).exists()
    assert json.loads(made.summary.read_text())[0]["splits"]["valid_unseen"]


def test_the_same_records_give_the_same_report(tmp_path: Path) -> None:
    for made in study_records(seeds=2):
        made.save(tmp_path / "runs" / f"{made.method}{made.seed}.json")
    first = make_report(tmp_path / "runs", tmp_path / "a")
    second = make_report(tmp_path / "runs", tmp_path / "b")
    assert first.markdown.read_bytes() == second.markdown.read_bytes()
    assert first.html.read_bytes() == second.html.read_bytes()


def test_records_without_curves_or_reference(tmp_path: Path) -> None:
    made = train_record("spa", 0, 9)
    made.curves = {}
    made.save(tmp_path / "runs" / "one.json")
    report = make_report(tmp_path / "runs", tmp_path / "report")
    assert report.pictures == [] and "no run of 'ppo'" in report.markdown.read_text()


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataNotFound, match="run records"):
        make_report(tmp_path, tmp_path / "report")


def test_episode_credit(tmp_path: Path) -> None:
    step = {"action": "pay $5 for $\\bad{ x", "contribution": -0.2, "grounded": False}
    plain = draw_episode_credit({"steps": [step, {**step, "contribution": 0.0, "grounded": True}]}, tmp_path / "a.png")
    full = {"title": "t", "goal": "g", "score": 1.0, "steps": [{**step, "progress": 0.5}] * 40}
    long = draw_episode_credit(full, tmp_path / "b.png")
    assert png_size(long)[1] > 3 * png_size(plain)[1]
    with pytest.raises(BadArgument, match="no step"):
        draw_episode_credit({"steps": []}, tmp_path / "c.png")
    with pytest.raises(BadArgument, match="without one"):
        draw_episode_credit({"steps": [{"action": "x"}]}, tmp_path / "c.png")
