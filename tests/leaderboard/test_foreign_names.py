"""Names out of foreign records in a report: shown as text in pictures, Markdown and HTML, whatever they hold."""

from __future__ import annotations

import json
import re
import warnings
from pathlib import Path
from typing import Any

import pytest

from spa_gym import cli
from spa_gym.core.errors import DataCorrupt
from spa_gym.core.run_record import RunRecord
from spa_gym.leaderboard.markdown import escape
from spa_gym.leaderboard.report import make_report
from spa_gym.leaderboard.theme import LIGHT, as_text, new_figure, save_figure

pytest.importorskip("matplotlib")
pytest.importorskip("jinja2")

ODD = [
    r"$\frac{x$",
    r"\$x$ $",
    "$$",
    "<script>alert(1)</script>",
    "a|b||c",
    "two\nlines\r\n\u2028 | here",
    "`code` **bold** _em_ ~~del~~",
    "[link](https://example.org) ![x](y)",
    "https://example.org www.example.org @someone",
    "&lt;b&gt; \\| \\<",
    "_hidden",
    "",
    " ",
    "\ud83d half",
    "\x1b[2J\x00",
    "## heading",
    "x" * 3000,
    "{{ 7 * 7 }}{% raw %}",
]


def records(*names: str) -> list[RunRecord]:
    """A method of each name with curves and outcomes, and an evaluation; all other names are the first one."""
    made, odd = [], names[0]
    for method in ("ppo", *names):
        run = RunRecord("train", method, f"SPA-{odd}", {odd: odd}, commit=odd, data_hash=odd, packages={odd: odd})
        final = {"success": 0.5, "n": 2, "successes": [0, 1], "task_types": [odd, odd], "scores": [0.5, 1]}
        run.final = {f"{odd}/greedy": final, f"{odd}/{odd}": final}
        run.curves = {
            "env_steps": [0, 10],
            "success_sampled": [0.1, 0.2],
            "success_batch": [0.1, 0.2],
            "tokens": [0, 1],
        }
        made.append(run)
    figure = {"mean": 0.5, "low": 0.0, "high": 1.0}
    metrics = {name: figure for name in ("success", "score", "grounding", "steps")}
    settings = {"split": odd, "split_size": 10, "num_tasks": 2}
    return [*made, RunRecord("evaluate", odd, odd, {odd: odd}, settings=settings, metrics=metrics)]


def saved(folder: Path, *names: str) -> Path:
    for number, record in enumerate(records(*names)):
        save(record, folder / f"{number}.json")
    return folder


def save(record: RunRecord, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record.as_dict()))


@pytest.mark.parametrize("first", range(0, len(ODD), 5))
def test_a_report_shows_any_name_as_text(tmp_path: Path, first: int) -> None:
    odd, *others = ODD[first : first + 5]
    runs = saved(tmp_path / "runs", odd, *others)
    made = make_report(runs, tmp_path / "report", references=("ppo", odd), title=odd)
    page, text = made.html.read_text(encoding="utf-8"), made.markdown.read_text(encoding="utf-8")
    assert "<script" not in page and "<script" not in text and "49" not in text.split("## ")[0]
    assert made.pictures and all(path.stat().st_size > 1000 for path in made.pictures)
    tables = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)
    assert len(tables) >= 4
    for table in tables:
        assert len({line.count("|") for line in table.splitlines()}) == 1, table
    assert not re.search(r"\]\(https?:|(?<!&#58;)://", text)


def test_markup_is_escaped_and_plain_names_are_not() -> None:
    for plain in (
        "ppo_clip",
        "model:runs/x",
        "SPA-ALFWorld-v0 size=small",
        "0.1.0+cpu",
        "a, b (c)",
        "50 %",
        "$x",
        "#1",
    ):
        assert escape(plain) == plain
    for markup in ODD[3:10]:
        assert not set("<>|`*[]~") & set(escape(markup)) and "\n" not in escape(markup)
    assert escape("_em_ __b__ a_b") == "&#95;em&#95; &#95;&#95;b&#95;&#95; a_b"


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
def test_a_picture_draws_any_name(tmp_path: Path, odd: str) -> None:
    """As a title, a label, a tick and in a legend, and matplotlib does not complain."""
    figure = new_figure(4, 3, LIGHT)
    axes = figure.add_subplot()
    (line,) = axes.plot([0, 1])
    axes.set_title(as_text(odd))
    axes.set_xlabel(as_text(odd))
    axes.set_xticks([0], [as_text(odd)])
    figure.legend([line], [as_text(odd)])
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*legend.*")
        warnings.filterwarnings("error", message=".*[Gg]lyph.*")
        warnings.filterwarnings("ignore", message=".*constrained.*")
        save_figure(figure, tmp_path / "x.png")
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [as_text(odd)]


@pytest.mark.parametrize("broken", [b"{", b"\xff", b"[" * 100_000, b'{"format": "spa-gym run record"}'])
def test_a_broken_file_among_several_is_named(
    tmp_path: Path, broken: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = saved(tmp_path / "runs", "fine")
    (runs / "broken.json").write_bytes(broken)
    assert cli.main(["report", str(runs / "0.json"), str(runs), "--out", str(tmp_path / "report")]) == 2
    said = capsys.readouterr().err
    assert "broken.json" in said and len(said.splitlines()) == 1
    assert not (tmp_path / "report").exists()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"settings": {}}, "settings: 'num_tasks' missing"),
        ({"metrics": {}}, "metrics: 'grounding' missing"),
        ({"settings": {"split": "a", "split_size": "9", "num_tasks": 2}}, "split_size: expected an int"),
        ({"settings": {"split": "a", "split_size": 9, "num_tasks": -1}}, "num_tasks: expected from 0"),
    ],
)
def test_an_evaluation_without_its_figures_is_named(tmp_path: Path, change: dict[str, Any], says: str) -> None:
    record = records("x")[-1]
    for name, value in change.items():
        setattr(record, name, value)
    save(record, tmp_path / "bad.json")
    with pytest.raises(DataCorrupt, match=rf"bad\.json: .*{says}"):
        make_report(tmp_path, tmp_path / "report")
